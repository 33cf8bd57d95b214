"""The secrets: one small file, made on first use, readable by its owner alone, and one key per purpose out of it.

Each purpose has its own key, derived by HKDF-SHA256 from a 256-bit secret, so that a key that leaks says nothing about
the others. Tests and what-if runs derive the secret from a seed instead, which makes every byte repeatable.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipelines.errors import StoreError

#: The secrets a key file holds. Each can be replaced without the others.
SECRETS = ("vault", "registry", "messages", "audit")
_FORMAT = 1
_LENGTH = 32


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_LENGTH, salt=None, info=f"cordon/{purpose}/v{_FORMAT}".encode()).derive(
        secret
    )


class Keys(msgspec.Struct, frozen=True):
    """Keys of 32 bytes by purpose. Never printed: the representation names no value.

    Attributes:
        vault: AES-GCM key of the vault's objects.
        registry_tokens: HMAC key of blocking tokens.
        registry_forms: HMAC key of comparison forms.
        registry_seal: AES-GCM key of comparison forms.
        reference: HMAC key of what stands for incidents, coordinates and contents outside the vault.
        messages: HMAC key of message ids.
        pseudonyms: HMAC key of per-recipient pseudonyms.
        audit: seed of the key that signs checkpoints.
    """

    vault: bytes
    registry_tokens: bytes
    registry_forms: bytes
    registry_seal: bytes
    reference: bytes
    messages: bytes
    pseudonyms: bytes
    audit: bytes

    def __repr__(self) -> str:
        return "Keys(<secret>)"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        # what msgspec gives pretty printers holds the fields
        return []

    def fingerprint(self) -> str:
        """What tells these keys from others and says nothing about them."""
        held = b"".join(msgspec.structs.astuple(self))
        return HKDF(algorithm=SHA256(), length=16, salt=None, info=b"cordon/fingerprint").derive(held).hex()

    @classmethod
    def _from_secrets(cls, held: dict[str, bytes]) -> Keys:
        return cls(
            vault=_derive(held["vault"], "vault"),
            registry_tokens=_derive(held["registry"], "registry/tokens"),
            registry_forms=_derive(held["registry"], "registry/forms"),
            registry_seal=_derive(held["registry"], "registry/seal"),
            reference=_derive(held["messages"], "messages/reference"),
            messages=_derive(held["messages"], "messages/ids"),
            pseudonyms=_derive(held["messages"], "messages/pseudonyms"),
            audit=_derive(held["audit"], "audit/signing"),
        )

    @classmethod
    def from_seed(cls, seed: int) -> Keys:
        """Keys that depend on nothing but a number: for tests and repeatable runs, never for real records."""
        root = b"cordon seed " + str(int(seed)).encode()
        return cls._from_secrets({name: _derive(root, f"seed/{name}") for name in SECRETS})

    @classmethod
    def load(cls, path: str | os.PathLike[str], create: bool = True) -> Keys:
        """Keys from a key file.

        Args:
            path: the file. Its folder is made if need be.
            create: make new random secrets when there is no file.

        Raises:
            StoreError: the file is missing (and `create` is false), unreadable, not a key file, or others may read it.
        """
        file = Path(path)
        try:
            text = _read(file)
            if text is None:
                if not create:
                    raise StoreError(
                        f"no key file at `{file}`: restore it, the vault and the registry cannot be read without it"
                        " (a state that was made with --seed has none: give the same --seed)"
                    )
                _create(file)
                text = _read(file)
        except OSError as error:
            raise StoreError(f"cannot use key file `{file}`: {type(error).__name__}") from None
        return cls._from_secrets(_parse(text or "", file))


def _read(file: Path) -> str | None:
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise StoreError(f"`{file}` is no regular file: a key file is")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise StoreError(
                f"others may read key file `{file}`: run `chmod 600` on it, and consider its secrets known"
            )
        return stream.read(1 << 16)


def _create(file: Path) -> None:
    """Write new secrets. Of several processes that try, one wins and all use its file."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    body = json.dumps({"format": _FORMAT, "secrets": {name: secrets.token_hex(_LENGTH) for name in SECRETS}}, indent=1)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(body + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)


def _parse(text: str, file: Path) -> dict[str, bytes]:
    fault = StoreError(f"`{file}` is no key file of format {_FORMAT}: restore it from its backup")
    try:
        held = json.loads(text)
        if not isinstance(held, dict) or held.get("format") != _FORMAT:
            raise fault
        found = {name: bytes.fromhex(held["secrets"][name]) for name in SECRETS}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise fault from None
    if any(len(secret) != _LENGTH for secret in found.values()):
        raise fault
    return found
