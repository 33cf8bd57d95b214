"""The registry: everyone ever mentioned, as keyed numbers and sealed forms, and who may be the same person as whom.

A mention is looked up by its comparison form (`tagging.identity.Identity`). Forms that `same_person` links are in one
*component*, directly or by a chain; protections are kept per form and hold for the whole component. Everybody is
linked, protected or not, so that components depend on the set of forms alone and never on the order of their arrival.

At rest there are HMACs, sealed forms, numbers and bit masks; nothing readable (spec 6.15). All methods work inside the
caller's transaction, which must hold the writer's lock (`database.writing`): person numbers are given out here.
"""

from __future__ import annotations

import gc
import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import or_
from typing import Any, cast

import msgspec
import numpy as np
import numpy.typing as npt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from pipelines.errors import StoreError
from pipelines.stores.keys import Keys
from pipelines.stores.registry_index import file_tokens, find_people, insert_rows, join
from pipelines.stores.registry_outlines import Outlines
from pipelines.tagging.identity import FULLY, NOTHING, Blocker, Identity, Tokens, same_person
from pipelines.tagging.outlines import Table, may_agree, outline, table

Ints = npt.NDArray[np.int64]

#: A chain of more people than this raises an alert, and still protects (spec 6.14).
LONGEST_CHAIN = 25
#: Values in one statement: bounds what a statement holds in memory.
_CHUNK = 50_000
_MACS_IN_STATEMENT = 900
#: So many candidates are opened and compared at once; of more, outlines are looked at first.
_FEW = 500
_NONCE = 12

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Identity).decode


class Linked(msgspec.Struct, frozen=True):
    """What `Registry.link` did.

    Attributes:
        person_ids: per identity given, the number of its form, int64 of the same length.
        gaining: people recorded before who are protected otherwise now, because what they are linked with was united.
        long_chains: size of each component that grew and has more than `LONGEST_CHAIN` people, by component.
    """

    person_ids: Ints
    gaining: Ints
    long_chains: dict[int, int]


class _Forest:
    """Union-find over component numbers; the smallest number is the root, so the outcome has no order in it."""

    def __init__(self) -> None:
        self.parent: dict[int, int] = {}

    def root(self, node: int) -> int:
        parent = self.parent
        top = node
        while (up := parent.get(top, top)) != top:
            top = up
        while node != top:
            parent[node], node = top, parent.get(node, node)
        return top

    def unite(self, one: int, other: int) -> None:
        one, other = self.root(one), self.root(other)
        if one != other:
            low, high = (one, other) if one < other else (other, one)
            self.parent[high] = low


class Registry:
    """Who may be the same person as whom, and what protects them."""

    def __init__(self, keys: Keys) -> None:
        """Takes the registry's three keys."""
        self._blocker = Blocker(keys.registry_tokens)
        self._form_key = keys.registry_forms
        self._seal = AESGCM(keys.registry_seal)
        self._outlines = Outlines(keys.registry_seal)

    # ---- linking ----------------------------------------------------------------------------------------------------

    def link(self, conn: Connection, identities: Sequence[Identity]) -> Linked:
        """Finds or files each identity and unites the components of those that are one person.

        Args:
            conn: a connection in a transaction that holds the writer's lock.
            identities: comparison forms in any order, repeats allowed. One that says nothing (`Identity()`) is filed by
                itself every time; give it an anchor to make it the same one when it is read again.

        Raises:
            StoreError: a sealed form does not open: the key is another one, or the table was tampered with.
        """
        with _uncollected():
            return self._link(conn, identities)

    def _link(self, conn: Connection, identities: Sequence[Identity]) -> Linked:
        forms, places = self._distinct(identities)
        macs = list(forms)
        known = self._find_forms(conn, macs)
        new = [mac for mac in macs if mac not in known]
        ids = {mac: row[0] for mac, row in known.items()}
        forest = _Forest()
        gaining = np.zeros(0, dtype=np.int64)
        long_chains: dict[int, int] = {}
        if new:
            first = self._next_id(conn)
            new_ids = range(first, first + len(new))
            ids.update(zip(new, new_ids, strict=True))
            found = [forms[mac][0] for mac in new]
            tokens = self._blocker.tokens(found)
            outlines = [outline(identity) for identity in found]
            gaining, grown = self._unite(conn, forest, found, tokens, outlines, first)
            self._insert(conn, forms, new, first, forest, tokens)
            self._outlines.file(conn, first, outlines)
            long_chains = self._sizes(conn, grown)
        person_ids = np.fromiter((ids[mac] for mac in places), dtype=np.int64, count=len(places))
        return Linked(person_ids, gaining, long_chains)

    def _distinct(self, identities: Sequence[Identity]) -> tuple[dict[bytes, tuple[Identity, bytes]], list[bytes]]:
        """Distinct forms by their MAC, and the MAC of each identity given."""
        forms: dict[bytes, tuple[Identity, bytes]] = {}
        places: list[bytes] = []
        seen: dict[Identity, bytes] = {}
        key = self._form_key
        for identity in identities:
            mac = seen.get(identity)
            if mac is None:
                form = _encode(identity)
                if identity.bare and not identity.anchor:
                    mac = secrets.token_bytes(16)
                else:
                    mac = hmac.digest(key, form, hashlib.sha256)[:16]
                    seen[identity] = mac
                forms[mac] = (identity, form)
            places.append(mac)
        return forms, places

    def _find_forms(self, conn: Connection, macs: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
        """Number and component of the forms that are filed already, by MAC."""
        found: dict[bytes, tuple[int, int]] = {}
        postgres = conn.dialect.name == "postgresql"
        size = _CHUNK if postgres else _MACS_IN_STATEMENT
        for start in range(0, len(macs), size):
            part = macs[start : start + size]
            if postgres:
                rows = conn.exec_driver_sql(
                    "SELECT form_mac, id, component FROM registry_person WHERE form_mac = ANY(%s)", (list(part),)
                )
            else:
                part = [*part, *[b""] * (size - len(part))]  # one text, so that the statement is prepared once
                marks = ",".join("?" * size)
                rows = conn.exec_driver_sql(
                    f"SELECT form_mac, id, component FROM registry_person WHERE form_mac IN ({marks})",  # noqa: S608 - marks only
                    tuple(part),
                )
            for mac, number, component in rows:
                found[bytes(mac)] = (number, component)
        return found

    def _next_id(self, conn: Connection) -> int:
        highest = conn.exec_driver_sql("SELECT max(id) FROM registry_person").scalar()
        return int(highest or 0) + 1

    def _unite(
        self,
        conn: Connection,
        forest: _Forest,
        found: Sequence[Identity],
        tokens: Tokens,
        outlines: Sequence[tuple[int, ...]],
        first: int,
    ) -> tuple[Ints, set[int]]:
        """Compares new forms with each other and with those filed; returns who gains by it and components that grew.

        Components of rows that were filed before are rewritten here; those of the new rows are in `forest`.
        """
        new = table(outlines)
        ones, others = _pairs(tokens, new)
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            if forest.root(first + one) != forest.root(first + other) and same_person(found[one], found[other]):
                forest.unite(first + one, first + other)
        seekers, persons = self._candidates(conn, tokens, new)
        olds = self._compare(conn, forest, found, first, seekers, persons)
        roots: dict[int, list[int]] = {}
        for old in olds:
            roots.setdefault(forest.root(old), []).append(old)
        gaining = self._gaining(conn, [members for members in roots.values() if len(members) > 1])
        moves = [(root, old) for root, members in roots.items() for old in members if old != root]
        if moves:
            mark = "?" if conn.dialect.name == "sqlite" else "%s"
            conn.exec_driver_sql(f"UPDATE registry_person SET component = {mark} WHERE component = {mark}", moves)  # noqa: S608
        grown = {forest.root(node) for node in forest.parent}
        return gaining, grown

    def _candidates(self, conn: Connection, tokens: Tokens, new: Table) -> tuple[Ints, Ints]:
        """Pairs of (new form, person filed) that share a token and may be one, each once, by person."""
        found, persons = find_people(conn, tokens.sought, tokens.seekers << 2 | tokens.wanting)
        persons, seekers, wanting = _once(persons, found)
        if persons.size <= _FEW:
            return seekers, persons
        may = wanting == NOTHING
        for start in range(0, persons.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            distinct, back = np.unique(persons[part], return_inverse=True)
            filed = self._outlines.read(conn, distinct)
            may[part] |= may_agree(new, seekers[part], filed, back, wanting[part] == FULLY)
        return seekers[may], persons[may]

    def _compare(
        self,
        conn: Connection,
        forest: _Forest,
        found: Sequence[Identity],
        first: int,
        seekers: Ints,
        persons: Ints,
    ) -> set[int]:
        """Unites new forms with filed people they are the same as; returns the components joined, as they were filed."""
        olds: set[int] = set()
        # a bounded number of sealed forms is held at a time
        for start in range(0, persons.size, _CHUNK):
            part = persons[start : start + _CHUNK]
            rows = {
                number: (component, mac, sealed)
                for number, component, mac, sealed in _by_numbers(
                    conn,
                    "SELECT p.id, p.component, p.form_mac, p.sealed FROM {numbers} j"
                    " CROSS JOIN registry_person p WHERE p.id = j.value",
                    np.unique(part),
                )
            }
            opened: dict[int, Identity] = {}
            for one, other in zip(seekers[start : start + _CHUNK].tolist(), part.tolist(), strict=True):
                component, mac, sealed = rows[other]
                if forest.root(first + one) == forest.root(component):
                    olds.add(component)
                    continue
                identity = opened.get(other)
                if identity is None:
                    identity = opened[other] = self._open(mac, sealed)
                if same_person(found[one], identity):
                    forest.unite(first + one, component)
                    olds.add(component)
        return olds

    def _open(self, mac: bytes, sealed: bytes) -> Identity:
        try:
            return _decode(self._seal.decrypt(bytes(mac[:_NONCE]), bytes(sealed), bytes(mac)))
        except (InvalidTag, msgspec.MsgspecError):
            raise StoreError(
                "a sealed form in the registry does not open: wrong key file, or the table was changed"
            ) from None

    def _insert(
        self,
        conn: Connection,
        forms: Mapping[bytes, tuple[Identity, bytes]],
        new: Sequence[bytes],
        first: int,
        forest: _Forest,
        tokens: Tokens,
    ) -> None:
        # The nonce is part of a MAC of the plain text: different texts have different nonces, equal texts have one row.
        seal = self._seal.encrypt
        people = [
            (first + index, mac, seal(mac[:_NONCE], forms[mac][1], mac), forest.root(first + index), 0)
            for index, mac in enumerate(new)
        ]
        insert_rows(conn, "registry_person", ("id", "form_mac", "sealed", "component", "protections"), people)
        file_tokens(conn, tokens.filed, tokens.filers + first)

    def _sizes(self, conn: Connection, components: Iterable[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        for part in _parts(components):
            for component, size in _by_numbers(
                conn,
                "SELECT p.component, count(*) FROM {numbers} j CROSS JOIN registry_person p WHERE p.component = j.value"
                " GROUP BY p.component",
                part,
            ):
                if size > LONGEST_CHAIN:
                    found[component] = size
        return found

    # ---- reading ----------------------------------------------------------------------------------------------------

    def components(self, conn: Connection, person_ids: Ints | Sequence[int]) -> Ints:
        """The component of each person, int64 in the order given.

        Raises:
            StoreError: for a number that was never given out.
        """
        wanted = np.asarray(person_ids, dtype=np.int64)
        return self._column(conn, wanted, "component")

    def _column(self, conn: Connection, wanted: Ints, name: str) -> Ints:
        distinct, back = np.unique(wanted, return_inverse=True)
        values = np.full(distinct.size, -1, dtype=np.int64)
        for start in range(0, distinct.size, _CHUNK):
            rows = _by_numbers(
                conn,
                f"SELECT p.id, p.{name} FROM {{numbers}} j CROSS JOIN registry_person p WHERE p.id = j.value",  # noqa: S608
                distinct[start : start + _CHUNK],
            )
            if rows:
                table = np.array(rows, dtype=np.int64)
                values[np.searchsorted(distinct, table[:, 0])] = table[:, 1]
        if (values < 0).any():
            raise StoreError(
                "the registry was asked about a person it never filed: the database is not the one of this state"
            )
        return values[back.reshape(-1)]

    def members(self, conn: Connection, component_ids: Iterable[int]) -> Ints:
        """The numbers of all people in some components, ascending."""
        found: list[int] = []
        for part in _parts(component_ids):
            found += [
                row[0]
                for row in _by_numbers(
                    conn, "SELECT p.id FROM {numbers} j CROSS JOIN registry_person p WHERE p.component = j.value", part
                )
            ]
        return np.array(sorted(found), dtype=np.int64)

    def protections(self, conn: Connection, component_ids: Ints | Sequence[int]) -> Ints:
        """The protections of each component (`codes.Protection` bits, the union over its people), in the order given."""
        wanted = np.asarray(component_ids, dtype=np.int64)
        distinct, back = np.unique(wanted, return_inverse=True)
        masks = np.zeros(distinct.size, dtype=np.int64)
        for start in range(0, distinct.size, _CHUNK):
            rows = _by_numbers(
                conn,
                "SELECT DISTINCT p.component, p.protections FROM {numbers} j CROSS JOIN registry_person p"
                " WHERE p.component = j.value AND p.protections <> 0",
                distinct[start : start + _CHUNK],
            )
            if rows:
                table = np.array(rows, dtype=np.int64)
                np.bitwise_or.at(masks, np.searchsorted(distinct, table[:, 0]), table[:, 1])
        return masks[back.reshape(-1)]

    def unite(self, conn: Connection, pairs: Iterable[tuple[int, int]]) -> Ints:
        """Unites the components of pairs of people known to be one person; returns the people who gain protections by it.

        For what is known without comparing: the same `person_ref` in two versions of one incident.
        """
        pairs = list(pairs)
        people = np.array(pairs, dtype=np.int64).reshape(-1)
        component = dict(zip(people.tolist(), self.components(conn, people).tolist(), strict=True))
        forest = _Forest()
        for one, other in pairs:
            forest.unite(component[one], component[other])
        roots: dict[int, list[int]] = {}
        for old in sorted(set(component.values())):
            roots.setdefault(forest.root(old), []).append(old)
        gaining = self._gaining(conn, roots.values())
        for root, members in roots.items():
            for old in members[1:]:  # the first is the smallest, and the root
                conn.exec_driver_sql(
                    f"UPDATE registry_person SET component = {int(root)} WHERE component = {int(old)}"  # noqa: S608 - numbers only
                )
        return gaining

    def _gaining(self, conn: Connection, united: Iterable[Collection[int]]) -> Ints:
        """Who gains when the components of each group are united: the people of those that lack what another one has."""
        groups = [sorted(group) for group in united]
        components = [component for group in groups for component in group]
        held = dict(zip(components, self.protections(conn, components).tolist(), strict=True))
        lacking = [
            component
            for group in groups
            for together in [reduce(or_, (held[each] for each in group))]
            for component in group
            if held[component] != together
        ]
        return self.members(conn, lacking)

    # ---- protecting -------------------------------------------------------------------------------------------------

    def protect(self, conn: Connection, person_ids: Ints | Sequence[int], masks: Ints | Sequence[int]) -> set[int]:
        """Adds protections to people; nothing is ever taken away here.

        Args:
            conn: as in `link`.
            person_ids: numbers of people, repeats allowed.
            masks: `codes.Protection` bits for each.

        Returns:
            The components whose protections grew.
        """
        wanted = np.asarray(person_ids, dtype=np.int64)
        bits = np.asarray(masks, dtype=np.int64)
        wanted, bits = wanted[bits != 0], bits[bits != 0]
        if not wanted.size:
            return set()
        distinct, back = np.unique(wanted, return_inverse=True)
        added = np.zeros(distinct.size, dtype=np.int64)
        np.bitwise_or.at(added, back.reshape(-1), bits)
        held = self._column(conn, distinct, "protections")
        news = (added | held) != held
        if not news.any():
            return set()
        distinct, together = distinct[news], (added | held)[news]
        components = self._column(conn, distinct, "component")
        roots, back = np.unique(components, return_inverse=True)
        before = self.protections(conn, roots)
        after = before.copy()
        np.bitwise_or.at(after, back.reshape(-1), together)
        self._write_masks(conn, distinct, together)
        return set(roots[after != before].tolist())

    def reset(self, conn: Connection, masks: Mapping[int, int]) -> None:
        """Sets the protections of people exactly: for what a named human lifts, or a valid record replaces (spec 6.5)."""
        if masks:
            ids = np.fromiter(masks.keys(), dtype=np.int64, count=len(masks))
            self._write_masks(conn, ids, np.fromiter(masks.values(), dtype=np.int64, count=len(masks)))

    def _write_masks(self, conn: Connection, ids: Ints, masks: Ints) -> None:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql(
                "UPDATE registry_person p SET protections = n.mask"
                " FROM unnest(%s::bigint[], %s::int[]) AS n(id, mask) WHERE p.id = n.id",
                (ids.tolist(), masks.tolist()),
            )
        else:
            conn.exec_driver_sql(
                "UPDATE registry_person SET protections = ? WHERE id = ?",
                list(zip(masks.tolist(), ids.tolist(), strict=True)),
            )


# ---- bulk ----------------------------------------------------------------------------------------------------------------


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without passes of the garbage collector: a batch makes many objects, none in a cycle, and each pass visits them all."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _parts(values: Iterable[int]) -> Iterable[Ints]:
    """Distinct numbers, ascending, in arrays of a bounded size."""
    distinct = np.unique(np.fromiter(values, dtype=np.int64))
    for start in range(0, distinct.size, _CHUNK):
        yield distinct[start : start + _CHUNK]


def _by_numbers(conn: Connection, query: str, numbers: Ints) -> list[tuple[Any, ...]]:
    """Rows of a query that joins `{numbers}`, a one-column table `value` made of the numbers given."""
    if not numbers.size:
        return []
    if conn.dialect.name == "postgresql":
        result = conn.exec_driver_sql(
            query.format(numbers="unnest(%s::bigint[])").replace(" j ", " AS j(value) "), (numbers.tolist(),)
        )
    else:
        text = "[" + ",".join(map(str, numbers.tolist())) + "]"
        result = conn.exec_driver_sql(query.format(numbers="json_each(?)"), (text,))
    # plain tuples: rows of the driver itself become arrays many times faster
    return cast("list[tuple[Any, ...]]", result.cursor.fetchall())


def _pairs(tokens: Tokens, new: Table) -> tuple[Ints, Ints]:
    """Pairs of new forms that share a token and may be one, each once, the smaller index first."""
    order = np.argsort(tokens.filed, kind="stable")
    found, others = join(tokens.sought, tokens.seekers << 2 | tokens.wanting, tokens.filed[order], tokens.filers[order])
    keep = found >> 2 < others
    others, ones, wanting = _once(others[keep], found[keep])
    may = wanting == NOTHING
    may |= may_agree(new, ones, new, others, wanting == FULLY)
    return ones[may], others[may]


def _once(persons: Ints, found: Ints) -> tuple[Ints, Ints, Ints]:
    """Pairs of (person, who seeks him), each once, and what is wanting: of several tokens the one that wants least counts.

    Args:
        persons: who was found by a token.
        found: by whom, and what is yet wanting then, in the last two bits.
    """
    pairs = np.unique(persons << 31 | found)
    first = np.ones(pairs.size, dtype=bool)
    first[1:] = (pairs[1:] >> 2) != (pairs[:-1] >> 2)
    pairs = pairs[first]
    return pairs >> 31, pairs >> 2 & 0x1FFFFFFF, pairs & 3
