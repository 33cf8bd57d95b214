"""Who is filed under which token: sorted runs of numbers in blocks, instead of a row per token.

A batch files a quarter of a million tokens. As rows of a B-tree each falls on a page of its own once the registry is
large, so that a batch rewrites the whole tree. Here a batch is one *run*: its tokens, sorted and cut into blocks by their
first bits. A lookup reads the blocks in which a token can be, one after the other; eight runs of one size become one of
the next, so that there are never many. A run never changes, which is also why readers need no lock.

Everything here works inside the caller's transaction. Memory is bounded by the batch, not by what is filed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from pipelines.errors import StoreError

Ints = npt.NDArray[np.int64]
Unsigned = npt.NDArray[np.uint64]

#: Tokens in a block, on average: 4 KB, so that it stands in one page of PostgreSQL.
_IN_BLOCK = 320
#: So many runs of one size are merged.
_FAN = 8
#: Blocks read at a time: about 2 MB.
_AT_A_TIME = 512
#: Runs of more tokens than this are left alone: one merge must not make a batch late.
_LARGEST_MERGE = 50_000_000
#: Where more than one block in so many is wanted, all are read in order.
_SPARSE = 8


class _Run(NamedTuple):
    number: int
    #: A block is known by so many first bits of its tokens.
    bits: int
    tokens: int


def file_tokens(conn: Connection, tokens: Ints, people: Ints) -> None:
    """Files people under tokens; `people[i]` under `tokens[i]`. Repeats are stored once.

    Raises:
        StoreError: for a person's number that does not fit into 32 bits.
    """
    if not tokens.size:
        return
    if int(people.max()) >= 2**32:
        raise StoreError("the registry is full: it numbers up to 4,294,967,295 people")
    runs = _runs(conn)
    number = max((run.number for run in runs), default=0) + 1
    macs = tokens.view(np.uint64)
    order = np.lexsort((people, macs))
    runs.append(_write(conn, number, int(tokens.size), [(macs[order], people[order])]))
    while alike := _mergeable(runs):
        number = max(run.number for run in runs) + 1
        merged = _write(conn, number, sum(run.tokens for run in alike), _merged(conn, alike))
        mark = _mark(conn)
        for run in alike:
            conn.exec_driver_sql(f"DELETE FROM registry_block WHERE run = {mark}", (run.number,))  # noqa: S608 - a mark only
            conn.exec_driver_sql(f"DELETE FROM registry_run WHERE id = {mark}", (run.number,))  # noqa: S608 - as above
        runs = [run for run in runs if run not in alike] + [merged]


def find_people(conn: Connection, tokens: Ints, seekers: Ints) -> tuple[Ints, Ints]:
    """Pairs of (seeker, person filed under one of his tokens), each once, by seeker and person.

    Args:
        conn: a connection in a transaction.
        tokens: what is sought, repeats allowed.
        seekers: who seeks each token: any numbers below 2**31.
    """
    nothing = np.empty(0, dtype=np.int64)
    if not tokens.size:
        return nothing, nothing
    macs = tokens.view(np.uint64)
    order = np.argsort(macs, kind="stable")
    macs, seekers = macs[order], seekers[order]
    found: list[Ints] = []
    for run in _runs(conn):
        wanted = np.unique(_bucket(macs, run.bits))
        all_of_them = wanted.size * _SPARSE > 1 << run.bits
        for filed, people in _blocks(conn, run, None if all_of_them else wanted):
            low, high = np.searchsorted(macs, filed[[0, -1]])
            high += int(np.searchsorted(macs[high:], filed[-1], "right"))
            ones, others = join(macs[low:high], seekers[low:high], filed, people)
            found.append((ones << 32) | others)
    pairs = np.unique(np.concatenate(found)) if found else nothing
    return pairs >> 32, pairs & 0xFFFFFFFF


def join(left: npt.NDArray[Any], left_of: Ints, right: npt.NDArray[Any], right_of: Ints) -> tuple[Ints, Ints]:
    """All (left_of, right_of) with equal keys. `right` is sorted."""
    low = np.searchsorted(right, left, "left")
    counts = np.searchsorted(right, left, "right") - low
    hit = counts > 0
    low, counts, owners = low[hit], counts[hit], left_of[hit]
    total = int(counts.sum())
    if not total:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    offsets = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(owners, counts), right_of[np.repeat(low, counts) + offsets]


def _mark(conn: Connection) -> str:
    return "?" if conn.dialect.name == "sqlite" else "%s"


def _runs(conn: Connection) -> list[_Run]:
    rows = conn.exec_driver_sql("SELECT id, bits, tokens FROM registry_run ORDER BY id").fetchall()
    return [_Run(int(number), int(bits), int(tokens)) for number, bits, tokens in rows]


def _size(run: _Run) -> int:
    """Runs of one size are within a factor of `_FAN` of each other."""
    return (run.tokens.bit_length() + 2) // 3


def _mergeable(runs: Sequence[_Run]) -> list[_Run]:
    by_size: dict[int, list[_Run]] = {}
    for run in runs:
        by_size.setdefault(_size(run), []).append(run)
    for alike in by_size.values():
        if len(alike) >= _FAN and sum(run.tokens for run in alike) <= _LARGEST_MERGE:
            return alike
    return []


def _bucket(macs: Unsigned, bits: int) -> Ints:
    return (macs >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(macs.size, dtype=np.int64)


def _write(conn: Connection, number: int, tokens: int, slices: Iterator[tuple[Unsigned, Ints]] | list[Any]) -> _Run:
    """Writes a run from slices of sorted tokens; a slice ends where a block ends."""
    bits = max(0, (tokens // _IN_BLOCK).bit_length())
    count = 0
    for macs, people in slices:
        again = np.zeros(macs.size, dtype=bool)
        again[1:] = (macs[1:] == macs[:-1]) & (people[1:] == people[:-1])
        kept, owners = macs[~again], people[~again].astype("<u4")
        count += kept.size
        buckets = _bucket(kept, bits)
        starts = np.flatnonzero(np.concatenate([[True], buckets[1:] != buckets[:-1]]))
        ends = np.append(starts[1:], kept.size)
        kept = kept.astype("<u8")
        insert_rows(
            conn,
            "registry_block",
            ("run", "bucket", "entries"),
            [
                (number, bucket, kept[low:high].tobytes() + owners[low:high].tobytes())
                for bucket, low, high in zip(buckets[starts].tolist(), starts.tolist(), ends.tolist(), strict=True)
            ],
        )
    insert_rows(conn, "registry_run", ("id", "bits", "tokens"), [(number, bits, count)])
    return _Run(number, bits, count)


def _merged(conn: Connection, runs: Sequence[_Run]) -> Iterator[tuple[Unsigned, Ints]]:
    """The tokens of several runs, sorted, in slices of about a million."""
    total = sum(run.tokens for run in runs)
    # no finer than the coarsest run, nor than a block of the run that is made
    slice_bits = min(total.bit_length() - 20, *(run.bits for run in runs)) if total.bit_length() > 20 else 0
    for part in range(1 << slice_bits):
        pieces = []
        for run in runs:
            first = part << (run.bits - slice_bits)
            last = (part + 1) << (run.bits - slice_bits)
            pieces += list(_range(conn, run, first, last))
        if pieces:
            macs = np.concatenate([macs for macs, _ in pieces])
            people = np.concatenate([people for _, people in pieces])
            order = np.lexsort((people, macs))
            yield macs[order], people[order]


def _blocks(conn: Connection, run: _Run, wanted: Ints | None) -> Iterator[tuple[Unsigned, Ints]]:
    """The blocks of a run in order, some at a time: all, or those wanted."""
    if wanted is None:
        yield from _range(conn, run, 0, 1 << run.bits)
        return
    for start in range(0, wanted.size, _AT_A_TIME):
        part = wanted[start : start + _AT_A_TIME].tolist()
        if conn.dialect.name == "postgresql":
            text, values = "bucket = ANY(%s)", [part]
        else:
            text, values = "bucket IN (SELECT value FROM json_each(?))", ["[" + ",".join(map(str, part)) + "]"]
        yield from _read(conn, f"run = {_mark(conn)} AND {text}", (run.number, *values))


def _range(conn: Connection, run: _Run, first: int, last: int) -> Iterator[tuple[Unsigned, Ints]]:
    mark = _mark(conn)
    for start in range(first, last, _AT_A_TIME):
        ends = (run.number, start, min(start + _AT_A_TIME, last))
        yield from _read(conn, f"run = {mark} AND bucket >= {mark} AND bucket < {mark}", ends)


def _read(conn: Connection, condition: str, values: tuple[Any, ...]) -> Iterator[tuple[Unsigned, Ints]]:
    query = f"SELECT entries FROM registry_block WHERE {condition} ORDER BY bucket"  # noqa: S608 - our own conditions
    # straight from the driver: in PostgreSQL's binary form bytes need no unpacking
    options = {"binary": True} if conn.dialect.name == "postgresql" else {}
    cursor = cast("Any", conn.connection.cursor(**options))
    try:
        cursor.execute(query, values)
        blobs = [row[0] for row in cursor.fetchall()]
    finally:
        cursor.close()
    if not blobs:
        return
    counts = [len(blob) // 12 for blob in blobs]
    macs = np.frombuffer(b"".join([blob[: 8 * count] for blob, count in zip(blobs, counts, strict=True)]), dtype="<u8")
    people = np.frombuffer(b"".join([blob[8 * count :] for blob, count in zip(blobs, counts, strict=True)]), "<u4")
    yield macs.astype(np.uint64, copy=False), people.astype(np.int64)


def insert_rows(conn: Connection, table: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts many rows of plain values the fastest way the database has."""
    if not rows:
        return
    if conn.dialect.name == "postgresql":
        cursor = cast("Any", conn.connection.cursor())
        with cursor, cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(names))
    conn.exec_driver_sql(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", list(rows))  # noqa: S608 - our own names
