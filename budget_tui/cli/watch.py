"""``watch``: alerts evaluated and sent for good, without a dashboard."""

import re
import shutil
import sys
from typing import Annotated

import typer

from budget_tui.channels.base import channels_of
from budget_tui.cli.console import print_lines, report, warn
from budget_tui.cli.options import command_group
from budget_tui.cli.repeating import repeat_until_stopped
from budget_tui.cli.session import Session, session_of
from budget_tui.presentation.alerts import not_sent_text
from budget_tui.services.watching import POLL_SECONDS, Watcher

app = command_group()


@app.command()
def watch(
    context: typer.Context,
    print_systemd: Annotated[
        bool, typer.Option("--print-systemd", help="Print the unit that runs this under systemd, and leave.")
    ] = False,
) -> None:
    """Evaluate and send alerts until Ctrl-C.

    They are evaluated after every change and every minute, and what is due is booked. No dashboard is needed.
    """
    session = session_of(context)
    if print_systemd:
        print_lines(*_unit(session))
        return
    session.services.context.require_database()
    _watch(session)


def _watch(session: Session) -> None:
    services = session.services.lasting()
    warn(services.settings.channel_problems)
    watcher = Watcher(services.context, channels_of(services.settings.channels))

    def look() -> None:
        found = watcher.look()
        if found is not None:
            report(*(str(message.body["sentence"]) for message in found.evaluation.messages))
            for attempt in found.attempts:
                if attempt.error:
                    warn([not_sent_text(attempt.channel, attempt.error)])
                else:
                    report(f"sent to {attempt.channel}: {attempt.sentence}")

    repeat_until_stopped(look, POLL_SECONDS, f"watching {services.context.database}")
    watcher.close()


def _unit(session: Session) -> list[str]:
    """Return a systemd unit of the user that watches this session's database."""
    program = shutil.which("budget-tui") or sys.argv[0]
    context = session.services.context
    arguments = [program, "--db", str(context.database), "--org", context.org_slug, "watch"]
    return [
        "# ~/.config/systemd/user/budget-tui-watch.service",
        "# systemctl --user enable --now budget-tui-watch",
        "[Unit]",
        "Description=Alerts of budget-tui",
        "",
        "[Service]",
        f"ExecStart={' '.join(map(_for_systemd, arguments))}",
        "Restart=on-failure",
        "RestartSec=30",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]


def _for_systemd(argument: str) -> str:
    """Quote an argument as systemd reads it, which replaces ``%`` and ``$`` within quotes, too."""
    literal = argument.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[\w%$@+=:,./-]+", literal):
        return literal
    escaped = literal.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
