"""The city's data files, row by row, checked; a bad row is named with file, line and reason."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from tongban.centers.models import CalendarKind
from tongban.errors import DataError

SHIPPED = Path(__file__).parent / "data"
"""The data that this version ships."""

DistrictCode = Annotated[str, Field(pattern=r"^\d{6}$")]
DivisionCode = Annotated[str, Field(pattern=r"^\d{12}$")]
Words = Annotated[str, Field(min_length=1)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
_EmptyIsNone = BeforeValidator(lambda value: None if value == "" else value)


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """districts.csv"""

    code: DistrictCode
    name: Words
    name_en: Words
    longitude: Longitude
    latitude: Latitude
    provenance: Words


@dataclass(frozen=True, slots=True)
class DivisionRow:
    """divisions.csv"""

    code: DivisionCode
    name: Words
    district_code: DistrictCode
    kind: Words
    provenance: Words


@dataclass(frozen=True, slots=True)
class CenterRow:
    """centers.csv"""

    code: Words
    name: Words
    name_en: Words
    district_code: DistrictCode
    division_code: DivisionCode
    former_division_code: Annotated[DivisionCode | None, _EmptyIsNone]
    address: Annotated[Words | None, _EmptyIsNone]
    telephone: Annotated[Words | None, _EmptyIsNone]
    longitude: Annotated[Longitude | None, _EmptyIsNone]
    latitude: Annotated[Latitude | None, _EmptyIsNone]
    provenance: Words


@dataclass(frozen=True, slots=True)
class BranchRow:
    """branches.csv"""

    code: Words
    name: Words
    parent_code: Words
    provenance: Words


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """calendar.csv"""

    day: date
    kind: CalendarKind
    name: Words
    provenance: Words


@dataclass(frozen=True, slots=True)
class City:
    """All rows of the city, each kind in the order of its file."""

    districts: tuple[DistrictRow, ...]
    divisions: tuple[DivisionRow, ...]
    centers: tuple[CenterRow, ...]
    branches: tuple[BranchRow, ...]
    calendar: tuple[CalendarRow, ...]


Row = TypeVar("Row", DistrictRow, DivisionRow, CenterRow, BranchRow, CalendarRow)


def read_city(folder: Path = SHIPPED) -> City:
    """Every row of the five files in `folder`. Raises DataError with the reason of each bad row."""
    reasons: list[str] = []
    city = City(
        districts=_read(folder / "districts.csv", DistrictRow, "code", reasons),
        divisions=_read(folder / "divisions.csv", DivisionRow, "code", reasons),
        centers=_read(folder / "centers.csv", CenterRow, "code", reasons),
        branches=_read(folder / "branches.csv", BranchRow, "code", reasons),
        calendar=_read(folder / "calendar.csv", CalendarRow, "day", reasons),
    )
    if not reasons:
        reasons += _dangling(city)
    if reasons:
        raise DataError(reasons)
    return city


def _read(file: Path, kind: type[Row], key: str, reasons: list[str]) -> tuple[Row, ...]:
    """The rows that hold; reasons of the others are added to `reasons`."""
    adapter: TypeAdapter[Row] = TypeAdapter(kind)
    rows: dict[Any, Row] = {}
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            for raw in reader:
                place = f"{file.name}:{reader.line_num}"
                try:
                    row = adapter.validate_python(raw)
                except ValidationError as error:
                    reasons += [f"{place}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
                    continue
                if getattr(row, key) in rows:
                    reasons.append(f"{place}: {key} {getattr(row, key)} stands there twice")
                rows[getattr(row, key)] = row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reasons.append(f"{file.name}:1: can't be read: {error}")
    return tuple(rows.values())


def _dangling(city: City) -> Iterator[str]:
    """References to codes that no file has, and divisions with two centers."""
    districts = {row.code for row in city.districts}
    divisions = {row.code for row in city.divisions}
    centers = {row.code for row in city.centers}
    taken: dict[str, str] = {}
    for line, division in enumerate(city.divisions, 2):
        if division.district_code not in districts:
            yield f"divisions.csv:{line}: district_code: {division.district_code} is not in districts.csv"
    for line, center in enumerate(city.centers, 2):
        if center.district_code not in districts:
            yield f"centers.csv:{line}: district_code: {center.district_code} is not in districts.csv"
        if center.division_code not in divisions:
            yield f"centers.csv:{line}: division_code: {center.division_code} is not in divisions.csv"
        for code in filter(None, (center.division_code, center.former_division_code)):
            if code in taken:
                yield f"centers.csv:{line}: {code} has the center {taken[code]} already"
            taken[code] = center.code
    for line, branch in enumerate(city.branches, 2):
        if branch.parent_code not in centers:
            yield f"branches.csv:{line}: parent_code: {branch.parent_code} is not in centers.csv"
