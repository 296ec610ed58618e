"""The commands about editions: export one, and verify one without a database."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker

from tongban import migrate, prepare
from tongban.admission import verification
from tongban.catalog.editions import FORMAT, faults_of_export
from tongban.catalog.models import CatalogEdition
from tongban.commands.terminal import err, read_settings, running_database, say
from tongban.errors import SetupError

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is still read; the shipped editions have less than 1 MB."""

app = typer.Typer(help="Editions of the catalog: export one, verify one.", no_args_is_help=True)


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="File to write; standard output where left out.")] = None,
    edition: Annotated[int | None, typer.Option(help="Its number; the newest where left out.")] = None,
) -> None:
    """Write a published edition with its signature and definitions, so that anybody can verify it offline."""
    with running_database(read_settings(), err) as url:
        exported = asyncio.run(_exported(url, edition))
    text = orjson.dumps(exported, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if file is None:
        sys.stdout.buffer.write(text)
        return
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        aside.write_bytes(text)
        aside.replace(file)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise SetupError(f"{file} can't be written: {error.strerror}.") from error
    say(f"{_told(exported)} written to {file}")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="An exported edition.")],
    key: Annotated[
        Path | None, typer.Option(help="The office's public key (PEM), got by another way than the file.")
    ] = None,
) -> None:
    """Verify an exported edition offline: its digest, signature and definitions. Ends with 1 and every fault."""
    exported = _read(file)
    trusted = None if key is None else _public_key(key)
    faults = faults_of_export(exported, trusted)
    if faults:
        for fault in faults:
            err.print(f"{file}: {fault}", style="red", markup=False, highlight=False)
        raise typer.Exit(1)
    seal = exported["seal"]
    say(f"{_told(exported)}: whole, unchanged, signed")
    say(f"digest: {seal['digest']}")
    if key is None:
        say(f"signature: {seal['algorithm']}, by the key in the file; --key says whose it must be")
    else:
        say(f"signature: {seal['algorithm']}, by the key in {key}")


def _told(exported: dict[str, Any]) -> str:
    content = exported["content"]
    first_day, members = content["effective_from"], len(content["members"])
    return f"edition {content['number']}, in force from {first_day}, with {members} items"


async def _exported(url: str, number: int | None) -> dict[str, Any]:
    """The edition of that number, or the newest. Raises SetupError where there is none."""
    async with prepare.reached(url) as engine:
        await migrate.require_current(engine)
        async with async_sessionmaker(engine)() as session:
            editions = {
                one.number: one for one in await session.scalars(select(CatalogEdition).order_by(CatalogEdition.number))
            }
            if not editions:
                raise SetupError("No edition is published yet: run `tongban load` first.")
            found = editions.get(max(editions) if number is None else number)
            if found is None:
                raise SetupError(f"There is no edition {number}; there are {', '.join(map(str, editions))}.")
            exported = await verification.export(session, found)
            plain: dict[str, Any] = orjson.loads(orjson.dumps(exported))
            return plain


def _read(file: Path) -> Any:
    """What the file holds. Raises SetupError where it is no exported edition at all."""
    none = SetupError(f"{file} is no exported edition.")
    content = _content(file, "edition")
    try:
        exported = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise none from None
    if not isinstance(exported, dict) or exported.get("format") != FORMAT:
        raise none
    return exported


def _public_key(file: Path) -> str:
    """The public key in the file, as editions write theirs. Raises SetupError where there is none."""
    try:
        key = load_pem_public_key(_content(file, "key"))
    except (ValueError, UnsupportedAlgorithm):
        raise SetupError(f"{file} is no public key (PEM).") from None
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _content(file: Path, what: str) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise SetupError(f"The {what} {file} can't be read: {error.strerror}.") from error
    if len(content) > LARGEST:
        raise SetupError(f"The {what} {file} is larger than {LARGEST:,} bytes.")
    return content
