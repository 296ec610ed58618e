"""What a file is by its own bytes: each kind as programs write it, and everything that only looks like one."""

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents_support import A_JPEG, a_pdf, a_png, a_zip, an_ofd, noise, png_chunk
from tongban.documents.kinds import MOST_ENTRIES, TAIL, Kind, kind_of

WHOLE = {Kind.PDF: a_pdf(), Kind.JPEG: A_JPEG, Kind.PNG: a_png(), Kind.OFD: an_ofd()}


def kind(content: bytes) -> Kind | None:
    return kind_of(io.BytesIO(content), len(content))


@pytest.mark.parametrize("is_", Kind)
def test_each_kind_is_recognized(is_: Kind) -> None:
    assert kind(WHOLE[is_]) is is_


def test_larger_ones_are_too() -> None:
    much = noise(3_000_000)
    jpeg = A_JPEG[:2] + b"\xff\xe1\xff\xfe" + much[:65_532] + A_JPEG[2:-2] + much.replace(b"\xff", b"") + b"\xff\xd9"
    assert kind(jpeg) is Kind.JPEG
    assert kind(a_pdf(filling=3_000_000)) is Kind.PDF
    assert kind(a_pdf() + b"1 0 obj\nnull\nendobj\nstartxref\n9\n%%EOF\r\n") is Kind.PDF  # saved again, incrementally
    assert kind(a_png(5_000, 7_000, png_chunk(b"tEXt", much))) is Kind.PNG
    pages = {f"Doc_0/Pages/Page_{number}/Content.xml": much[:1_000] for number in range(200)}
    assert kind(an_ofd(**pages)) is Kind.OFD


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%",
        b"%PDF-",
        b"just words",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"GIF89a" + b"\0" * 40,
        b"BM" + b"\0" * 60,
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"II*\0" + b"\0" * 40,
        b"\x7fELF" + b"\0" * 60,
        b"MZ" + b"\0" * 60,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        b"7z\xbc\xaf\x27\x1c" + b"\0" * 30,
        b"\0" * 100,
        b" " + a_pdf(),
        b"\n" + A_JPEG,
    ],
)
def test_anything_else_is_not(content: bytes) -> None:
    assert kind(content) is None


@pytest.mark.parametrize("is_", Kind)
def test_a_part_is_not_the_whole(is_: Kind) -> None:
    content = WHOLE[is_]
    end = len(content.rstrip())
    assert [cut for cut in range(end) if kind(content[:cut]) is not None] == []


@pytest.mark.parametrize("is_", Kind)
@pytest.mark.parametrize(
    "after",
    [
        a_zip({"evil.class": b"1"}),
        a_zip({}),
        a_zip({"evil.class": b"1"}) + b"\n",
        b"<script>alert(1)</script>",
        b"Rar!\x1a\x07\x01\0",
        a_pdf(),
        A_JPEG + b"x",
        b"more",
    ],
)
def test_nothing_comes_after_it(is_: Kind, after: bytes) -> None:
    if is_ is Kind.PDF and after == a_pdf():
        return  # that is how a PDF is saved again
    assert kind(WHOLE[is_] + after) is None


@pytest.mark.parametrize("is_", [Kind.PDF, Kind.JPEG, Kind.PNG])
def test_no_package_is_hidden_in_it(is_: Kind) -> None:
    """One whose comment is the rest of the file, so that the file ends as it should."""
    ends = {Kind.PDF: b"\n%%EOF\n", Kind.JPEG: b"\xff\xd9", Kind.PNG: png_chunk(b"IEND", b"")}
    for rest in (ends[is_], b"x" * 60_000 + ends[is_]):
        package = a_zip({"evil.class": b"1"})
        package = package[:-2] + struct.pack("<H", len(rest)) + rest
        assert kind(WHOLE[is_] + package) is None
    packed = io.BytesIO(WHOLE[is_])
    with zipfile.ZipFile(packed, "a") as archive:  # its places count from the beginning of the whole
        archive.writestr("evil.class", b"1")
        archive.comment = ends[is_]
    assert zipfile.is_zipfile(packed)
    assert kind(packed.getvalue()) is None
    hidden = a_zip({"evil.class": b"1"})
    assert kind(a_png(1, 1, png_chunk(b"tEXt", hidden))) is None
    jpeg = A_JPEG[:2] + b"\xff\xfe" + struct.pack(">H", len(hidden) + 2) + hidden + A_JPEG[2:]
    assert kind(jpeg) is None


def test_four_bytes_by_chance_are_no_package() -> None:
    for place in (100, 5_000):
        comment = bytearray(noise(10_000, place))
        comment[place : place + 4] = b"PK\x05\x06"
        assert kind(a_png(1, 1, png_chunk(b"tEXt", bytes(comment)))) is Kind.PNG
    assert TAIL > 10_000


@pytest.mark.parametrize("words", [b"<html>", b"<SCRIPT>", b"<svg ", b"<!DocType html>", a_pdf()])
def test_nothing_else_begins_in_it(words: bytes) -> None:
    comment = b"\xff\xfe" + struct.pack(">H", len(words) + 2) + words
    assert kind(A_JPEG[:2] + comment + A_JPEG[2:]) is None
    assert kind(a_png(1, 1, png_chunk(b"tEXt", words))) is None
    if words != a_pdf():
        assert kind(a_pdf().replace(b"1 0 obj", words + b"\n1 0 obj")) is None


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (60_000, 60_000), (2**31, 2), (20_000, 6_001)])
def test_a_picture_is_no_bomb(width: int, height: int) -> None:
    assert kind(a_png(width, height)) is None
    frame = A_JPEG.index(b"\xff\xc0") if b"\xff\xc0" in A_JPEG else A_JPEG.index(b"\xff\xc2")
    if max(width, height) < 65_536:
        bomb = A_JPEG[: frame + 5] + struct.pack(">HH", height, width) + A_JPEG[frame + 9 :]
        assert kind(bomb) is None


@pytest.mark.parametrize(
    "content",
    [
        a_zip({"a": b"1"}),
        a_zip({"ofd.xml": b"1"}),
        a_zip({"Doc/OFD.xml": b"1"}),
        a_zip({"OFD.xml/": b""}),
        an_ofd(**{"ofd.XML": b"1"}),
        an_ofd(**{"../evil": b"1"}),
        an_ofd(**{"a/../../evil": b"1"}),
        an_ofd(**{"/etc/passwd": b"1"}),
        an_ofd(**{"a\\..\\evil": b"1"}),
        an_ofd(**{"C:evil": b"1"}),
        an_ofd(**{"a//b": b"1"}),
        an_ofd(**{"[Content_Types].xml": b"1"}),
        an_ofd(**{"META-INF/MANIFEST.MF": b"1"}),
        an_ofd(**{"AndroidManifest.xml": b"1"}),
        an_ofd(mimetype=b"1"),
        an_ofd(bomb=b"\0" * 30_000_000),
        b"MZ" + an_ofd(),
    ],
)
def test_a_package_is_an_ofd_only(content: bytes) -> None:
    assert kind(content) is None


def test_an_ofd_has_so_many_entries() -> None:
    more = {f"Doc_0/{number}": b"" for number in range(MOST_ENTRIES - 2)}
    assert kind(an_ofd(**more)) is Kind.OFD
    assert kind(an_ofd(**more, one=b"")) is None


def test_entries_that_overlap_are_refused() -> None:
    """Many entries that share one packed text: a bomb that a sum over the directory alone may miss."""
    content = an_ofd()
    end = content.rindex(b"PK\x05\x06")
    start = struct.unpack("<I", content[end + 16 : end + 20])[0]
    directory = content[start:end]
    again = directory[directory.rindex(b"PK\x01\x02") :].replace(b"Document.xml", b"DocumenT.xmL")
    copies = b"".join(again.replace(b"DocumenT", b"Documen%c" % letter) for letter in b"abcdefgh")
    listed = directory + copies
    entries = struct.pack("<HH", 10, 10)
    bomb = content[:start] + listed + content[end : end + 8] + entries + struct.pack("<IIH", len(listed), start, 0)
    assert len(zipfile.ZipFile(io.BytesIO(bomb)).infolist()) == 10
    assert kind(bomb) is None


def test_locked_and_oddly_packed_entries_are_refused() -> None:
    content = bytearray(an_ofd())
    place = content.index(b"PK\x01\x02")
    locked = content.copy()
    locked[place + 8] |= 1
    assert kind(bytes(locked)) is None
    odd = content.copy()
    odd[place + 10] = 14  # LZMA
    assert kind(bytes(odd)) is None


@given(st.sampled_from(Kind), st.integers(0, 2_000), st.binary(max_size=30))
def test_whatever_is_broken_gets_an_answer(is_: Kind, place: int, other: bytes) -> None:
    content = WHOLE[is_]
    broken = content[:place] + other + content[place + len(other) :]
    assert kind(broken) in (None, is_)


@given(
    st.sampled_from([b"%PDF-1.7", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"]), st.binary(max_size=300)
)
def test_a_beginning_alone_is_nothing(begins: bytes, rest: bytes) -> None:
    assert kind(begins + rest) is None or b"%%EOF" in rest
