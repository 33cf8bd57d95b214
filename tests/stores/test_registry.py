"""The registry: who is known again, what is protected, and that nothing of it can be read at rest."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from pipelines.contracts.incident import Contact, Name, Person
from pipelines.errors import StoreError
from pipelines.stores.database import _prepare_sqlite, writing
from pipelines.stores.keys import Keys
from pipelines.stores.registry import Registry
from pipelines.stores.registry_tables import TABLES, metadata
from pipelines.tagging.identity import Identity, identity_of, same_person


def make(url: str) -> Engine:
    """An empty registry at a URL."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    metadata.drop_all(engine, tables=TABLES)
    metadata.create_all(engine, tables=TABLES)
    return engine


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.e2e)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty registry in each kind of database."""
    url = (
        f"sqlite:///{tmp_path / 'registry.db'}"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    engine = make(url)
    yield engine
    engine.dispose()


@pytest.fixture
def registry() -> Registry:
    """A registry under the keys of a seed."""
    return Registry(Keys.from_seed(1))


def person(
    surname: str, given_name: str, dob: str | None = None, nominal: str | None = None, phone: str | None = None
) -> Identity:
    """Somebody of force 13."""
    return identity_of(
        Person(
            "p",
            ["VICTIM"],
            nominal_id=nominal,
            names=[Name(surname, [given_name], "LEGAL")],
            dob=dob,
            phones=[Contact(phone)] if phone else None,
        ),
        "13",
    )


AMINA = person("Yusuf", "Amina", "1991-04-03", "N100", "+447700900123")
AMENA = person("Yousef", "Amena", "1991-04-03")
AMINA_ELSEWHERE = person("Khan", "Mina", "1970-02-02", "N100")
OMAR = person("Yusuf", "Omar", "1988-01-30", "N200")
TODD = person("Vance", "Todd", "1980-07-20")


def link(registry: Registry, db: Engine, people: Sequence[Identity]) -> list[int]:
    """Links in a transaction of its own."""
    with writing(db) as conn:
        return registry.link(conn, people).person_ids.tolist()


def components(registry: Registry, db: Engine, ids: Sequence[int]) -> list[int]:
    """Components of people, read on their own."""
    with db.connect() as conn:
        return registry.components(conn, ids).tolist()


def test_people_are_known_again(db: Engine, registry: Registry) -> None:
    """Records of one person are in one component, those of others in others, in one batch or in several."""
    ids = link(registry, db, [AMINA, OMAR, TODD])
    ids += link(registry, db, [AMENA, AMINA_ELSEWHERE, AMINA])
    assert ids[5] == ids[0]
    amina, omar, todd, amena, elsewhere, again = components(registry, db, ids)
    assert amina == amena == elsewhere == again
    assert len({amina, omar, todd}) == 3
    with db.connect() as conn:
        assert registry.members(conn, [amina]).tolist() == sorted({ids[0], ids[3], ids[4]})


def test_protection_reaches_everyone_linked_before_or_after(db: Engine, registry: Registry) -> None:
    """What protects one record protects all that may be the same person, and only grows by automation."""
    first = link(registry, db, [AMENA, OMAR])
    with writing(db) as conn:
        grown = registry.protect(conn, first, [1, 0])
        assert grown == set(registry.components(conn, first[:1]).tolist())
        assert registry.protect(conn, first, [1, 0]) == set()
    later = link(registry, db, [AMINA, TODD])
    with writing(db) as conn:
        held = registry.protections(conn, registry.components(conn, [*first, *later]))
        assert held.tolist() == [1, 0, 1, 0]
        assert registry.protect(conn, [later[0], later[0]], [32, 64]) == set(
            registry.components(conn, first[:1]).tolist()
        )
        assert registry.protections(conn, registry.components(conn, first)).tolist() == [97, 0]
        registry.reset(conn, {later[0]: 0})
        assert registry.protections(conn, registry.components(conn, first)).tolist() == [1, 0]


def test_a_late_link_unites_what_was_apart(db: Engine, registry: Registry) -> None:
    """A record that is like two people unites them, and says who is protected by it that was not."""
    one, other = person("Khan", "Sara", None, "N7"), person("Lopez", "Ines", "1990-10-10")
    both = person("Lopez", "Ines", "1990-10-10", "N7")
    ids = link(registry, db, [one, other])
    with writing(db) as conn:
        registry.protect(conn, ids[:1], [4])
        linked = registry.link(conn, [both])
        assert linked.gaining.tolist() == ids[1:]
        assert len(set(registry.components(conn, [*ids, *linked.person_ids]).tolist())) == 1
        assert registry.protections(conn, registry.components(conn, ids[1:])).tolist() == [4]


def test_who_gains_by_being_united_is_exactly_who_had_less(db: Engine, registry: Registry) -> None:
    """Uniting tells everyone whose protections it changes, whichever side they were on, and nobody else."""
    ids = link(registry, db, [Identity(anchor=f"{n}") for n in range(6)])
    with writing(db) as conn:
        registry.protect(conn, ids, [1, 1, 4, 0, 1, 5])
        assert registry.unite(conn, [(ids[0], ids[1])]).tolist() == []
        assert registry.unite(conn, [(ids[2], ids[1])]).tolist() == ids[:3]
        assert registry.unite(conn, [(ids[3], ids[4]), (ids[4], ids[5])]).tolist() == ids[3:5]
        assert registry.unite(conn, [(ids[0], ids[5]), (ids[1], ids[2])]).tolist() == []
        assert registry.protections(conn, registry.components(conn, ids)).tolist() == [5] * 6


def test_long_chains_are_told(db: Engine, registry: Registry) -> None:
    """A chain of more than 25 people is reported and still protects."""
    letters = "bcdfghjklmnpqrstvwxyz"
    chain = [
        person(f"Surname{letters[n % 20]}o{letters[n // 20]}a", f"Given{letters[n % 20]}i", None, "N9")
        for n in range(30)
    ]
    with writing(db) as conn:
        linked = registry.link(conn, chain[:25])
        assert linked.long_chains == {}
        linked = registry.link(conn, chain[25:])
        assert list(linked.long_chains.values()) == [30]
        registry.protect(conn, linked.person_ids[:1], [1])
        assert registry.protections(conn, list(linked.long_chains)).tolist() == [1]


def test_nobody_is_never_linked(db: Engine, registry: Registry) -> None:
    """Two people of whom nothing is known are two people; one with an anchor is himself when read again."""
    ids = link(registry, db, [Identity(), Identity(), Identity(anchor="a"), Identity(anchor="a"), Identity(anchor="b")])
    ids += link(registry, db, [Identity(), Identity(anchor="a")])
    assert len(set(ids)) == 5
    assert ids[2] == ids[3] == ids[6]
    assert components(registry, db, ids) == ids


def test_nothing_to_do(db: Engine, registry: Registry) -> None:
    """Empty input costs nothing and breaks nothing; a number that was never given out is an error, not an unprotected person."""
    with writing(db) as conn:
        assert registry.link(conn, []).person_ids.tolist() == []
        assert registry.protect(conn, [], []) == set()
        assert registry.components(conn, []).tolist() == []
        assert registry.protections(conn, []).tolist() == []
        assert registry.members(conn, []).tolist() == []
        registry.reset(conn, {})
        with pytest.raises(StoreError):
            registry.components(conn, [99])


def test_a_failed_transaction_leaves_nothing(db: Engine, registry: Registry) -> None:
    """What is rolled back was never linked: the same batch again gives the same people."""

    def fail() -> None:
        with writing(db) as conn:
            registry.link(conn, [AMINA, AMENA])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    ids = link(registry, db, [AMINA, AMENA])
    assert link(registry, db, [AMINA, AMENA]) == ids


def test_another_key_does_not_open_it(db: Engine, registry: Registry) -> None:
    """A changed form is noticed, and a registry under another key finds nobody."""
    link(registry, db, [AMINA])
    other = Registry(Keys.from_seed(2))
    with writing(db) as conn:
        assert other.link(conn, [AMENA]).gaining.size == 0
        conn.exec_driver_sql("UPDATE registry_person SET sealed = form_mac")
        with pytest.raises(StoreError, match="does not open"):
            registry.link(conn, [AMENA])


# ---- order, batches -------------------------------------------------------------------------------------------------

_SURNAMES = "Yusuf Yousef Rahman Rehman Ivanov Ivanova Smith Smyth Garcia"
SURNAMES = _SURNAMES.split()
_GIVENS = "Amina Amena Mohammed Muhammad A Elena Yelena John Jon"
GIVENS = _GIVENS.split()


@st.composite
def people(draw: st.DrawFn) -> Identity:
    """Somebody out of a small crowd in which many are alike."""
    return person(
        draw(st.sampled_from(SURNAMES)),
        draw(st.sampled_from(GIVENS)),
        draw(st.sampled_from([None, "1991-04-03", "1991-03-04", "1991-01-01", "1985-06-07"])),
        draw(st.sampled_from([None, None, None, "N1", "N2"])),
        draw(st.sampled_from([None, None, "07700900123"])),
    )


def model(crowd: Sequence[Identity]) -> set[frozenset[Identity]]:
    """The slow and obvious answer: connected components of everyone compared with everyone."""
    groups = [{one} for one in dict.fromkeys(crowd)]
    for one, other in itertools.combinations(dict.fromkeys(crowd), 2):
        if same_person(one, other):
            left = next(group for group in groups if one in group)
            right = next(group for group in groups if other in group)
            if left is not right:
                left |= right
                groups.remove(right)
    return {frozenset(group) for group in groups}


def found(registry: Registry, engine: Engine, batches: Sequence[Sequence[Identity]]) -> set[frozenset[Identity]]:
    """Who is with whom according to the registry."""
    known: dict[Identity, int] = {}
    for batch in batches:
        known.update(zip(batch, link(registry, engine, batch), strict=True))
    groups: dict[int, set[Identity]] = {}
    for identity, component in zip(known, components(registry, engine, list(known.values())), strict=True):
        groups.setdefault(component, set()).add(identity)
    return {frozenset(group) for group in groups.values()}


@given(st.lists(people(), max_size=14), st.randoms(use_true_random=False), st.integers(1, 6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_components_do_not_depend_on_order_or_batches(
    registry: Registry, crowd: list[Identity], rng: random.Random, size: int
) -> None:
    """Any order and any batching of the same people gives the components that comparing everyone with everyone gives."""
    shuffled = [*crowd, *crowd[:3]]
    rng.shuffle(shuffled)
    batches = [shuffled[start : start + size] for start in range(0, len(shuffled), size)]
    engine = make("sqlite://")
    expected = model(crowd)
    assert found(registry, engine, batches) == expected
    engine.dispose()


def crowd() -> tuple[list[Identity], list[Identity]]:
    """Two batches of people whose names are much alike, with more candidates than are opened unseen."""
    rng = random.Random(7)
    surnames = ["Rahman", "Rehman", "Khan", "Begum", "Kowalski", "Kowalsky", "Okafor", "Garcia", "Li", "Иванов"]
    givens = ["Amina", "Amena", "Sara", "Sarah", "Jan Piotr", "Mei Hua", "Meihua", "Mohammed", "M", "Susanna"]
    dates = [None, "1991-01-01", *(f"1991-{month:02}-{day:02}" for month in (3, 4, 5) for day in (3, 4, 5, 6))]
    people = [person(rng.choice(surnames), rng.choice(givens), rng.choice(dates)) for _ in range(500)]
    return people[:250], people[250:]


@pytest.mark.parametrize("filed", [True, False])
def test_outlines_change_nothing_but_the_cost(registry: Registry, filed: bool) -> None:
    """Where most candidates are dropped unopened, and where outlines are missing, components are those of comparing all."""
    engine = make("sqlite://")
    first, second = crowd()
    link(registry, engine, first)
    with writing(engine) as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM registry_outline").scalar()
        if not filed:
            conn.exec_driver_sql("DELETE FROM registry_outline")
    link(registry, engine, second)
    assert found(registry, engine, [[*first, *second]]) == model([*first, *second])
    engine.dispose()


def test_a_changed_outline_is_noticed(registry: Registry) -> None:
    """Outlines of other people, or of another key, stop the batch: nobody goes unprotected by a changed table."""
    first, second = crowd()
    for change in (
        "UPDATE registry_outline SET sealed = zeroblob(400)",
        "UPDATE registry_outline SET first = first + 1",
        "UPDATE registry_outline SET sealed = x''",
    ):
        engine = make("sqlite://")
        link(registry, engine, first)
        with writing(engine) as conn:
            conn.exec_driver_sql(change)
            with pytest.raises(StoreError, match="do not open"):
                registry.link(conn, second)
        engine.dispose()


# ---- at rest --------------------------------------------------------------------------------------------------------


def test_nothing_readable_at_rest(tmp_path: Path, registry: Registry) -> None:
    """No name, date, number, address or id of anybody is in the database's files, in any usual spelling of it."""
    engine = make(f"sqlite:///{tmp_path / 'registry.db'}")
    planted = ["Qzxcanary", "Wvwcanarine"]
    raw = {
        "person_ref": "p",
        "roles": ["VICTIM"],
        "names": [{"surname": planted[0], "given": [planted[1]]}],
        "dob": "1987-11-23",
        "nominal_id": "NCANARY77",
        "phones": [{"value": "+447700955512"}],
        "emails": [{"value": "canary@example.org"}],
        "identifiers": [{"type": "PASSPORT", "value": "CAN445566"}],
    }
    ids = link(
        registry, engine, [identity_of(msgspec.convert(raw, Person), "13"), AMINA, Identity(anchor="anchored-canary")]
    )
    with writing(engine) as conn:
        registry.protect(conn, ids, [1, 2, 4])
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir()).lower()
    engine.dispose()
    content += b"".join(file.read_bytes() for file in tmp_path.iterdir()).lower()
    assert len(content) > 8192
    for text in (*planted, "canary", "1987-11-23", "19871123", "700955512", "can445566", "yusuf", "amina", "700900123"):
        needle = text.lower().encode()
        for spelling in (needle, needle[::-1], needle.hex().encode(), text.lower().encode("utf-16-le")):
            assert spelling not in content, text


def test_no_table_holds_a_readable_value_or_its_plain_hash(db: Engine, registry: Registry) -> None:
    """In either database, no column of the registry holds a name, number or date, or a hash that needs no key."""
    ids = link(registry, db, [AMINA, OMAR, AMENA])
    with writing(db) as conn:
        registry.protect(conn, ids, [1, 2, 4])
        rows = [row for table in TABLES for row in conn.execute(table.select())]
    assert len(rows) >= 3 + 1 + 1
    content = b"|".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for row in rows for value in row
    )
    for text in (
        "yusuf",
        "amina",
        "omar",
        "YUSUF",
        "Yusuf, Amina",
        "19910403",
        "1991-04-03",
        "700900123",
        "13|N100",
        "N100",
    ):
        assert text.encode() not in content, text
        for algorithm in ("md5", "sha1", "sha256"):
            digest = hashlib.new(algorithm, text.encode()).digest()
            assert digest[:8] not in content
            assert digest[:8][::-1] not in content
            assert digest.hex().encode() not in content


def test_keys_are_made_once_and_kept_private(tmp_path: Path) -> None:
    """A key file is made once, readable by its owner alone, and refused when others can read it or it is damaged."""
    file = tmp_path / "deep" / "keys.json"
    with pytest.raises(StoreError, match="no key file"):
        Keys.load(file, create=False)
    keys = Keys.load(file)
    assert Keys.load(file, create=False) == keys
    assert file.stat().st_mode & 0o777 == 0o600
    assert (
        len(
            {
                keys.vault,
                keys.registry_tokens,
                keys.registry_forms,
                keys.registry_seal,
                keys.messages,
                keys.pseudonyms,
                keys.reference,
                keys.audit,
            }
        )
        == 8
    )
    assert keys.vault.hex() not in f"{keys} {keys!r}"
    assert repr(keys.vault) not in f"{keys} {keys!r}"
    file.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        Keys.load(file)
    file.chmod(0o600)
    for text in ("", "{}", '{"format": 1, "secrets": {"vault": "00"}}', "[]"):
        file.write_text(text)
        with pytest.raises(StoreError, match="no key file of format"):
            Keys.load(file)


def test_keys_of_a_seed_are_repeatable() -> None:
    """A seed gives the same keys every time, and another seed gives others."""
    assert Keys.from_seed(1) == Keys.from_seed(1)
    assert Keys.from_seed(1) != Keys.from_seed(2)
