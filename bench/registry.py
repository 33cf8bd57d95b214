"""What the registry costs when it is full: a batch of 10,000 incidents' people against an empty one and a large one.

    .venv/bin/python bench/registry.py [--people 1000000] [--incidents 10000] [--url sqlite:///FILE | postgresql://...]
        [--keep FILE]

The people are made up here: names of many shapes with a few very common ones, three people an incident, 3 % without a date
of birth, 2 % with 1 January, phones, nominal ids and home addresses as often as records have them; one surname in five is
misspelt. Linking, protecting and reading protections are timed together, with the commit, and after
a batch that warms the caches; the result is the median of three batches, and how far the process grew. On a machine that
others use too, the CPU time says more than the clock; on PostgreSQL it leaves out the server's. With `--keep` the full
registry (SQLite) is kept in a file, or taken from it when it is there; the batches measured go into a copy.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import accumulate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipelines.contracts.incident import Address, Contact, Location, Name, Person
from pipelines.stores.database import open_database, writing
from pipelines.stores.keys import Keys
from pipelines.stores.registry import Registry
from pipelines.stores.registry_tables import TABLES, metadata
from pipelines.tagging.identity import Identity, identity_of

PEOPLE_PER_INCIDENT = 3
_ONSETS = "b br bh ch cr d dh dr f fr g gr h j k kh kr l m n p pr q r s sh st t th tr v w y z zh"
ONSETS = _ONSETS.split() + [""] * 4
_VOWELS = "a a a e e i i o o u u ai au ei ou aa ee oo ia io"
VOWELS = _VOWELS.split()
CODAS = ["", "", "", "", "n", "r", "l", "s", "m", "k", "t", "d", "h", "ng", "sh", "z", "v", "nd", "rt", "ll"]
_COMMON = (
    "Mohammed Ahmed Ali Khan Singh Begum Hussain Rahman Patel Kaur Smith Jones Maria Ivanov Nguyen Wang Kim Garcia"
)
COMMON = _COMMON.split()


class People:
    """Endless made-up people, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        pool = random.Random(0)
        self.surnames = self._names(pool, 30_000, (2, 2, 3, 3, 4))
        self.givens = self._names(pool, 8_000, (1, 2, 2, 3))
        self.surname_weights = list(accumulate(1 / (rank + 20) for rank in range(len(self.surnames))))
        self.given_weights = list(accumulate(1 / (rank + 15) for rank in range(len(self.givens))))
        self.number = seed * 100_000_000

    def _names(self, rng: random.Random, count: int, syllables: tuple[int, ...]) -> list[str]:
        made = dict.fromkeys(COMMON)
        while len(made) < count:
            text = "".join(
                rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(rng.choice(syllables))
            )
            made[text.title()] = None
        return list(made)

    def identity(self) -> Identity:
        """One more person."""
        rng = self.rng
        self.number += 1
        surname = rng.choices(self.surnames, cum_weights=self.surname_weights)[0]
        givens = rng.choices(self.givens, cum_weights=self.given_weights, k=1 + (rng.random() < 0.25))
        if rng.random() < 0.2:
            at = rng.randrange(1, len(surname))
            surname = surname[:at] + rng.choice("aeiou") + surname[at:]
        dice = rng.random()
        year = rng.randint(1945, 2020)
        born = (
            None
            if dice < 0.03
            else f"{year}-01-01"
            if dice < 0.05
            else f"{year}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        )
        place = Location(
            location_ref="l",
            line1=f"{rng.randint(1, 200)} High Street",
            postcode=f"AB{rng.randint(1, 99)} {rng.randint(1, 9)}CD",
        )
        return identity_of(
            Person(
                "p",
                ["VICTIM"],
                nominal_id=f"N{self.number}" if rng.random() < 0.6 else None,
                names=[Name(surname, givens, "LEGAL")],
                dob=born,
                phones=[Contact(f"+4477{rng.randrange(10**8):08}")] if rng.random() < 0.5 else None,
                addresses=[Address("l", "HOME")] if rng.random() < 0.6 else None,
            ),
            "13",
            [place],
        )

    def batch(self, count: int) -> list[Identity]:
        """So many more people."""
        return [self.identity() for _ in range(count)]


def resident() -> float:
    """Resident memory of this process in MiB."""
    line = next(
        row for row in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if row.startswith("VmRSS")
    )
    return int(line.split()[1]) / 1024


def batches(registry: Registry, db: object, people: People, count: int, times: int) -> Iterator[tuple[float, float]]:
    """Seconds each batch takes, by the clock and of this process's CPU time."""
    for _ in range(times):
        found = people.batch(count)
        gc.collect()
        start, cpu = time.perf_counter(), time.process_time()
        with writing(db) as conn:  # type: ignore[arg-type]
            linked = registry.link(conn, found)
            registry.protect(conn, linked.person_ids, [1] * count)
            registry.protections(conn, registry.components(conn, linked.person_ids))
        yield time.perf_counter() - start, time.process_time() - cpu


def median(batches_taken: list[tuple[float, float]], which: int) -> float:
    """The median of one of the two clocks."""
    return statistics.median(batch[which] for batch in batches_taken)


def fill(registry: Registry, db: object, wanted: int, *, quiet: bool) -> None:
    """Files so many people, in batches, and tells how far it is."""
    start, step = time.perf_counter(), 30_000
    people = People(2)
    for done in range(0, wanted, step):
        list(batches(registry, db, people, min(step, wanted - done), 1))
        if not quiet:
            print(
                f"\r{min(done + step, wanted):>9} people filed in {time.perf_counter() - start:.0f} s, {resident():.0f} MiB",
                end="",
                file=sys.stderr,
            )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--url", default="", help="a database that may be filled; a temporary SQLite file by default")
    parser.add_argument("--keep", type=Path, help="a file for the full registry, filled once")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    count = options.incidents * PEOPLE_PER_INCIDENT
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(options.url or f"sqlite:///{folder}/registry.db")
        metadata.create_all(db, tables=TABLES)
        registry = Registry(Keys.from_seed(1))
        people = People(1)
        empty: list[tuple[float, float]] = []
        for _ in range(3):
            with writing(db) as conn:
                for table in TABLES:
                    conn.execute(table.delete())
            empty += batches(registry, db, people, count, 1)
        before = resident()
        kept = bool(options.keep) and options.keep.exists()
        if kept:
            db.dispose()
            shutil.copyfile(options.keep, f"{folder}/registry.db")
            options.people = 0
        start = time.perf_counter()
        fill(registry, db, options.people, quiet=options.json)
        filled = time.perf_counter() - start
        if options.keep and not kept:
            with db.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                conn.exec_driver_sql("VACUUM INTO ?", (str(options.keep),))
        people = People(3)
        list(batches(registry, db, people, count, 1))
        profile = cProfile.Profile()
        with profile if options.profile else nullcontext():
            full = list(batches(registry, db, people, count, 3))
        if options.profile:
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        with db.connect() as conn:
            tokens = conn.exec_driver_sql("SELECT sum(tokens) FROM registry_run").scalar()
            persons = conn.exec_driver_sql("SELECT count(*) FROM registry_person").scalar()
            components = conn.exec_driver_sql("SELECT count(DISTINCT component) FROM registry_person").scalar()
        result = {
            "database": db.dialect.name,
            "people in a batch": count,
            "filed": persons,
            "components": components,
            "tokens per person": round(float(tokens) / persons, 2),
            "seconds to fill": round(filled, 1),
            "seconds, empty": round(median(empty, 0), 2),
            "seconds, full": round(median(full, 0), 2),
            "ratio": round(median(full, 0) / median(empty, 0), 2),
            "CPU seconds, empty": round(median(empty, 1), 2),
            "CPU seconds, full": round(median(full, 1), 2),
            "CPU ratio": round(median(full, 1) / median(empty, 1), 2),
            "MiB before filling": round(before),
            "MiB after": round(resident()),
        }
        db.dispose()
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        print(file=sys.stderr)
        for name, value in result.items():
            print(f"{name:22} {value}")


if __name__ == "__main__":
    main()
