"""The log of receipts: what was signed can be checked by anyone, and any change to it is found."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import StoreError
from pipelines.flow import run
from pipelines.settings import Settings
from pipelines.sources.synthetic import generate
from pipelines.stores.audit import Frontier, Proof, proofs, sign, verify_log, verify_proof

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key()
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
#: Leaves and roots that other implementations of RFC 6962 test themselves with.
LEAVES = [
    bytes.fromhex(h)
    for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def _log(count: int, cuts: tuple[int, ...] = ()) -> tuple[list[bytes], list]:  # type: ignore[type-arg]
    """Receipts and signed checkpoints after each cut and at the end."""
    receipts = [b'{"receipt":%d}' % n for n in range(count)]
    frontier, checkpoints, done = Frontier(), [], 0
    for cut in sorted({*cuts, count}):
        frontier.extend(receipts[done:cut])
        checkpoints.append(sign(frontier, NOW, KEY))
        done = cut
    return receipts, checkpoints


@pytest.mark.parametrize("size", ROOTS)
def test_roots_are_those_of_the_standard(size: int) -> None:
    """The tree is the one of RFC 6962, so that anybody's tool can check it."""
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    assert frontier.root().hex() == ROOTS[size]


@given(st.integers(0, 80), st.sets(st.integers(0, 80), max_size=5))
def test_segments_do_not_matter(count: int, cuts: set[int]) -> None:
    """However the log was cut when it was written, its root is the root of its receipts."""
    receipts, checkpoints = _log(count, tuple(c for c in cuts if c < count))
    whole = Frontier()
    whole.extend(receipts)
    assert checkpoints[-1].root == whole.root().hex()
    verify_log(receipts, checkpoints, PUBLIC)


@given(st.integers(1, 70), st.data())
def test_any_change_is_found(count: int, data: st.DataObject) -> None:
    """A receipt that was changed, left out, added or moved, or a checkpoint that was, makes the check fail."""
    receipts, checkpoints = _log(count, (count // 2,))
    place = data.draw(st.integers(0, count - 1))
    changes = {
        "changed": [*receipts[:place], receipts[place] + b" ", *receipts[place + 1 :]],
        "left out": [*receipts[:place], *receipts[place + 1 :]],
        "doubled": [*receipts[: place + 1], *receipts[place:]],
        "added": [*receipts, b"{}"],
    }
    if count > 1:
        other = (place + 1) % count
        swapped = list(receipts)
        swapped[place], swapped[other] = swapped[other], swapped[place]
        changes["moved"] = swapped
    for changed in changes.values():
        with pytest.raises(StoreError):
            verify_log(changed, checkpoints, PUBLIC)
    last = checkpoints[-1]
    for forged in (last._replace(at="2020-01-01"), last._replace(size=count - 1), last._replace(signature="AAAA")):
        with pytest.raises(StoreError):
            verify_log(receipts, [*checkpoints[:-1], forged], PUBLIC)
    with pytest.raises(StoreError, match="signature"):
        verify_log(receipts, checkpoints, Ed25519PrivateKey.from_private_bytes(b"x" * 32).public_key())


@given(st.integers(1, 70))
def test_every_receipt_can_be_proved_by_itself(count: int) -> None:
    """Each receipt has a proof that holds without the log, and holds for no other receipt or place."""
    receipts, (*_, checkpoint) = _log(count)
    for proof in proofs(receipts, checkpoint, range(count)):
        verify_proof(proof, PUBLIC)
        assert len(proof.path) <= count.bit_length()
        for wrong in (
            Proof(proof.index, proof.receipt + " ", proof.path, checkpoint),
            Proof((proof.index + 1) % count if count > 1 else 1, proof.receipt, proof.path, checkpoint),
            Proof(proof.index, proof.receipt, [*proof.path, "00" * 32], checkpoint),
            Proof(proof.index, proof.receipt, proof.path, checkpoint._replace(at="2020-01-01")),
        ):
            with pytest.raises(StoreError):
                verify_proof(wrong, PUBLIC)


def _cordon(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_an_outsider_checks_a_run(tmp_path: Path) -> None:
    """With a run's audit folder, or one proof from it, and the key, an outsider finds out whether it was tampered with."""
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"".join(line + b"\n" for line in generate(20, 1, faults=0.0)))
    run(Settings.from_env({"CORDON_HOME": str(tmp_path / "state")}), source, tmp_path / "out", now=NOW, seed=1)
    folder = tmp_path / "out" / "audit"
    key = (folder / "public_key").read_text().strip()
    assert json.loads(_cordon("audit", "verify", str(folder), "--key", key, "--json").stdout)["receipts"] > 20

    proof = tmp_path / "proof.jsonl"
    proof.write_text(_cordon("audit", "prove", str(folder), "in.jsonl[0]@3").stdout)
    assert "in.jsonl[0]@3" in proof.read_text()
    assert "in.jsonl[0]@4" not in proof.read_text()
    _cordon("audit", "verify", str(proof), "--key", key)
    assert "--key" in _cordon("audit", "verify", str(proof), code=4).stderr
    proof.write_text(proof.read_text().replace("WITHHOLD", "RELEASE", 1))
    assert "not under the root" in _cordon("audit", "verify", str(proof), "--key", key, code=4).stderr
    _cordon("audit", "prove", str(folder), "in.jsonl[0]@999", code=1)

    receipts = folder / "receipts.jsonl"
    receipts.write_bytes(receipts.read_bytes().replace(b"WITHHOLD", b"RELEASE", 1))
    assert "not the one that was signed" in _cordon("audit", "verify", str(folder), "--key", key, code=4).stderr
    receipts.unlink()
    assert "cannot be read" in _cordon("audit", "verify", str(folder), "--key", key, code=4).stderr
