"""The city's data files, row by row, checked; a bad row is named with file, line and reason."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from tongban.centers.calendar import NamedDay
from tongban.centers.words import CalendarKind
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


Row = TypeVar("Row", DistrictRow, DivisionRow, CenterRow, BranchRow, CalendarRow, NamedDay)


def read_city(folder: Path = SHIPPED) -> City:
    """Every row of the five files in `folder`. Raises DataError with the reason of each bad row."""
    reasons: list[str] = []
    places: dict[tuple[type, Any], str] = {}
    city = City(
        districts=_read(folder / "districts.csv", DistrictRow, "code", places, reasons),
        divisions=_read(folder / "divisions.csv", DivisionRow, "code", places, reasons),
        centers=_read(folder / "centers.csv", CenterRow, "code", places, reasons),
        branches=_read(folder / "branches.csv", BranchRow, "code", places, reasons),
        calendar=_read(folder / "calendar.csv", CalendarRow, "day", places, reasons),
    )
    if not reasons:
        reasons += _contradictions(city, places)
    if reasons:
        raise DataError(reasons)
    return city


def read_year(file: Path, reasons: list[str]) -> dict[str, NamedDay]:
    """The days of a calendar file by their `file:line`, as often as they stand there; what is wrong is added."""
    places: dict[tuple[type, Any], str] = {}
    days = _read(file, NamedDay, None, places, reasons)
    return dict(zip(places.values(), days, strict=True))


def _read(
    file: Path, kind: type[Row], key: str | None, places: dict[tuple[type, Any], str], reasons: list[str]
) -> tuple[Row, ...]:
    """The rows that hold, their `file:line` noted in `places`; reasons of the others are added to `reasons`.

    A row is known by its `key`, of which there is one in a file, or by its line where there is none.
    """
    adapter: TypeAdapter[Row] = TypeAdapter(kind)
    columns = [field.name for field in fields(kind)]
    rows: dict[Any, Row] = {}
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            if reader.fieldnames != columns:
                reasons.append(f"{file.name}:1: expected the header {','.join(columns)}")
                return ()
            for raw in reader:
                place = f"{file.name}:{reader.line_num}"
                if None in raw or None in raw.values():
                    reasons.append(f"{place}: expected {len(columns)} columns")
                    continue
                try:
                    row = adapter.validate_python(raw)
                except ValidationError as error:
                    reasons += [f"{place}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
                    continue
                name = getattr(row, key) if key else reader.line_num
                if name in rows:
                    reasons.append(f"{place}: {key} {name} stands there twice")
                rows[name] = row
                places[kind, name] = place
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reasons.append(f"{file.name}:1: can't be read: {error}")
    return tuple(rows.values())


def _contradictions(city: City, places: Mapping[tuple[type, Any], str]) -> Iterator[str]:
    """References to codes that no file has, codes used twice over, and divisions with two centers."""
    districts = {row.code for row in city.districts}
    divisions = {row.code for row in city.divisions}
    centers = {row.code for row in city.centers}
    taken: dict[str, str] = {}
    for division in city.divisions:
        place = places[DivisionRow, division.code]
        if division.district_code not in districts:
            yield f"{place}: district_code: {division.district_code} is not in districts.csv"
    for center in city.centers:
        place = places[CenterRow, center.code]
        if center.district_code not in districts:
            yield f"{place}: district_code: {center.district_code} is not in districts.csv"
        if center.division_code not in divisions:
            yield f"{place}: division_code: {center.division_code} is not in divisions.csv"
        if center.former_division_code in divisions:
            yield f"{place}: former_division_code: {center.former_division_code} is in divisions.csv, so it is in use"
        for code in filter(None, (center.division_code, center.former_division_code)):
            if code in taken:
                yield f"{place}: {code} has the center {taken[code]} already"
            taken[code] = center.code
    for branch in city.branches:
        place = places[BranchRow, branch.code]
        if branch.parent_code not in centers:
            yield f"{place}: parent_code: {branch.parent_code} is not in centers.csv"
        if branch.code in centers:
            yield f"{place}: code: {branch.code} is in centers.csv already"
