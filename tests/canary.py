"""Canaries: values no real record has, planted in every field of protected people, and a search for them in any bytes.

    planted = canary.lines()                    # incidents to send, one per record, broken ones included
    hits = canary.scan(path.read_bytes())       # anywhere but the vault and the restricted files: none

A hit names the record, the field and the disguise, never the value. A value is looked for as it is and in every disguise
a program gives it on its way into a log or a table: other case, spaced out, reversed, base64 at any alignment, URL, JSON
and HTML escapes, hex, UTF-16, MD5, SHA-1 and SHA-256 of it (also shortened), its first letters alone, and all of these
inside gzip or zlib streams. What depends on a secret (HMAC, AES-GCM) cannot be found, and is no leak.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import random
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

import ahocorasick

#: Shortest beginning of a value that is looked for by itself.
PREFIX = 5
#: Records with canaries of their own; `lines` makes one or more of each.
RECORDS = ("victim", "witness", "faulty", "roleless", "truncated", "repeated", "versioned", "retracted", "crossed")

#: Fields whose value is a word: letters only, so that it is plainly a name where a name is asked for.
_WORDS = (
    "surname", "given", "alias", "maiden", "narrative", "statement", "title", "line1", "line2", "uprn_name", "employer", "occupation",
    "school", "social", "language_note", "religion", "nationality", "birthplace", "ethnicity", "gender", "unknown_field", "author",
    "evidence_ref", "idva", "witnessed_by", "safe_times", "weapon", "media",
)  # fmt: skip
#: Fields whose value is a code of letters and digits.
_CODES = (
    "incident_id", "crime_ref", "cad_ref", "nominal_id", "pnc_id", "passport", "brp", "nino", "vrm", "imei", "supervisor_id", "recorded_by",
    "linked_id", "postcode", "officer_id",
)  # fmt: skip
_SCRIPT = "бгдёжзйкфхцчшщъыьэюя"
_CONSONANTS, _VOWELS = "bcdfghjkmnpqrtvwxz", "aeiou"


_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Hit(NamedTuple):
    """One canary found: which record's, which field's, in which disguise, and where in the bytes."""

    record: str
    field: str
    disguise: str
    offset: int


@lru_cache(maxsize=64)
def tokens(record: str = "victim") -> Mapping[str, str]:
    """The canaries of one record by field: each a value that occurs nowhere else, fit for its field."""
    rng = random.Random(f"canary {record}")

    def word(letters: int = 11) -> str:
        # Three consonants first: no word of any language begins so, and five letters of it are enough to know it by.
        start = "".join(rng.choice("qxzvwk") for _ in range(3))
        rest = "".join(rng.choice((_VOWELS, _CONSONANTS)[n % 2]) for n in range(letters - 3))
        return (start + rest).capitalize()

    def code() -> str:
        return "".join(rng.choice("QXZVWKJY") for _ in range(5)) + "".join(rng.choice("0123456789") for _ in range(5))

    found = {field: word() for field in _WORDS} | {field: code() for field in _CODES}
    found["cyrillic"] = "".join(rng.choice(_SCRIPT) for _ in range(9)).capitalize()
    found["accented"] = word(6) + "é" + word(5).lower()
    found["email"] = f"{word().lower()}@{word().lower()}.example"
    for field in ("phone", "unsafe_phone"):
        found[field] = "+447" + "".join(rng.choice("0123456789") for _ in range(9))
    found["dob"] = f"19{rng.randint(50, 69)}-0{rng.randint(1, 9)}-{rng.randint(13, 28)}"
    return found


# ---- disguises ---------------------------------------------------------------------------------------------------


def variants(token: str) -> dict[str, set[bytes]]:
    """What to look for, by disguise. Needles are in small (ASCII) letters, as `scan` makes the bytes it looks through."""
    forms = {token, token.lower(), token.upper(), token.title(), unicodedata.normalize("NFD", token)}
    bare = "".join(ch for ch in token if ch.isalnum())
    if token.lower().startswith("+44"):
        forms |= {"0" + token[3:], "44" + token[3:], "0044" + token[3:], token[3:]}
    needles: dict[str, set[bytes]] = {"plain": set(), "spaced": set()}

    def add(disguise: str, *found: bytes) -> None:
        needles.setdefault(disguise, set()).update(each.lower() for each in found if len(each) >= 6)

    for form in forms | ({bare} if len(bare) >= 6 else set()):
        raw = form.encode()
        add("plain", raw)
        add("reversed", form[::-1].encode())
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + raw)
            # The first and last letters depend on the neighbours.
            core = coded[(0, 2, 3)[shift] : len(coded.rstrip(b"=")) - 1]
            add("base64", core, core.translate(bytes.maketrans(b"+/", b"-_")))
        add("base32", base64.b32encode(raw).rstrip(b"=")[:-1])
        add("hex", raw.hex().encode(), raw.hex(" ").encode(), raw.hex(":").encode())
        add("url", quote(form, safe="").encode(), "".join(f"%{byte:02x}" for byte in raw).encode())
        add("json", json.dumps(form)[1:-1].encode(), "".join(f"\\u{ord(ch):04x}" for ch in form).encode())
        add(
            "json",
            json.dumps(json.dumps(form)[1:-1])[1:-1].encode(),
            ascii(form)[1:-1].encode(),
            repr(raw)[2:-1].encode(),
        )
        add("html", html.escape(form).encode(), "".join(f"&#{ord(ch)};" for ch in form).encode())
        add("html", "".join(f"&#x{ord(ch):x};" for ch in form).encode())
        add("utf16", form.encode("utf-16-le"), form.encode("utf-16-be"))
        for name in ("md5", "sha1", "sha256"):
            digest = hashlib.new(name, raw).digest()
            add(name, digest[:8], digest.hex()[:16].encode(), base64.b64encode(digest)[:12])
    national = token[3:] if token.startswith("+44") else bare
    if len(national) >= 8 and national.isascii():
        needles["spaced"] = {national.lower().encode(), national[::-1].lower().encode()}
    # Five letters that begin no word are enough to know a value by; digits need more, and dates say nothing alone.
    least = PREFIX if sum(ch.isalpha() for ch in bare) >= PREFIX else 8
    if bare.isascii() and len(bare) > least and not _DATE.fullmatch(token):
        needles["prefix"] = {b" " + bare[:least].lower().encode()}
    return needles


class _Finder(NamedTuple):
    """Two automata: over the bytes in small letters, and over what is left of them without punctuation."""

    whole: Any
    squeezed: Any


@lru_cache(maxsize=8)
def _finder(records: tuple[str, ...]) -> _Finder:
    whole, squeezed = ahocorasick.Automaton(), ahocorasick.Automaton()
    for record in records:
        for field, token in tokens(record).items():
            for disguise, needles in variants(token).items():
                for needle in needles:
                    text = needle.decode("latin-1")
                    (squeezed if disguise == "spaced" else whole).add_word(text, (record, field, disguise, len(text)))
    whole.make_automaton()
    squeezed.make_automaton()
    return _Finder(whole, squeezed)


_NOT_WORD = bytes(byte for byte in range(256) if not chr(byte).isalnum() or byte > 127)
#: A beginning of a value counts where a word begins; so every other byte is a space for that search.
_WORD_BREAKS = bytes.maketrans(_NOT_WORD, b" " * len(_NOT_WORD))
_GZIP = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_CODED_GZIP = re.compile(rb"(?:H4sI|eJ[wxyz0-9])[A-Za-z0-9+/_\-\s]{20,}={0,2}")


def scan(data: bytes, records: Iterable[str] = RECORDS) -> list[Hit]:
    """Every canary of these records in some bytes, in any disguise; gzip and zlib streams are opened, two deep."""
    return _scan(data, _finder(tuple(records)), 2)


def _scan(data: bytes, finder: _Finder, deep: int) -> list[Hit]:
    small = data.lower()
    found: set[Hit] = set()
    for text in {small.decode("latin-1"), (b" " + small.translate(_WORD_BREAKS)).decode("latin-1")}:
        for end, (record, field, disguise, length) in finder.whole.iter(text):
            start = max(0, end - length + 1)
            if disguise != "prefix" or _reads_as_a_word(data, start):
                found.add(Hit(record, field, disguise, start))
    for _, (record, field, disguise, _length) in finder.squeezed.iter(
        small.translate(None, _NOT_WORD).decode("latin-1")
    ):
        found.add(Hit(record, field, disguise, -1))
    if deep:
        for part in _packed(data):
            found.update(hit._replace(disguise=f"packed {hit.disguise}") for hit in _scan(part, finder, deep - 1))
    # A plain hit is also a spaced one and a prefix; the plainest tells enough.
    told = {(hit.record, hit.field) for hit in found if hit.disguise == "plain"}
    return sorted(h for h in found if h.disguise not in ("spaced", "prefix") or (h.record, h.field) not in told)


def _reads_as_a_word(data: bytes, start: int) -> bool:
    """Whether five letters found begin a word of a text: in megabytes of ciphertext any five letters occur somewhere."""
    if not data[start : start + 1].isalpha():
        start += 1  # found with the break before it
    word = data[start : start + PREFIX]
    around = data[max(0, start - 4) : start + PREFIX + 8]
    return (word.islower() or word.isupper() or word.istitle()) and not around.translate(None, _PRINTABLE)


_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"


def _packed(data: bytes) -> Iterator[bytes]:
    for match in _GZIP.finditer(data):
        yield from _inflated(data[match.start() :])
    for match in _CODED_GZIP.finditer(data):
        text = re.sub(rb"\s", b"", match[0]).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        text = text[: len(text) // 4 * 4]
        try:
            yield from _inflated(base64.b64decode(text))
        except ValueError:
            continue


def _inflated(data: bytes) -> Iterator[bytes]:
    stream = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        out = stream.decompress(data, 1 << 26)
    except zlib.error:
        return
    if out:
        yield out


# ---- records that carry them -------------------------------------------------------------------------------------


def incident(record: str = "victim", *, version: int = 1, change_type: str = "CREATE") -> dict[str, Any]:
    """An incident in which a protected person has a canary of `record` in every field that can hold one.

    The victim has asked for no referral (consent REFUSED), so that no product may carry any of it. The suspect is a
    plain one, with evidence, without canaries: what enforcement is told of him must not change by what stands beside him.
    """
    t = tokens(record)
    return {
        "header": {
            "schema_version": "1.0", "source_system": "NICHE", "source_force": "13", "incident_id": t["incident_id"], "version": version,
            "change_type": change_type, "event_ts": "2026-11-18T21:10:00Z", "recorded_ts": f"2026-11-18T22:{version:02d}:00Z",
            "crime_ref": t["crime_ref"], "cad_ref": t["cad_ref"], t["unknown_field"]: t["unknown_field"],
        },
        "offences": [{"ho_class": "8N", "title": f"Assault {t['title']}"}],
        "flags": {"domestic_abuse": "TRUE"},
        "persons": [victim(record), suspect(record)],
        "relations": [{"from_ref": "p1", "to_ref": "p2", "type": "SPOUSE", "current": True}],
        "locations": [
            {
                "location_ref": "l1", "line1": f"12 {t['line1']} Road", "line2": t["line2"], "line5": t["uprn_name"],
                "postcode": t["postcode"], "premise_type": "REFUGE",
            }
        ],
        "objects": [
            {"type": "VEHICLE", "vrm": t["vrm"], "person_ref": "p1"}, {"type": "PHONE", "imei": t["imei"]},
            {"type": "WEAPON", "description": t["weapon"]}, {"type": "MEDIA", "media_ref": t["media"]},
        ],
        "narrative": [
            {"type": "OFFICER_NOTES", "text": f"{t['given']} {t['surname']} said {t['narrative']} hit her.", "author_id": t["author"]},
            {"type": "STATEMENT", "text": f"I live at {t['line1']} Road, my number is {t['phone']}. {t['statement']}."},
        ],
        "linked_incidents": [{"id": t["linked_id"], "reason": "REPEAT"}],
        "provenance": {"officer_id": t["officer_id"]},
        "handling": {"restrictions": [t["unknown_field"]]},
    }  # fmt: skip


def victim(record: str) -> dict[str, Any]:
    """A protected person of whom every field is a canary."""
    t = tokens(record)
    return {
        "person_ref": "p1", "roles": ["VICTIM"], "nominal_id": t["nominal_id"], "pnc_id": t["pnc_id"], "dob": t["dob"],
        "names": [
            {"surname": t["surname"], "given": [t["given"]], "type": "LEGAL"}, {"surname": t["alias"], "given": [t["accented"]], "type": "ALIAS"},
            {"surname": t["maiden"], "given": [t["given"]], "type": "MAIDEN"}, {"surname": t["cyrillic"], "given": [t["cyrillic"]], "type": "TRANSLIT"},
        ],
        "gender": t["gender"], "ethnicity_self": t["ethnicity"], "religion": t["religion"], "nationality": t["nationality"],
        "country_of_birth": t["birthplace"], "language": t["language_note"], "occupation": t["occupation"], "employer": t["employer"],
        "school_name": t["school"],
        "identifiers": [
            {"type": "PASSPORT", "value": t["passport"]}, {"type": "BRP", "value": t["brp"]}, {"type": "NINO", "value": t["nino"]},
        ],
        "phones": [
            {"value": t["phone"], "safe_to_use": True, "safe_times": t["safe_times"]}, {"value": t["unsafe_phone"], "safe_to_use": False},
        ],
        "emails": [{"value": t["email"], "safe_to_use": True}],
        "social": [{"value": t["social"]}],
        "addresses": [{"location_ref": "l1", "type": "REFUGE"}],
        "immigration": {
            "assessment": "CONCERN_OR_DOUBT", "source": "OFFICER_OBSERVATION", "basis": "ASSESSMENT", "supervisor_id": t["supervisor_id"],
            "recorded_by": t["recorded_by"], "evidence_refs": [t["evidence_ref"]],
        },
        "risk": {"tool": "DASH", "score": 11, "level": "MEDIUM", "idva_ref": t["idva"]},
        "consent": [
            {
                "scope": "SAFEGUARDING_REFERRAL", "state": "REFUSED", "ts": "2026-11-18T21:40:00Z", "method": "VERBAL",
                "witnessed_by": t["witnessed_by"],
            }
        ],
    }  # fmt: skip


#: A suspect of his own for each record, so that a broken record protects no other record's suspect.
_SUSPECTS = dict(
    zip(RECORDS, ("Yusuf", "Nowak", "Petrov", "Okafor", "Silva", "Haddad", "Larsen", "Tanaka", "Moreau"), strict=True)
)


def suspect(record: str = "victim") -> dict[str, Any]:
    """A plain suspect with evidence of an immigration offence, whom nothing protects by himself. No canaries."""
    return {
        "person_ref": "p2",
        "roles": ["SUSPECT"],
        "nominal_id": f"N20{RECORDS.index(record)}",
        "dob": f"1988-01-{11 + RECORDS.index(record)}",
        "names": [{"surname": _SUSPECTS[record], "given": ["Omar"], "type": "LEGAL"}],
        "immigration": {
            "assessment": "EVIDENCE_OF_OFFENCE",
            "source": "HO_CHECK",
            "basis": "FACT",
            "statute_ref": "IA1971 s.24(1)(b)(i)",
            "supervisor_id": "S77",
        },
    }


def lines() -> list[bytes]:
    """Incidents with canaries as they are sent: sound, faulty inside a person, broken as records, and as versions."""
    witness = incident("witness")
    witness["persons"][0]["roles"] = ["WITNESS", "REPORTER"]
    witness["flags"] = {}
    witness["offences"] = []

    faulty = incident("faulty")
    t = tokens("faulty")
    faulty["persons"][0] |= {"dob": f"{t['dob']} or so", "emails": t["email"], "risk": t["idva"], "age": t["employer"]}
    faulty["persons"][0]["identifiers"].append({"type": ["PASSPORT"], "value": {"number": t["passport"]}})

    roleless = incident("roleless")
    roleless["persons"][0]["roles"] = []
    roleless["persons"][0]["risk"] = {
        "tool": "DASH",
        "score": 20,
        "level": "HIGH",
        "idva_ref": tokens("roleless")["idva"],
    }

    repeated = _bytes(incident("repeated"))
    crossed = incident("crossed")
    crossed["relations"].append({"from_ref": "p1", "to_ref": tokens("crossed")["alias"], "type": "SPOUSE"})
    return [
        _bytes(incident("victim")),
        _bytes(witness),
        _bytes(faulty),
        _bytes(roleless),
        _bytes(incident("truncated"))[:-40],
        repeated[:-1] + b',"narrative":[]}',
        _bytes(incident("versioned")),
        _bytes(incident("versioned", version=2, change_type="UPDATE") | {"flags": {}}),
        _bytes(incident("retracted")),
        _bytes(incident("retracted", version=2, change_type="RETRACT")),
        _bytes(crossed),
        b"\xef\xbb\xbf" + _bytes(incident("truncated")),
        _bytes(incident("truncated")).replace(b'"roles"', b'"roles":7,"\xff"', 1),
    ]


def _bytes(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
