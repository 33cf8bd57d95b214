"""Inserting and updating many rows at once, as columns of plain values, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Executable, Table, text


def _placeholders(conn: Connection, count: int) -> list[str]:
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    return [mark] * count


def _quoted(conn: Connection, name: str) -> str:
    return conn.dialect.identifier_preparer.quote(name)


def insert_rows(
    conn: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]], *, ignore: bool = False
) -> None:
    """Inserts rows given as tuples in the order of `names`. With `ignore`, rows whose key exists are left as they are."""
    if not rows:
        return
    columns = ", ".join(_quoted(conn, name) for name in names)
    values = ", ".join(_placeholders(conn, len(names)))
    conflict = " ON CONFLICT DO NOTHING" if ignore else ""
    conn.exec_driver_sql(f"INSERT INTO {_quoted(conn, table.name)} ({columns}) VALUES ({values}){conflict}", list(rows))  # noqa: S608 - names come from the table definitions


def update_rows(
    conn: Connection, table: Table, names: Sequence[str], key: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Updates rows given as tuples: the values of `names`, then that of `key`."""
    if not rows:
        return
    mark = _placeholders(conn, 1)[0]
    assignments = ", ".join(f"{_quoted(conn, name)} = {mark}" for name in names)
    conn.exec_driver_sql(
        f"UPDATE {_quoted(conn, table.name)} SET {assignments} WHERE {_quoted(conn, key)} = {mark}",  # noqa: S608 - as above
        list(rows),
    )


def fetched(
    conn: Connection, statement: Executable, values: Mapping[str, Any] | None = None
) -> Iterator[tuple[Any, ...]]:
    """The rows of a query as the driver gives them, some at a time: for many rows of numbers and texts."""
    result = conn.execute(statement, values or {})
    cursor = result.cursor
    while cursor is not None and (rows := cursor.fetchmany(_FETCHED_AT_ONCE)):
        yield from rows
    result.close()


_FETCHED_AT_ONCE = 5000


def next_id(conn: Connection, table: Table, key: str = "id") -> int:
    """One more than the largest key. Only meaningful inside a transaction that holds the writer's lock."""
    highest = conn.execute(text(f"SELECT max({_quoted(conn, key)}) FROM {_quoted(conn, table.name)}")).scalar()  # noqa: S608 - as above
    return int(highest or 0) + 1


def chunks(values: Iterable[Any], size: int = 500) -> Iterator[list[Any]]:
    """Cuts values into lists of at most `size`, for `IN (...)`."""
    left = iter(values)
    while part := list(islice(left, size)):
        yield part
