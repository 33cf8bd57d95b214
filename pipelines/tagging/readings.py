"""How names written in Chinese characters may be read: Chinese, Japanese and Korean readings of common characters.

The same characters are read differently in each language, and records romanise by the language of the person. All
readings are possible, so all are compared; one that agrees is enough.
"""

from __future__ import annotations

from itertools import islice, product

#: At most so many readings of one written name are compared.
MOST_READINGS = 32

#: Whole names whose reading is not that of their characters.
_WHOLE: dict[str, str] = {}
#: Readings of single characters in names, the commonest first.
_SINGLE: dict[str, str] = {}


def of(text: str, mandarin: str) -> tuple[str, ...]:
    """Latin readings of a name part in Chinese characters (kana may be mixed in).

    Args:
        text: one part, such as a surname.
        mandarin: its Mandarin reading in lower case.
    """
    found = dict.fromkeys(["".join(c for c in mandarin if c.isalpha())])
    found.update(dict.fromkeys(_WHOLE.get(text, "").split()))
    choices = [_SINGLE.get(letter, "").split() for letter in text]
    if all(choices):
        found.update(dict.fromkeys("".join(choice) for choice in islice(product(*choices), MOST_READINGS)))
    return tuple(found)
