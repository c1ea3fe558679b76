"""The chart below the table of agents: the tokens of the one under the cursor per day, where there is room for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.domain.budget import BudgetType
from budget_tui.presentation import formatting
from budget_tui.tui.charts import TEN, block, columns_chart, round_up
from budget_tui.tui.dashboard import title_with_key
from budget_tui.tui.render import MUTED, USED_TOKENS

if TYPE_CHECKING:
    from datetime import date

    from budget_tui.bootstrap import Services
    from budget_tui.domain.period import Period
    from budget_tui.domain.tokens import AgentBudget

_MAX_COLUMN = 6


class AgentUsage(NamedTuple):
    """The tokens that an agent used on each day of a period that has usage, as of ``today``."""

    agent: AgentBudget
    period: Period
    today: date
    by_day: tuple[tuple[date, int], ...]


def read_usage(services: Services, agent: AgentBudget, period: Period, today: date) -> AgentUsage:
    """Read the tokens of an agent per day; raises `NotFound`."""
    details = services.cost_details
    used = details.of_entity(agent.agent_id, period, agent.name, BudgetType.TOKEN)
    return AgentUsage(
        agent, period, today, tuple((group.days.start, group.counted) for group in details.groups(used).by_day)
    )


class TokenChart(Widget):
    """Tokens in a column per day of the period, before the line of even use."""

    usage: reactive[AgentUsage | None] = reactive(None)

    def watch_usage(self, usage: AgentUsage | None) -> None:
        title = f"Tokens per day · {usage.agent.name}" if usage is not None else ""
        self.border_title = title_with_key(self.screen, "agent.costs", title)
        even = _even(usage) if usage is not None else 0
        legend = [("┄", MUTED), (f" even pace {formatting.short_count(even)}", MUTED)] if even else []
        self.border_subtitle = Content.assemble(*legend)

    def render(self) -> Content:
        usage = self.usage
        if usage is None:
            return Content("")
        if not usage.by_day:
            return Content.styled("no tokens used in this period yet", MUTED)
        width, height = self.content_size
        used, period = dict(usage.by_day), usage.period
        amounts = [used.get(period.start + timedelta(days=ahead), 0) for ahead in range(period.days)]
        even, rows = _even(usage), max(1, height - 1)
        top = round_up(max(*amounts, even), TEN)
        labels = [formatting.short_count(part) for part in (top, top // 2, 0)]
        room = width - max(map(len, labels)) - 2
        column = max(1, min(_MAX_COLUMN, room // period.days))
        first = max(0, period.day_number(usage.today) - room // column)  # the last days, if not all fit
        shown = amounts[first : first + room // column]
        gap = 1 if column > 1 else 0

        def cells(row: int) -> Content:
            behind = "┄" if even and row == -(-even * rows // top) else " "
            drawn = []
            for amount in shown:
                part = block(amount, row, rows, top)
                drawn.append((part * (column - gap), USED_TOKENS) if part != " " else (behind * (column - gap), MUTED))
                drawn.append((behind * gap, MUTED))
            return Content.assemble(*drawn)

        return columns_chart(
            labels, rows, cells, lambda indent: _axis(period.start + timedelta(days=first), column, len(shown), indent)
        )


def _even(usage: AgentUsage) -> int:
    """Return the tokens that may be used a day on average."""
    return usage.agent.allocated_tokens // usage.period.days


def _axis(first: date, column: int, shown: int, indent: str) -> Content:
    """Draw the day of the month below every fifth day, and below the first."""
    line = ""
    for ahead in range(shown):
        day = first + timedelta(days=ahead)
        if (day.day == 1 or day.day % 5 == 0 or not ahead) and len(line) <= ahead * column:
            line = line.ljust(ahead * column) + f"{day.day} "
    return Content.styled(indent + line.rstrip(), MUTED)
