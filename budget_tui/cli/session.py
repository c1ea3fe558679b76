"""A session: the options before the command, and the services that they select."""

import gc
import sys
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from budget_tui.cli.console import report
from budget_tui.config.paths import default_log_file
from budget_tui.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    import typer

    from budget_tui.bootstrap import Services
    from budget_tui.domain.carry import SettledCarry
    from budget_tui.domain.period import Period
    from budget_tui.domain.snapshot import BudgetSnapshot
    from budget_tui.services.context import Context


DB_VARIABLE = "BUDGET_TUI_DB"
ORG_VARIABLE = "BUDGET_TUI_ORG"
AS_OF_VARIABLE = "BUDGET_TUI_AS_OF"
PATIENCE_SECONDS = 15.0
"""The time that a command waits while others write: dozens of them may begin at once, as from a build."""


@dataclass(frozen=True)
class Session:
    """One run of the command line. '' and None stand for options that were not given."""

    database: str = ""
    organization: str = ""
    as_of: date | None = None
    verbose: bool = False
    _settled: "dict[str, list[SettledCarry]]" = field(default_factory=dict, compare=False)
    """Carried-over amounts that a command corrected, by currency."""
    _changed: "dict[str, Context]" = field(default_factory=dict, compare=False)
    """The contexts in which a command changed something, by organization."""
    _created: list[str] = field(default_factory=list, compare=False)
    """The database, once the command created it."""

    @cached_property
    def services(self) -> "Services":
        from budget_tui.bootstrap import Services, open_services

        found = open_services(self.database, self.organization, self.as_of)
        context = replace(
            found.context,
            on_carry_settled=self._carry_settled,
            on_closed_early=_report_closed_early,
            on_created=self._note_created,
            on_change=self._note_change,
            patience=PATIENCE_SECONDS,
        )
        return Services(context, found.settings)

    def _carry_settled(self, settled: "SettledCarry", currency: str) -> None:
        self._settled.setdefault(currency, []).append(settled)

    def _note_created(self) -> None:
        is_url = "://" in self.database  # which may have a password
        self._created.append(str(self.services.context.database) if is_url else self.database)

    def _note_change(self, context: "Context") -> None:
        self._changed[context.org_slug] = context

    def finish(self) -> None:
        """Report the database that the command created, if it was named, for it may be mistyped, and the carried-over
        amounts that it corrected; evaluate alerts if it changed anything.

        What it printed is there before that: an evaluation takes longer than most commands. Finishing again does
        nothing: what asked for its session twice finishes it twice.
        """
        if self.database:
            report(*(f"created {database}" for database in self._created))
        self._created.clear()
        self._report_carry_settled()
        if self._changed:
            from budget_tui.services.alerts import Alerts

            sys.stdout.flush()
            for context in self._changed.values():
                Alerts(context).evaluate_after_change()
            self._changed.clear()

    def _report_carry_settled(self) -> None:
        for currency, settled in self._settled.items():
            from budget_tui.domain.carry import settled_together
            from budget_tui.presentation.messages import carry_settled

            if message := carry_settled(settled_together(settled), currency):
                report(message)
        self._settled.clear()

    def start_logging(self, *, aloud: bool = True) -> None:
        """Start logging to the log file and, with ``--verbose``, to standard error.

        A full-screen program passes ``aloud=False``. Commands that have to be quick and change nothing do not log.
        """
        from budget_tui.config.logging import log_to

        log_to(default_log_file(), self.services.settings.log_level, verbose=self.verbose and aloud)

    def snapshot(self) -> "BudgetSnapshot":
        """Return today's snapshot; raises `DatabaseNotFound` if there is no database."""
        self.services.context.require_database()
        return self.services.snapshots.current()


def _report_closed_early(closed: "Sequence[Period]") -> None:
    from budget_tui.presentation.messages import closed_early

    report(closed_early(closed))


def session_from(database: str, organization: str, as_of: str, *, verbose: bool = False) -> Session:
    """Return the session for the given options, '' if omitted. Raises `Refused` if ``as_of`` is not a date."""
    if not as_of:
        return Session(database, organization, verbose=verbose)
    from budget_tui.domain.period import parse_day

    return Session(database, organization, parse_day(as_of), verbose)


def session_of(context: "typer.Context") -> Session:
    """Return the session of a command and start its logging."""
    found = context.find_object(Session)
    assert found is not None
    found.start_logging()
    context.call_on_close(found.finish)
    return found


def has_terminal() -> bool:
    """Return whether somebody can see a question or a screen, and press keys."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def require_terminal(what: str) -> None:
    """Raise `Refused` without a terminal, where nobody could see the screen or press a key."""
    if not has_terminal():
        raise Refused(f"the {what} needs a terminal", "budget-tui status answers without one")


def open_dashboard(session: Session) -> None:
    """Run the dashboard until the user quits."""
    require_terminal("dashboard")
    session.start_logging(aloud=False)
    gc.disable()  # until the first frame
    from budget_tui.tui.run import run_dashboard

    run_dashboard(session.services.lasting())
