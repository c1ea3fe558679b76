"""The pane beside the table of projects: what the row under the cursor stands for, where there is room for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.domain.amount import share
from budget_tui.domain.audit import AuditFilter
from budget_tui.presentation import explanations, formatting
from budget_tui.presentation.audit import changes
from budget_tui.presentation.columns import pace_bar_style
from budget_tui.tui.charts import block
from budget_tui.tui.render import MUTED, STRONG, WAITING, bar, fitted, spread, status

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.domain.audit import AuditEntry
    from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
    from budget_tui.services.cost_details import SpendDigest

_CHANGES = 3
_DAYS = 14
_CHART_ROWS = 4
_SERVICES = 6


class ProjectDetails(NamedTuple):
    """A project, what it spent lately and on what, and its last changes."""

    project_id: str
    spend: SpendDigest
    changes: tuple[AuditEntry, ...]


def read_details(services: Services, project_id: str, snapshot: BudgetSnapshot) -> ProjectDetails:
    """Read the details of a project in the period of ``snapshot``."""
    spend = services.cost_details.digest(project_id, snapshot, snapshot.as_of - timedelta(days=_DAYS - 1))
    return ProjectDetails(
        project_id, spend, tuple(services.audit.newest(_CHANGES, only=AuditFilter(subject=project_id)))
    )


class ProjectPane(Widget):
    """The details of the project under the cursor; those that the snapshot has not follow when they are read."""

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    project_id: reactive[str] = reactive("")
    details: reactive[ProjectDetails | None] = reactive(None)

    def render(self) -> Content:
        lines = self.snapshot.projects if self.snapshot is not None else ()
        line = next((each for each in lines if each.project_id == self.project_id), None)
        self.border_title = Content(line.name) if line is not None else ""
        if self.snapshot is None or line is None:
            return Content("")
        return Content("\n").join(self._lines(self.snapshot, line, self.content_size.width))

    def _lines(self, snapshot: BudgetSnapshot, line: ProjectLine, width: int) -> Iterator[Content]:
        currency, pace = snapshot.organization.currency, line.pace
        used = formatting.used_share(pace)
        yield bar(used, width, formatting.elapsed(snapshot), pace_bar_style(pace))
        yield spread(
            Content.assemble(
                (formatting.money(pace.remaining, currency), STRONG),
                (f" left of {formatting.money(pace.allocation, currency)}", MUTED),
            ),
            Content.assemble((f"{formatting.out_on(pace)} ", "$warning"), status(pace)),
            width,
        )
        over = pace.forecast - pace.allocation
        yield spread(
            Content.assemble(("Forecast ", MUTED), formatting.money(pace.forecast, currency)),
            Content.styled(
                f"{formatting.money(abs(over), currency)} {'over' if over > 0 else 'under'}",
                "$warning" if over > 0 else MUTED,
            ),
            width,
        )
        details = self.details
        if details is None or details.project_id != line.project_id:
            yield from (Content(""), Content.styled(WAITING, MUTED))
            return
        if details.spend.trouble is not None:
            for part in wrap(explanations.cause(details.spend.trouble, currency), width):
                yield Content.styled(part, "$warning")
        yield Content("")
        yield from _days(details.spend, currency, width)
        yield Content("")
        yield from _services(details.spend, currency, width)
        if details.changes:
            yield from (Content(""), Content.styled("Last changes", "bold"))
        for entry in details.changes:
            yield Content.styled(
                fitted(f"{entry.at.astimezone():%b %d}  {entry.action} {changes(entry)}", width).rstrip(), MUTED
            )


def _days(spend: SpendDigest, currency: str, width: int) -> Iterator[Content]:
    """Draw the spend of the last days as columns."""
    amounts = [max(0, amount or 0) for _, amount in spend.days]
    top = max(amounts)
    title = Content.styled(f"Last {len(amounts)} days", "bold")
    yield spread(title, Content.styled(f"{formatting.money(sum(amounts), currency)} spent", MUTED), width)
    if not top:
        yield Content.styled("nothing spent", MUTED)
        return
    column = max(2, min(5, width // len(amounts)))
    for row in range(_CHART_ROWS, 0, -1):
        cells = (block(amount, row, _CHART_ROWS, top) * (column - 1) + " " for amount in amounts)
        yield Content.styled("".join(cells), "$accent")
    first, last = (formatting.short_day(day) for day in (spend.days[0][0], spend.days[-1][0]))
    yield Content.styled(first + last.rjust(len(amounts) * column - 1 - len(first)), MUTED)


def _services(spend: SpendDigest, currency: str, width: int) -> Iterator[Content]:
    """Draw what the spend of the period was for, the largest first."""
    yield Content.styled("Spent on", "bold")
    if not spend.services:
        yield Content.styled("nothing in this period yet", MUTED)
        return
    shown = spend.services[:_SERVICES]
    texts = [formatting.money(group.counted, currency) for group in shown]
    room = max(map(len, texts))
    name_room = min(max(len(group.name) for group in shown), width // 2)
    for group, text in zip(shown, texts, strict=True):
        part = share(max(group.counted, 0), max(shown[0].counted, 1))
        yield Content.assemble(
            fitted(group.name, name_room), " ", bar(part, max(4, width - name_room - room - 2)), f" {text:>{room}}"
        )
    if rest := sum(group.counted for group in spend.services[_SERVICES:]):
        yield Content.styled(f"and {formatting.money(rest, currency)} on others", MUTED)
