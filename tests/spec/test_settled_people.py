"""What is said of one person in one incident, end to end: evidence, roles, flags, ages, slavery, cautions, consent (spec 3.2, 3.3, 6.2-6.18)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.spec.cases import RL, WR, Case, H, R, W, Want, judge_case, one
from tests.world import DOUBT, OFFENCE, incident, name, person, suspect, victim

DA = {"domestic_abuse": "TRUE"}


def evidence(label: str, expected: str, **change: Any) -> Case:
    """A lone suspect whose immigration section is changed in one place."""
    section = {field: value for field, value in (OFFENCE | change).items() if value is not ...}
    return one(
        f"evidence {label}",
        incident("A", suspect(immigration=section)),
        p2=Want(e=R if expected == "OFFENCE" else W, ev=expected),
    )


EVIDENCE = [
    evidence("as it should be", "OFFENCE"),
    evidence("charged", "OFFENCE", assessment="CHARGED"),
    evidence("convicted", "OFFENCE", assessment="CONVICTED"),
    evidence("without evidence_refs", "OFFENCE", evidence_refs=...),
    evidence("with empty evidence_refs", "OFFENCE", evidence_refs=[]),
    evidence("assessment null", "DOUBT", assessment=None),
    evidence("assessment missing", "DOUBT", assessment=...),
    evidence("assessment empty", "DOUBT", assessment=""),
    evidence("assessment in small letters", "DOUBT", assessment="evidence_of_offence"),
    evidence("assessment with a space", "DOUBT", assessment="EVIDENCE_OF_OFFENCE "),
    evidence("insecure known", "DOUBT", assessment="INSECURE_KNOWN"),
    evidence("not assessed", "NONE", assessment="NOT_ASSESSED"),
    evidence("settled", "NONE", assessment="CITIZEN_OR_SETTLED"),
    evidence("leave time limited", "NONE", assessment="LEAVE_TIME_LIMITED"),
    evidence("none recorded", "NONE", assessment="NONE_RECORDED"),
    evidence("basis assessment", "DOUBT", basis="ASSESSMENT"),
    evidence("basis missing", "DOUBT", basis=...),
    evidence("basis null", "DOUBT", basis=None),
    evidence("basis in small letters", "DOUBT", basis="fact"),
    evidence("source perpetrator", "DOUBT", source="PERPETRATOR"),
    evidence("source family", "DOUBT", source="FAMILY"),
    evidence("source unknown", "DOUBT", source="UNKNOWN"),
    evidence("source missing", "DOUBT", source=...),
    evidence("source null", "DOUBT", source=None),
    evidence("source on no list", "DOUBT", source="NEIGHBOUR_SAID"),
    evidence("source self", "OFFENCE", source="SELF"),
    evidence("source PNC", "OFFENCE", source="PNC_MARKER"),
    evidence("supervisor missing", "DOUBT", supervisor_id=...),
    evidence("supervisor empty", "DOUBT", supervisor_id=""),
    evidence("supervisor a dash", "DOUBT", supervisor_id=" - "),
    evidence("supervisor an underscore", "DOUBT", supervisor_id="_"),
    evidence("supervisor a letter", "OFFENCE", supervisor_id="x"),
    evidence("supervisor in another script", "OFFENCE", supervisor_id="Ж"),
    evidence("statute missing", "DOUBT", statute_ref=...),
    *(
        evidence(f"statute {ref!r}", "OFFENCE", statute_ref=ref)
        for ref in (
            "IA1971 s.24(1)",
            "IA1971 s.24A(1)(a)",
            "IA1971 s.24B(1)",
            "IA1971 s.25(1)(a)(ii)(bb)",
            "IA1971 s.25A(1)",
            "IA1971 s.25B(2)",
            "IA1971 s.26(1)(c)",
            "IA1971 s.24(D1)",
            "IA1971 s.24(1)(abcd)",
        )
    ),
    *(
        evidence(f"statute {ref!r}", "DOUBT", statute_ref=ref)
        for ref in (
            "IA1971 s.24",
            "IA1971 s.24()",
            "IA1971 s.24(1)(2)(3)(4)(5)",
            "IA1971 s.24(abcde)",
            "IA1971 s.24 (1)",
            "IA1971 s.24(1) ",
            " IA1971 s.24(1)",
            "IA1971 s24(1)",
            "IA1971 S.24(1)",
            "IA 1971 s.24(1)",
            "IA1971 s.24C(1)",
            "IA1971 s.24a(1)",
            "IA1971 s.27(1)",
            "IA1971 s.25C(1)",
            "IA1971 s.24(1)\n",
            "IA1971 s.24(é)",
            "IA1971 s.24(１)",
            "IA1971 s.24(1)(-)",
            "IAA1999 s.20(1)",
            "SCA2015 s.76",
            "",
        )
    ),
    one("no immigration section", incident("A", suspect(immigration=None)), p2=Want(e=W, ev="NONE")),
    one("immigration null", incident("A", suspect() | {"immigration": None}), p2=Want(e=W, ev="NONE")),
    one("immigration empty", incident("A", suspect(immigration={})), p2=Want(e=W, ev="DOUBT")),
    one("convicted of the incident's offence is no evidence", incident("A", suspect(roles="CONVICTED", immigration=None)), p2=Want(e=W, ev="NONE", standing={"CONVICTED"})),
    one("nationality triggers nothing", incident("A", suspect(immigration=None, nationality="XX", language="so", country_of_birth="XX")), p2=Want(e=W, ev="NONE")),
]  # fmt: skip


def role(label: str, roles: Any, standing: set[str], prot: set[str], e: str, **sections: Any) -> Case:
    """A person in given roles with evidence of an offence, alone."""
    return one(
        f"role {label}",
        incident("A", suspect("p1", roles=roles), **sections),
        p1=Want(e=e, standing=standing, prot=prot),
    )


ROLES = [
    role("suspect", ["SUSPECT"], {"SUSPECT"}, set(), R),
    role("arrested", ["ARRESTED"], {"SUSPECT"}, set(), R),
    role("charged", ["CHARGED"], {"SUSPECT"}, set(), R),
    role("convicted", ["CONVICTED"], {"CONVICTED"}, set(), R),
    role("suspect and convicted", ["CONVICTED", "SUSPECT"], {"SUSPECT", "CONVICTED"}, set(), R),
    role("suspect and mentioned", ["SUSPECT", "MENTIONED"], {"SUSPECT", "OTHER"}, set(), R),
    role("mentioned", ["MENTIONED"], {"OTHER"}, set(), W),
    role("professional", ["PROFESSIONAL"], {"OTHER"}, set(), W),
    role("interpreter", ["INTERPRETER"], {"OTHER"}, set(), W),
    role("parent", ["PARENT_GUARDIAN"], {"OTHER"}, set(), W),
    role("victim", ["VICTIM"], {"VICTIM"}, {"OTHER_VICTIM"}, H),
    role("complainant", ["COMPLAINANT"], {"VICTIM"}, {"OTHER_VICTIM"}, H),
    role("possible victim", ["POSSIBLE_VICTIM"], {"VICTIM"}, {"POSSIBLE_VICTIM"}, H),
    role("witness", ["WITNESS"], {"WITNESS"}, {"WITNESS"}, H),
    role("reporter", ["REPORTER"], {"WITNESS"}, {"REPORTER"}, H),
    role("third party reporter", ["THIRD_PARTY_REPORTER"], {"WITNESS"}, {"REPORTER"}, H),
    role("suspect who reported", ["SUSPECT"], {"SUSPECT", "WITNESS"}, {"REPORTER"}, H, header={"reported_by_person_ref": "p1"}),
    role("victim and suspect", ["VICTIM", "SUSPECT"], {"SUSPECT", "VICTIM"}, {"OTHER_VICTIM"}, H),
    role("suspect and victim", ["SUSPECT", "VICTIM"], {"SUSPECT", "VICTIM"}, {"OTHER_VICTIM"}, H),
    role("suspect and witness", ["SUSPECT", "WITNESS"], {"SUSPECT", "WITNESS"}, {"WITNESS"}, H),
    role("unknown", ["UNKNOWN"], {"OTHER"}, {"INDETERMINATE"}, H),
    role("suspect and unknown", ["SUSPECT", "UNKNOWN"], {"SUSPECT", "OTHER"}, {"INDETERMINATE"}, H),
    role("suspect and a new code", ["SUSPECT", "OFFENDER_2"], {"SUSPECT", "OTHER"}, {"INDETERMINATE"}, H),
    role("suspect twice", ["SUSPECT", "SUSPECT"], {"SUSPECT"}, set(), R),
    one("role in small letters", incident("A", suspect(roles=["suspect"])), p2=Want(e=H, has={"INDETERMINATE"})),
    one("role with a space", incident("A", suspect(roles=["SUSPECT "])), p2=Want(e=H, has={"INDETERMINATE"})),
    one("an empty role", incident("A", suspect(roles=[""])), p2=Want(e=H, has={"INDETERMINATE"})),
    one("a role that is a number", incident("A", suspect() | {"roles": ["SUSPECT", 5]}), p2=Want(e=H, has={"INDETERMINATE"})),
    one("a role that is null", incident("A", suspect() | {"roles": [None]}), p2=Want(e=H, has={"INDETERMINATE"})),
    one("a witness elsewhere protects nobody else", incident("A", suspect(), person("p3", "WITNESS", names=[name("Braun", "Ida")])), ["Yusuf"], p2=Want(e=R, prot=set())),
]  # fmt: skip


def da(label: str, expected: bool, **sections: Any) -> Case:
    """Victim and suspect, both adult; does the incident count as domestic abuse?"""
    first = sections.pop("first", {})
    second = sections.pop("second", {})
    wish = {"DA_VICTIM"} if expected else {"OTHER_VICTIM"}
    section = {"immigration": DOUBT} | first
    return one(
        f"DA {label}",
        incident("A", victim(**section), suspect(**second), **sections),
        p1=Want(e=WR if expected else W, prot=wish),
        p2=Want(e=R, prot=set()),
    )


HOME = {"addresses": [{"location_ref": "l1", "type": "HOME"}]}
SIGNALS = [
    da("nothing", False),
    da("all flags absent", False, flags={}),
    da("flags null", False, flags=None),
    da("flag unknown", False, flags={"domestic_abuse": "UNKNOWN"}),
    da("flag null", False, flags={"domestic_abuse": None}),
    da("flag false", False, flags={"domestic_abuse": "FALSE"}),
    da("flag JSON false", False, flags={"domestic_abuse": False}),
    da("flag JSON true", True, flags={"domestic_abuse": True}),
    da("flag on no list", True, flags={"domestic_abuse": "MAYBE"}),
    da("flag in small letters", True, flags={"hba": "true"}),
    da("flag false in small letters", True, flags={"hba": "false"}),
    da("flag a number", True, flags={"stalking": 0}),
    da("flag empty", True, flags={"stalking": ""}),
    da("flag a list", True, flags={"stalking": []}),
    *(
        da(f"flag {flag}", True, flags={flag: "TRUE"})
        for flag in ("domestic_abuse", "hba", "forced_marriage", "fgm", "stalking", "coercive_control", "so_called_immigration_abuse")
    ),
    da("flag sexual is none", False, flags={"sexual": "TRUE"}),
    da("flag hate is none", False, flags={"hate": ["RACE"]}),
    da("child present and none listed", True, flags={"child_present": "TRUE"}),
    da("conflict counts", True, flags={"domestic_abuse": "FALSE", "hba": "TRUE"}),
    da("conflict with a keyword counts", True, flags={"domestic_abuse": False}, text="She disclosed domestic abuse over years."),
    da("non-crime incident", True, non_crime_da_incident=True),
    da("non-crime incident as a flag", True, non_crime_da_incident="TRUE"),
    da("non-crime incident false", False, non_crime_da_incident=False),
    da("spouse and assault", True, relations=[("p1", "p2", "SPOUSE")], offences=[{"ho_class": "8N"}]),
    da("spouse the other way", True, relations=[("p2", "p1", "EX_PARTNER")], offences=[{"ho_class": "8N"}]),
    da("spouse and unlisted class", True, relations=[("p1", "p2", "SPOUSE")], offences=[{"ho_class": "999Z"}]),
    da("spouse and class missing", True, relations=[("p1", "p2", "SPOUSE")], offences=[{"title": "Something"}]),
    da("spouse and false documents", False, relations=[("p1", "p2", "SPOUSE")], offences=[{"ho_class": "61A"}]),
    da("spouse and perverting justice", False, relations=[("p1", "p2", "SPOUSE")], offences=[{"ho_class": "79"}]),
    da("spouse and both classes", True, relations=[("p1", "p2", "SPOUSE")], offences=[{"ho_class": "79"}, {"ho_class": "105A"}]),
    da("in-law", True, relations=[("p1", "p2", "IN_LAW")], offences=[{"ho_class": "8N"}]),
    da("step parent", True, relations=[("p1", "p2", "STEP_PARENT")], offences=[{"ho_class": "8N"}]),
    da("cohabitant alone", False, relations=[("p1", "p2", "COHABITANT")], offences=[{"ho_class": "8N"}]),
    da("carer", False, relations=[("p1", "p2", "CARER")], offences=[{"ho_class": "8N"}]),
    da("neighbour", False, relations=[("p1", "p2", "NEIGHBOUR")], offences=[{"ho_class": "8N"}]),
    da("stranger", False, relations=[("p1", "p2", "STRANGER")], offences=[{"ho_class": "8N"}]),
    da("a relation on no list", True, relations=[("p1", "p2", "SOULMATE")], offences=[{"ho_class": "61A"}]),
    da("relation in small letters", True, relations=[("p1", "p2", "spouse")], offences=[{"ho_class": "61A"}]),
    da("relation UNKNOWN alone", False, relations=[("p1", "p2", "UNKNOWN")], offences=[{"ho_class": "8N"}]),
    da("relation UNKNOWN and one home", True, relations=[("p1", "p2", "UNKNOWN")], first=HOME, second=HOME, offences=[{"ho_class": "8N"}]),
    da("no relation and one home", True, first=HOME, second=HOME, offences=[{"ho_class": "8N"}]),
    da("neighbour and one home", False, relations=[("p1", "p2", "NEIGHBOUR")], first=HOME, second=HOME),
    da("DASH done", True, first={"risk": {"tool": "DASH", "score": 3, "level": "STANDARD"}}),
    da("DARA done", True, first={"risk": {"tool": "DARA", "level": "MEDIUM"}}),
    da("DASH not done", False, first={"risk": {"tool": "DASH", "level": "NOT_DONE"}}),
    da("another tool", False, first={"risk": {"tool": "OTHER", "level": "MEDIUM"}}),
    da("MARAC referred", True, first={"risk": {"marac": "REFERRED"}}),
    da("MARAC none", False, first={"risk": {"marac": "NONE"}}),
    da("MARAC on no list", True, first={"risk": {"marac": "PENDING"}}),
    da("keyword in the narrative", True, text="Ongoing domestic violence by her husband."),
    da("keyword in the title", True, offences=[{"ho_class": "8U", "title": "Controlling or coercive behaviour in an intimate relationship"}]),
    da("a negated keyword", False, text="There is no history of domestic violence."),
    da("denies does not negate", True, text="The suspect denies domestic violence."),
    da("not only does not negate", True, text="This was not only domestic violence but stalking."),
    da("keyword in capitals", True, text="DOMESTIC ABUSE MARKER ON THE ADDRESS"),
    da("keyword across spaces", True, text="domestic   \n abuse"),
    da("keyword with a soft hyphen", True, text="do\u00admestic ab\u00aduse"),
    da("keyword in full width", True, text="ｄｏｍｅｓｔｉｃ ａｂｕｓｅ"),
    da("a negation in another sentence", True, text="No injuries. Domestic abuse disclosed."),
    da("negated once, said once", True, text="No history of domestic abuse was known. She has now disclosed domestic abuse."),
]  # fmt: skip


def aged(
    label: str, dob: str | None, e: str, prot: set[str], *, event: str | None = "2026-06-10T12:00:00Z", **fields: Any
) -> Case:
    """A victim of domestic abuse with doubt, of an age; and a suspect of the same age with evidence, elsewhere."""
    header = {"event_ts": event, "recorded_ts": "2026-06-11T08:00:00Z"}
    return one(
        f"age {label}",
        incident(
            "A",
            victim(dob=dob, immigration=DOUBT, **fields),
            suspect(names=[name("Novak", "Petr")]),
            header=header,
            flags=DA,
        ),
        p1=Want(e=e, prot=prot),
    )


AGES = [
    aged("adult", "1990-01-02", WR, {"DA_VICTIM"}),
    aged("18 today", "2008-06-10", WR, {"DA_VICTIM"}),
    aged("18 tomorrow", "2008-06-11", WR, {"DA_VICTIM", "DA_CHILD"}),
    aged("16 today", "2010-06-10", WR, {"DA_VICTIM", "DA_CHILD"}),
    aged("16 tomorrow", "2010-06-11", WR, {"DA_CHILD"}),
    aged("18 in London only", "2008-06-11", WR, {"DA_VICTIM"}, event="2026-06-10T23:30:00Z"),
    aged("18 by the recording", "2008-06-11", WR, {"DA_VICTIM"}, event=None),
    aged("leap day on 28 February", "2008-02-29", WR, {"DA_VICTIM", "DA_CHILD"}, event="2026-02-28T12:00:00Z"),
    aged("leap day on 1 March", "2008-02-29", WR, {"DA_VICTIM"}, event="2026-03-01T12:00:00Z"),
    aged("unknown", None, WR, {"DA_VICTIM"}),
    aged("stated 17", None, WR, {"DA_VICTIM", "DA_CHILD"}, age=17),
    aged("from 16 to 20", None, WR, {"DA_VICTIM", "DA_CHILD"}, age_from=16, age_to=20),
    aged("from 18 to 30", None, WR, {"DA_VICTIM"}, age_from=18, age_to=30),
    aged("presumed child", None, WR, {"DA_VICTIM", "DA_CHILD"}, age_basis="PRESUMED_CHILD"),
    one("child in household of unknown age", incident("A", person("p1", "CHILD_IN_HOUSEHOLD"), suspect(), flags=DA), p1=Want(e=W, s=RL, has={"DA_CHILD"})),
    one("grown child in household", incident("A", person("p1", "CHILD_IN_HOUSEHOLD", dob="1990-01-01"), suspect(), flags=DA), p1=Want(e=W, prot={"DA_VICTIM"})),
    one("child in household elsewhere", incident("A", person("p1", "CHILD_IN_HOUSEHOLD", age=9), suspect()), p1=Want(e=W, s=W, prot={"OTHER_VICTIM"})),
    one("child who saw it", incident("A", person("p1", "WITNESS", age=9), suspect(), flags=DA), p1=Want(e=W, s=RL, has={"DA_CHILD", "WITNESS"})),
    one("grown witness of domestic abuse", incident("A", person("p1", "WITNESS", age=30), suspect(), flags=DA), p1=Want(e=W, s=W, prot={"WITNESS"})),
    one("child present and listed", incident("A", victim(immigration=DOUBT), person("p3", "MENTIONED", age=4), suspect(), flags={"child_present": "TRUE"}), p1=Want(e=W, prot={"OTHER_VICTIM"})),
    one("spouse of 15", incident("A", victim(dob="2011-02-02", immigration=DOUBT), suspect(), relations=[("p1", "p2", "SPOUSE")], offences=[{"ho_class": "8N"}]), p1=Want(e=W, prot={"OTHER_VICTIM"})),
    one("spouse of unknown age", incident("A", victim(dob=None, immigration=DOUBT), suspect(), relations=[("p1", "p2", "SPOUSE")], offences=[{"ho_class": "8N"}]), p1=Want(e=WR, prot={"DA_VICTIM"})),
]  # fmt: skip


SLAVERY = [
    one("MS flag", incident("A", victim(immigration=DOUBT), suspect(), flags={"modern_slavery": "TRUE"}), p1=Want(e=WR, has={"MS_VICTIM"}), p2=Want(e=R)),
    one("MS flag unknown", incident("A", victim(immigration=DOUBT), suspect(), flags={"modern_slavery": "UNKNOWN"}), p1=Want(e=W, prot={"OTHER_VICTIM"})),
    one("MS class 106", incident("A", victim(immigration=DOUBT), suspect(), offences=[{"ho_class": "106"}]), p1=Want(e=WR, has={"MS_VICTIM"}), p2=Want(e=R)),
    one("trafficker relation", incident("A", person("p1", "MENTIONED", immigration=DOUBT), suspect(), relations=[("p2", "p1", "TRAFFICKER")]), p1=Want(e=WR, has={"MS_VICTIM"}), p2=Want(e=R)),
    one("NRM indicator in any role", incident("A", person("p1", "MENTIONED", nrm={"indicator": True}, immigration=DOUBT)), p1=Want(e=WR, has={"MS_VICTIM"})),
    one("NRM indicator of a suspect", incident("A", suspect(nrm={"indicator": True})), p2=Want(e=H, prot={"MS_VICTIM", "POSSIBLE_VICTIM"})),
    one("NRM state of a suspect", incident("A", suspect(nrm={"state": "CG_NEGATIVE"})), p2=Want(e=H, prot={"MS_VICTIM", "POSSIBLE_VICTIM"})),
    one("NRM state on no list", incident("A", suspect(nrm={"state": "WAITING"})), p2=Want(e=H, prot={"MS_VICTIM", "POSSIBLE_VICTIM"})),
    one("NRM none", incident("A", suspect(nrm={"state": "NONE", "indicator": False})), p2=Want(e=R, prot=set())),
    one("NRM empty", incident("A", suspect(nrm={})), p2=Want(e=R, prot=set())),
    one("section 45", incident("A", suspect(nrm={"claims_s45": True}), offences=[{"ho_class": "61A"}]), p2=Want(e=H, prot={"MS_VICTIM", "POSSIBLE_VICTIM"})),
    one("MS child", incident("A", victim(dob="2012-01-01"), suspect(), flags={"modern_slavery": True}), p1=Want(e=W, s=RL, has={"MS_VICTIM"})),
    one("MS adult without consent", incident("A", victim(), suspect(), flags={"modern_slavery": True}), p1=Want(e=W, s=H, has={"MS_VICTIM"})),
    one("MS of disputed age", incident("A", victim(dob=None, age_from=16, age_to=20), suspect(), flags={"modern_slavery": True}), p1=Want(e=W, s=RL)),
    one("MS keyword negated", incident("A", victim(immigration=DOUBT), suspect(), text="No indication of modern slavery."), p1=Want(e=W, prot={"OTHER_VICTIM"})),
]  # fmt: skip


def held(label: str, **fields: Any) -> Case:
    """A suspect with evidence and no protection who is not fit to be released."""
    return one(f"held {label}", incident("A", suspect(**fields)), [], p2=Want(e=H, prot=set(), ev="OFFENCE"))


def freed(label: str, **fields: Any) -> Case:
    """A suspect whose name, odd as it may look, is a name."""
    return one(f"released {label}", incident("A", suspect(**fields)), p2=Want(e=R, prot=set()))


CAUTIONS = [
    held("under 18", dob="2010-01-01"),
    held("may be under 18", age_from=16, age_to=30),
    held("stated to be 17", age=17),
    held("presumed a child", age_basis="PRESUMED_CHILD"),
    held("no date of birth", dob=None),
    held("no names", names=None),
    held("only an alias", names=[name("Yusuf", "Omar", kind="ALIAS")]),
    held("no given name", names=[name("Yusuf")]),
    held("an empty given name", names=[name("Yusuf", "")]),
    held("no surname", names=[{"given": ["Omar"], "type": "LEGAL"}]),
    held("an empty surname", names=[name(" ", "Omar")]),
    *(
        held(f"surname {text!r}", names=[name(text, "Omar")])
        for text in (
            "wife of Amina", "UNKNOWN", "Unknown Male", "N/K", "TBC", "Smith2", "Smith (victim)", "O", "A" * 36, "Yuѕuf", "Yusuf\u200b", "Yusuf\nOmar",
            "Yusuf, see DV file", "husband of", "Yusuf aka Ali", "-", "'", "N1LF", "Yusuf\u0301\u0301\u0301\u0301", "Test",
        )
        if text != "O"
    ),
    *(held(f"given {text!r}", names=[name("Yusuf", text)]) for text in ("victim's husband", "Unknown", "O3", "partner of Leila", "Mr")),
    held("one bad given name among good ones", names=[name("Yusuf", "Omar", "wife")]),
    *(
        freed(f"surname {text!r}", names=[name(text, "Omar")])
        for text in ("O'Neill", "Al-Hassan", "van der Berg", "Иванов", "Nguyễn", "D’Souza", "李", "محمد", "Ó Súilleabháin", "Wolfeschlegelsteinhausenbergerdorff")
    ),
    freed("several given names", names=[name("Yusuf", "Omar", "Ali")]),
    freed("an alias beside a legal name", names=[name("wife of", "Omar", kind="ALIAS"), name("Yusuf", "Omar")]),
    one("counter-allegation", incident("A", suspect(), linked_incidents=[{"id": "13/Z/26", "reason": "COUNTER_ALLEGATION"}]), [], p2=Want(e=H, prot=set())),
    one("a link on no list", incident("A", suspect(), linked_incidents=[{"id": "13/Z/26", "reason": "SOMETHING"}]), [], p2=Want(e=H, prot=set())),
    one("a repeat is no counter-allegation", incident("A", suspect(), linked_incidents=[{"id": "13/Z/26", "reason": "REPEAT"}]), ["Yusuf"], p2=Want(e=R)),
    one("sponsor of a victim", incident("A", victim(immigration=DOUBT | {"sponsor_person_ref": "p2"}), suspect()), [], p2=Want(e=H, prot=set())),
    one("dependant of a victim", incident("A", victim(), suspect(immigration=OFFENCE | {"dependant_of_ref": "p1"})), [], p2=Want(e=H, prot=set())),
    one("sponsored by somebody unlisted", incident("A", suspect(immigration=OFFENCE | {"sponsor_person_ref": "elsewhere"})), [], p2=Want(e=H, prot=set())),
    one("sponsored by an unprotected person", incident("A", person("p3", "MENTIONED"), suspect(immigration=OFFENCE | {"sponsor_person_ref": "p3"})), ["Yusuf"], p2=Want(e=R)),
    one("a sponsor relation to a victim", incident("A", victim(), suspect(), relations=[("p2", "p1", "SPONSOR")]), [], p2=Want(e=H, prot=set())),
]  # fmt: skip


def faulty(label: str, **fields: Any) -> Case:
    """A suspect with something unreadable in him: protected; his neighbour in the record is served."""
    broken = suspect() | fields
    other = suspect("p3", names=[name("Kowalski", "Jan")], dob="1979-05-06")
    return one(f"fault {label}", incident("A", broken, other), ["Kowalski"], p2=Want(e=H if "immigration" not in fields else None, has={"INDETERMINATE"}), p3=Want(e=R, prot=set()))  # fmt: skip


FAULTS = [
    faulty("impossible date of birth", dob="1988-02-30"),
    faulty("date of birth in words", dob="thirtieth of January"),
    faulty("date of birth a number", dob=19880130),
    faulty("date of birth in the future", dob="2030-01-01"),
    faulty("date of birth of another age", dob="1850-01-01"),
    faulty("date of birth empty", dob=""),
    faulty("date of birth the other way", dob="30/01/1988"),
    faulty("names a text", names="Omar Yusuf"),
    faulty("a name that is a text", names=["Omar Yusuf"]),
    faulty("a surname that is a number", names=[{"surname": 5, "given": ["Omar"], "type": "LEGAL"}, name("Yusuf", "Omar")]),
    faulty("phones a text", phones="07700 900123"),
    faulty("safe_to_use a text", phones=[{"value": "+447700900123", "safe_to_use": "yes"}]),
    faulty("age a text", age="38"),
    faulty("age negative", age=-1),
    faulty("age of no living person", age=200),
    faulty("nominal a number", nominal_id=7),
    faulty("risk a list", risk=[]),
    faulty("risk score a text", risk={"tool": "OTHER", "score": "ten"}),
    faulty("consent an object", consent={}),
    faulty("nrm a text", nrm="NONE"),
    faulty("addresses a text", addresses="12 Acacia Road"),
    faulty("immigration a text", immigration="EVIDENCE_OF_OFFENCE"),
    faulty("immigration a list", immigration=[OFFENCE]),
    faulty("statute a number", immigration=OFFENCE | {"statute_ref": 24}),
    faulty("vulnerability a text", vulnerability="NRPF"),
    faulty("language a list", language=["so"]),
    faulty("age_from a number with a fraction", age_from=18.5),
    one("null is absent", incident("A", suspect() | {"phones": None, "risk": None, "nrm": None, "age": None, "consent": None}), ["Yusuf"], p2=Want(e=R, prot=set())),
    one("a null date of birth is absent", incident("A", suspect() | {"dob": None}), [], p2=Want(e=H, prot=set())),
    one("a victim with a fault stays a victim", incident("A", victim() | {"dob": "1988-02-30"}, suspect(), flags=DA), p1=Want(e=W, has={"DA_VICTIM", "INDETERMINATE"}), p2=Want(e=R)),
    one("a fault is the person's own", incident("A", victim() | {"phones": "x"}, suspect()), ["Yusuf"], p2=Want(e=R, prot=set())),
    one("an offence without a victim decides nothing", incident("A", suspect(), offences=[{"ho_class": "8N"}]), ["Yusuf"], p2=Want(e=R)),
    one("unknown fields are ignored", incident("A", suspect(star_sign="leo") | {"zodiac": {"a": 1}}, mood="calm"), ["Yusuf"], p2=Want(e=R)),
]  # fmt: skip


GIVEN = {"scope": "SAFEGUARDING_REFERRAL", "state": "GIVEN", "ts": "2026-11-20T21:40:00Z", "method": "VERBAL"}


def consent(label: str, expected: str, *answers: Any, **fields: Any) -> Case:
    """An adult victim of domestic abuse at no high risk, and what they said."""
    return one(
        f"consent {label}",
        incident("A", victim(consent=list(answers), **fields), suspect(), flags=DA),
        p1=Want(s=expected, e=W),
    )


CONSENT = [
    consent("given", RL, GIVEN),
    consent("none", H),
    consent("refused", W, GIVEN | {"state": "REFUSED"}),
    consent("withdrawn", W, GIVEN | {"state": "WITHDRAWN"}),
    consent("not asked", H, GIVEN | {"state": "NOT_ASKED"}),
    consent("unable", H, GIVEN | {"state": "UNABLE"}),
    consent("state on no list", H, GIVEN | {"state": "YES"}),
    consent("of another scope", H, GIVEN | {"scope": "NRM"}),
    consent("refused in another scope", RL, GIVEN, GIVEN | {"scope": "RESEARCH", "state": "REFUSED"}),
    consent("without a time", H, {k: v for k, v in GIVEN.items() if k != "ts"}),
    consent("without a method", H, {k: v for k, v in GIVEN.items() if k != "method"}),
    consent("with an empty method", H, GIVEN | {"method": " "}),
    consent("with a time that has no zone", H, GIVEN | {"ts": "2026-11-20T21:40:00"}),
    consent("given then withdrawn", W, GIVEN, GIVEN | {"state": "WITHDRAWN", "ts": "2026-11-21T09:00:00Z"}),
    consent("withdrawn then given", RL, GIVEN | {"state": "WITHDRAWN", "ts": "2026-11-19T09:00:00Z"}, GIVEN),
    consent("in the order of time and not of the list", W, GIVEN | {"state": "REFUSED", "ts": "2026-11-21T09:00:00Z"}, GIVEN),
    consent("a tie", W, GIVEN, GIVEN | {"state": "REFUSED"}),
    consent("a tie in another zone", W, GIVEN, GIVEN | {"state": "REFUSED", "ts": "2026-11-20T22:40:00+01:00"}),
    consent("a refusal without a time", W, GIVEN, {"scope": "SAFEGUARDING_REFERRAL", "state": "REFUSED", "method": "VERBAL"}),
    consent("high risk refused", RL, GIVEN | {"state": "REFUSED"}, risk={"tool": "DASH", "score": 4, "level": "HIGH"}),
    consent("score 14", RL, GIVEN | {"state": "REFUSED"}, risk={"tool": "DASH", "score": 14, "level": "STANDARD"}),
    consent("score 13", W, GIVEN | {"state": "REFUSED"}, risk={"tool": "DASH", "score": 13, "level": "MEDIUM"}),
    consent("a child refused", RL, GIVEN | {"state": "REFUSED"}, age=17),
    one("other victims are not referred", incident("A", victim(consent=[GIVEN]), suspect()), p1=Want(s=W, prot={"OTHER_VICTIM"})),
    one("witnesses are not referred", incident("A", person("p1", "WITNESS", consent=[GIVEN]), suspect(), flags=DA), p1=Want(s=W)),
    one("suspects are not referred", incident("A", victim(), suspect(consent=[GIVEN]), flags=DA), p2=Want(s=W, e=R)),
    one("an MS indicator without standing", incident("A", person("p1", "MENTIONED", nrm={"indicator": True}, consent=[GIVEN])), p1=Want(s=H, has={"MS_VICTIM"})),
    one("an MS child without standing", incident("A", person("p1", "MENTIONED", age=15, nrm={"indicator": True})), p1=Want(s=RL, has={"MS_VICTIM"})),
    one("an MS suspect", incident("A", suspect(nrm={"indicator": True}, consent=[GIVEN])), p2=Want(s=H, e=H)),
]  # fmt: skip

RETRACTED = [
    one("retracted suspect", incident("A", suspect(), change="RETRACT"), [], p2=Want(e=W, s=W)),
    one("retracted DA victim with doubt", incident("A", victim(immigration=DOUBT, consent=[GIVEN]), suspect(), change="RETRACT", flags=DA), p1=Want(e=WR, s=H, has={"DA_VICTIM"})),
    one("retracted DA victim with evidence", incident("A", victim(immigration=OFFENCE), change="RETRACT", flags=DA), p1=Want(e=W, s=H, has={"DA_VICTIM"})),
    one("retracted high risk", incident("A", victim(risk={"tool": "DASH", "score": 20}), suspect(), change="RETRACT", flags=DA), p1=Want(s=H)),
]  # fmt: skip

ALL = [*EVIDENCE, *ROLES, *SIGNALS, *AGES, *SLAVERY, *CAUTIONS, *FAULTS, *CONSENT, *RETRACTED]


@pytest.mark.slow
@pytest.mark.usefixtures("cheaply")
@pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])
def test_one_incident_is_decided_as_settled(case: Case, tmp_path: Path) -> None:
    """What one incident says of a person gives exactly the tags and decisions the rules give."""
    assert judge_case(case, tmp_path) == []
