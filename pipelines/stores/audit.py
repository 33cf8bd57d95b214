"""Receipts in a Merkle log (RFC 6962) with signed checkpoints.

A receipt is one line of JSON: who decided or disclosed what category of thing, for which recipient, under which policy
and rules, when (DPA 2018 s.62 with the fields product policy keeps). It names coordinates and keyed references, never a
value. Receipts are appended in segments; the state kept between segments is the tree's frontier (the roots of its
complete subtrees), so appending costs the new leaves only.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec
import zstandard
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import ColumnElement, Connection, func, select

from pipelines.errors import StoreError
from pipelines.stores.tables import audit_segment

_sha256 = hashlib.sha256


class Frontier:
    """The roots of the complete subtrees of a tree of `size` leaves, largest first."""

    def __init__(self, size: int = 0, roots: Sequence[bytes] = ()) -> None:
        self.size = size
        self.roots = list(roots)

    def extend(self, receipts: Iterable[bytes]) -> None:
        """Adds receipts, a whole level of the tree at a time."""
        nodes = [_sha256(b"\x00" + receipt).digest() for receipt in receipts]
        added, left, kept = len(nodes), self.size, []
        while nodes or left:
            if left & 1:
                nodes.insert(0, self.roots.pop())
            if len(nodes) & 1:
                kept.append(nodes.pop())
            nodes = [_sha256(b"\x01" + one + two).digest() for one, two in zip(nodes[::2], nodes[1::2], strict=True)]
            left >>= 1
        self.roots = kept[::-1]
        self.size += added

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves (RFC 6962, 2.1)."""
        if not self.roots:
            return _sha256(b"").digest()
        node = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            node = _sha256(b"\x01" + left + node).digest()
        return node


class Checkpoint(NamedTuple):
    """A signed statement: a log of this size has this root."""

    size: int
    root: str
    at: str
    signature: str

    def text(self) -> bytes:
        """What is signed."""
        return f"cordon.audit.v1\n{self.size}\n{self.root}\n{self.at}\n".encode()


def sign(frontier: Frontier, at: datetime, key: Ed25519PrivateKey) -> Checkpoint:
    """Signs the state of the log."""
    unsigned = Checkpoint(frontier.size, frontier.root().hex(), at.isoformat(), "")
    return unsigned._replace(signature=base64.b64encode(key.sign(unsigned.text())).decode())


def verify_checkpoint(checkpoint: Checkpoint, key: Ed25519PublicKey) -> bool:
    """Whether the signature is that of the holder of the key."""
    try:
        key.verify(base64.b64decode(checkpoint.signature), checkpoint.text())
    except (InvalidSignature, ValueError):
        return False
    return True


def append_segment(
    conn: Connection, name: str, receipts: Sequence[bytes], at: datetime, key: Ed25519PrivateKey
) -> Checkpoint | None:
    """Appends the receipts of one piece of work, if any; a name that was appended before is left as it is.

    Inside the writer's transaction, so that what was decided and its receipts are committed together or not at all.
    """
    known = select(audit_segment.c.first).where(audit_segment.c.name == name)
    if not receipts or conn.execute(known).first() is not None:
        return None
    frontier = last_frontier(conn)
    first = frontier.size
    frontier.extend(receipts)
    checkpoint = sign(frontier, at, key)
    conn.execute(
        audit_segment.insert().values(
            first=first,
            count=len(receipts),
            name=name,
            receipts=zstandard.compress(b"\n".join(receipts), 3),
            frontier=":".join([str(frontier.size), *(root.hex() for root in frontier.roots)]),
            checkpoint=msgspec.json.encode(checkpoint._asdict()).decode(),
        )
    )
    return checkpoint


def last_frontier(conn: Connection) -> Frontier:
    """The state after the last segment."""
    row = conn.execute(select(audit_segment.c.frontier).order_by(audit_segment.c.first.desc()).limit(1)).first()
    if row is None:
        return Frontier()
    size, *roots = row[0].split(":")
    return Frontier(int(size), [bytes.fromhex(root) for root in roots])


def segments(conn: Connection) -> Iterator[tuple[list[bytes], Checkpoint]]:
    """(receipts, checkpoint) of every segment, in order."""
    for block, checkpoint in blocks(conn):
        yield block.split(b"\n"), checkpoint


def segment(conn: Connection, name: str) -> Iterator[tuple[list[bytes], Checkpoint]]:
    """(receipts, checkpoint) of the segment of one piece of work, and of what was done of it before and taken back."""
    this = audit_segment.c.name
    for block, checkpoint in blocks(conn, (this == name) | this.startswith(f"{name}/undone-", autoescape=True)):
        yield block.split(b"\n"), checkpoint


def blocks(conn: Connection, condition: ColumnElement[bool] | None = None) -> Iterator[tuple[bytes, Checkpoint]]:
    """(receipts, one a line; checkpoint) of segments, in order."""
    query = select(audit_segment.c.receipts, audit_segment.c.checkpoint).order_by(audit_segment.c.first)
    if condition is not None:
        query = query.where(condition)
    for packed, checkpoint in conn.execute(query):
        yield zstandard.decompress(packed), Checkpoint(**msgspec.json.decode(checkpoint))


def size(conn: Connection) -> int:
    """How many receipts the log holds."""
    return int(conn.execute(select(func.coalesce(func.sum(audit_segment.c.count), 0))).scalar_one())


def verify_log(receipts: Iterable[bytes], checkpoints: Sequence[Checkpoint], key: Ed25519PublicKey) -> None:
    """Checks a whole log offline: every checkpoint signed, and the root of just as many receipts.

    Raises:
        StoreError: naming the first checkpoint that does not hold.
    """
    frontier = Frontier()
    left = iter(receipts)
    for checkpoint in sorted(checkpoints, key=lambda c: c.size):
        frontier.extend(islice(left, checkpoint.size - frontier.size))
        if frontier.size < checkpoint.size:
            raise StoreError(f"the log ends before its checkpoint of {checkpoint.size} receipts")
        if frontier.root().hex() != checkpoint.root:
            raise StoreError(f"the root at {checkpoint.size} receipts is not the one that was signed")
        if not verify_checkpoint(checkpoint, key):
            raise StoreError(f"the checkpoint at {checkpoint.size} receipts has no valid signature")
    if next(left, None) is not None:
        raise StoreError("there are receipts after the last checkpoint")


# ---- proofs -----------------------------------------------------------------------------------------------------


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That one receipt is in the log a checkpoint signs; needs neither the log nor the other receipts to be checked."""

    index: int
    receipt: str
    path: list[str]
    """Hex hashes of the subtrees beside the way from the leaf to the root, lowest first (RFC 6962, 2.1.1)."""
    checkpoint: Checkpoint


def proofs(receipts: Sequence[bytes], checkpoint: Checkpoint, wanted: Sequence[int]) -> list[Proof]:
    """Proofs that some receipts, by index, are among those the checkpoint signs.

    Args:
        receipts: the whole log up to the checkpoint, in order.
        checkpoint: a checkpoint of just as many receipts.
        wanted: indices below its size.
    """
    levels = [[_sha256(b"\x00" + receipt).digest() for receipt in receipts[: checkpoint.size]]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = zip(below[::2], below[1::2], strict=False)
        alone = below[-1:] if len(below) & 1 else []
        levels.append([_sha256(b"\x01" + one + two).digest() for one, two in pairs] + alone)
    found = []
    for index in wanted:
        path, place = [], index
        for level in levels[:-1]:
            if place ^ 1 < len(level):  # a node without a neighbour goes up as it is
                path.append(level[place ^ 1].hex())
            place >>= 1
        found.append(Proof(index, receipts[index].decode(), path, checkpoint))
    return found


def verify_proof(proof: Proof, key: Ed25519PublicKey) -> None:
    """Checks a proof offline (RFC 9162, 2.1.3.2).

    Raises:
        StoreError: saying what does not hold.
    """
    size, place, last = proof.checkpoint.size, proof.index, proof.checkpoint.size - 1
    node = _sha256(b"\x00" + proof.receipt.encode()).digest()
    if not 0 <= place < size:
        raise StoreError("the proof is for a receipt after its checkpoint")
    for step in map(bytes.fromhex, proof.path):
        if last == 0:
            raise StoreError("the proof is longer than the tree is high")
        if place & 1 or place == last:
            node = _sha256(b"\x01" + step + node).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = _sha256(b"\x01" + node + step).digest()
        place, last = place >> 1, last >> 1
    if last != 0 or node.hex() != proof.checkpoint.root:
        raise StoreError("the receipt is not under the root that was signed")
    if not verify_checkpoint(proof.checkpoint, key):
        raise StoreError("the proof's checkpoint has no valid signature")
