"""The costs that an actual adds up, in boxes one over the other: by service or by day, one by one, and one in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from budget_tui.domain.amount import share
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import ChargeCategory
from budget_tui.domain.errors import BudgetError
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import Bar, Column
from budget_tui.presentation.costs import LABELS, UNMAPPED, cost_columns, counted_text, how_many, tag_value
from budget_tui.services.cost_details import Actual, Charges, CostGroup, CostGroups, CostLine, CostPage
from budget_tui.tui.dashboard import Dashboard, dashboard_of, key_of
from budget_tui.tui.dialogs.box import Overlay
from budget_tui.tui.lists import Page
from budget_tui.tui.render import MUTED, STRONG, WAITING, spread
from budget_tui.tui.table import PagedTable, Table

if TYPE_CHECKING:
    from datetime import date

    from budget_tui.domain.period import Period

_NONE_YET = "no costs count yet"
_FIELD = 10


def box_of(actual: Actual) -> CostBox:
    """Return the box that shows what ``actual`` adds up: the costs of a single day, else its parts first.

    Of seats it is a maximum, which has no parts.
    """
    is_one_day = len({day for _, period in actual.covered for day in (period.start, period.end)}) == 1
    if is_one_day or actual.budget_type is BudgetType.SEAT:
        return CostLinesScreen(actual)
    return CostGroupsScreen(actual)


async def show_costs(
    dashboard: Dashboard, entity_id: str, period: Period, title: str, budget_type: BudgetType = BudgetType.MONETARY
) -> None:
    """Show the costs, or the tokens, of an entity and all below it in ``period``."""
    try:
        actual = await dashboard.read(
            lambda services: services.cost_details.of_entity(entity_id, period, title, budget_type)
        )
    except BudgetError as refused:
        dashboard.notify(str(refused), severity="error", markup=False)
        return
    await dashboard.ask(box_of(actual))


class CostBox(Overlay[None]):
    """A box that shows costs. Enter goes deeper, Esc comes back."""

    BINDINGS = [Binding("escape,h,left,q", "leave", "Back", id="costs.leave", tooltip="Back to the number")]
    AUTO_FOCUS = "CostTable"

    def __init__(self, actual: Actual) -> None:
        super().__init__()
        self._actual = actual
        self._is_reading = True

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide costs") as box:
            box.border_title = Content(self._actual.title)
            table = self.make_table()
            box.border_subtitle = Content(self.hint(table))
            yield Static(WAITING, id="adds-up")
            yield table

    def make_table(self) -> CostTable:
        """Return the table, without rows yet."""
        raise NotImplementedError

    def hint(self, table: CostTable) -> str:
        """Return the keys of the box and its ``table``, for the frame."""
        return f"{key_of(table, 'costs.open')} opens · {key_of(self, 'costs.leave')} goes back"

    def is_reading(self) -> bool:
        """Return whether the first read is under way: keys wait for it."""
        return self._is_reading

    def describe(self, words: Content) -> None:
        """Show ``words`` above the table."""
        self._is_reading = False
        self.query_one("#adds-up", Static).update(words)

    def refuse(self, error: BudgetError) -> None:
        """Show why there is nothing to show."""
        self.describe(Content.assemble(("✕ ", "bold $error"), str(error)))


class CostTable(PagedTable[Any]):
    """Costs, or sums of them, which can be opened."""

    GAPS = (1, 3)
    BINDINGS = [Binding("enter,l", "open", "Open", id="costs.open", tooltip="Show the costs behind this line")]


class CostGroupsScreen(CostBox):
    """An actual by service or by day; each adds up to it."""

    BINDINGS = [Binding("tab", "switch", "By day", id="costs.switch", tooltip="Switch between services and days")]

    def hint(self, table: CostTable) -> str:
        return f"{key_of(self, 'costs.switch')} services or days · {super().hint(table)}"

    def __init__(self, actual: Actual) -> None:
        super().__init__(actual)
        self._groups: CostGroups | None = None
        self._is_by_day = False

    def make_table(self) -> CostTable:
        return CostTable((), lambda group: group.days.start if group.is_day else group.key, self.is_reading)

    @work(group="costs")
    async def on_mount(self) -> None:
        actual = self._actual
        try:
            self._groups = await dashboard_of(self.app).read(lambda services: services.cost_details.groups(actual))
        except BudgetError as error:
            self.refuse(error)
            return
        self._show(self._groups)

    def action_switch(self) -> None:
        if self._groups is not None:
            self._is_by_day = not self._is_by_day
            self.query_one(CostTable).cursor = 0
            self._show(self._groups)

    def _show(self, groups: CostGroups) -> None:
        shown, hidden = ("bold reverse", MUTED) if self._is_by_day else (MUTED, "bold reverse")
        tabs = Content.assemble((" by service ", hidden), " ", (" by day ", shown))
        words = _adds_up(self._actual, groups.total, groups.count, groups.without_rate)
        self.describe(spread(words, tabs, self.query_one("#adds-up").content_size.width))
        table = self.query_one(CostTable)
        table.why_empty = _NONE_YET
        rows = groups.by_day if self._is_by_day else groups.by_service
        table.show(rows, _group_columns(self._actual, groups, is_by_day=self._is_by_day), keeps_row=False)

    @on(Table.Opened)
    def _open(self, event: Table.Opened) -> None:
        group: CostGroup = event.row
        name = formatting.long_day(group.days.start) if group.is_day else group.name
        self.app.push_screen(CostLinesScreen(self._actual.part(group, f"{self._actual.title} · {name}")))


class CostLinesScreen(CostBox):
    """The costs that an actual adds up, the latest first; more are read on scrolling down."""

    def __init__(self, actual: Actual) -> None:
        super().__init__(actual)
        self._lines: list[CostLine] = []
        self._older_than: date | None = None
        self._is_complete = False

    def make_table(self) -> CostTable:
        return CostTable(cost_columns(self._actual), id, self.is_reading)

    def on_mount(self) -> None:
        self._read_on()

    @on(PagedTable.EndApproached)
    @work(group="costs")
    async def _read_on(self) -> None:
        if self._is_complete or not self.query_one(CostTable).nears_end:  # the cursor may have moved on by now
            return
        self._is_complete = True  # until the page says that there is more
        actual, older_than = self._actual, self._older_than
        try:
            page = await dashboard_of(self.app).read(lambda services: services.cost_details.page(actual, older_than))
        except BudgetError as error:
            self.refuse(error)
            return
        self._show(page)

    def _show(self, page: CostPage) -> None:
        self._lines = [*self._lines, *page.lines]
        self._older_than, self._is_complete = page.older_than, page.older_than is None
        self.describe(_adds_up(self._actual, page.total, page.count, page.without_rate, page.replaced))
        table = self.query_one(CostTable)
        table.why_empty = _NONE_YET
        table.show(self._lines)

    @on(Table.Opened)
    def _open(self, event: Table.Opened) -> None:
        self.app.push_screen(CostLineScreen(event.row, self._actual))


class CostLineScreen(Overlay[None]):
    """A cost in full."""

    BINDINGS = [Binding("escape,h,left,enter,q", "leave", "Back", id="cost.leave", tooltip="Back to the costs")]
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, line: CostLine, actual: Actual) -> None:
        super().__init__()
        self._line, self._actual = line, actual

    def compose(self) -> ComposeResult:
        with Vertical(classes="box cost") as box:
            box.border_title = Content(
                " · ".join(filter(None, (_name(self._line), formatting.long_day(self._line.day))))
            )
            box.border_subtitle = Content(f"{key_of(self, 'cost.leave')} goes back")
            with Page():
                yield Static(Content("\n").join(_of_line(self._line, self._actual)))

    @work(group="costs")
    async def on_mount(self) -> None:
        line = self._line
        if not line.origin_key:
            return
        known = Content("\n").join(_of_line(line, self._actual))
        try:
            charges = await dashboard_of(self.app).read(lambda services: services.cost_details.charges(line))
        except BudgetError as error:
            self.query_one(Static).update(Content.assemble(known, "\n\n", ("✕ ", "bold $error"), str(error)))
            return
        self.query_one(Static).update(Content("\n").join([known, *_of_origin(charges), *_stored(charges)]))


def _adds_up(actual: Actual, total: int, count: int, without_rate: int, replaced: int = 0) -> Content:
    shown = formatting.amount_of(total, actual.budget_type, actual.currency)
    return Content.assemble((shown, STRONG), (how_many(actual, count, without_rate, replaced), MUTED))


def _name(line: CostLine) -> str:
    return line.service or line.provider


def _group_columns(actual: Actual, groups: CostGroups, *, is_by_day: bool) -> tuple[Column[CostGroup], ...]:
    whole = max(sum(max(group.counted, 0) for group in groups.by_service), 1)

    def part(group: CostGroup) -> Bar:
        return Bar(share(max(group.counted, 0), whole))

    def days(group: CostGroup) -> str:
        return formatting.dates(group.days) if group.days.days > 1 else formatting.short_day(group.days.start)

    names: list[Column[CostGroup]] = [
        Column("name", "Service", lambda group: group.name, min_width=7, max_width=36, shrinks_to=12),
        Column(
            "provider", "Provider", lambda group: group.provider if group.service else "", max_width=20, drop_order=1
        ),
    ]
    if is_by_day:

        def day(group: CostGroup) -> str:
            return f"{group.days.start:%a} {formatting.short_day(group.days.start)}"

        names = [Column("day", "Day", day, min_width=3)]
    found: list[Column[CostGroup]] = [
        *names,
        Column("bar", "", bar=part, min_width=8, max_width=40),
        Column("counted", LABELS[actual.budget_type], lambda group: counted_text(actual, group.counted), align="point"),
        Column("share", "Share", lambda group: formatting.percent(part(group).used), "right", 5, is_muted=True),
        Column("lines", "Costs", lambda group: f"{group.lines:,}", "right", 5, is_muted=True, drop_order=3),
    ]
    if not is_by_day:
        found.append(Column("days", "Days", days, min_width=4, is_muted=True, drop_order=2))
    return tuple(found)


def _of_line(line: CostLine, actual: Actual) -> Iterable[Content]:
    """Yield the fields that the line itself has."""
    counted = formatting.amount_of(line.counted, actual.budget_type, actual.currency)
    if line.amount is None:
        yield _field("Counted", counted)
    elif line.is_unpriced:
        yield _field("Amount", "unpriced: no price is known for the model")
    else:
        own = formatting.money(line.amount, line.currency)
        yield _field("Amount", own if own == counted else f"{own}, counted as {counted}")
    if line.estimated is not None:
        estimated = formatting.money(line.estimated, line.currency)
        yield _field("Estimated", f"{estimated}: the bill or a plan's fee counts instead")
    yield _field("Day", f"{line.day:%A}, {formatting.long_day(line.day)}")
    yield _field("Entity", f"{line.entity_name} ({line.entity_id})" if line.entity_id else UNMAPPED)
    yield from _fields((("Provider", line.provider), ("Service", line.service)))
    if line.tokens is not None:
        yield _field("Tokens", f"{line.tokens:,}")


def _of_origin(charges: Charges) -> Iterable[Content]:
    """Yield the fields of where a cost comes from."""
    origin = charges.origin
    yield _field("Category", charges.category)
    yield from _fields(
        (
            ("Type", "/".join(filter(None, (origin.service_category, origin.service_subcategory)))),
            ("Charge", "" if origin.charge_category == ChargeCategory.USAGE else origin.charge_category),
            ("Account", _named(origin.sub_account_name, origin.sub_account_id)),
            ("Billed to", origin.billing_account_id),
            ("Path", origin.path_hint),
        )
    )
    yield _field("Source", origin.source)
    for at, (key, value) in enumerate(origin.tags):
        yield _field("" if at else "Tags", f"{key} = {tag_value(key, value)}")


def _stored(charges: Charges) -> Iterable[Content]:
    """Yield the costs of the day as they are stored, and when they came."""
    yield Content("")
    for stored in charges.stored:
        when = stored.imported_at
        came = f"imported {when.astimezone():%Y-%m-%d %H:%M}" if when else "entered"
        amount = formatting.money(stored.amount, charges.origin.currency)
        if stored.estimated is not None:
            amount = f"{formatting.money(stored.estimated, charges.origin.currency)} estimated"
        yield Content.assemble(amount, (f"  {formatting.count(stored.charges, 'charge')}, {came}", MUTED))


def _named(name: str, of: str) -> str:
    return f"{name} ({of})" if name and of and name != of else name or of


def _fields(pairs: Sequence[tuple[str, str]]) -> Iterable[Content]:
    return (_field(label, text) for label, text in pairs if text)


def _field(label: str, text: str) -> Content:
    return Content.assemble((f"{label:<{_FIELD}}", MUTED), text)
