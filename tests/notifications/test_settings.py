"""The settings of webhook and broker: what can't work is refused at the start, and a secret is not shown."""

import pytest

from tongban.commands.terminal import read_settings
from tongban.errors import SetupError
from tongban.settings import Settings

URL = "https://messages.city.example/tongban"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's example


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEBHOOK_URL", "WEBHOOK_SECRET", "BROKER_URL"):
        monkeypatch.delenv(f"TONGBAN_{name}", raising=False)


def read(monkeypatch: pytest.MonkeyPatch, **said: str) -> Settings:
    for name, value in said.items():
        monkeypatch.setenv(f"TONGBAN_{name}", value)
    return read_settings()


def test_neither_is_set_where_nothing_is_said() -> None:
    settings = read_settings()
    assert (settings.webhook, settings.broker_url) == (None, None)


def test_a_webhook_is_an_address_and_a_secret_which_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, WEBHOOK_URL=URL, WEBHOOK_SECRET=SECRET)
    assert settings.webhook == (URL, SECRET)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "whsec_!!!", "whsec_" + "A" * 200, "密" * 40])
def test_a_secret_that_signs_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    with pytest.raises(SetupError, match=r"^TONGBAN_WEBHOOK_SECRET: shall be whsec_"):
        read(monkeypatch, WEBHOOK_URL=URL, WEBHOOK_SECRET=secret)


def test_an_address_without_a_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SetupError, match=r"^TONGBAN_WEBHOOK_SECRET: is needed with TONGBAN_WEBHOOK_URL$"):
        read(monkeypatch, WEBHOOK_URL=URL)


@pytest.mark.parametrize("url", ["ftp://city.example", "city.example", ""])
def test_an_address_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(SetupError, match="TONGBAN_WEBHOOK_URL: "):
        read(monkeypatch, WEBHOOK_URL=url, WEBHOOK_SECRET=SECRET)


def test_a_broker_is_named_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, BROKER_URL="nats://10.0.0.7:4222").broker_url == "nats://10.0.0.7:4222"
    with pytest.raises(SetupError, match="TONGBAN_BROKER_URL: "):
        read(monkeypatch, BROKER_URL="kafka://10.0.0.7:9092")
