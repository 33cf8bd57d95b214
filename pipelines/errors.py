"""What can go wrong, whose fault it is, and whether trying again helps.

Messages follow one grammar: lower case, identifiers in backticks, cause after a colon, then what to do. They name
coordinates and rules, never a value from a record.
"""

from __future__ import annotations


class CordonError(Exception):
    """Anything Cordon raises on purpose. `exit_code` is what the command ends with; `retriable` is for Airflow."""

    exit_code = 1
    retriable = False


class UsageError(CordonError):
    """The caller asked for something that cannot be done; nothing was written."""

    exit_code = 2


class GateError(CordonError):
    """A table rule failed or an expectation raised: the whole batch stops here (spec 2, validate)."""

    exit_code = 3


class StoreError(CordonError):
    """A store is missing, unreadable or was tampered with."""

    exit_code = 4


class UpstreamError(CordonError):
    """A broker or database did not answer in time. Trying again may help."""

    exit_code = 5
    retriable = True
