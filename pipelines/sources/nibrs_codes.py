"""The codes of the FBI's National Incident-Based Reporting System, and what each becomes in `incident` v1.

Two countries' classifications do not match one to one. Where they do not, the class was chosen by what the tag rules
ask of it: is it abuse of a person, is it modern slavery? `docs/nibrs-mapping.md` shows these tables.
"""

from __future__ import annotations

from typing import NamedTuple


class Offence(NamedTuple):
    """A class of the Home Office Counting Rules, if there is a fitting one, and a title."""

    ho_class: str | None
    title: str


OFFENCES: dict[str, Offence] = {
    "09A": Offence("1", "Murder or non-negligent manslaughter"),
    "09B": Offence("4.1", "Negligent manslaughter"),
    "09C": Offence(None, "Justifiable homicide"),
    "100": Offence("36", "Kidnapping or abduction"),
    "11A": Offence("19C", "Rape"),
    "11B": Offence("19C", "Rape (sodomy)"),
    "11C": Offence("20A", "Sexual assault with an object"),
    "11D": Offence("20A", "Sexual assault (fondling)"),
    "120": Offence("34B", "Robbery"),
    "13A": Offence("5D", "Aggravated assault"),
    "13B": Offence("105A", "Simple assault"),
    "13C": Offence("8L", "Intimidation"),
    "200": Offence("56", "Arson"),
    "210": Offence("35", "Extortion or blackmail"),
    "220": Offence("30", "Burglary or breaking and entering"),
    "23A": Offence("39", "Theft from the person (pocket-picking)"),
    "23B": Offence("39", "Theft from the person (purse-snatching)"),
    "23C": Offence("46", "Shoplifting"),
    "23D": Offence("49", "Theft from a building"),
    "23E": Offence("47", "Theft from a coin-operated machine"),
    "23F": Offence("45", "Theft from a motor vehicle"),
    "23G": Offence("45", "Theft of motor vehicle parts"),
    "23H": Offence("49", "Other theft"),
    "240": Offence("48", "Theft of a motor vehicle"),
    "250": Offence("61A", "Counterfeiting or forgery"),
    "26A": Offence("53", "Fraud by false pretences"),
    "26B": Offence("53", "Card or cash-machine fraud"),
    "26C": Offence("53", "Fraud by impersonation"),
    "26D": Offence("53", "Welfare fraud"),
    "26E": Offence("53", "Fraud by wire"),
    "26F": Offence("53", "Identity theft"),
    "26G": Offence("53", "Computer invasion"),
    "270": Offence("41", "Embezzlement"),
    "280": Offence("54", "Stolen property offences"),
    "290": Offence("58D", "Damage or vandalism"),
    "35A": Offence("92D", "Drug offence"),
    "35B": Offence("92C", "Drug equipment offence"),
    "36A": Offence("23", "Incest"),
    "36B": Offence("22B", "Sexual activity with a person under the age of consent"),
    "370": Offence("86", "Obscene material"),
    "39A": Offence("99", "Betting or wagering"),
    "39B": Offence("99", "Operating or promoting gambling"),
    "39C": Offence("99", "Gambling equipment offence"),
    "39D": Offence("99", "Sports tampering"),
    "40A": Offence("24", "Prostitution"),
    "40B": Offence("24", "Assisting or promoting prostitution"),
    "40C": Offence("24", "Purchasing prostitution"),
    "510": Offence("99", "Bribery"),
    "520": Offence("81", "Weapon law offence"),
    "64A": Offence("106", "Human trafficking, commercial sex acts"),
    "64B": Offence("106", "Human trafficking, involuntary servitude"),
    "720": Offence("99", "Cruelty to animals"),
    "90A": Offence("53", "Bad cheque"),
    "90B": Offence(None, "Curfew, loitering or vagrancy"),
    "90C": Offence("66", "Disorderly conduct"),
    "90D": Offence(None, "Driving under the influence"),
    "90E": Offence(None, "Drunkenness"),
    "90F": Offence("11A", "Family offence without violence"),
    "90G": Offence(None, "Liquor law offence"),
    "90H": Offence("88C", "Voyeurism"),
    "90I": Offence(None, "Runaway"),
    "90J": Offence(None, "Trespass"),
    "90Z": Offence(None, "Other offence"),
}


class Relationship(NamedTuple):
    """What the victim was to the offender. `turned`: the relation is written from the offender to the victim."""

    meaning: str
    type: str
    turned: bool = False


RELATIONSHIPS: dict[str, Relationship] = {
    "SE": Relationship("spouse", "SPOUSE"),
    "CS": Relationship("common-law spouse", "PARTNER"),
    "PA": Relationship("parent", "PARENT"),
    "SB": Relationship("sibling", "SIBLING"),
    "CH": Relationship("child", "CHILD"),
    "GP": Relationship("grandparent", "GRANDPARENT"),
    "GC": Relationship("grandchild", "GRANDPARENT", turned=True),
    "IL": Relationship("in-law", "IN_LAW"),
    "SP": Relationship("stepparent", "STEP_PARENT"),
    "SC": Relationship("stepchild", "STEP_CHILD"),
    "SS": Relationship("stepsibling", "STEP_SIBLING"),
    "OF": Relationship("other family member", "OTHER_RELATIVE"),
    "BG": Relationship("boyfriend or girlfriend", "PARTNER"),
    "HR": Relationship("same-sex partner (until 2015)", "PARTNER"),
    "XS": Relationship("ex-spouse", "EX_SPOUSE"),
    "XR": Relationship("ex-relationship", "EX_PARTNER"),
    "CF": Relationship("child of boyfriend or girlfriend", "STEP_CHILD"),
    "FC": Relationship("foster child", "CHILD"),
    "FP": Relationship("foster parent", "PARENT"),
    "CO": Relationship("cohabitant, not intimate", "COHABITANT"),
    "NE": Relationship("neighbour", "NEIGHBOUR"),
    "EE": Relationship("employee", "EMPLOYER", turned=True),
    "ER": Relationship("employer", "EMPLOYER"),
    "ST": Relationship("stranger", "STRANGER"),
    "AQ": Relationship("acquaintance", "UNKNOWN"),
    "FR": Relationship("friend", "UNKNOWN"),
    "BE": Relationship("child being looked after", "UNKNOWN"),
    "OK": Relationship("otherwise known", "UNKNOWN"),
    "RU": Relationship("unknown", "UNKNOWN"),
}
#: The victim was the offender: one person, both roles.
VICTIM_WAS_OFFENDER = "VO"

#: Types of victim that are nobody: no person is written. Every other type is one, a type on no list too.
NOT_A_PERSON = {
    "B": "business",
    "F": "financial institution",
    "G": "government",
    "R": "religious organisation",
    "S": "society or the public",
    "O": "other",
}
OFFICER = "L"

#: The circumstance of an assault or homicide that says domestic violence (until 2019: lovers' quarrel).
DOMESTIC_CIRCUMSTANCE = "06"

#: Ages that are not a number of years. Under one year there are three.
UNDER_ONE = ("NN", "NB", "BB")
OVER_98 = "99"
UNKNOWN_AGE = ("00", "")


def markdown() -> str:
    """The tables of offences, relationships and victims, as `docs/nibrs-mapping.md` shows them."""
    lines = ["| UCR code | Class | Title |", "|---|---|---|"]
    lines += [f"| {code} | {o.ho_class or 'none'} | {o.title} |" for code, o in OFFENCES.items()]
    lines += [
        "",
        "| Code | The victim was the offender's | Relation, read from the victim to the offender |",
        "|---|---|---|",
    ]
    lines += [
        f"| {code} | {r.meaning} | `{r.type}`{' from the offender to the victim' if r.turned else ''} |"
        for code, r in RELATIONSHIPS.items()
    ]
    lines += ["", "| Type of victim | Becomes |", "|---|---|"]
    lines += ["| I individual, L officer, U unknown, a type on no list | a person with role VICTIM |"]
    lines += [f"| {code} {meaning} | no person |" for code, meaning in NOT_A_PERSON.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown())  # noqa: T201 # for pasting into the document
