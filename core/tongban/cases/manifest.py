"""The manifest of a transfer: what is in it, by digest, and the digest of the whole. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tongban.cases.models import Document

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
    """SHA-256 of canonical JSON (sorted keys, no spaces): 64 hexadecimal digits."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
