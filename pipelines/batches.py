"""Coordinates of records, and batches: a batch is a contiguous range of offsets of one partition, and its name is the range."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.errors import UsageError

_NAME = re.compile(r"(?P<topic>[^\[\]@]+)\[(?P<partition>\d+)\]@(?P<first>\d+)-(?P<last>\d+)")
#: No more digits than a database keeps.
_COORDINATE = re.compile(r"(?P<topic>[^\[\]@]+)\[(?P<partition>[0-9]{1,9})\]@(?P<offset>[0-9]{1,18})")


class Coordinate(NamedTuple):
    """Where one record stands. `str(coordinate)` is `incidents.raw.v1[3]@1042`."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"

    @classmethod
    def read(cls, name: str) -> Coordinate | None:
        """Reads a coordinate's name; None if it is none."""
        match = _COORDINATE.fullmatch(name)
        return match and cls(match["topic"], int(match["partition"]), int(match["offset"]))

    @classmethod
    def parse(cls, name: str) -> Coordinate:
        """Reads a coordinate's name.

        Raises:
            UsageError: if it is none.
        """
        found = cls.read(name)
        if found is None:
            raise UsageError("not a coordinate: expected `topic[partition]@offset`")
        return found


class Batch(NamedTuple):
    """Offsets `first` to `last`, both included. `str(batch)` is `incidents.raw.v1[3]@1200-5199`."""

    topic: str
    partition: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.first}-{self.last}"

    @property
    def lane(self) -> str:
        """The partition this batch belongs to; batches of one lane are processed in order."""
        return f"{self.topic}/{self.partition}"

    def coordinate(self, offset: int) -> str:
        """The name of one record: `topic[partition]@offset`."""
        return str(Coordinate(self.topic, self.partition, offset))

    @classmethod
    def parse(cls, name: str) -> Batch:
        """Reads a batch name.

        Raises:
            UsageError: if it is none.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise UsageError("not a batch name: expected `topic[partition]@first-last`")
        return cls(match["topic"], int(match["partition"]), int(match["first"]), int(match["last"]))
