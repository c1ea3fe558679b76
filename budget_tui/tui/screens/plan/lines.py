"""The two lines above the plan: its tabs and its active filters."""

from collections.abc import Iterator

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.domain.plan import PlanFilter
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.render import MUTED, spread

TABS = (
    ("overview", "Overview"),
    ("budgets", "Budgets"),
    ("allocation", "Allocation"),
    ("category", "By Category"),
    ("provider", "By Provider"),
)


class TabLine(Widget):
    """The tabs of the plan; a click on one shows it."""

    ALLOW_SELECT = False
    tab: reactive[str] = reactive(TABS[0][0])
    summary: reactive[str] = reactive("")
    """The text at the right end."""

    def render(self) -> Content:
        tabs = [
            Content.styled(
                f" {label} ", f"{'bold underline' if key == self.tab else MUTED} @click=screen.show_tab('{key}')"
            )
            for key, label in TABS
        ]
        return spread(Content(" ").join(tabs), Content.styled(f"{self.summary} ", MUTED), self.content_size.width)


class FilterLine(Widget):
    """The active filters and how to clear them, or the keys that set them."""

    filter: reactive[PlanFilter] = reactive(PlanFilter())
    found: reactive[str] = reactive("")
    """The number of budgets found, in words."""

    def render(self) -> Content:
        width = self.content_size.width
        keys = {word: key_of(self.screen, f"plan.{word}") for word in (*_HINTS, "clear")}
        if self.filter == PlanFilter():
            hint = Content.assemble(
                (" all budgets", MUTED),
                *(part for word in _HINTS for part in ((f"  {keys[word]}", "$accent"), (f" {word}", MUTED))),
            )
            return hint if hint.cell_length <= width else hint.truncate(width, ellipsis=True)
        facts = Content.styled(" · ", MUTED).join(
            Content.styled(fact, "bold") for fact in filters_in_words(self.filter)
        )
        left = Content.assemble((" only ", MUTED), facts, (f"  {self.found}", MUTED))
        shows_all = Content.assemble((keys["clear"], "$accent"), (" shows all ", MUTED))
        others = Content.assemble(
            (" ".join(keys[word] for word in _HINTS), "$accent"), (" filter further  ", MUTED), shows_all
        )
        is_room = left.cell_length + others.cell_length < width
        return spread(left, others if is_room else shows_all, width)


_HINTS = ("filter", "category", "type", "period", "provider", "status")
"""Commands of the screen, without ``plan.``, that set a filter."""


def filters_in_words(only: PlanFilter) -> Iterator[str]:
    """Yield each active filter in a few words."""
    if only.category is not None:
        yield str(only.category)
    if only.budget_type is not None:
        yield str(only.budget_type)
    if only.period_kind is not None:
        yield str(only.period_kind)
    if only.entity_id:
        yield f"in {only.entity_id}"
    if only.provider:
        yield f"of {only.provider}"
    if only.status is not None:
        yield str(only.status)
    if only.search:
        yield f"'{only.search}'"
