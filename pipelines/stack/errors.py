"""What can go wrong when the local stack starts or stops."""

from __future__ import annotations

from pipelines.errors import CordonError


class StackError(CordonError):
    """The local stack cannot start or stop; the message says why and which command mends it."""

    exit_code = 5
