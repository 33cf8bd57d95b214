"""Where stages hand batches over: sealed objects on any fsspec path.

An object is written whole under a temporary name and moved into place, so a reader sees all of it or nothing; a repeat
overwrites it with the same content. Its name is bound into the seal: an object moved to another name does not open.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Any, TypeVar
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


class Vault:
    """Sealed objects by name, such as `landed/incidents.raw.v1[3]@1200-5199`."""

    def __init__(self, url: str, key: bytes) -> None:
        """Opens the vault at an fsspec URL with a 256-bit key."""
        self._fs, root = fsspec.core.url_to_fs(url)
        self._root = root.rstrip("/")
        self._seal = AESGCM(key)
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def put(self, name: str, value: Any) -> None:
        """Seals and stores a value that msgspec can encode."""
        nonce = os.urandom(_NONCE)
        sealed = self._seal.encrypt(nonce, msgspec.msgpack.encode(value), name.encode())
        path = self._path(name)
        self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        temporary = f"{path}.{os.getpid()}.partial"
        with self._fs.open(temporary, "wb") as file:
            file.write(nonce)
            file.write(sealed)
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

    def read(self, name: str, kind: type[T]) -> T:
        """The value stored under a name, decoded as `kind` from what is stored, and not kept.

        Raises:
            StoreError: as `get`.
        """
        try:
            with self._fs.open(self._path(name), "rb") as file:
                nonce, sealed = file.read(_NONCE), file.read()
            return msgspec.msgpack.decode(self._seal.decrypt(nonce, sealed, name.encode()), type=kind)
        except FileNotFoundError:
            raise StoreError(f"the vault has no `{name}`: was the stage before it run?") from None
        except (InvalidTag, ValueError):
            raise StoreError(f"`{name}` in the vault does not open: another key, or not what was written") from None

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
