"""`tongban calendar`: which years are published, and publishing one from a file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from programs import tongban
from support import new_database
from tongban.centers.load import load_city
from tongban.centers.models import CalendarPublication
from tongban.centers.rows import read_city
from tongban.storage.database import connected

OFF = ["01-01", "02-05", "02-08", "02-09", "02-10", "02-11", "02-12", "04-05", "05-03", "06-09", "09-15", "10-01", "10-04", "10-05"]  # noqa: E501 # fmt: skip
ROWS = [*(f"2027-{day},STATUTORY_HOLIDAY,节" for day in OFF), "2027-02-14,MAKE_UP_WORKDAY,春节"]


@pytest_asyncio.fixture
async def url(server_url: str, migrated_url: str) -> AsyncIterator[str]:
    """A migrated database with the city in it."""
    async with new_database(server_url, migrated_url) as url:
        async with connected(url, 1) as sessions, sessions.begin() as session:
            await load_city(session, read_city())
        yield url


def a_file(folder: Path, *rows: str) -> str:
    file = folder / "2027.csv"
    file.write_text("\n".join(["day,kind,name", *rows, ""]), encoding="utf-8")
    return str(file)


async def publications(url: str) -> list[tuple[int, int, str, str]]:
    async with connected(url, 1) as sessions, sessions() as session:
        return [(one.year, one.version, one.source, one.actor) for one in await _all(session)]


async def _all(session: AsyncSession) -> list[CalendarPublication]:
    return list(await session.scalars(select(CalendarPublication).order_by(CalendarPublication.version)))


@pytest.mark.long
async def test_a_year_is_imported_shown_and_replaced(url: str, tmp_path: Path) -> None:
    def run(*command: str) -> tuple[int, str, str]:
        ended = tongban("calendar", *command, TONGBAN_DATABASE_URL=url, COLUMNS="200")
        return ended.code, ended.out, ended.err

    code, shown, _ = run()
    assert code == 0
    lines = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line[:2] == "20"}
    assert list(lines) == [str(year) for year in range(2018, 2018 + len(lines))]
    assert lines["2026"] == ["yes", "33", "6", "pypi:chinesecalendar@1.11.0"]
    assert lines["2027"][:2] == ["no", "what"]

    file = a_file(tmp_path, *ROWS)
    code, said, _ = run("import", file, "--source", "notice")
    assert (code, said.splitlines()[-1]) == (
        0,
        "2027: 14 holidays, 1 make-up workdays, version 1; open cases that are due at another time: 0",
    )
    assert "2027  yes        14        1" in run()[1]

    other = a_file(tmp_path, *ROWS, "2027-10-06,STATUTORY_HOLIDAY,节")
    code, _, refused = run("import", other, "--source", "notice")
    assert code == 1
    assert refused.splitlines() == [
        "2027.csv: The calendar of 2027 is published already, and differs on 1 days. "
        "To change it all the same, say replace: true, on the command line --replace",
        "Nothing was loaded.",
    ]
    assert run("import", other, "--source", "notice", "--replace")[0] == 0
    assert await publications(url) == [(2027, 1, "notice", "command-line"), (2027, 2, "notice", "command-line")]


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        (
            ["2027-01-01,STATUTORY_HOLIDAY,节", "2027-01-04,MAKE_UP_WORKDAY,节", "2027-01-01,STATUTORY_HOLIDAY,"],
            [
                "2027.csv:3: 2027-01-04 is a weekday, which is worked anyhow",
                "2027.csv:4: 2027-01-01 stands there twice",
                "2027.csv:4: The name of the holiday has 1 to 100 characters",
            ],
        ),
        (
            ["2027-01-01,HOLIDAY,节", "2027-02-30,STATUTORY_HOLIDAY,节", "2027-03-01", "2028-01-03,MAKE_UP_WORKDAY,x"],
            [
                "2027.csv:2: kind: ",
                "2027.csv:3: day: ",
                "2027.csv:4: expected 3 columns",
                "2027.csv:5: 2028-01-03 is a weekday, which is worked anyhow",
            ],
        ),
        (["2027-01-01,STATUTORY_HOLIDAY,节"], ["2027.csv: 2027 has 1 weekdays off"]),
        ([], ["2027.csv: The year lies between 2008 and 2100", "2027.csv: There is no holiday in it"]),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line_before_a_database_is_asked(
    tmp_path: Path, rows: list[str], reasons: list[str]
) -> None:
    ended = tongban("calendar", "import", a_file(tmp_path, *rows), "--source", "x", TONGBAN_DATABASE_URL="nonsense")
    assert ended.code == 1
    said = ended.err.splitlines()
    assert said[-1] == "Nothing was loaded."
    assert [line[: len(reason)] for line, reason in zip(said[:-1], reasons, strict=True)] == reasons


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = tongban("calendar", "import", str(tmp_path / "no.csv"), "--source", "x", TONGBAN_DATABASE_URL="nonsense")
    assert (ended.code, ended.err.partition(":")[0]) == (1, "no.csv")
