"""Where messages go: Kafka in operation, files for `cordon run`. Both keep the same promise.

A *mark* names a stream of atomic units (a lane's batches, the release runs) and a *sequence* counts along it. All the
messages of a unit and the note that it was sent become visible together or not at all, so a caller that died between
sending and remembering asks `committed` and does not send twice.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

REFERRALS = "safeguarding.referrals.v1"
SUBJECTS = "enforcement.subjects.v1"
QUARANTINE = "cordon.quarantine.v1"
AUDIT = "cordon.audit.v1"


class Message(NamedTuple):
    """One outgoing message. `partition` None leaves the choice to the key."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    partition: int | None


class Sink(Protocol):
    """Sends units of messages atomically and remembers how far it got."""

    def committed(self, mark: str) -> int | None:
        """The highest sequence durably sent under this mark, or None."""
        ...

    def send(self, mark: str, sequence: int, messages: Sequence[Message]) -> None:
        """Sends all the messages and moves the mark to `sequence`, or does neither."""
        ...


class FileSink:
    """Messages as JSON lines in a folder, one file per topic, in publishing order.

    A unit is one file under `.sending/RUN/`, moved into place when complete; `join` makes the topics' files of them. The
    units stay until `clear`, which the caller calls when nothing can need them any more: a run that died at any instant
    before is continued by running it again with the same folder.
    """

    _TOPICS = (REFERRALS, SUBJECTS)

    def __init__(self, folder: Path, run: int = 0) -> None:
        """Uses `folder`; units that are not of this `run` are never looked at."""
        self._folder = folder
        self._sending = folder / ".sending" / str(run)
        self._sending.mkdir(parents=True, exist_ok=True)
        self._units = sorted(self._sending.glob("*.unit"))
        self._marks: dict[str, int] = {}
        for unit in self._units:
            mark, sequence, _ = msgspec.json.decode(unit.read_bytes(), type=tuple[str, int, list[msgspec.Raw]])
            self._marks[mark] = max(sequence, self._marks.get(mark, -1))

    def committed(self, mark: str) -> int | None:
        """See `Sink`."""
        return self._marks.get(mark)

    def send(self, mark: str, sequence: int, messages: Sequence[Message]) -> None:
        """See `Sink`."""
        lines = [[m.topic, _line(m)] for m in messages if m.topic in self._TOPICS]
        path = self._sending / f"{len(self._units):09d}.unit"
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(msgspec.json.encode([mark, sequence, lines]))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        self._units.append(path)
        self._marks[mark] = sequence

    def join(self) -> dict[str, int]:
        """Joins the units into `<topic>.jsonl` files, each whole or not at all; returns the lines of each."""
        counts = dict.fromkeys(self._TOPICS, 0)
        partials = {topic: self._folder / f".{topic}.partial" for topic in self._TOPICS}
        with ExitStack() as stack:
            files = {topic: stack.enter_context(path.open("wb")) for topic, path in partials.items()}
            for unit in self._units:
                for topic, line in msgspec.json.decode(
                    unit.read_bytes(), type=tuple[str, int, list[tuple[str, msgspec.Raw]]]
                )[2]:
                    files[topic].write(bytes(line) + b"\n")
                    counts[topic] += 1
            for file in files.values():
                file.flush()
                os.fsync(file.fileno())
        for topic, path in partials.items():
            path.replace(self._folder / f"{topic}.jsonl")
        return counts

    def clear(self) -> None:
        """Removes the units, those of earlier runs too."""
        shutil.rmtree(self._sending.parent)


def _line(message: Message) -> dict[str, object]:
    return {
        "key": message.key.decode(),
        "headers": {name: value.decode() for name, value in message.headers},
        "value": msgspec.Raw(message.value),
    }
