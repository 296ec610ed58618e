"""The host of channels: whatever one does, the others deliver and the loop goes on; and the channels of the core."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from notification_support import NOTICE, Receiver, receiver
from tongban import ChannelGone, Delivery, NotDelivered, Notice, hookimpl
from tongban.notifications.channels import (
    GROUP,
    LONGEST_TEXT,
    Channel,
    ChannelLimits,
    Undelivered,
    channel_of,
    open_channels,
)
from tongban.notifications.log import LogChannel
from tongban.notifications.webhook import WebhookChannel, body_of

SHORT = ChannelLimits(call_seconds=0.2, start_seconds=0.5, places=2, open_seconds=0.2, gone_seconds=0.3)
SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def channel(does: Callable[[Notice], Any], limits: ChannelLimits = SHORT, name: str = "trial") -> Channel:
    class Plugin:
        @hookimpl
        def tongban_notify(self, notice: Notice) -> Any:
            return does(notice)

    return channel_of(name, Plugin(), limits)


async def reason(of: Channel, notice: Notice = NOTICE) -> str:
    with pytest.raises(Undelivered) as caught:
        await of.deliver(notice)
    return str(caught.value)


def raising(error: BaseException) -> Callable[[Notice], Any]:
    def do(_: Notice) -> Any:
        raise error

    return do


class Unspeakable(NotDelivered):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class TestHost:
    async def test_a_channel_gets_the_notice_and_its_number_for_it_is_kept(self) -> None:
        got: list[Notice] = []

        def do(notice: Notice) -> Delivery:
            got.append(notice)
            return Delivery("SMS-7\0 \ud800\n" + "9" * 500)

        delivery = await channel(do).deliver(NOTICE)
        assert got == [NOTICE]
        assert delivery.reference is not None
        assert delivery.reference.startswith("SMS-7 ? 9")
        assert len(delivery.reference) == LONGEST_TEXT

    HOSTILE: ClassVar = {
        "raises": (raising(RuntimeError("王小明 310199197505200027")), "RuntimeError"),
        "says why": (raising(NotDelivered("the gateway\nis full\0")), "the gateway is full"),
        "says too much": (raising(NotDelivered("x" * 999)), "x" * LONGEST_TEXT),
        "can't say": (raising(Unspeakable()), "NotDelivered"),
        "leaves": (raising(SystemExit(3)), "SystemExit"),
        "interrupts": (raising(KeyboardInterrupt()), "KeyboardInterrupt"),
        "cancels": (raising(asyncio.CancelledError()), "CancelledError"),
        "base": (raising(BaseException("x")), "BaseException"),
        "stops": (raising(StopIteration(1)), "StopIteration"),
        "nothing": (lambda _: None, "it gave NoneType, no Delivery"),
        "text": (lambda _: "sent", "it gave str, no Delivery"),
        "class": (lambda _: Delivery, "it gave type, no Delivery"),
        "number": (lambda _: Delivery(7), "it gave a Delivery whose reference is no text"),  # type: ignore[arg-type]
        "hangs": (lambda _: time.sleep(0.6), "no answer within 0.2 s"),
    }

    @pytest.mark.parametrize(("does", "why"), HOSTILE.values(), ids=HOSTILE)
    async def test_a_hostile_channel_gives_a_reason_and_harms_nobody(
        self, does: Callable[[Notice], Any], why: str
    ) -> None:
        good = channel(lambda _: Delivery())
        bad, delivered = await asyncio.gather(reason(channel(does)), good.deliver(NOTICE))
        assert (bad, delivered) == (why, Delivery())

    async def test_the_loop_goes_on_while_a_channel_hangs(self) -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        assert await reason(channel(lambda _: time.sleep(0.5))) == "no answer within 0.2 s"
        ticking.cancel()
        assert ticks > 8

    async def test_calls_that_hang_take_few_threads_and_give_them_back(self) -> None:
        ended = threading.Event()

        def hang(_: Notice) -> Delivery:
            ended.wait(30)
            return Delivery()

        slow = channel(hang, replace(SHORT, failures_to_open=100), "slow")
        reasons = await asyncio.gather(*(reason(slow) for _ in range(6)))
        assert sorted(reasons) == ["2 calls hang already"] * 4 + ["no answer within 0.2 s"] * 2
        assert sum(thread.name == "channel slow" for thread in threading.enumerate()) == 2
        ended.set()
        async with asyncio.timeout(5):
            while True:
                try:
                    assert await slow.deliver(NOTICE) == Delivery()
                except Undelivered:
                    await asyncio.sleep(0.01)
                else:
                    break

    async def test_after_failures_in_a_row_nobody_calls_until_the_pause_is_over(self) -> None:
        calls: list[Notice] = []

        def do(notice: Notice) -> Delivery:
            calls.append(notice)
            if len(calls) <= SHORT.failures_to_open:
                raise NotDelivered("down")
            return Delivery()

        down = channel(do)
        assert [await reason(down) for _ in range(8)] == ["down"] * 5 + ["paused: down"] * 3
        assert len(calls) == 5
        await asyncio.sleep(SHORT.open_seconds)
        assert await down.deliver(NOTICE) == Delivery()

    async def test_a_channel_that_is_gone_is_left_alone_for_long(self) -> None:
        calls: list[Notice] = []

        def do(notice: Notice) -> Delivery:
            calls.append(notice)
            raise ChannelGone("moved away")

        gone = channel(do)
        assert [await reason(gone), await reason(gone)] == ["moved away", "paused: moved away"]
        await asyncio.sleep(SHORT.gone_seconds)
        assert await reason(gone) == "moved away"
        assert len(calls) == 2

    def test_a_channel_that_hangs_keeps_no_server_from_stopping(self) -> None:
        code = """
import asyncio, time
from tongban import hookimpl
from tongban.notifications.channels import ChannelLimits, Undelivered, channel_of

class Plugin:
    @hookimpl
    def tongban_notify(self, notice):
        time.sleep(60)

async def main():
    try:
        await channel_of("x", Plugin(), ChannelLimits(call_seconds=0.1)).deliver(None)
    except Undelivered as error:
        print(error)

asyncio.run(main())
"""
        began = time.monotonic()
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
        assert ended.stdout == "no answer within 0.1 s\n"
        assert time.monotonic() - began < 20


class TestFinding:
    @pytest.fixture
    def point(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], EntryPoint]:
        monkeypatch.syspath_prepend(tmp_path)

        def write(name: str, source: str) -> EntryPoint:
            module = f"channel_trial_{name}"
            (tmp_path / f"{module}.py").write_text(f"from tongban import *\nfrom tongban import hookimpl\n{source}\n")
            return EntryPoint(name, module, GROUP)

        return write

    async def test_the_log_is_there_where_there_is_no_other(self) -> None:
        async with open_channels(found=[]) as channels:
            assert list(channels) == ["log"]
            assert await channels["log"].deliver(NOTICE) == Delivery()

    async def test_what_is_installed_is_there_and_so_is_the_webhook(self, point: Any) -> None:
        sms = point("sms", "@hookimpl\ndef tongban_notify(notice):\n    return Delivery('42')")
        with receiver() as there:
            async with open_channels((there.url, SECRET), [sms]) as channels:
                assert sorted(channels) == ["sms", "webhook"]
                assert await channels["sms"].deliver(NOTICE) == Delivery("42")
                assert await channels["webhook"].deliver(NOTICE) == Delivery()
        assert len(there.came) == 1

    UNFIT: ClassVar = {
        "gone": ("import nowhere_to_be_found", "can't be loaded: ModuleNotFoundError"),
        "leaves": ("raise SystemExit(3)", "can't be loaded: SystemExit"),
        "hangs": ("import time; time.sleep(2)", "can't be loaded: no answer within 0.5 s"),
        "empty": ("", "can't be loaded: it has no tongban_notify marked with hookimpl"),
        "unmarked": (
            "def tongban_notify(notice): ...",
            "can't be loaded: it has no tongban_notify marked with hookimpl",
        ),
        "misspelt": ("@hookimpl\ndef tongban_notfy(notice): ...", "can't be loaded: unknown hook 'tongban_notfy'"),
        "argument": ("@hookimpl\ndef tongban_notify(message): ...", "can't be loaded: Plugin 'argument'"),
    }

    async def test_one_that_cant_be_loaded_is_there_and_says_why(
        self, point: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        points = [point(name, source) for name, (source, _) in self.UNFIT.items()]
        async with open_channels(found=points, limits=SHORT) as channels:
            assert set(channels) == set(self.UNFIT)
            for name, (_, why) in self.UNFIT.items():
                assert (await reason(channels[name])).startswith(why)
                assert f"channel {name} {why}" in caplog.text

    async def test_a_name_that_is_taken_is_left_out(self, point: Any, caplog: pytest.LogCaptureFixture) -> None:
        good = point("sms", "@hookimpl\ndef tongban_notify(notice):\n    return Delivery()")
        taken = [EntryPoint(name, "channel_trial_sms", GROUP) for name in ("log", "sms")]
        async with open_channels(found=[good, *taken]) as channels:
            assert list(channels) == ["sms"]
        assert caplog.text.count("the name is taken") == 2


class TestLog:
    def test_a_line_says_which_notice_and_nothing_of_whom(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "tongban")
        assert LogChannel().tongban_notify(notice=NOTICE) == Delivery()
        (record,) = caplog.records
        line = record.getMessage()
        assert json.loads(line.removeprefix("notice ")) == {
            "notice": NOTICE.id,
            "kind": "SUPPLEMENT_NEEDED",
            "stage": "SUPPLEMENT_NEEDED",
            "language": "zh",
        }
        told = set(asdict(NOTICE).values()) - {NOTICE.id, NOTICE.kind, NOTICE.stage, NOTICE.language, NOTICE.at}
        assert not [value for value in told if str(value) in line]


def signature(headers: dict[str, str], body: bytes) -> str:
    """By the specification's words, without the library that signed."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class TestWebhook:
    @staticmethod
    def webhook(there: Receiver, limits: ChannelLimits = SHORT) -> Channel:
        return channel_of("webhook", WebhookChannel(there.url, SECRET, httpx.Timeout(0.3)), limits)

    async def test_what_is_posted_is_signed_and_says_all_that_is_known(self) -> None:
        with receiver() as there:
            hook = self.webhook(there, ChannelLimits())
            assert await hook.deliver(NOTICE) == Delivery()
        ((headers, body),) = there.came
        assert headers["webhook-id"] == NOTICE.id
        assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
        assert hmac.compare_digest(headers["webhook-signature"], signature(headers, body))
        assert signature(headers, body + b" ") != headers["webhook-signature"]
        assert headers["content-type"] == "application/json"
        payload = json.loads(body)
        assert payload["type"] == "notice.supplement_needed"
        assert payload["timestamp"] == "2026-11-24T02:30:00Z"
        assert payload["data"]["nextStepEn"] == NOTICE.next_step_en
        assert set(payload["data"]) == {
            *("id", "resident", "caseNumber", "item", "itemEn", "kind", "stage", "at", "language", "title", "titleEn"),
            *("text", "textEn", "nextStep", "nextStepEn", "center", "centerEn", "telephone"),
        }

    async def test_the_specifications_own_example_is_signed_as_it_says(self) -> None:
        hook = WebhookChannel("http://127.0.0.1:1", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        at = datetime.fromtimestamp(1614265330, UTC)
        signed = hook.signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
        assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    async def test_what_failed_is_posted_again_under_the_same_id(self) -> None:
        with receiver() as there:
            there.statuses = [500, 200]
            hook = self.webhook(there, ChannelLimits())
            assert await reason(hook) == "the receiver answered HTTP 500"
            assert await hook.deliver(NOTICE) == Delivery()
        assert [headers["webhook-id"] for headers, _ in there.came] == [NOTICE.id] * 2

    @pytest.mark.parametrize("status", [201, 202, 204])
    async def test_any_2xx_is_a_delivery(self, status: int) -> None:
        with receiver() as there:
            there.statuses = [status]
            assert await self.webhook(there, ChannelLimits()).deliver(NOTICE) == Delivery()

    @pytest.mark.parametrize("status", [302, 400, 404, 429, 503])
    async def test_anything_else_is_none_and_no_redirect_is_followed(self, status: int) -> None:
        with receiver() as there:
            there.statuses = [status]
            assert await reason(self.webhook(there, ChannelLimits())) == f"the receiver answered HTTP {status}"
        assert len(there.came) == 1

    async def test_410_says_that_nobody_listens_any_more(self) -> None:
        with receiver() as there:
            there.statuses = [410]
            hook = self.webhook(there, ChannelLimits())
            said = "the receiver wants no more notices (HTTP 410)"
            assert [await reason(hook), await reason(hook)] == [said, f"paused: {said}"]
        assert len(there.came) == 1

    async def test_a_receiver_that_hangs_is_not_waited_for(self) -> None:
        with receiver() as there:
            there.hangs = 1
            began = time.monotonic()
            assert await reason(self.webhook(there, ChannelLimits())) == "the receiver did not answer in time"
            assert time.monotonic() - began < 0.9

    async def test_a_receiver_that_is_not_there_is_said_to_be_out_of_reach(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            there = Receiver(f"http://127.0.0.1:{free.getsockname()[1]}")
            assert await reason(self.webhook(there)) == "the receiver can't be reached: ConnectError"

    def test_the_body_is_the_same_for_the_same_notice(self) -> None:
        assert body_of(NOTICE) == body_of(replace(NOTICE))
