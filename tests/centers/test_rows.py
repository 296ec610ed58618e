"""The city's files: what ships holds together, and a bad row is refused with file, line and reason."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tongban.centers.rows import SHIPPED, City, read_city
from tongban.errors import DataError


@pytest.fixture(scope="module")
def city() -> City:
    return read_city()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files, to be spoiled."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "data"))


def spoil(file: Path, line: int, old: str, new: str) -> None:
    """Replaces `old` by `new` in one line of the file."""
    lines = file.read_text(encoding="utf-8").split("\n")
    assert old in lines[line - 1], lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    file.write_text("\n".join(lines), encoding="utf-8")


def reasons(folder: Path) -> list[str]:
    with pytest.raises(DataError) as refused:
        read_city(folder)
    assert str(refused.value) == "\n".join(refused.value.reasons)
    return refused.value.reasons


def test_what_ships_is_the_whole_city(city: City) -> None:
    assert (len(city.districts), len(city.centers), len(city.branches), len(city.divisions)) == (16, 220, 67, 234)
    assert sum(1 for row in city.centers if row.former_division_code) == 34
    assert all(row.provenance for rows in (city.districts, city.centers, city.branches) for row in rows)


def test_every_center_has_a_division_of_its_own_in_its_own_district(city: City) -> None:
    district_of = {row.code: row.district_code for row in city.divisions}
    assert max(Counter(row.division_code for row in city.centers).values()) == 1
    assert all(district_of[row.division_code] == row.district_code for row in city.centers)
    assert len(district_of.keys() - {row.division_code for row in city.centers}) == 14


def test_former_codes_are_not_in_use_any_more(city: City) -> None:
    today = {row.code for row in city.divisions}
    assert not today & {row.former_division_code for row in city.centers}


@pytest.mark.parametrize(
    ("name", "line", "old", "new", "reason"),
    [
        ("districts.csv", 2, "310101,", "3101,", "districts.csv:2: code: String should match pattern '^\\d{6}$'"),
        ("districts.csv", 3, "121.43519", "east", "districts.csv:3: longitude: Input should be a valid number"),
        ("districts.csv", 3, "31.16524", "131.16524", "districts.csv:3: latitude: Input should be less than or equal"),
        ("divisions.csv", 4, ",街道,", ",,", "divisions.csv:4: kind: String should have at least 1 character"),
        ("centers.csv", 5, "310101017000", "31010101700", "centers.csv:5: division_code: String should match pattern"),
        ("branches.csv", 2, ",illustrative;", ",,illustrative;", "branches.csv:2: expected 4 columns"),
        ("branches.csv", 2, ",illustrative;", "", "branches.csv:2: expected 4 columns"),
        ("calendar.csv", 3, "2018-02-11", "2018-02-30", "calendar.csv:3: day: Input should be a valid date"),
        ("calendar.csv", 3, "MAKE_UP_WORKDAY", "HOLIDAY", "calendar.csv:3: kind: Input should be"),
    ],
)
def test_a_bad_row_is_named(folder: Path, name: str, line: int, old: str, new: str, reason: str) -> None:
    spoil(folder / name, line, old, new)
    (said,) = reasons(folder)
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("name", "line", "old", "new", "reason"),
    [
        ("divisions.csv", 2, ",310101,", ",310199,", "divisions.csv:2: district_code: 310199 is not in districts.csv"),
        ("centers.csv", 2, ",310101,", ",310199,", "centers.csv:2: district_code: 310199 is not in districts.csv"),
        (
            "centers.csv",
            2,
            "310101002000",
            "310199002000",
            "centers.csv:2: division_code: 310199002000 is not in divisions.csv",
        ),
        (
            "centers.csv",
            3,
            "310101013000",
            "310101002000",
            "centers.csv:3: 310101002000 has the center SH0101-01 already",
        ),
        (
            "branches.csv",
            3,
            ",SH0115-13,",
            ",SH0999-13,",
            "branches.csv:3: parent_code: SH0999-13 is not in centers.csv",
        ),
        ("districts.csv", 3, "310104,", "310101,", "districts.csv:3: code 310101 stands there twice"),
        ("calendar.csv", 4, "2018-02-15", "2018-02-11", "calendar.csv:4: day 2018-02-11 stands there twice"),
    ],
)
def test_rows_that_contradict_each_other_are_named(
    folder: Path, name: str, line: int, old: str, new: str, reason: str
) -> None:
    spoil(folder / name, line, old, new)
    assert reasons(folder) == [reason]


def test_a_code_of_two_kinds_of_centers_is_refused(folder: Path) -> None:
    """Centers and branches are told apart by nothing but their codes."""
    spoil(folder / "branches.csv", 2, "SH0115-13-S1", "SH0101-01")
    assert reasons(folder) == ["branches.csv:2: code: SH0101-01 is in centers.csv already"]


def test_a_former_code_that_is_in_use_is_refused(folder: Path) -> None:
    spoil(folder / "centers.csv", 2, "310101002000,,", "310101002000,310104501000,")
    assert reasons(folder) == ["centers.csv:2: former_division_code: 310104501000 is in divisions.csv, so it is in use"]


def test_all_bad_rows_are_named_at_once(folder: Path) -> None:
    spoil(folder / "districts.csv", 2, "310101,", "x,")
    spoil(folder / "centers.csv", 9, "SH0101-08", "")
    spoil(folder / "centers.csv", 7, "31010", "?")
    spoil(folder / "calendar.csv", 3, "2018", "18")
    (folder / "branches.csv").unlink()
    places = [reason.partition(": ")[0] for reason in reasons(folder)]
    assert Counter(places) == {
        "districts.csv:2": 1,
        "centers.csv:7": 2,
        "centers.csv:9": 1,
        "branches.csv:1": 1,
        "calendar.csv:3": 1,
    }


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "divisions.csv").unlink()
    (said,) = reasons(folder)
    assert said.startswith("divisions.csv:1: can't be read: ")


def test_a_missing_folder_names_every_file(tmp_path: Path) -> None:
    files = {reason.partition(":")[0] for reason in reasons(tmp_path / "nowhere")}
    assert files == {"districts.csv", "divisions.csv", "centers.csv", "branches.csv", "calendar.csv"}


def test_an_empty_file_is_refused(folder: Path) -> None:
    """Else a city without calendar would count deadlines by the plain week."""
    (folder / "calendar.csv").write_text("")
    (said,) = reasons(folder)
    assert said == "calendar.csv:1: expected the header day,kind,name,provenance"


def test_a_wrong_header_is_told_once(folder: Path) -> None:
    spoil(folder / "centers.csv", 1, "division_code", "division")
    (said,) = reasons(folder)
    assert said.startswith("centers.csv:1: expected the header code,name,name_en,district_code,division_code,")


def test_bytes_that_are_no_utf8_are_refused(folder: Path) -> None:
    text = (folder / "districts.csv").read_text(encoding="utf-8")
    (folder / "districts.csv").write_bytes(text.encode("gb18030"))
    (said,) = reasons(folder)
    assert said.startswith("districts.csv:1: can't be read: 'utf-8' codec can't decode")
