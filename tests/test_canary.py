"""The search for canaries is itself tried: on disguises it must see through, and on bytes in which there is nothing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import os
import random
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests import canary

NAME = canary.tokens("victim")["surname"]
PHONE = canary.tokens("victim")["phone"]
MAIL = canary.tokens("victim")["email"]
CYRILLIC = canary.tokens("victim")["cyrillic"]
POSTCODE = canary.tokens("victim")["postcode"]


@pytest.mark.parametrize("token", [NAME, PHONE, MAIL, CYRILLIC, POSTCODE, canary.tokens("victim")["accented"]])
@pytest.mark.parametrize(
    "disguise",
    [
        lambda t: t.encode(),
        lambda t: t.upper().encode(),
        lambda t: t.lower().encode(),
        lambda t: t[::-1].encode(),
        lambda t: base64.b64encode(b"KeyError: " + t.encode() + b" in row"),
        lambda t: base64.b64encode(b"KeyError:  " + t.encode() + b" in row"),
        lambda t: base64.urlsafe_b64encode(b"KeyError:   " + t.encode()),
        lambda t: quote(f"/search?q={t}&x=1").encode(),
        lambda t: json.dumps({"why": t}).encode(),
        lambda t: json.dumps(json.dumps({"why": t})).encode(),
        lambda t: repr({"why": t}).encode(),
        lambda t: html.escape(t).encode(),
        lambda t: t.encode().hex().encode(),
        lambda t: f"INSERT x'{t.encode().hex().upper()}'".encode(),
        lambda t: f"why={t}".encode("utf-16-le"),
        lambda t: hashlib.md5(t.encode()).hexdigest().encode(),
        lambda t: hashlib.sha1(t.encode()).hexdigest().encode(),
        lambda t: hashlib.sha256(t.encode()).hexdigest()[:20].encode(),
        lambda t: hashlib.sha256(t.lower().encode()).digest(),
        lambda t: b"log\n" + gzip.compress(b"x" * 50 + t.encode() + b"y" * 50) + b"tail",
        lambda t: b"page" + zlib.compress(b"x" * 50 + t.encode() + b"y" * 50),
        lambda t: (
            b'{"data":"' + base64.b64encode(gzip.compress(b"some text around " + t.encode() + b" and after")) + b'"}'
        ),
    ],
)
def test_a_canary_is_found_in_every_disguise(token: str, disguise: Callable[[str], bytes]) -> None:
    """A planted value is found however a program wrote it down."""
    found = canary.scan(os.urandom(1000) + b" some text " + disguise(token) + b" more " + os.urandom(1000))
    assert any(hit.record == "victim" for hit in found)


@pytest.mark.parametrize(
    "text",
    [
        " ".join(NAME),
        "-".join(NAME.upper()),
        f"surname {NAME[:5]}...",
        f"[{NAME[:5]}*****]",
        f"{PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}",
        f"0{PHONE[3:7]}-{PHONE[7:10]}-{PHONE[10:]}",
        f"{POSTCODE[:4]} {POSTCODE[4:]}",
    ],
)
def test_a_canary_is_found_spaced_out_or_cut_short(text: str) -> None:
    """A value that was spaced out, or of which only the beginning is left, is found."""
    assert canary.scan(f"row 17: value {text} is not a name".encode())


def test_nothing_is_found_where_nothing_is() -> None:
    """Random bytes, ciphertext and honest text hold no canary."""
    rng = random.Random(11)
    for _ in range(8):
        assert canary.scan(rng.randbytes(1 << 20)) == []
        assert canary.scan(base64.b64encode(rng.randbytes(1 << 18))) == []
    assert canary.scan(json.dumps(canary.suspect()).encode()) == []


def test_every_record_has_canaries_of_its_own() -> None:
    """Two records share no value, and every line holds canaries of its record."""
    values = [value for record in canary.RECORDS for value in canary.tokens(record).values()]
    assert len(values) == len(set(values))
    assert {hit.record for line in canary.lines() for hit in canary.scan(line)} == set(canary.RECORDS)
    fields = {hit.field for hit in canary.scan(canary.lines()[0])}
    assert fields == set(canary.tokens("victim"))


def test_a_hit_does_not_repeat_the_value() -> None:
    """What is reported of a leak is no second leak."""
    hits = canary.scan(f"boom {NAME}".encode())
    assert hits
    assert NAME.lower() not in repr(hits).lower()
