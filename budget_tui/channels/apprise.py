"""Any service that apprise knows: Slack, Teams, mail, ntfy, Telegram and a hundred more."""

from datetime import datetime
from urllib.parse import quote

from budget_tui.channels.base import DeliveryError, Outgoing, secret_of
from budget_tui.config.settings import ChannelSettings


class AppriseChannel:
    """Sends by apprise, which the extra ``notify`` installs."""

    def __init__(self, settings: ChannelSettings) -> None:
        self._settings = settings

    def send(self, message: Outgoing, now: datetime) -> None:
        try:
            from apprise import Apprise
        except ImportError:
            raise DeliveryError("apprise is not installed; install budget-tui[notify]") from None
        url = self._settings.apprise.replace("{secret}", quote(secret_of(self._settings), safe="/"))
        sender = Apprise()
        if not sender.add(url):
            raise DeliveryError("apprise does not know the kind of URL")
        if not sender.notify(title=message.title, body=message.body):
            raise DeliveryError("the service did not take it")


channel = AppriseChannel
