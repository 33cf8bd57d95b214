"""One regime as the bytes it is made of: schema, policies, metadata, cases and stored table, checked before use.

A bundle is read from the package's own folder, or from any mapping of paths to bytes, so that another revision of the
folder is judged by the same code. Its digest covers every byte that changes what it means: the schema, each policy
file, the metadata, and the code that turns a cell into a question and answers into a decision; and the codes with their
numbers, for a state keeps what protects people as numbers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec

from pipelines.contracts.codes import Caution, Consent, Decision, Evidence, Protection, Recipient, Standing
from policy.errors import PolicyError
from policy.translate import ACTIONS

PACKAGE = Path(__file__).parent
SCHEMA = "schema.cedarschema"
#: Shared policies that every bundle contains, whatever its metadata says.
ALWAYS = ("floor", "caution", "safeguarding")
#: The code that gives a bundle its meaning.
MEANING = ("cells.py", "translate.py", "engine.py")
#: The codes that cells are made of and decisions are told in, in their order and with the numbers kept of them.
CODES = "".join(
    f"{kind.__name__} {code.name} {code.value}\n"
    for kind in (Standing, Protection, Evidence, Caution, Consent, Recipient, Decision)
    for code in kind
)
_SAFE = re.compile(r"[a-z0-9_]{1,64}")
_NAMESPACES = {recipient.value.capitalize(): recipient for recipient in ACTIONS}


class Metadata(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `regime.yaml` says about a regime."""

    id: str
    title: str
    jurisdiction: str
    status: str
    effective_from: date | None
    effective_to: date | None
    replay_only: bool
    include: list[str]
    approvals: dict[Recipient, Annotated[int, msgspec.Meta(ge=1, le=9)]] = {}
    """By recipient, how many different named people release what is held; see `policy.engine.approvals_needed`."""
    summary: str
    citations: list[str]
    unsettled: list[str]


class Policy(NamedTuple):
    """One Cedar policy: its `@id`, what it does to which actions, and why."""

    id: str
    effect: str
    actions: tuple[str, ...]
    why: str
    source: str
    file: str


class Bundle:
    """The files of one regime, read once."""

    def __init__(self, regime: str, files: Mapping[str, bytes]) -> None:
        """Takes `files` by path relative to the policy folder; files of other regimes are not looked at."""
        if not _SAFE.fullmatch(regime) or f"regimes/{regime}/regime.yaml" not in files:
            known = ", ".join(sorted(regimes_in(files)))
            raise PolicyError(f"no such regime: `{regime[:64]}`; one of {known}")
        self.regime = regime
        self._files = files

    @classmethod
    def read(cls, regime: str, folder: Path = PACKAGE) -> Bundle:
        """Reads a regime from a policy folder.

        Raises:
            PolicyError: if there is none of that name.
        """
        return cls(regime, files_of(folder))

    def bytes_of(self, path: str) -> bytes:
        """One file of the bundle.

        Raises:
            PolicyError: if it is missing.
        """
        try:
            return self._files[path]
        except KeyError:
            raise PolicyError(f"the bundle of `{self.regime}` lacks `{path}`") from None

    def text(self, path: str) -> str:
        """One file of the bundle as text."""
        try:
            return self.bytes_of(path).decode()
        except UnicodeDecodeError:
            raise PolicyError(f"`{path}` is not UTF-8") from None

    def json(self, path: str) -> Any:
        """One file of the bundle as JSON."""
        try:
            return json.loads(self.text(path))
        except ValueError as error:
            raise PolicyError(f"`{path}` is not JSON: {error}") from None

    @cached_property
    def metadata(self) -> Metadata:
        """The regime's metadata."""
        return read_metadata(self.regime, self.bytes_of(f"regimes/{self.regime}/regime.yaml"))

    @cached_property
    def policy_files(self) -> tuple[str, ...]:
        """Paths of the policy files, shared ones first, each in alphabetical order."""
        shared = sorted({*ALWAYS, *self.metadata.include})
        own = sorted(p for p in self._files if p.startswith(f"regimes/{self.regime}/") and p.endswith(".cedar"))
        return (*(f"regimes/common/{name}.cedar" for name in shared), *own)

    @property
    def schema(self) -> str:
        """The Cedar schema."""
        return self.text(SCHEMA)

    @cached_property
    def policy_text(self) -> str:
        """All policies of the bundle."""
        return "\n".join(self.text(path) for path in self.policy_files)

    @property
    def cases(self) -> tuple[str, str]:
        """Paths of the named cases: those of every regime, and this one's."""
        return "regimes/common/cases.json", f"regimes/{self.regime}/cases.json"

    @property
    def table(self) -> str:
        """Path of the stored table."""
        return f"regimes/{self.regime}/table.json"

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hex, over the codes, and name, length and content of every file that changes what the bundle means."""
        out = hashlib.sha256(b"cordon policy bundle 2\n" + CODES.encode() + b"\0")
        for path in sorted({SCHEMA, f"regimes/{self.regime}/regime.yaml", *MEANING, *self.policy_files}):
            content = self.bytes_of(path)
            out.update(f"{path}\0{len(content)}\0".encode())
            out.update(content)
        return out.hexdigest()

    @cached_property
    def policies(self) -> dict[str, Policy]:
        """Every policy by id, in file order.

        Raises:
            PolicyError: if a file does not parse, a policy lacks `@id`, `@why` or `@source`, an id is repeated, a
                scope is anything but named actions of one recipient, or a `forbid` stands in the way of a referral.
        """
        out: dict[str, Policy] = {}
        for path in self.policy_files:
            for policy in _policies_in(path, self.text(path)):
                if policy.id in out:
                    raise PolicyError(f"policy id `{policy.id}` is used twice: `{out[policy.id].file}` and `{path}`")
                out[policy.id] = policy
        return out


def _policies_in(path: str, text: str) -> Iterator[Policy]:
    import cedarpy

    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise PolicyError(f"`{path}` does not parse: {error}") from None
    if parsed["templates"]:
        raise PolicyError(f"`{path}` has templates: write the policies out")
    statics = parsed["staticPolicies"]
    for key in sorted(statics, key=lambda name: int(name.removeprefix("policy"))):
        policy = statics[key]
        notes = policy.get("annotations", {})
        missing = [note for note in ("id", "why", "source") if not notes.get(note)]
        if missing:
            raise PolicyError(f"a policy in `{path}` lacks @{missing[0]}")
        actions = _actions_of(policy["action"])
        if not actions:
            raise PolicyError(f"policy `{notes['id']}` must name its actions, all of one recipient")
        if policy["effect"] == "forbid" and any(action.endswith("::refer") for action in actions):
            raise PolicyError(f"policy `{notes['id']}` forbids a referral: no rule may take help away")
        yield Policy(notes["id"], policy["effect"], actions, notes["why"], notes["source"], path)


def _actions_of(scope: Mapping[str, Any]) -> tuple[str, ...]:
    """The actions a policy's scope names, as `Namespace::action`; none if it names others, or of two recipients."""
    entities = scope.get("entities") or ([scope["entity"]] if "entity" in scope else [])
    out = []
    for entity in entities:
        namespace, _, kind = entity["type"].partition("::")
        if kind != "Action" or namespace not in _NAMESPACES or entity["id"] not in ACTIONS[_NAMESPACES[namespace]]:
            return ()
        out.append(f"{namespace}::{entity['id']}")
    return tuple(out) if len({name.partition("::")[0] for name in out}) == 1 else ()


def read_metadata(regime: str, content: bytes) -> Metadata:
    """Reads a `regime.yaml`.

    Raises:
        PolicyError: if it is not of that shape, or is about another regime.
    """
    import yaml

    try:
        metadata = msgspec.convert(yaml.safe_load(content), Metadata)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise PolicyError(f"metadata of `{regime}` cannot be read: {error}") from None
    if metadata.id != regime:
        raise PolicyError(f"the folder `{regime}` holds the metadata of another regime")
    if not all(_SAFE.fullmatch(name) for name in metadata.include) or set(metadata.include) & set(ALWAYS):
        raise PolicyError(f"metadata of `{regime}`: `include` names shared policy files that are not in every bundle")
    return metadata


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a policy folder that bundles are made of, by relative path."""
    paths = [folder / SCHEMA, *(folder / name for name in MEANING), *sorted((folder / "regimes").glob("*/*"))]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def regimes_in(files: Mapping[str, bytes]) -> list[str]:
    """Ids of the regimes among the files of a policy folder."""
    return sorted(path.split("/")[1] for path in files if path.endswith("/regime.yaml") and path.count("/") == 2)
