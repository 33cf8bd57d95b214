"""Where stages hand batches over: sealed objects on any fsspec path.

An object is written whole under a temporary name and moved into place, so a reader sees all of it or nothing; a repeat
overwrites it with the same content. Its name is bound into the seal: an object moved to another name does not open.

A long list in an object may be sealed apart, a few items at a time behind the rest, so that whoever needs few of them
need not open all. Each part is bound to its place and to the very writing it belongs to.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any, BinaryIO, TypeVar, get_args
from urllib.parse import quote

import fsspec
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipelines.errors import StoreError

T = TypeVar("T")
_NONCE = 12
#: Objects kept decoded for the next stage of the same process: the batch in hand and what it hands over.
_KEPT = 3


#: So many items of a list that is sealed apart are in one part.
_TOGETHER = 32
#: Bytes that say how long the head is, before it.
_LENGTH = 8


class _Head(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed first: the value without the list that is sealed apart, if any; and where each part of that one ends."""

    value: msgspec.Raw
    apart: str
    ends: list[int]


class Vault:
    """Sealed objects by name, such as `landed/incidents.raw.v1[3]@1200-5199`."""

    def __init__(self, url: str, key: bytes) -> None:
        """Opens the vault at an fsspec URL with a 256-bit key."""
        self._fs, root = fsspec.core.url_to_fs(url)
        self._root = root.rstrip("/")
        self._seal = AESGCM(key)
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def put(self, name: str, value: Any, *, apart: str = "") -> None:
        """Seals and stores a value that msgspec can encode; the list in its field `apart`, if one is named, by parts."""
        rest, items = value, []
        if apart:
            items = getattr(value, apart)
            rest = msgspec.structs.replace(value, **{apart: []})
        encode = msgspec.msgpack.encode
        writing = os.urandom(_NONCE)
        parts = [
            self._closed(encode(items[first : first + _TOGETHER]), _of_part(name, writing, number))
            for number, first in enumerate(range(0, len(items), _TOGETHER))
        ]
        head = _Head(msgspec.Raw(encode(rest)), apart, list(accumulate(map(len, parts))))
        sealed = writing + self._seal.encrypt(writing, encode(head), name.encode())
        path = self._path(name)
        self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        temporary = f"{path}.{os.getpid()}.partial"
        with self._fs.open(temporary, "wb") as file:
            file.write(len(sealed).to_bytes(_LENGTH))
            file.write(sealed)
            file.writelines(parts)
        self._fs.mv(temporary, path)
        self._keep(name, value)

    def get(self, name: str, kind: type[T]) -> T:
        """The value stored under a name, decoded as `kind`; kept for the next stage that asks for it.

        Raises:
            StoreError: if there is none, or it does not open with this key under this name.
        """
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]  # type: ignore[no-any-return] # put there by `put`, with the type of its stage
        value = self.read(name, kind)
        self._keep(name, value)
        return value

    def read(self, name: str, kind: type[T], only: Callable[[T], Iterable[int]] | None = None) -> T:
        """The value stored under a name, decoded as `kind` from what is stored, and not kept.

        Args:
            name: of the object.
            kind: what it is.
            only: of a list that was put apart, the places of the items wanted; it is given the value without any. The
                others are left out and not opened.

        Raises:
            StoreError: as `get`.
        """
        try:
            with self._fs.open(self._path(name), "rb") as file:
                found: T = self._read(file, name, kind, only)
                return found
        except FileNotFoundError:
            raise StoreError(f"the vault has no `{name}`: was the stage before it run?") from None
        except (InvalidTag, ValueError):
            raise StoreError(f"`{name}` in the vault does not open: another key, or not what was written") from None

    def _read(self, file: BinaryIO, name: str, kind: Any, only: Callable[[Any], Iterable[int]] | None) -> Any:
        decode = msgspec.msgpack.decode
        length = int.from_bytes(file.read(_LENGTH))
        if length > file.seek(0, os.SEEK_END):
            raise ValueError
        file.seek(_LENGTH)
        sealed = file.read(length)
        head = decode(self._opened(sealed, name.encode()), type=_Head)
        value = decode(head.value, type=kind)
        if not head.apart:
            return value
        listed: Any = next(field.type for field in msgspec.structs.fields(kind) if field.name == head.apart)
        places = None if only is None else list(only(value))
        ends = [0, *head.ends]
        parts = {}
        for number in range(len(head.ends)) if places is None else sorted({place // _TOGETHER for place in places}):
            file.seek(_LENGTH + length + ends[number])
            part = file.read(ends[number + 1] - ends[number])
            parts[number] = self._opened(part, _of_part(name, sealed[:_NONCE], number))
        if places is None:
            found = [each for part in parts.values() for each in decode(part, type=listed)]
        else:
            (item,) = get_args(listed)
            undecoded = {number: decode(part, type=list[msgspec.Raw]) for number, part in parts.items()}
            found = [decode(undecoded[place // _TOGETHER][place % _TOGETHER], type=item) for place in places]
        return msgspec.structs.replace(value, **{head.apart: found})

    def _closed(self, text: bytes, about: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._seal.encrypt(nonce, text, about)

    def _opened(self, sealed: bytes, about: bytes) -> bytes:
        return self._seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], about)

    def forget(self) -> None:
        """Lets go of what is kept: the batch in hand is done, and the next one needs the room."""
        self._kept.clear()

    def has(self, name: str) -> bool:
        """Whether an object of that name exists."""
        return bool(self._fs.exists(self._path(name)))

    def _keep(self, name: str, value: Any) -> None:
        self._kept[name] = value
        self._kept.move_to_end(name)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _path(self, name: str) -> str:
        stage, _, rest = name.partition("/")
        return f"{self._root}/{stage}/{quote(rest, safe='')}"


def _of_part(name: str, writing: bytes, number: int) -> bytes:
    """What a part is bound to: its object, the writing of it, and its place there."""
    return b"%s#%d@%s" % (name.encode(), number, writing)
