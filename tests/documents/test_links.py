"""Links and tokens: only what was given works, and only for as long as it was given."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import NOW
from tongban.documents.links import LINK_LASTS, BadLink, LinkExpired, Secret, secret_from
from tongban.errors import SetupError

SECRET, OTHER = Secret(b"1" * 32), Secret(b"2" * 32)


@given(st.uuids(), st.uuids(), st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_link_says_what_it_was_made_for(case: UUID, document: UUID, now: datetime) -> None:
    link = SECRET.link_to(case, document, now)
    assert SECRET.read_link(link, now) == (case, document)
    assert SECRET.read_link(link, now + LINK_LASTS - timedelta(seconds=1)) == (case, document)
    with pytest.raises(LinkExpired):
        SECRET.read_link(link, now + LINK_LASTS)


def test_no_other_link_works() -> None:
    link = SECRET.link_to(uuid4(), uuid4(), NOW)
    with pytest.raises(BadLink):
        OTHER.read_link(link, NOW)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place in range(len(link)):
        for letter in letters:
            changed = link[:place] + letter + link[place + 1 :]
            if changed != link:
                with pytest.raises(BadLink):
                    SECRET.read_link(changed, NOW)


@given(st.text(max_size=120) | st.text("ABab01-_=+/", max_size=120))
def test_any_text_is_no_link(text: str) -> None:
    with pytest.raises(BadLink):
        SECRET.read_link(text, NOW)


def test_a_token_is_no_link_and_tells_nothing_of_another() -> None:
    one, other = uuid4(), uuid4()
    assert SECRET.token_of(one) == SECRET.token_of(one)
    assert len({SECRET.token_of(one), SECRET.token_of(other), OTHER.token_of(one)}) == 3
    with pytest.raises(BadLink):
        SECRET.read_link(SECRET.token_of(one), NOW)


def test_the_secret_is_made_once_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "var" / "link-secret"
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: secret_from(file), range(40)))
    assert len(secrets) == 1
    assert secrets == {secret_from(file)}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_secret_that_can_t_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"1" * 31)
    for file, says in ((tmp_path / "short", "too short: it has 31 bytes"), (tmp_path, "can't be used")):
        with pytest.raises(SetupError, match=says):
            secret_from(file)
