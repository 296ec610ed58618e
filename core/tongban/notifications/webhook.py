"""A channel over HTTP: each notice is posted to one URL, signed by the Standard Webhooks specification.

The operator sets the URL, so that it may lie in the inner network. No redirect is followed: the signature is meant for
who was named.
"""

from dataclasses import asdict
from datetime import UTC, datetime

import httpx
import orjson
from standardwebhooks.webhooks import Webhook

from tongban.contract.hooks import hookimpl
from tongban.contract.notices import ChannelGone, Delivery, NotDelivered, Notice

TIMEOUT = httpx.Timeout(5, connect=3)
"""Seconds for each step; the host of channels sees to the whole."""
GONE = 410


class WebhookChannel:
    """Any 2xx is a delivery; 410 says that the receiver wants no more; all else is tried again."""

    NAME = "webhook"

    def __init__(self, url: str, secret: str, timeout: httpx.Timeout = TIMEOUT) -> None:
        self.url = url
        self.signer = Webhook(secret)
        self.client = httpx.Client(timeout=timeout, headers={"user-agent": "tongban"})

    def close(self) -> None:
        self.client.close()

    @hookimpl
    def tongban_notify(self, notice: Notice) -> Delivery:
        """Posts the notice. `webhook-id` is the notice's, so that who gets it twice knows."""
        body, now = body_of(notice), datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.signer.sign(notice.id, now, body),
        }
        try:
            with self.client.stream("POST", self.url, content=body, headers=headers) as response:
                status = response.status_code  # whatever it says beside that is not read
        except httpx.TimeoutException:
            raise NotDelivered("the receiver did not answer in time") from None
        except httpx.HTTPError as error:
            raise NotDelivered(f"the receiver can't be reached: {type(error).__name__}") from None
        if status == GONE:
            raise ChannelGone("the receiver wants no more notices (HTTP 410)")
        if not 200 <= status < 300:
            raise NotDelivered(f"the receiver answered HTTP {status}")
        return Delivery()


def body_of(notice: Notice) -> str:
    """The payload: `type`, `timestamp`, and the notice as `data`, with names as the public API writes them."""
    data = {_camel(name): value for name, value in asdict(notice).items()}
    payload = {"type": f"notice.{notice.kind.value.lower()}", "timestamp": notice.at, "data": data}
    return orjson.dumps(payload, option=orjson.OPT_UTC_Z).decode()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
