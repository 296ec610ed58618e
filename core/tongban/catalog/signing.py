"""Signatures of editions: Ed25519 by default; the algorithm is recorded, so another can take its place."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from tongban.errors import SetupError

ED25519 = "Ed25519"


class Signer(Protocol):
    """Signs editions. A deployment may bring its own, e.g. SM2 with SM3 (GB/T 32918, 32905)."""

    @property
    def algorithm(self) -> str: ...

    @property
    def public_key(self) -> str:
        """The public key as PEM."""
        ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """Signs with an Ed25519 key (RFC 8032)."""

    key: Ed25519PrivateKey
    algorithm: str = ED25519

    @property
    def public_key(self) -> str:
        return _pem(self.key.public_key())

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)


def holds(algorithm: str, public_key: str, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's for the message. Raises SetupError for an algorithm or key not known here."""
    if algorithm != ED25519:
        raise SetupError(f"Signatures by {algorithm} can't be verified here; known is {ED25519}.")
    try:
        key = load_pem_public_key(public_key.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise SetupError("The public key is no PEM file.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise SetupError(f"The public key is not of {ED25519}.")
    if _pem(key) != public_key:
        raise SetupError("The public key is not written as it was published.")
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signer_from(file: Path) -> Ed25519Signer:
    """The signer whose private key lies in `file` (PEM); a new key is made there, for the owner alone, if none does."""
    if not file.exists():
        return _new_signer(file)
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SetupError(f"The signing key {file} can't be read: {error}.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SetupError(f"The signing key {file} is no {ED25519} key.")
    return Ed25519Signer(key)


def _new_signer(file: Path) -> Ed25519Signer:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return signer_from(file)
    except OSError as error:
        raise SetupError(f"The signing key {file} can't be written: {error.strerror}.") from None
    with os.fdopen(handle, "wb") as opened:
        opened.write(pem)
    return Ed25519Signer(key)
