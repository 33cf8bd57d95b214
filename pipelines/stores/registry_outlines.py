"""Outlines of the people filed (`tagging.outlines`), sealed, by number: what saves opening most of those who share a token.

The outlines of a batch stand in rows of up to 256 people who follow one another, each row sealed by AES-GCM under a key of
its own, with its first number as what it is bound to. Many candidates are spread over all rows, so that reading rows whole
costs less than finding people one by one. Somebody without an outline is compared, as if there were none.

Everything here works inside the caller's transaction. Memory is bounded by the batch, not by what is filed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from pipelines.errors import StoreError
from pipelines.stores.registry_index import insert_rows
from pipelines.tagging.outlines import Table

Ints = npt.NDArray[np.int64]
Unsigned = npt.NDArray[np.uint64]

#: People in a row at most: 6 KB, so that it stands in one page of PostgreSQL.
_IN_ROW = 256
#: Groups of `_IN_ROW` numbers read at a time: about 3 MB.
_AT_A_TIME = 512
_NONCE = 12


class Outlines:
    """The sealed outlines in one registry."""

    def __init__(self, key: bytes) -> None:
        """Takes the key under which the registry seals; outlines get one of their own from it."""
        self._seal = AESGCM(hmac.digest(key, b"outlines", hashlib.sha256))

    def file(self, conn: Connection, first: int, outlines: Sequence[tuple[int, ...]]) -> None:
        """Files outlines of people who are numbered from `first` on."""
        rows = []
        start = 0
        while start < len(outlines):
            number = first + start
            part = outlines[start : start + _IN_ROW - number % _IN_ROW]
            counts = bytes(map(len, part))
            parts = np.array([bits for outline in part for bits in outline], dtype="<u8").tobytes()
            nonce = secrets.token_bytes(_NONCE)
            plain = bytes([len(part) - 1]) + counts + parts
            rows.append((number // _IN_ROW, number, nonce + self._seal.encrypt(nonce, plain, _bound(number))))
            start += len(part)
        insert_rows(conn, "registry_outline", ("bucket", "first", "sealed"), rows)

    def read(self, conn: Connection, people: Ints) -> Table:
        """The outlines of people; empty for those of whom there is none.

        Args:
            conn: a connection in a transaction.
            people: their numbers, ascending.

        Raises:
            StoreError: a row does not open: the key is another one, or the table was tampered with.
        """
        buckets = np.unique(people // _IN_ROW)
        counts = np.zeros(people.size, dtype=np.int64)
        found = [np.empty(0, dtype=np.uint64)]
        for start in range(0, buckets.size, _AT_A_TIME):
            part = buckets[start : start + _AT_A_TIME]
            low, high = np.searchsorted(people, [int(part[0]) * _IN_ROW, (int(part[-1]) + 1) * _IN_ROW])
            rows = self._rows(conn, part.tolist())
            if rows:
                counts[low:high], parts = _outlines_in(rows, people[low:high])
                found.append(parts)
        return Table(np.concatenate(found), counts)

    def _rows(self, conn: Connection, buckets: list[int]) -> list[tuple[int, bytes]]:
        if conn.dialect.name == "postgresql":
            result = conn.exec_driver_sql(
                'SELECT "first", sealed FROM registry_outline WHERE bucket = ANY(%s) ORDER BY bucket, "first"',
                (buckets,),
            )
        else:
            result = conn.exec_driver_sql(
                "SELECT first, sealed FROM registry_outline WHERE bucket IN (SELECT value FROM json_each(?))"
                " ORDER BY bucket, first",
                ("[" + ",".join(map(str, buckets)) + "]",),
            )
        return [(row[0], self._open(row[0], row[1])) for row in result.cursor.fetchall()]

    def _open(self, first: int, sealed: bytes) -> bytes:
        try:
            return self._seal.decrypt(bytes(sealed[:_NONCE]), bytes(sealed[_NONCE:]), _bound(first))
        except (InvalidTag, ValueError):
            raise StoreError(
                "sealed outlines in the registry do not open: wrong key file, or the table was changed"
            ) from None


def _outlines_in(rows: list[tuple[int, bytes]], people: Ints) -> tuple[Ints, Unsigned]:
    """What rows, ascending, say of people: how many numbers of each, and the numbers."""
    sizes = np.array([plain[0] + 1 for _, plain in rows])
    counts = np.frombuffer(b"".join(plain[1 : plain[0] + 2] for _, plain in rows), dtype=np.uint8).astype(np.int64)
    parts = np.frombuffer(b"".join(plain[plain[0] + 2 :] for _, plain in rows), dtype="<u8")
    firsts = np.array([first for first, _ in rows])
    row = np.searchsorted(firsts, people, "right") - 1
    within = people - firsts[row]
    known = np.flatnonzero((row >= 0) & (within < sizes[row]))
    at = (np.cumsum(sizes) - sizes)[row[known]] + within[known]
    found = np.zeros(people.size, dtype=np.int64)
    found[known] = counts[at]
    starts = (np.cumsum(counts) - counts)[at]
    # all numbers of one person after those of another
    wanted = np.arange(found.sum()) + np.repeat(starts - (np.cumsum(found[known]) - found[known]), found[known])
    return found, parts[wanted].astype(np.uint64, copy=False)


def _bound(first: int) -> bytes:
    return b"outlines" + first.to_bytes(8, "big")
