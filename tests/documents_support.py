"""Small documents that are real: a program that opens such files opens these."""

import base64
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from support import PROBLEMS, Api

CREATE = f"""mutation($input: CreateUploadInput!) {{ createUpload(input: $input) {{ url {PROBLEMS}
  upload {{ id state fileName size digest mediaType refusal expiresAt storedAt center {{ code }}
    material {{ code }} }} }} }}"""


def a_pdf(text: str = "Tongban", filling: int = 0) -> bytes:
    """One page with a line of text, and a comment of `filling` bytes before it."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    written = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + (b"%" + b"x" * filling + b"\n" if filling else b"")
    places = []
    for number, one in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    return written + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def a_png(width: int = 1, height: int = 1, *more: bytes) -> bytes:
    """A gray picture, with other chunks before it; its data is that of one pixel whatever it says of its size."""
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0\x80"))
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + pixels + png_chunk(b"IEND", b"")


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


A_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////"
    "////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=="
)
"""One pixel."""


def an_ofd(**more: bytes) -> bytes:
    """A package as GB/T 33190 lays it out, with other files beside."""
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    files: Mapping[str, bytes] = {
        "OFD.xml": f'<?xml version="1.0" encoding="UTF-8"?><ofd:OFD {space} Version="1.1" DocType="OFD"><ofd:DocBody>'
        "<ofd:DocInfo><ofd:DocID>0</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
        "</ofd:DocBody></ofd:OFD>".encode(),
        "Doc_0/Document.xml": f'<?xml version="1.0" encoding="UTF-8"?><ofd:Document {space}><ofd:CommonData>'
        "<ofd:MaxUnitID>1</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"
        "</ofd:CommonData><ofd:Pages/></ofd:Document>".encode(),
    }
    return a_zip({**files, **more})


def a_zip(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return packed.getvalue()


EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""What every scanner takes for malware, by agreement; in two parts, so that none takes this file for it."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def a_scanner(folder: Path, script: str) -> str:
    """The command of a scanner that is a script of the shell, with the file as `$1`."""
    program = folder / "scan"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


GREP = 'grep -qF "EICAR-STANDARD-ANTIVIRUS-TEST-FILE" "$1" && exit 1; exit 0'
"""A real, if simple, one."""


def noise(length: int, seed: int = 1) -> bytes:
    """Bytes without an order, the same in each run."""
    return hashlib.shake_128(seed.to_bytes(4)).digest(length)


async def announced(api: Api, content: bytes, center: str = "SH0114-01", **said: Any) -> dict[str, Any]:
    """What createUpload answers for the content: `upload`, `url` and `problems`."""
    plain = {"center": center, "fileName": "letter.pdf", "size": len(content), "digest": sha256(content)}
    payload: dict[str, Any] = (await api.ask(CREATE, input=plain | said))["createUpload"]
    return payload


async def uploaded(api: Api, content: bytes, center: str = "SH0114-01", **said: Any) -> str:
    """The id of an upload whose file is stored."""
    payload = await announced(api, content, center, **said)
    assert payload["problems"] == [], payload["problems"]
    answer = await api.client.put(payload["url"], content=content)
    assert answer.status_code == 201, answer.text
    upload: str = answer.json()["upload"]
    assert upload == payload["upload"]["id"]
    return upload


async def pieces(content: bytes, length: int = 10_000) -> AsyncIterator[bytes]:
    """The content in pieces, which do not say how long it is."""
    for place in range(0, len(content), length):
        yield content[place : place + length]
