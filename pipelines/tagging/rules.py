"""Every tag rule: its id, what it means in one sentence, and where it comes from.

Which rules fired travels as one integer per person, a bit per rule in the order of this table; the ids appear in
receipts, decisions and reports. A rule's place is part of what is stored: add at the end, never reorder.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple


class Rule(NamedTuple):
    """One rule of tagging."""

    meaning: str
    source: str


RULES: dict[str, Rule] = {
    "standing|suspect": Rule("SUSPECT, ARRESTED or CHARGED is a suspect.", "DPA 2018 s.38(3)(a)"),
    "standing|convicted": Rule("CONVICTED is convicted of the incident's offence.", "DPA 2018 s.38(3)(b)"),
    "standing|victim": Rule(
        "VICTIM, COMPLAINANT, POSSIBLE_VICTIM and CHILD_IN_HOUSEHOLD are, or may be, victims.", "DPA 2018 s.38(3)(c)"
    ),
    "standing|witness": Rule("WITNESS and REPORTER can give information.", "DPA 2018 s.38(3)(d)"),
    "standing|other": Rule("Anyone whose role says nothing else.", "DPA 2018 s.38(3)(d)"),
    "da|flag": Rule("A domestic abuse flag is TRUE, or has a value on no list.", "Domestic Abuse Act 2021 s.1"),
    "da|child_present": Rule("A child is said to be present and none is listed.", "Domestic Abuse Act 2021 s.3"),
    "da|non_crime": Rule("A non-crime domestic abuse incident.", "National Standard for Incident Recording"),
    "da|relation": Rule(
        "Victim and suspect, both 16 or more, are personally connected and an abuse offence is recorded.",
        "Domestic Abuse Act 2021 s.2",
    ),
    "da|unknown_relation": Rule("A relation code on no list.", "fail closed"),
    "da|shared_home": Rule(
        "Victim and suspect share a home and their relation is unknown or not stated.", "Domestic Abuse Act 2021 s.2"
    ),
    "da|risk_tool": Rule("A DASH or DARA risk assessment was made.", "College of Policing APP, Domestic abuse"),
    "da|marac": Rule("The case went to a MARAC, or its MARAC code is on no list.", "SafeLives MARAC guidance"),
    "da|keyword": Rule("A narrative or an offence title speaks of domestic abuse.", "HOCR principal crime rule, 2023"),
    "da|conflict": Rule("A FALSE domestic abuse flag stands against another signal.", "fail closed"),
    "da|other_version": Rule("Another version of this incident shows domestic abuse.", "fail closed"),
    "ms|flag": Rule("The modern slavery flag is TRUE, or has a value on no list.", "Modern Slavery Act 2015 s.52"),
    "ms|offence": Rule("A modern slavery offence (class 106).", "Modern Slavery Act 2015 ss.1-2"),
    "ms|keyword": Rule("A narrative or an offence title speaks of modern slavery.", "Modern Slavery Act 2015 s.52"),
    "ms|trafficker": Rule("The victim's end of a TRAFFICKER relation.", "Modern Slavery Act 2015 ss.1-2"),
    "ms|nrm": Rule(
        "An indicator, referral or s.45 claim is recorded about the person.", "Modern Slavery Act 2015 s.45"
    ),
    "ms|other_version": Rule("Another version of this incident shows modern slavery.", "fail closed"),
    "protect|da_victim": Rule(
        "A victim of 16 or more in a domestic abuse incident.",
        "Safe to share? recommendation 1; Domestic Abuse Act 2021 s.1",
    ),
    "protect|da_child": Rule(
        "A child who is a victim or witness in a domestic abuse incident.", "Domestic Abuse Act 2021 s.3"
    ),
    "protect|other_victim": Rule("A victim of anything else.", "Safe to share? recommendations 2-4"),
    "protect|possible_victim": Rule("Someone who may be a victim.", "DPA 2018 s.38(3)(c)"),
    "protect|witness": Rule("A witness.", "Safe to share? recommendations 2-4"),
    "protect|reporter": Rule(
        "Someone who reported, for themselves or for another.", "Safe to share? recommendations 2-4"
    ),
    "indeterminate|role": Rule("A role nobody knows, or UNKNOWN.", "fail closed"),
    "indeterminate|fault": Rule("Something in the person's data could not be read.", "fail closed"),
    "indeterminate|two_contents": Rule("Two different contents came under one version.", "fail closed"),
    "indeterminate|quarantined": Rule("Named in a record that was quarantined.", "fail closed"),
    "carried|version": Rule("Protected by another version of this incident.", "DPA 2018 s.38(1)"),
    "carried|person": Rule("Protected by another record of the same person.", "spec 6.13"),
    "evidence|none": Rule("Nothing is recorded of an immigration offence.", "Immigration Act 1971 ss.24-26"),
    "evidence|doubt": Rule("Concern or doubt, or known to be irregular.", "Safe to share? recommendation 1"),
    "evidence|unknown": Rule("An assessment that is missing or on no list is doubt.", "fail closed"),
    "evidence|unsupported": Rule(
        "Evidence is claimed without a listed offence, a supervisor, basis FACT or an independent source: doubt.",
        "DPA 2018 s.38(2); Safe to share? recommendation 1",
    ),
    "evidence|offence": Rule(
        "Evidence of a listed immigration offence, supported as it must be.", "Immigration Act 1971 ss.24-26"
    ),
    "caution|linked": Rule(
        "A counter-allegation, or a sponsor or dependant tie to a protected or unlisted person.",
        "SafeLives, responding to counter-allegations",
    ),
    "caution|minor": Rule("Is, or may be, under 18.", "Modern Slavery Act 2015 s.51; Children Act 2004 s.11"),
    "caution|identity": Rule("Name or date of birth is not fit to be released.", "DPA 2018 s.38(4)"),
    "record|retracted": Rule("The source has retracted the record.", "DPA 2018 s.38(5)"),
    "caution|newer_unread": Rule("A newer version of this incident could not be read.", "fail closed"),
    "indeterminate|replay": Rule("Replayed, and the rules of that day would not let the record pass.", "fail closed"),
}

#: The bit of each rule.
BIT: dict[str, int] = {rule: 1 << place for place, rule in enumerate(RULES)}


@lru_cache(maxsize=65536)
def rule_ids(bits: int) -> tuple[str, ...]:
    """The ids of the rules in a bit mask, in table order."""
    return tuple(rule for rule, bit in BIT.items() if bits & bit)


def bits_of(rules: Iterable[str]) -> int:
    """The bit mask of some rule ids."""
    mask = 0
    for rule in rules:
        mask |= BIT[rule]
    return mask
