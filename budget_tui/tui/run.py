"""Starting the dashboard and the monitor, and leaving the terminal clean however they end."""

import asyncio
import signal

from textual.app import App

from budget_tui.bootstrap import Services
from budget_tui.domain.errors import Refused


def run_dashboard(services: Services) -> None:
    """`Refused` when the settings give a key to a binding that does not exist."""
    from budget_tui.tui.app import BudgetApp, binding_ids

    if services.settings.keys:
        known = binding_ids()
        for name in services.settings.keys:
            if name not in known:
                raise Refused(
                    f"the settings give a key to '{name}', which does not exist", f"choose of {', '.join(known)}"
                )
    _run(BudgetApp(services), mouse=True)


def run_monitor(services: Services, interval: float) -> None:
    """The monitor takes no mouse: a terminal that is killed under it is not left reporting one."""
    from budget_tui.tui.monitor import MonitorApp

    _run(MonitorApp(services, interval), mouse=False)


def _run(app: App[None], *, mouse: bool) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(each, app.exit)
        await app.run_async(mouse=mouse)

    asyncio.run(main())
