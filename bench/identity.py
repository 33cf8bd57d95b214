"""How well people are known again, by culture: recall and precision on pairs of records, and what blocking loses.

    .venv/bin/python bench/identity.py [NAMES_FOLDER] [--people 60] [--seed 1] [--misses 0] [--json]

It prints one table, the worst first: scripts, cultures, kinds of difference, all.

Pairs are made from lists of names by country (`common-forenames-by-country.csv`, `common-surnames-by-country.csv`; any
folder of that form) and from the pairs in `tests/tagging/pairs.yaml`. *Positive* pairs are one person spelt otherwise;
*negative* pairs are two people who look alike. Recall is the share of positive pairs that `same_person` accepts, precision
is the share of positive pairs among those it accepts when there are as many of the one kind as of the other.
The spellings of one name are those of the lists themselves (romanised and local forms that they group), misspellings are
random (the first letter as often as any other), and of those who look alike the harder half are twins whose given names are
the most alike of their country's list. Lists group forms that no reader could know for one (two readings of the same Chinese
characters, two names under one number): they are left in, so that recall of Japan and Taiwan is lower than it is.
Blocking recall is the share of accepted pairs that share a token and whose outlines may agree, without which nobody would
compare them.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from rapidfuzz.distance import Levenshtein

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipelines.contracts.incident import Name, Person
from pipelines.stores.keys import Keys
from pipelines.tagging.identity import Identity, blocking, identity_of, same_person
from pipelines.tagging.outlines import may_agree, outline, table

PAIRS = Path(__file__).resolve().parent.parent / "tests" / "tagging" / "pairs.yaml"
KEY = Keys.from_seed(0).registry_tokens
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Pair(NamedTuple):
    """Two records of which we know whether they are one person's."""

    culture: str
    script: str
    how: str
    same: bool
    a: Identity
    b: Identity


class Spelling(NamedTuple):
    """One name of one group: all the ways in which it is written."""

    spellings: tuple[str, ...]


def script_of(text: str) -> str:
    """The script of the first letter."""
    return next((unicodedata.name(c, "?").split()[0] for c in text if c.isalpha()), "?")


def read(folder: Path, name: str) -> dict[str, list[Spelling]]:
    """Groups of spellings by country."""
    found: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            group = row["Name Group"] or str(number)
            group = "/".join(
                [
                    group,
                    *(
                        row.get(c) or ""
                        for c in ("Country Group", "Region", "Population", "Note", "Year", "Gender", "Count")
                    ),
                ]
            )
            for column in ("Romanized Name", "Localized Name"):
                text = (row.get(column) or "").strip()
                if text and len(text) < 40:
                    found[row["Country"]][group][text] = None
    return {country: [Spelling(tuple(group)) for group in groups.values()] for country, groups in found.items()}


def identity(surname: str, given: str | list[str], dob: str | None) -> Identity:
    """An identity of a name and a date of birth."""
    givens = [given] if isinstance(given, str) else given
    return identity_of(Person("p", ["VICTIM"], names=[Name(surname or None, givens or None, "LEGAL")], dob=dob), "01")


def misspell(rng: random.Random, text: str) -> str:
    """One letter dropped, doubled, replaced by a neighbour in sound or exchanged; two in long names."""
    times = 2 if len(text) >= 8 and rng.random() < 0.3 else 1
    for _ in range(times):
        if len(text) < 4:
            return text
        at = rng.randrange(len(text))
        kind = rng.randrange(4)
        if kind == 0:
            text = text[:at] + text[at + 1 :]
        elif kind == 1:
            text = text[:at] + text[at] + text[at:]
        elif kind == 2:
            letter = text[at].lower()
            other = rng.choice("aeiou") if letter in "aeiouy" else rng.choice(LETTERS)
            text = text[:at] + other + text[at + 1 :]
        elif at + 1 < len(text):
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text


def plain(text: str) -> str:
    """Without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def latin(spelling: Spelling) -> str:
    """A spelling in Latin letters, if there is one."""
    return next((text for text in spelling.spellings if script_of(text) == "LATIN"), spelling.spellings[0])


def most_alike(name: str, others: list[str]) -> str:
    """The other name that has the fewest letters to change."""
    return min(others, key=lambda other: (Levenshtein.normalized_distance(plain(name), plain(other)), other))


def dob(rng: random.Random) -> str:
    """A full date that is no default and can be exchanged."""
    return f"{rng.randint(1950, 2005)}-{rng.randint(2, 12):02}-{rng.randint(2, 12):02}"


def pairs_of(
    country: str, surnames: list[Spelling], givens: list[Spelling], people: int, rng: random.Random
) -> Iterator[Pair]:
    """Positive and negative pairs of one country."""
    for _ in range(people):
        s, s2 = rng.sample(surnames, 2)
        g, g2 = rng.sample(givens, 2)
        surname, given, born = latin(s), latin(g), dob(rng)
        day = born[8:] if born[8:] != born[5:7] else "13"
        born = born[:8] + day
        swapped = f"{born[:5]}{born[8:]}-{born[5:7]}" if int(born[8:]) <= 12 else born
        one = identity(surname, given, born)
        other_surname, other_given = rng.choice(s.spellings), rng.choice(g.spellings)
        script = script_of(other_surname) if script_of(other_surname) != "LATIN" else script_of(other_given)

        def pair(how: str, same: bool, b: Identity, a: Identity = one, script: str = "LATIN") -> Pair:
            return Pair(country, script, how, same, a, b)

        spelt = identity(other_surname, other_given, born)
        yield pair("spelt otherwise", True, spelt, script=script)
        local = (
            next((t for t in s.spellings if script_of(t) != "LATIN"), ""),
            next((t for t in g.spellings if script_of(t) != "LATIN"), ""),
        )
        if all(local):
            yield pair("other script", True, identity(*local, born), script=script_of(local[0]))
        yield pair("order", True, identity(given, surname, born))
        yield pair("accents and case", True, identity(plain(surname).upper(), plain(given).upper(), born))
        yield pair("misspelt", True, identity(misspell(rng, surname), misspell(rng, given), born))
        yield pair("misspelt surname, 1 January", True, identity(misspell(rng, surname), given, f"{born[:4]}-01-01"))
        yield pair("initial", True, identity(surname, plain(given)[:1], born))
        yield pair("day and month", True, identity(surname, given, swapped))
        yield pair("1 January", True, identity(other_surname, other_given, f"{born[:4]}-01-01"), script=script)
        yield pair("no date", True, identity(surname, given, None))
        yield pair("no date, spelt otherwise", True, identity(other_surname, other_given, None), script=script)
        yield pair("middle name", True, identity(surname, [given, latin(g2)], born))
        other = latin(g2)
        other_family = latin(s2)
        if not set(g.spellings) & set(g2.spellings):
            yield pair("twin: other given name", False, identity(surname, other, born))
            yield pair("sibling", False, identity(surname, other, dob(rng)))
            yield pair("other given name, 1 January", False, identity(surname, other, f"{born[:4]}-01-01"))
            yield pair("other given name, no date", False, identity(surname, other, None))
        others = [latin(name) for name in givens if not set(name.spellings) & set(g.spellings)]
        nearest = most_alike(given, [name for name in others if plain(name).lower() != plain(given).lower()])
        yield pair("twin: most alike given name", False, identity(surname, nearest, born))
        if not set(s.spellings) & set(s2.spellings):
            yield pair("other surname", False, identity(other_family, given, born))
            yield pair("other surname, no date", False, identity(other_family, given, None))
        shifted = f"{int(born[:4]) - rng.randint(1, 9)}{born[4:]}"
        yield pair("namesake, other date", False, identity(surname, given, shifted))
        yield pair("lone surname", False, identity(surname, [], born))
        yield pair("lone given name", False, identity("", given, born))


def all_pairs(folder: Path | None, people: int, seed: int) -> Iterator[Pair]:
    """Every pair: from the folder, and our own."""
    rng = random.Random(seed)
    if folder:
        surnames = read(folder, "common-surnames-by-country.csv")
        givens = read(folder, "common-forenames-by-country.csv")
        every_surname = [s for group in surnames.values() for s in group]
        every_given = [g for group in givens.values() for g in group]
        for country in sorted(set(surnames) | set(givens)):
            # where a country's list holds only one half of names, the other half is drawn from everywhere
            families = surnames.get(country, every_surname)
            firsts = givens.get(country, every_given)
            if len(families) >= 3 and len(firsts) >= 3:
                yield from pairs_of(country, families, firsts, people, rng)
    for row in yaml.safe_load(PAIRS.read_text(encoding="utf-8")):
        culture, same = row["culture"], row["same"]
        for left, right in row["pairs"]:
            a, b = (
                identity(*side.split(", ", 1), "1990-05-23") if ", " in side else identity(side, [], "1990-05-23")
                for side in (left, right)
            )
            script = next((script_of(c) for c in right + left if c.isalpha() and script_of(c) != "LATIN"), "LATIN")
            yield Pair(culture, script, "own pairs", same, a, b)


class Tally:
    """Counts of one group of pairs."""

    def __init__(self) -> None:
        self.positive = self.found = self.negative = self.wrong = self.unblocked = 0

    def add(self, pair: Pair, rule: str | None, shared: bool) -> None:
        """Counts one pair."""
        if pair.same:
            self.positive += 1
            self.found += rule is not None
            self.unblocked += rule is not None and not shared
        else:
            self.negative += 1
            self.wrong += rule is not None

    @property
    def recall(self) -> float:
        """Accepted among positive."""
        return self.found / self.positive if self.positive else 1.0

    @property
    def precision(self) -> float:
        """Positive among accepted, had both kinds the same number."""
        wrong = self.wrong / self.negative if self.negative else 0.0
        return self.recall / (self.recall + wrong) if self.recall + wrong else 1.0

    @property
    def blocking(self) -> float:
        """Accepted positive pairs that share a token."""
        return 1 - self.unblocked / self.found if self.found else 1.0

    def row(self) -> dict[str, float | int]:
        """What is printed."""
        return {
            "pairs": self.positive + self.negative,
            "recall": round(self.recall, 4),
            "precision": round(self.precision, 4),
            "blocking": round(self.blocking, 4),
        }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--people", type=int, default=60, help="people made up per country")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misses", type=int, default=0, help="print so many pairs that were judged wrongly")
    parser.add_argument("--how", default="", help="only misses of this kind")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    groups: dict[str, dict[str, Tally]] = {name: defaultdict(Tally) for name in ("all", "culture", "script", "how")}
    misses: list[str] = []
    at = np.array([0])
    for pair in all_pairs(options.folder, options.people, options.seed):
        rule = same_person(pair.a, pair.b)
        assert rule == same_person(pair.b, pair.a), "who is first must make no difference"
        shared = bool(set(blocking(pair.a, KEY).filed) & set(blocking(pair.b, KEY).sought))
        fully = np.array([rule == "R-LINK-DOB-MISSING"])
        shared = shared and bool(may_agree(table([outline(pair.a)]), at, table([outline(pair.b)]), at, fully)[0])
        for kind, name in (("all", "all"), ("culture", pair.culture), ("script", pair.script), ("how", pair.how)):
            groups[kind][name].add(pair, rule, shared)
        if ((rule is None) == pair.same or (pair.same and not shared)) and options.how in pair.how:
            misses.append(
                f"{pair.culture} {pair.how}: {pair.a.names} {pair.a.dob} / {pair.b.names} {pair.b.dob} {rule} blocked={shared}"
            )
    report = {
        kind: {name: tally.row() for name, tally in sorted(tallies.items(), key=lambda item: (item[1].recall, item[0]))}
        for kind, tallies in groups.items()
    }
    if options.json:
        print(json.dumps(report, indent=1))
    else:
        print(f"{'':40} {'pairs':>7} {'recall':>8} {'precision':>10} {'blocking':>9}")
        for kind in ("script", "culture", "how", "all"):
            for name, row in report[kind].items():
                numbers = f"{row['pairs']:>7} {row['recall']:>8.4f} {row['precision']:>10.4f} {row['blocking']:>9.4f}"
                print(f"{kind + ': ' + name:40.40} {numbers}")
    random.Random(0).shuffle(misses)
    for line in misses[: options.misses]:
        print(line)


if __name__ == "__main__":
    main()
