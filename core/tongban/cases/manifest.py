"""The manifest of a transfer: what is in it, by digest, and the digest of the whole. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tongban.cases.models import Document

EXACT = 2**53
"""Whole numbers up to here are exact as floats."""
LARGEST = 10**308
"""What is not smaller may be no float at all."""
Manifest = dict[str, Any]
"""`form`: its digest; `shown`: codes of materials shown on paper; `documents`: id, material, digest and size."""


def manifest_of(
    form: Mapping[str, Any], shown: Sequence[str], documents: Sequence[tuple[Document, str | None]]
) -> Manifest:
    """The manifest of a form, of what was shown on paper, and of documents with their materials' codes."""
    return {
        "form": digest_of(form),
        "shown": list(shown),
        "documents": [
            {"document": str(document.id), "material": code, "digest": document.digest, "size": document.size}
            for document, code in documents
        ],
    }


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of canonical JSON (sorted keys, no spaces): 64 hexadecimal digits.

    The same before and after the database, which writes numbers in its own way: 1e16 comes back as a whole number.
    """
    text = json.dumps(_canonical(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(value: Any) -> Any:
    """The value with each number in one form: whole where that is exact, else as a float."""
    if isinstance(value, Mapping):
        return {name: _canonical(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(part) for part in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return float(value) if abs(value) < LARGEST else str(value)
    return value
