"""What a file is, by its own bytes: PDF, JPEG, PNG or OFD (GB/T 33190), and nothing else beside it.

Pure: reads the file's structure, never unpacks or draws anything. A file that is two things at once, such as a picture
with a ZIP after it, is neither.
"""

import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import BinaryIO


class Kind(StrEnum):
    """The kinds that are taken, by their media types."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    OFD = "application/ofd"


EXTENSIONS = {Kind.PDF: (".pdf",), Kind.JPEG: (".jpg", ".jpeg"), Kind.PNG: (".png",), Kind.OFD: (".ofd",)}
"""How the names of such files end; the first one is ours."""
MOST_PIXELS = 120_000_000
"""Of a picture: more would fill the memory of whoever opens it."""
MOST_PNG_CHUNKS, MOST_SEGMENTS = 50_000, 5_000
MOST_ENTRIES, LARGEST_DIRECTORY = 10_000, 2_000_000
"""Of an OFD's package: its entries, and the bytes that list them."""
LARGEST_UNPACKED, MOST_TIMES = 200_000_000, 100
"""How large an OFD may get unpacked, in bytes, and in times its own size."""

HEAD = 1024
"""Bytes in which a lenient reader still looks for the beginning of another kind."""
FOREIGN = re.compile(rb"<!doctype|<html|<head|<body|<script|<svg|<iframe", re.IGNORECASE)
PDF_HEADER = b"%PDF-"
END_OF_ZIP, OF_ZIP64 = b"PK\x05\x06", b"PK\x06\x07"
TAIL = 65_535 + 22
"""Bytes at the end in which a ZIP's end may stand."""
OTHER_PACKAGES = {"[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF", "AndroidManifest.xml"}
"""What makes a package one of another kind: office documents, books, programs."""


def kind_of(file: BinaryIO, size: int) -> Kind | None:
    """The kind of the file, which has `size` bytes; None where it is none of ours, or more than one."""
    head = _at(file, 0, HEAD)
    for kind, (begins, is_whole) in _KINDS.items():
        if head.startswith(begins):
            foreign = FOREIGN.search(head) or (kind is not Kind.PDF and PDF_HEADER in head)
            return kind if not foreign and is_whole(file, size) else None
    return None


def _is_pdf(file: BinaryIO, size: int) -> bool:
    """A header, an end, and nothing after it."""
    tail = _at(file, max(0, size - HEAD), HEAD)
    after = tail.rpartition(b"%%EOF")
    return (
        re.match(rb"%PDF-[12]\.[0-9]", _at(file, 0, 8)) is not None
        and after[1] != b""
        and after[2].strip(b"\r\n \t\0") == b""
        and not _has_zip(file, size)
    )


_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
"""The markers of a JPEG that tell its measures."""


def _is_jpeg(file: BinaryIO, size: int) -> bool:
    """Segments up to the picture, a picture of a size that can be shown, and the end of it as the end of the file."""
    place, measured = 2, False
    for _ in range(MOST_SEGMENTS):
        head = _at(file, place, 9)
        if len(head) < 9 or head[0] != 0xFF:
            return False
        if head[1] == 0xFF:  # padding
            place += 1
            continue
        length = int.from_bytes(head[2:4])
        if head[1] in _FRAMES:
            measured = _fits(int.from_bytes(head[7:9]), int.from_bytes(head[5:7]))
        if head[1] == 0xDA:
            return measured and _at(file, size - 2, 2) == b"\xff\xd9" and not _has_zip(file, size)
        if length < 2:
            return False
        place += 2 + length
    return False


def _is_png(file: BinaryIO, size: int) -> bool:
    """Chunks from the measures to the end, which is the end of the file."""
    place = 8
    for number in range(MOST_PNG_CHUNKS):
        head = _at(file, place, 16)
        if len(head) < (8 if number else 16) or not head[4:8].isalpha():
            return False
        length, name = int.from_bytes(head[:4]), head[4:8]
        if (name == b"IHDR") is not (number == 0):
            return False
        if number == 0 and (length != 13 or not _fits(*struct.unpack(">II", head[8:16]))):
            return False
        place += 12 + length
        if name == b"IEND":
            return length == 0 and place == size and not _has_zip(file, size)
    return False


def _is_ofd(file: BinaryIO, size: int) -> bool:
    """A package with OFD.xml at its root that fills the file and unpacks to what can be borne."""
    end = _at(file, size - 22, 22)
    if not end.startswith(END_OF_ZIP) or len(end) < 22:
        return False
    disk, first_disk, here, entries, length, start, comment = struct.unpack("<4xHHHHIIH", end)
    if (disk, first_disk, comment) != (0, 0, 0) or here != entries or start + length + 22 != size:
        return False
    if not 0 < entries <= MOST_ENTRIES or length > LARGEST_DIRECTORY:
        return False
    try:
        with zipfile.ZipFile(file) as package:
            listed = package.infolist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError):
        return False
    names = [entry.filename for entry in listed]
    return (
        len(listed) == entries
        and "OFD.xml" in names
        and len({name.lower() for name in names}) == len(names)
        and not OTHER_PACKAGES & set(names)
        and all(_stays_inside(name) for name in names)
        and all(_is_plain(entry) for entry in listed)
        and sum(entry.file_size for entry in listed) <= min(LARGEST_UNPACKED, MOST_TIMES * size)
        and _lie_apart(listed, start)
    )


def _stays_inside(name: str) -> bool:
    """Whether it is the name of a file within the package."""
    parts = name.removesuffix("/").split("/")
    return not re.search(r"[\\:\0]", name) and all(part not in ("", ".", "..") for part in parts)


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    """Neither encrypted, nor packed in a way that a reader need not know."""
    return not entry.flag_bits & 0x41 and entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def _lie_apart(entries: list[zipfile.ZipInfo], end: int) -> bool:
    """Whether the entries fill the file from its beginning and none overlaps another, as those of a ZIP bomb do."""
    place = 0
    for number, entry in enumerate(sorted(entries, key=lambda one: one.header_offset)):
        if entry.header_offset < place or (number == 0 and entry.header_offset != 0):
            return False
        name = entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437")
        place = entry.header_offset + 30 + len(name) + entry.compress_size
    return place <= end


_KINDS: dict[Kind, tuple[bytes, Callable[[BinaryIO, int], bool]]] = {
    Kind.PDF: (PDF_HEADER, _is_pdf),
    Kind.JPEG: (b"\xff\xd8\xff", _is_jpeg),
    Kind.PNG: (b"\x89PNG\r\n\x1a\n", _is_png),
    Kind.OFD: (b"PK\x03\x04", _is_ofd),
}


def _fits(width: int, height: int) -> bool:
    return 0 < width * height <= MOST_PIXELS


def _has_zip(file: BinaryIO, size: int) -> bool:
    """Whether a reader of ZIPs, which looks from the end, finds one; its four bytes alone may be there by chance."""
    begin = max(0, size - TAIL)
    tail = _at(file, begin, TAIL)
    return any(_ends_zip(file, tail, begin, found) for found in _places(tail, END_OF_ZIP))


def _ends_zip(file: BinaryIO, tail: bytes, begin: int, found: int) -> bool:
    end = tail[found : found + 22]
    if len(end) < 22:
        return False
    entries, length, start = struct.unpack("<10xHII2x", end)
    if found >= 20 and tail[found - 20 : found - 16] == OF_ZIP64:
        return True
    if entries == 0:
        return bool(length == 0)
    return b"PK\x01\x02" in (_at(file, begin + found - length, 4), _at(file, start, 4))


def _places(text: bytes, wanted: bytes) -> Iterator[int]:
    found = text.find(wanted)
    while found >= 0:
        yield found
        found = text.find(wanted, found + 1)


def _at(file: BinaryIO, place: int, length: int) -> bytes:
    file.seek(max(0, place))
    return file.read(length)
