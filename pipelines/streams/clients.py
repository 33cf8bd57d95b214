"""Clients of the broker: how they connect, how long they try, and what their failures mean to us.

kafka-python logs whole records at DEBUG. Its loggers are held at WARNING here, whatever the program asks for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import (
    AuthorizationError,
    InvalidTopicError,
    KafkaConfigurationError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    SaslAuthenticationFailedError,
    UnsupportedVersionError,
)

from pipelines.errors import CordonError, UpstreamError

logging.getLogger("kafka").setLevel(logging.WARNING)

#: What a client may raise when the broker goes away under it.
FAILURES: tuple[type[Exception], ...] = (KafkaError, OSError)

#: Failures that stay whatever is tried.
_PERMANENT = (
    AuthorizationError,
    InvalidTopicError,
    KafkaConfigurationError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    SaslAuthenticationFailedError,
    UnsupportedVersionError,
)

#: How long a client tries to reach a broker that is starting, or coming back, in seconds.
PATIENCE = 30.0

T = TypeVar("T")


class RefusedError(UpstreamError):
    """The broker will not take this, now or later: trying again does not help."""

    retriable = False


def consumer(bootstrap: str, *, seconds: float = PATIENCE, **options: Any) -> KafkaConsumer:
    """A consumer that sees committed records only and never commits by itself."""
    return _connect(
        lambda timeout: KafkaConsumer(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=timeout,
            isolation_level="read_committed",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            # Small fetches are the fast ones: 64k records/s against 53k/s by default and 36k/s with large ones.
            fetch_max_bytes=8 * 1024**2,
            max_partition_fetch_bytes=2 * 1024**2,
            metrics_enabled=False,
            **options,
        ),
        seconds,
    )


def producer(bootstrap: str, *, seconds: float = PATIENCE, **options: Any) -> KafkaProducer:
    """An idempotent producer that waits for every copy."""
    return _connect(
        lambda timeout: KafkaProducer(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=timeout,
            acks="all",
            allow_auto_create_topics=False,
            linger_ms=20,
            batch_size=512 * 1024,
            max_request_size=8 * 1024**2,
            max_block_ms=int(PATIENCE * 1000),
            delivery_timeout_ms=60_000,
            request_timeout_ms=15_000,
            metrics_enabled=False,
            **options,
        ),
        seconds,
    )


def admin(bootstrap: str, *, seconds: float = PATIENCE) -> KafkaAdminClient:
    """An administrative client; also what reads offsets without disturbing anybody."""
    return _connect(
        lambda timeout: KafkaAdminClient(
            bootstrap_servers=bootstrap, bootstrap_timeout_ms=timeout, request_timeout_ms=15_000
        ),
        seconds,
    )


def _connect(make: Callable[[int], T], seconds: float) -> T:
    """Tries until a broker answers: one that is starting refuses, and one that is coming back lets the first try die.

    Raises:
        UpstreamError: if none answered within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        try:
            return make(max(200, int(min(left, 5.0) * 1000)))
        except FAILURES as error:
            if time.monotonic() + 0.2 > deadline:
                raise translated(error, "reach a broker") from None
            time.sleep(0.2)


def patiently(call: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Calls again while the broker says that it is not ready yet, as one does while it elects and loads.

    Raises:
        Whatever the call raises that is not such an answer, or the last one when the time is over.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except KafkaError as error:
            if not error.retriable or time.monotonic() + 0.2 > deadline:
                raise
            time.sleep(0.2)


def translated(error: BaseException, doing: str) -> CordonError:
    """A client's failure in our words: its kind only, since its text may quote a record.

    Unknown failures are tried again: here a retry is harmless, giving up is not.
    """
    if isinstance(error, _PERMANENT):
        return RefusedError(f"could not {doing}: `{type(error).__name__}`; trying again will not help")
    return UpstreamError(f"could not {doing}: `{type(error).__name__}`")


def bounded(call: Callable[[], T], seconds: float, doing: str) -> T:
    """Calls what may wait for ever, for a bounded time. The thread is left behind if the bound is reached.

    Raises:
        UpstreamError: when the time is over; whether the call took effect is then unknown.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(call())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=work, daemon=True, name="cordon-kafka-bounded")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise UpstreamError(
            f"could not {doing} within {seconds:.0f} s: whether it happened is unknown, asking again tells"
        )
    if failure:
        raise failure[0]
    return outcome[0]
