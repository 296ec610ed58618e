"""Editions: what is signed can't be changed unseen, neither in the exported file nor in the database."""

import base64
import copy
import json
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from support import SIGNER, an_item
from tongban.admission.service import plain
from tongban.admission.verification import export, faults_of_editions
from tongban.catalog.editions import Content, Member, canonical, digest_of, exported, faults_of_export, signed
from tongban.catalog.models import CatalogEdition, ServiceItem
from tongban.catalog.publishing import content_of
from tongban.catalog.signing import Ed25519Signer
from tongban.registry import Registry

DEFINITIONS = {code: plain(an_item(code)) for code in ("TT-001", "TT-002", "TT-003")}
CONTENT = Content(
    number=4,
    effective_from=date(2026, 12, 1),
    previous_digest="0" * 64,
    members=tuple(Member(code=code, version=1, digest=digest_of(one)) for code, one in DEFINITIONS.items()),
)
FILE: dict[str, Any] = json.loads(canonical(exported(CONTENT, signed(CONTENT, SIGNER), DEFINITIONS)))
NO_EDITION = ["This is no exported edition."]


def changed(path: str, value: Any) -> dict[str, Any]:
    """The file with another value at a path of keys and positions."""
    file = copy.deepcopy(FILE)
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place: Any = file
    for part in way:
        place = place[part]
    place[last] = value
    assert json.dumps(file) != json.dumps(FILE)
    return file


def test_what_was_exported_is_whole() -> None:
    assert faults_of_export(FILE) == []
    assert faults_of_export(FILE, SIGNER.public_key) == faults_of_export(FILE, f"\n{SIGNER.public_key}\n") == []


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every value in the file that is no object and no list, with its path."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not isinstance(value, dict | list):
        return [(path, value)]
    return [leaf for key, one in inner for leaf in leaves(one, f"{path}/{key}".lstrip("/"))]


LEAVES = [leaf for leaf in leaves(FILE) if "." not in leaf[0]]


@pytest.mark.parametrize(("path", "value"), LEAVES, ids=[path for path, _ in LEAVES])
def test_no_value_can_be_another(path: str, value: Any) -> None:
    """Each value of content, seal and definitions is replaced by its neighbor, by its text, by nothing."""
    others: list[Any] = [None, [], {}, f"{value} "]
    others += [value + 1, float(value), str(value)] if isinstance(value, int) and not isinstance(value, bool) else []
    for other in others:
        if other is None and value is None:
            continue
        if isinstance(other, float) or other != value:
            assert faults_of_export(changed(path, other)), (path, other)


@given(data=st.data())
def test_no_character_can_be_another(data: st.DataObject) -> None:
    """Of any text, key and signature included: what base64 takes for the same bytes is found too."""
    path, value = data.draw(st.sampled_from([leaf for leaf in LEAVES if isinstance(leaf[1], str) and leaf[1]]))
    position = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda one: one != value[position]))
    text_ = value[:position] + other + value[position + 1 :]
    assert faults_of_export(changed(path, text_)), (path, text_)


def test_other_spellings_of_the_same_signature_and_key_are_found() -> None:
    signature = FILE["seal"]["signature"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = signature[:-3] + alphabet[alphabet.index(signature[-3]) ^ 1] + "=="
    assert base64.b64decode(twin, validate=True) == base64.b64decode(signature)
    assert faults_of_export(changed("seal/signature", twin)) == ["The signature does not hold."]
    assert faults_of_export(changed("seal/public_key", "a comment\n" + FILE["seal"]["public_key"]))


def test_whose_signature_it_is_matters_where_a_key_is_trusted() -> None:
    other = Ed25519Signer(Ed25519PrivateKey.generate())
    forged = json.loads(canonical(exported(CONTENT, signed(CONTENT, other), DEFINITIONS)))
    assert faults_of_export(forged) == []
    assert faults_of_export(forged, SIGNER.public_key) == ["It is signed with another key than the trusted one."]
    grafted = changed("seal/public_key", other.public_key)
    assert faults_of_export(grafted) == ["The signature does not hold."]


def test_items_can_be_neither_added_nor_removed() -> None:
    without = copy.deepcopy(FILE)
    del without["definitions"]["TT-002"]
    assert faults_of_export(without) == ["TT-002: the definition is missing."]
    more = copy.deepcopy(FILE)
    more["definitions"]["TT-009"] = FILE["definitions"]["TT-001"]
    assert faults_of_export(more) == ["TT-009: the edition has no such item."]
    both = copy.deepcopy(more)
    both["content"]["members"].append({"code": "TT-009", "version": 1, "digest": digest_of(DEFINITIONS["TT-001"])})
    assert faults_of_export(both) == ["The digest is not that of the content.", "The signature does not hold."]
    gone = copy.deepcopy(without)
    del gone["content"]["members"][1]
    assert faults_of_export(gone) == ["The digest is not that of the content.", "The signature does not hold."]
    swapped = changed("content/members", FILE["content"]["members"][::-1])
    assert faults_of_export(swapped) == ["The digest is not that of the content.", "The signature does not hold."]


def test_a_digest_made_anew_does_not_help() -> None:
    file = changed("content/number", 5)
    file["seal"]["digest"] = digest_of(file["content"])
    assert faults_of_export(file) == ["The signature does not hold."]


def test_an_algorithm_or_a_key_that_is_not_known_is_said() -> None:
    assert faults_of_export(changed("seal/algorithm", "SM2")) == [
        "Signatures by SM2 can't be verified here; known is Ed25519."
    ]
    x25519 = X25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for key in ("", "no key", x25519.decode()):
        assert len(faults_of_export(changed("seal/public_key", key))) == 1


@pytest.mark.parametrize(
    "file",
    [None, [], "", 4, {}, {"format": "tongban-edition-1"}, FILE | {"format": "tongban-edition-2"}, FILE | {"note": 1}]
    + [{key: value for key, value in FILE.items() if key != gone} for gone in FILE]
    + [FILE | {"content": FILE["content"] | {"note": "x"}} | {"seal": {}}, FILE | {"definitions": []}],
)
def test_what_is_no_edition_is_said(file: Any) -> None:
    assert faults_of_export(file) == NO_EDITION


def test_a_word_more_in_the_content_is_found() -> None:
    assert faults_of_export(FILE | {"content": FILE["content"] | {"note": "x"}})


def test_a_definition_has_one_digest_in_python_and_as_json(registry: Registry) -> None:
    """So that the database, the file and the installed plugin speak of the same."""
    items = [item for department in registry.departments.values() for item in department.items]
    assert len(items) == 174
    for item in items:
        assert digest_of(item) == digest_of(plain(item)) == digest_of(json.loads(json.dumps(plain(item))))


# ---------------------------------------------------------------- in the database


async def editions(session: AsyncSession) -> list[CatalogEdition]:
    return list(await session.scalars(select(CatalogEdition).order_by(CatalogEdition.number)))


async def test_the_database_holds_what_was_signed(session: AsyncSession) -> None:
    previous = None
    for edition in await editions(session):
        content = await content_of(session, edition)
        assert content.digest == edition.digest
        assert content.previous_digest == previous
        assert signed(content, SIGNER).signature == edition.signature, "Ed25519 signs the same to the same"
        previous = edition.digest
    assert await faults_of_editions(session) == []


async def test_every_edition_can_be_exported_and_verified_offline(session: AsyncSession) -> None:
    counts = []
    for edition in await editions(session):
        file = json.loads(json.dumps(await export(session, edition), default=str))
        assert faults_of_export(file, SIGNER.public_key) == []
        counts.append(len(file["definitions"]))
    assert counts == [174, 174, 174]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE service_item SET name = '免费' WHERE id = :item", "MZ-009 version 2: name changed"),
        ("UPDATE service_item SET promised_days = 0 WHERE id = :item", "MZ-009 version 2: promised_days changed"),
        ("UPDATE service_item SET guide = '{}' WHERE id = :item", "MZ-009 version 2: guide changed"),
        ("UPDATE service_item SET review_on = '2030-01-01' WHERE id = :item", "MZ-009 version 2: review_on changed"),
        ("UPDATE service_item SET definition_digest = 'x' WHERE id = :item", "edition 2: its members are not those"),
        ("UPDATE material_requirement SET copies = 9 WHERE item_id = :item", "MZ-009 version 2: materials changed"),
        ("DELETE FROM material_requirement WHERE item_id = :item", "MZ-009 version 2: materials changed"),
        (
            "UPDATE proposal SET definition = jsonb_set(definition, '{name}', '\"免费\"')"
            " WHERE id = (SELECT proposal_id FROM service_item WHERE id = :item)",
            "MZ-009 version 2: the definition is not the one that was published",
        ),
        ("DELETE FROM edition_item WHERE item_id = :item", "edition 2: its members are not those"),
        ("UPDATE catalog_edition SET effective_from = '2018-03-02' WHERE number = 2", "edition 2: its members are not"),
        ("UPDATE catalog_edition SET digest = repeat('0', 64) WHERE number = 2", "edition 2: its members are not"),
        ("UPDATE catalog_edition SET digest = repeat('0', 64) WHERE number = 1", "edition 2: its members are not"),
        ("UPDATE catalog_edition SET signature = 'AAAA' WHERE number = 3", "edition 3: its signature does not hold"),
        ("UPDATE catalog_edition SET signature = '?' WHERE number = 3", "edition 3: "),
        ("UPDATE catalog_edition SET public_key = 'x' WHERE number = 3", "edition 3: The public key is no PEM file."),
    ],
)
async def test_a_changed_row_is_found(session: AsyncSession, statement: str, found: str) -> None:
    """No trigger keeps the owner of the tables from it: the signatures do."""
    item = await session.scalar(
        select(ServiceItem.id).where(ServiceItem.code == "MZ-009").order_by(ServiceItem.version.desc()).limit(1)
    )
    done = await session.execute(text(statement), {"item": item} if ":item" in statement else {})
    assert getattr(done, "rowcount", 0) > 0
    session.expire_all()
    faults = await faults_of_editions(session)
    assert any(fault.startswith(found) for fault in faults), faults


async def test_a_published_version_can_not_be_deleted(session: AsyncSession) -> None:
    """Foreign keys hold it: the edition names it."""
    for table in ("catalog_edition", "service_item"):
        with pytest.raises(Exception, match="foreign key"):
            async with session.begin_nested():
                await session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - ours
