"""A URL that gets each message as JSON, signed if the channel has a secret.

The header ``X-Budget-Tui-Signature`` is ``t=SECONDS,v1=HEX``: the time of the attempt, in seconds since 1970, and the
HMAC-SHA256 of ``SECONDS.BODY`` by the secret. A receiver compares it, refuses old times, and knows repetitions by
``X-Budget-Tui-Message``.
"""

import hashlib
import hmac
from datetime import datetime
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from budget_tui.channels.base import SEND_SECONDS, DeliveryError, Outgoing, secret_of
from budget_tui.config.settings import ChannelSettings


class _NoRedirects(HTTPRedirectHandler):
    """Follows no redirect, which would arrive without the body and pass for a delivery."""

    def redirect_request(self, *_: object) -> None:
        return None


class WebhookChannel:
    """Posts to a URL over HTTP or HTTPS."""

    def __init__(self, settings: ChannelSettings) -> None:
        self._settings = settings

    def send(self, message: Outgoing, now: datetime) -> None:
        url, body = self._settings.webhook, message.document.encode()
        if not url.startswith(("https://", "http://")):
            raise DeliveryError("the webhook is no http or https URL")
        headers = {"Content-Type": "application/json", "X-Budget-Tui-Message": message.message_id}
        secret = secret_of(self._settings)
        if secret:
            headers["X-Budget-Tui-Signature"] = signature(secret, body, int(now.timestamp()))
        try:
            with build_opener(_NoRedirects).open(Request(url, body, headers, method="POST"), timeout=SEND_SECONDS):
                pass
        except HTTPError as error:
            raise DeliveryError(f"the webhook answered {error.code}") from None
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise DeliveryError(f"the webhook cannot be reached ({type(reason).__name__})") from None


def signature(secret: str, body: bytes, seconds: int) -> str:
    """Return the signature of a body at a time, as the header has it."""
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


channel = WebhookChannel
