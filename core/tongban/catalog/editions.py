"""Editions: the content that is signed, its digest, and the file by which anybody can verify it offline."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import orjson

from tongban.catalog.signing import Signer, holds
from tongban.contract.items import ItemDefinition
from tongban.errors import SetupError

FORMAT = "tongban-edition-1"
"""What an exported edition calls itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A version in an edition, by what identifies it."""

    code: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an edition says: its number, its first day, the edition before it, its members in the order of codes."""

    number: int
    effective_from: date
    previous_digest: str | None
    members: tuple[Member, ...]

    @property
    def message(self) -> bytes:
        """The canonical form, which is what is digested and signed."""
        return canonical(asdict(self))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, 64 hexadecimal digits."""
        return hashlib.sha256(self.message).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """An edition's digest with its signature (base64) and the key that it holds for."""

    digest: str
    signature: str
    algorithm: str
    public_key: str


def signed(content: Content, signer: Signer) -> Signed:
    """The content signed."""
    return Signed(
        digest=content.digest,
        signature=base64.b64encode(signer.sign(content.message)).decode(),
        algorithm=signer.algorithm,
        public_key=signer.public_key,
    )


def canonical(value: Any) -> bytes:
    """JSON in UTF-8, keys sorted, no spaces: the same value always gives the same bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest_of(definition: ItemDefinition | Mapping[str, Any]) -> str:
    """SHA-256 of a definition in canonical form, 64 hexadecimal digits."""
    plain = asdict(definition) if isinstance(definition, ItemDefinition) else definition
    return hashlib.sha256(canonical(plain)).hexdigest()


def exported(content: Content, seal: Signed, definitions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The edition as a file: content, seal, and the members' definitions by code."""
    return {
        "format": FORMAT,
        "content": asdict(content),
        "seal": asdict(seal),
        "definitions": dict(definitions),
    }


def faults_of_export(file: Any, trusted_key: str | None = None) -> list[str]:
    """Everything that does not hold in an exported edition; nothing, where it is whole, unchanged and signed.

    With `trusted_key` (PEM) the signature must be that key's; without it the file's own key is taken at its word.
    """
    try:
        if file.keys() != {"format", "content", "seal", "definitions"} or file["format"] != FORMAT:
            raise ValueError
        content, message = _content(file["content"]), canonical(file["content"])
        seal = Signed(**file["seal"])
        definitions = file["definitions"]
        if not all(isinstance(value, str) for value in file["seal"].values()):
            raise ValueError
        signature = base64.b64decode(seal.signature, validate=True)
        faults = _faults_of_definitions(content.members, definitions)
    except (AttributeError, KeyError, TypeError, ValueError):
        return ["This is no exported edition."]
    if hashlib.sha256(message).hexdigest() != seal.digest:
        faults.append("The digest is not that of the content.")
    if trusted_key is not None and trusted_key.strip() != seal.public_key.strip():
        faults.append("It is signed with another key than the trusted one.")
    try:
        # Several texts stand for the same bytes in base64; only one of them was published.
        written = base64.b64encode(signature).decode() == seal.signature
        if not written or not holds(seal.algorithm, seal.public_key, message, signature):
            faults.append("The signature does not hold.")
    except SetupError as error:
        faults.append(str(error))
    return faults


def _faults_of_definitions(members: Sequence[Member], definitions: Mapping[str, Any]) -> list[str]:
    faults = [
        f"{member.code}: the definition is not the one that was published."
        for member in members
        if member.code in definitions and digest_of(definitions[member.code]) != member.digest
    ]
    codes = {member.code for member in members}
    faults += [f"{code}: the definition is missing." for code in sorted(codes - definitions.keys())]
    faults += [f"{code}: the edition has no such item." for code in sorted(definitions.keys() - codes)]
    return faults


def _content(raw: Mapping[str, Any]) -> Content:
    return Content(
        number=int(raw["number"]),
        effective_from=date.fromisoformat(raw["effective_from"]),
        previous_digest=raw["previous_digest"],
        members=tuple(Member(**member) for member in raw["members"]),
    )
