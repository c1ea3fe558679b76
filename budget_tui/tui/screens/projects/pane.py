"""The pane beside the table of projects: what the row under the cursor stands for, where there is room for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.domain.amount import share
from budget_tui.domain.audit import AuditFilter
from budget_tui.domain.budget import BudgetType
from budget_tui.presentation import explanations, formatting
from budget_tui.presentation.audit_sentences import sentence
from budget_tui.presentation.columns import TOKENS, pace_bar_style
from budget_tui.tui.charts import DayAmounts, block, calendar
from budget_tui.tui.dashboard import title_with_key
from budget_tui.tui.render import MUTED, STRONG, WAITING, bar, fitted, spread, status

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.domain.audit import AuditEntry
    from budget_tui.domain.forecast import Forecast
    from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
    from budget_tui.domain.tokens import AgentBudget
    from budget_tui.services.cost_details import SpendDigest

_CHANGES = 5
_WEEKS = 14
_COLUMN_DAYS = 14
_COLUMN_ROWS = 4
_SERVICES = 6
_COSTS_AT_LEAST = 3


class ProjectDetails(NamedTuple):
    """A project, what it spent and on what, its agents, and its last changes."""

    project_id: str
    spend: SpendDigest
    agents: tuple[AgentBudget, ...]
    changes: tuple[AuditEntry, ...]
    forecast: Forecast | None


def read_details(services: Services, project_id: str, snapshot: BudgetSnapshot) -> ProjectDetails:
    """Read the details of a project in the period of ``snapshot``."""
    today = snapshot.as_of
    monday = today - timedelta(days=today.weekday() + 7 * (_WEEKS - 1))
    return ProjectDetails(
        project_id,
        services.cost_details.digest(project_id, snapshot, monday),
        tuple(services.agents.all(project_id)),
        tuple(services.audit.newest(_CHANGES, only=AuditFilter(whole_subject=project_id))),
        services.forecasts.current().projects.get(project_id),
    )


class ProjectPane(Widget):
    """The details of the project under the cursor; those that the snapshot has not follow when they are read."""

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    project_id: reactive[str] = reactive("")
    details: reactive[ProjectDetails | None] = reactive(None)

    def watch_snapshot(self) -> None:
        self._show_name()

    def watch_project_id(self) -> None:
        self._show_name()

    def _show_name(self) -> None:
        line = self._line
        self.border_title = title_with_key(self.screen, "project.costs", line.name if line is not None else "")

    @property
    def _line(self) -> ProjectLine | None:
        lines = self.snapshot.projects if self.snapshot is not None else ()
        return next((each for each in lines if each.project_id == self.project_id), None)

    def render(self) -> Content:
        line = self._line
        if self.snapshot is None or line is None:
            return Content("")
        width, height = self.content_size
        shown = list(self._head(self.snapshot, line, width))
        details = self.details
        if details is None or details.project_id != line.project_id:
            shown += [Content(""), Content.styled(WAITING, MUTED)]
        else:
            currency = self.snapshot.organization.currency
            if details.spend.trouble is not None:
                cause = explanations.cause(details.spend.trouble, currency)
                shown += [Content.styled(part, "$warning") for part in wrap(cause, width)]
            sections = self._sections(details, self.snapshot, width)
            costs = _Costs(details.spend, self.snapshot.as_of, currency, width)
            shown += _fitting(sections, height - len(shown), costs)
        return Content("\n").join(shown)

    def _head(self, snapshot: BudgetSnapshot, line: ProjectLine, width: int) -> Iterator[Content]:
        currency, pace = snapshot.organization.currency, line.pace
        used = formatting.used_share(pace)
        yield bar(used, width, formatting.elapsed(snapshot), pace_bar_style(pace), formatting.reserved_share(pace))
        yield spread(
            Content.assemble(
                (formatting.money(pace.remaining, currency), STRONG),
                (f" left of {formatting.money(pace.allocation, currency)}", MUTED),
            ),
            Content.assemble((f"{formatting.out_on(pace)} ", "$warning"), status(pace)),
            width,
        )
        if pace.reserved:
            held = formatting.money(pace.reserved, currency)
            yield Content.assemble((held, "$warning"), (" of it held for work in flight", MUTED))
        if not snapshot.is_closed:
            yield from self._forecast(line, currency, width)
        if line.carry.carried:
            carried = formatting.change(line.carry.carried, currency)
            yield Content.assemble(("Carried over ", MUTED), carried)

    def _forecast(self, line: ProjectLine, currency: str, width: int) -> Iterator[Content]:
        """Yield the forecast against the allocation; the run rate until it is read."""
        details, pace = self.details, line.pace
        found = details.forecast if details is not None and details.project_id == line.project_id else None
        label, text, likely = "Run rate", formatting.money(pace.run_rate, currency), pace.run_rate
        if found is not None:
            label, text = "Forecast", formatting.likely_range(found, BudgetType.MONETARY, currency)
            likely = found.median
        over = likely - pace.allocation
        effect = Content.styled(
            f"{formatting.money(abs(over), currency)} {'over' if over > 0 else 'under'}",
            "$warning" if over > 0 else MUTED,
        )
        words = Content.assemble((f"{label} ", MUTED), text)
        if words.cell_length + 1 + effect.cell_length <= width:
            yield spread(words, effect, width)
        else:
            yield from (words, spread(Content(""), effect, width))
        if found is not None and not found.has_range and found.days_of_history:
            days = formatting.count(found.days_of_history, "day")
            yield Content.styled(f"a single number, from {days} of data", MUTED)

    def _sections(self, details: ProjectDetails, snapshot: BudgetSnapshot, width: int) -> list[_Section]:
        """Return the sections from the top down; of those that do not fit, the highest ``rank`` goes first."""
        currency, spend = snapshot.organization.currency, details.spend
        names = {line.project_id: line.name for line in snapshot.projects}
        is_plain = self.app.no_color or self.app.native_ansi_color
        return [
            _Section(1, calendar(spend.days, snapshot.as_of, currency, is_plain=is_plain)),
            _Section(0, list(_services(spend, currency, width))),
            _Section(5, list(_columns(spend.days[-_COLUMN_DAYS:], currency, width))),
            _Section(2, list(_agents(details.agents, width))),
            _Section(3, list(_changes(details.changes, snapshot.as_of, currency, names, width))),
        ]


class _Section(NamedTuple):
    rank: int
    lines: list[Content]


class _Costs(NamedTuple):
    """The latest costs, as many as there is room for."""

    spend: SpendDigest
    as_of: date
    currency: str
    width: int

    def lines(self, room: int) -> list[Content]:
        costs = self.spend.latest[: max(0, room - 2)]
        if len(costs) < min(_COSTS_AT_LEAST, len(self.spend.latest)) or not costs:
            return []
        texts = [formatting.number(cost.counted, self.currency) for cost in costs]
        amounts = max(map(len, texts))
        found = [Content(""), Content.styled("Latest costs", "bold")]
        for cost, text in zip(costs, texts, strict=True):
            day = f"{formatting.near_day(cost.day, self.as_of):<6}  "
            name = " · ".join(filter(None, (cost.service, cost.provider))) or "without a name"
            room_of_name = self.width - len(day) - amounts - 1
            found.append(Content.assemble((day, MUTED), fitted(name, room_of_name), f" {text:>{amounts}}"))
        return found


def _fitting(sections: Sequence[_Section], room: int, costs: _Costs) -> list[Content]:
    """Return the lines of the sections that fit into ``room`` lines, a blank one before each, and the latest costs in
    what is left."""
    left, kept = room, set()
    for at, section in sorted(enumerate(sections), key=lambda each: each[1].rank):
        if section.lines and len(section.lines) + 1 <= left:
            left -= len(section.lines) + 1
            kept.add(at)
    lines = [line for at in sorted(kept) for line in (Content(""), *sections[at].lines)]
    return [*lines, *costs.lines(left)]


def _columns(days: DayAmounts, currency: str, width: int) -> Iterator[Content]:
    """Draw the spend of the last days as columns, with a dot for a day of which nothing is known."""
    known = [amount for _, amount in days if amount is not None]
    top = max(known, default=0)
    title = Content.styled(f"Last {len(days)} days", "bold")
    yield spread(title, Content.styled(f"{formatting.money(sum(known), currency)} spent", MUTED), width)
    if top <= 0:
        yield Content.styled("nothing spent", MUTED)
        return
    column = max(2, min(5, width // len(days)))

    def cell(amount: int | None, row: int) -> Content:
        if amount is None:  # told from a day without spend
            return Content.styled("·".ljust(column) if row == 1 else " " * column, MUTED)
        return Content.styled(block(amount, row, _COLUMN_ROWS, top) * (column - 1) + " ", "$primary")

    for row in range(_COLUMN_ROWS, 0, -1):
        yield Content("").join(cell(amount, row) for _, amount in days)
    first, last = (formatting.short_day(day) for day in (days[0][0], days[-1][0]))
    yield Content.styled(first + last.rjust(len(days) * column - 1 - len(first)), MUTED)


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


def _agents(agents: Sequence[AgentBudget], width: int) -> Iterator[Content]:
    """Draw the tokens of the project's agents: used, and reserved."""
    if not agents:
        return
    reserved = sum(agent.reserved_tokens for agent in agents)
    held = Content.styled(f"{formatting.short_count(reserved)} tokens reserved" if reserved else "", MUTED)
    yield spread(Content.styled("Agents", "bold"), held, width)
    texts = [
        f"{formatting.short_count(agent.used_tokens)} of {formatting.short_count(agent.allocated_tokens)}"
        for agent in agents
    ]
    room = max(map(len, texts))
    name_room = min(max(len(agent.name) for agent in agents), width // 3)
    for agent, text in zip(agents, texts, strict=True):
        of_all = max(agent.allocated_tokens, 1)
        drawn = bar(
            share(agent.used_tokens, of_all),
            max(4, width - name_room - room - 2),
            style=TOKENS,
            held=share(agent.reserved_tokens, of_all),
        )
        yield Content.assemble(fitted(agent.name, name_room), " ", drawn, f" {text:>{room}}")


def _changes(
    changes: Sequence[AuditEntry], as_of: date, currency: str, names: dict[str, str], width: int
) -> Iterator[Content]:
    """Yield the last changes in words, with who made them."""
    if not changes:
        return
    yield Content.styled("Last changes", "bold")
    for entry in changes:
        text = f"{formatting.near_day(entry.at.astimezone().date(), as_of):<6}  {sentence(entry, currency, names)}"
        yield spread(Content(fitted(text, width).rstrip()), Content.styled(entry.actor, MUTED), width)
