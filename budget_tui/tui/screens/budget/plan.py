"""The plan at a glance: planned and used, how many budgets are over or close to it, and the worst of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.presentation import formatting
from budget_tui.tui.dashboard import title_with_key
from budget_tui.tui.render import CELL_STYLES, MUTED, STRONG, bar, fitted

if TYPE_CHECKING:
    from budget_tui.domain.plan_results import BudgetLine, PlanSummary

_BUDGETS_AT_MOST = 4


class PlanGlance(Widget, can_focus=True):
    """A summary of the plan; Enter leads to all of it."""

    BINDINGS = [Binding("enter,l", "open", "Plan", id="budget.plan", tooltip="Go to Plan")]

    summary: reactive[PlanSummary | None] = reactive(None, layout=True)

    def on_mount(self) -> None:
        self.border_title = title_with_key(self.app, "screen.plan", "Plan")

    def watch_summary(self, summary: PlanSummary | None) -> None:
        self.set_class(summary is None, "-nothing")

    def action_open(self) -> None:
        self.app.switch_mode("plan")

    def on_click(self, event: Click) -> None:
        event.stop()
        self.action_open()

    def render(self) -> Content:
        if self.summary is None:
            return Content("")
        return Content("\n").join(self._lines(self.summary, self.content_size.width))

    def _lines(self, summary: PlanSummary, width: int) -> list[Content]:
        # Only organizations with a plan wait for its modules.
        from budget_tui.domain.plan_results import counted, to_watch
        from budget_tui.domain.variance import VarianceStatus
        from budget_tui.presentation.plan_columns import SHAPES, bar_with_status

        currency, headline = summary.organization.currency, summary.headline
        figures = headline.total
        used = Content.assemble((formatting.money(figures.actual or 0, currency), STRONG), (" used of ", MUTED))
        lines = [Content.assemble(used, (formatting.money(figures.amount, currency), STRONG), (" planned", MUTED))]
        if figures.utilization is not None:
            percent = f" {formatting.percent(figures.utilization):>5}"
            status = bar_with_status(figures, headline.budget_type, None)
            lines.append(Content.assemble(bar(status.used, width - len(percent), None, status.style), percent))
        current = to_watch(summary.lines, summary.as_of)
        found = counted(current)
        counts = ((status, found.get(status, 0)) for status in VarianceStatus)
        lines.append(
            Content("   ").join(
                Content.assemble(
                    (f"{SHAPES[status]} {number:,}", CELL_STYLES[status] if number else MUTED),
                    (f" {status.value}", MUTED),
                )
                for status, number in counts
            )
        )
        worst = [line for line in current if line.status in (VarianceStatus.OVER, VarianceStatus.APPROACHING)]
        worst.sort(key=lambda line: line.figures.millionths_used, reverse=True)
        return [*lines, *(self._budget(line, width) for line in worst[:_BUDGETS_AT_MOST])]

    def _budget(self, line: BudgetLine, width: int) -> Content:
        from budget_tui.presentation.plan_columns import SHAPES, scope_text

        assert line.status is not None
        assert line.figures.utilization is not None
        percent = f" {formatting.percent(line.figures.utilization):>5}"
        name = fitted(f"{line.budget.entity_name} · {scope_text(line.budget)}", width - len(percent) - 2)
        return Content.assemble((f"{SHAPES[line.status]} ", CELL_STYLES[line.status]), name, (percent, MUTED))
