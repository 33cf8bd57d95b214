"""Free text made plain: nothing that is invisible, turns the direction of writing or is markup survives."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

_TAG = re.compile(r"<(?:/?[A-Za-z!][^<>]{0,500}|script\b.*?</script\s*)>", re.S | re.I)
_SCRIPT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.S | re.I)
_PLAIN = re.compile(r"[\n\x20-\x3b\x3d\x3f-\x7e]*\Z")
_TYPEWRITER = (
    {
        "’": "'",
        "‘": "'",
        "`": "'",
        "´": "'",
        "ʼ": "'",
        "′": "'",
        "‛": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
    }
    | dict.fromkeys("‐‑‒–—―−﹣－", "-")
    | {"…": "...", "\u00a0": " ", "\t": " ", "<": " ", ">": " "}
)
_UNCOMMON = re.compile(r"[^\n\x20-\x3b\x3d\x3f-\x5f\x61-\x7e]")


def clean(text: str) -> str:
    """The text with control, formatting, private and unassigned characters, tags, entities and URL encoding gone, and NFKC applied.

    Accents stay. What is left can be read by a person and by every later pattern in the same way.
    """
    if _PLAIN.match(text) and "&" not in text and "%" not in text:
        return text
    if "%" in text:
        text = unquote(unquote(text, errors="ignore"), errors="ignore")
    if "&" in text:
        # Twice, for what was escaped twice; a third time nobody wrote by accident, and the sign itself goes below.
        text = html.unescape(html.unescape(text))
    if "<" in text:
        text = _TAG.sub(" ", _SCRIPT.sub(" ", text))
    # The acute by itself is somebody's apostrophe, and normalising would make an accent on nothing of it.
    text = unicodedata.normalize("NFKC", text.replace("´", "'"))
    return _UNCOMMON.sub(lambda found: _common(found.group()), text.replace("\r\n", "\n").replace("\r", "\n"))


@lru_cache(maxsize=8192)
def _common(character: str) -> str:
    """What a character is written as, or nothing where nobody could read it."""
    if character in _TYPEWRITER:
        return _TYPEWRITER[character]
    readable = character.isprintable() and unicodedata.category(character)[0] not in "CSM"
    return character if readable or character in "£€" else ""
