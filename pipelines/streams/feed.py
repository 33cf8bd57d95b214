"""Sending incident records to the raw topic, as a source system would: keyed by force and incident id."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipelines.contracts import decode
from pipelines.streams import clients

#: Records in flight before their outcome is looked at: bounds memory however many are sent.
_AT_ONCE = 2000


def feed(bootstrap: str, topic: str, lines: Iterable[bytes], progress: Callable[[int], object] = lambda _: None) -> int:
    """Sends records and waits until the broker has them all; returns how many.

    Versions of one incident go to one lane, in order. What nobody can read has no key and goes to any lane.

    Args:
        bootstrap: the broker's address.
        topic: where to.
        lines: one record each, as bytes.
        progress: called with the number of records sent since the last call.

    Raises:
        UpstreamError: if the broker does not take them. Some may have been sent: sending all again is harmless.
    """
    sent = 0
    try:
        producer = clients.producer(bootstrap)
        try:
            waiting = []
            for line in lines:
                waiting.append(producer.send(topic, key=_key(line), value=line))
                if len(waiting) == _AT_ONCE:
                    sent += _settle(waiting, progress)
            sent += _settle(waiting, progress)
        finally:
            producer.close(timeout=10)
    except clients.FAILURES as error:
        raise clients.translated(error, f"send to `{topic}`") from None
    return sent


def _settle(waiting: list[object], progress: Callable[[int], object]) -> int:
    for future in waiting:
        future.get(timeout=60)  # type: ignore[attr-defined] # kafka-python has no types
    count = len(waiting)
    progress(count)
    waiting.clear()
    return count


def _key(line: bytes) -> bytes | None:
    document = decode.what_can_be_read(line)
    header = document.get("header") if isinstance(document, dict) else None
    if not isinstance(header, dict):
        return None
    force, identifier = header.get("source_force"), header.get("incident_id")
    if not isinstance(force, str) or not isinstance(identifier, str):
        return None
    return f"{force}{identifier}".encode("utf-8", "surrogatepass")
