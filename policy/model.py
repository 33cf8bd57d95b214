"""The decisions once more, in plain Python, written from the specification and the sources and not from the policies.

Slow and obvious on purpose. Nothing decides by it: `policy.proof` compares it with Cedar in every cell, so that a
mistake would have to be made twice, in two languages and from two texts, to go unseen. It shares with the rest nothing
but the shape of a cell and the names of decisions.
"""

from __future__ import annotations

from collections.abc import Callable

from pipelines.contracts.codes import Decision, names
from pipelines.contracts.codes import Protection as Codes
from policy.cells import Cell, EnforcementCell, SafeguardingCell

RELEASE_MINIMISED, RELEASE = Decision.RELEASE_MINIMISED, Decision.RELEASE
HOLD, WITHHOLD, REFER = Decision.HOLD_FOR_HUMAN, Decision.WITHHOLD, Decision.WITHHOLD_AND_REFER

#: Those whom recommendation 1 is about, and those treated alike because the report's evidence was of both.
HELPED = {"DA_VICTIM", "DA_CHILD", "MS_VICTIM"}


def decide(regime: str, cell: Cell) -> Decision:
    """What the specification says of a cell under a regime.

    Raises:
        KeyError: if the regime has no model. A regime without one is not proved.
    """
    if isinstance(cell, SafeguardingCell):
        return _safeguarding(cell)
    return _ENFORCEMENT[regime](cell)


def _safeguarding(cell: SafeguardingCell) -> Decision:
    """Specification 3.3 (recipient safeguarding), 6.17 and 6.18. No regime on immigration changes it."""
    who = set(names(cell.protections, Codes))
    if not who & HELPED:
        return WITHHOLD
    if cell.record.name == "RETRACTED":  # 6.17: protection stays, a human looks
        return HOLD
    if not cell.referable:  # 6.18: she is not the one to help in this record
        return HOLD
    if cell.risk.name == "HIGH" or cell.child:  # vital interests
        return RELEASE
    return {"GIVEN": RELEASE, "REFUSED": WITHHOLD, "NONE": HOLD}[cell.consent.name]


def _suspect_only(cell: EnforcementCell, *, at_home: bool) -> Decision:
    """Someone with no protection: specification 3.3 rules 1 and 3, 6.16, 6.17.

    `at_home` is whether the gateway that the outgoing message names, section 20, is law where the regime applies.
    """
    if cell.evidence.name != "OFFENCE" or not cell.accused or cell.record.name == "RETRACTED":
        return WITHHOLD
    if cell.caution.name != "NONE":
        return HOLD
    return RELEASE_MINIMISED if at_home else HOLD


def _safe_to_share(cell: EnforcementCell) -> Decision:
    """Recommendation 1: rules 1 to 3 of specification 3.3."""
    who = set(names(cell.protections, Codes))
    if not who:
        return _suspect_only(cell, at_home=True)
    if cell.evidence.name == "DOUBT":
        return REFER if who & HELPED else WITHHOLD
    if cell.evidence.name == "OFFENCE" and cell.record.name == "CURRENT":
        return HOLD
    return WITHHOLD


def _strict(cell: EnforcementCell) -> Decision:
    """The complete firewall: rule 2 becomes WITHHOLD_AND_REFER for those helped and WITHHOLD for the rest."""
    who = set(names(cell.protections, Codes))
    if not who:
        return _suspect_only(cell, at_home=True)
    return REFER if who & HELPED and cell.evidence.name in ("DOUBT", "OFFENCE") else WITHHOLD


def _lords(cell: EnforcementCell) -> Decision:
    """Amendment 96: withheld unless the person consents, and then a human; doubt stays under recommendation 1."""
    who = set(names(cell.protections, Codes))
    if not who:
        return _suspect_only(cell, at_home=True)
    if cell.evidence.name == "DOUBT" and who & HELPED:
        return REFER
    consented = cell.ie_consent.name == "GIVEN"
    return HOLD if consented and cell.evidence.name == "OFFENCE" and cell.record.name == "CURRENT" else WITHHOLD


def _consent(cell: EnforcementCell) -> Decision:
    """Held unless consent is recorded, then a human; refused or retracted is withheld, with help where it is owed."""
    who = set(names(cell.protections, Codes))
    if not who:
        return _suspect_only(cell, at_home=True)
    refused, retracted = cell.ie_consent.name == "REFUSED", cell.record.name == "RETRACTED"
    if cell.evidence.name == "OFFENCE":
        if refused:
            return REFER if who & HELPED else WITHHOLD
        return WITHHOLD if retracted else HOLD
    if cell.evidence.name == "DOUBT" and who & HELPED:
        if "MS_VICTIM" in who or refused or retracted:
            return REFER
        return HOLD
    return WITHHOLD


def _npcc(cell: EnforcementCell) -> Decision:
    """Before recommendation 1: an officer decided, on doubt or evidence."""
    if not cell.protections:
        return _suspect_only(cell, at_home=True)
    suspected = cell.evidence.name in ("DOUBT", "OFFENCE")
    return HOLD if suspected and cell.record.name == "CURRENT" else WITHHOLD


def _nobody_protected(cell: EnforcementCell) -> Decision:
    """8 U.S.C. 1367, free in free out, article 31 bis: who is protected is not disclosed, whatever the evidence.

    Whom each of them names differs. Whom one does not name is permitted by nothing in it, and so is withheld too.
    """
    return WITHHOLD if cell.protections else _suspect_only(cell, at_home=False)


def _victims_rights(cell: EnforcementCell) -> Decision:
    """No transfer before the first individual assessment; after it a human, for those who are victims and no more."""
    who = set(names(cell.protections, Codes))
    if not who:
        return _suspect_only(cell, at_home=False)
    only_victim = who.isdisjoint({"WITNESS", "REPORTER", "INDETERMINATE"})
    ready = cell.assessed and cell.evidence.name == "OFFENCE" and cell.record.name == "CURRENT"
    return HOLD if ready and only_victim else WITHHOLD


_ENFORCEMENT: dict[str, Callable[[EnforcementCell], Decision]] = {
    "uk_safe_to_share_2020": _safe_to_share,
    "uk_strict_firewall": _strict,
    "uk_lords_am96": _lords,
    "uk_consent_2025": _consent,
    "uk_npcc_2020": _npcc,
    "us_1367": _nobody_protected,
    "nl_free_in_out": _nobody_protected,
    "es_31bis": _nobody_protected,
    "eu_vrd": _victims_rights,
}
