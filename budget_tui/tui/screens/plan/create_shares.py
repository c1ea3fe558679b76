"""The children's shares of their parent: typed per child, with the amounts and the remainder shown live."""

from collections.abc import Sequence
from fractions import Fraction

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, Static

from budget_tui.domain.amount import share
from budget_tui.domain.budget import BudgetType, parse_percent
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.plan import ChildShare, PlannedBudget, equal_shares, parse_planned, shares_of, unit_of
from budget_tui.presentation import formatting
from budget_tui.tui.fields import Choice, TextField
from budget_tui.tui.lists import Page
from budget_tui.tui.render import MUTED, STRONG, bar

PERCENT, AMOUNT = "percent", "amount"
_AMOUNT_WIDTH, _BAR_WIDTH = 16, 12
_TOTAL_BAR_WIDTH = 16
_NO_SHARE = "✕ not a share"


class ShareInput(TextField):
    """The input for a child's share; the up and down keys go to the other children."""

    BINDINGS = [
        Binding("down", "app.focus_next", "Down", id="share.down", show=False, tooltip="Go to the next child"),
        Binding("up", "app.focus_previous", "Up", id="share.up", show=False, tooltip="Go to the child above"),
    ]

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Leave ``=`` to the binding that splits equally: no share contains it."""
        return key != "equals_sign" and super().check_consume_key(key, character)


class ShareRow(Vertical):
    """A child, its share, and the amount of that share."""

    def __init__(self, entity: Entity, text: str) -> None:
        super().__init__()
        self.entity = entity
        self._text = text
        self.exact: tuple[str, Fraction] | None = None
        """The text of an equal split and its exact percentage: a third has no finite number of digits."""
        self._shown: object = None

    def compose(self) -> ComposeResult:
        name = "" if self.entity.name == self.entity.entity_id else f"  {self.entity.name}"
        with Horizontal(classes="share"):
            yield Label(Content.assemble(self.entity.entity_id, (name, MUTED)), classes="child")
            yield ShareInput(self._text)
            yield Static(classes="amount")
        yield Static(classes="refused")

    def on_mount(self) -> None:
        self.refuse("")

    @property
    def field(self) -> ShareInput:
        return self.query_one(ShareInput)

    @property
    def is_empty(self) -> bool:
        return not self.field.value.strip()

    def split(self, percent: Fraction) -> None:
        """Set the share to ``percent``, shown with two decimals."""
        is_whole = percent.denominator == 1
        text = str(percent) if is_whole else f"{int(percent * 100) / 100:.2f}…"
        self.exact = (text, percent)
        self.field.value = text

    def entered(self, by: str, budget_type: BudgetType) -> ChildShare:
        """Return the share typed; raises `Refused`."""
        text = self.field.value.strip()
        if by == AMOUNT:
            return ChildShare(self.entity.entity_id, amount=parse_planned(text, budget_type))
        if self.exact is not None and self.exact[0] == text:
            return ChildShare(self.entity.entity_id, percent=self.exact[1])
        return ChildShare(self.entity.entity_id, percent=parse_percent(text.removesuffix("%").strip()))

    def show(self, unit: str, amount_text: str, part: Fraction | None, *, is_refused: bool) -> None:
        """Show the amount of the share, and its ``part`` of the parent; or that the text is no share."""
        if self._shown == (unit, amount_text, part, is_refused):
            return
        self._shown = unit, amount_text, part, is_refused
        drawn = bar(part, _BAR_WIDTH) if part is not None else Content("")
        amount = (_NO_SHARE.rjust(_AMOUNT_WIDTH), "bold $error") if is_refused else f"{amount_text:>{_AMOUNT_WIDTH}}"
        made = Content.assemble((f" {unit:<2}", MUTED), amount, "  ", drawn)
        self.query_one(".amount", Static).update(made, layout=False)  # every line has its own height, whatever it shows

    def refuse(self, why: str) -> None:
        _refuse(self.query_one(".refused", Static), why)


class PlanShares(Vertical):
    """The children of an allocation. Input stays with its child when another parent is chosen."""

    BINDINGS = [
        Binding("equals_sign", "split", "Equal split", id="share.split", tooltip="Split equally", priority=True)
    ]

    class Edited(Message):
        """The input changed."""

    def __init__(self) -> None:
        super().__init__()
        self._budget: PlannedBudget | None = None
        self._typed: dict[str, dict[str, str]] = {PERCENT: {}, AMOUNT: {}}
        self._exact: dict[str, tuple[str, Fraction]] = {}
        self._by = PERCENT
        self._is_stale = False
        self._children_shown: tuple[str, Sequence[Entity]] = ("", ())

    def compose(self) -> ComposeResult:
        yield Static(id="parent")
        with Horizontal(classes="field"):
            yield Label("Shares in")
            yield Choice(((PERCENT, "Percent"), (AMOUNT, "Amounts")), PERCENT, "by")
            yield Static(Content.assemble(("= ", STRONG), ("splits equally", MUTED)), id="equally")
        yield Page(id="children", can_focus=False)
        yield Static(id="sum")
        yield Static(id="sum-refused")

    @property
    def rows(self) -> list[ShareRow]:
        return list(self.query(ShareRow))

    @property
    def has_input(self) -> bool:
        return any(text.strip() for texts in self._typed.values() for text in texts.values())

    async def show(self, parent: PlannedBudget, entities: Sequence[Entity]) -> None:
        """Show the children of ``parent``: the entities directly below its own."""
        self._budget = parent
        children = [entity for entity in entities if entity.parent_id == parent.entity_id]
        if self._children_shown != (parent.entity_id, children):
            self._children_shown = parent.entity_id, children
            await self._fill(children)
        shown = formatting.amount_of(parent.amount, parent.budget_type, parent.currency)
        self.query_one("#parent", Static).update(
            Content.assemble((formatting.plan_name(parent), STRONG), (": ", MUTED), (shown, STRONG))
        )
        self._show()

    async def _fill(self, children: Sequence[Entity]) -> None:
        place = self.query_one("#children")
        await place.remove_children()
        texts = self._typed[self._by]
        await place.mount_all(ShareRow(entity, texts.get(entity.entity_id, "")) for entity in children)
        for row in self.rows:
            row.exact = self._exact.get(row.entity.entity_id)
        if not children:
            assert self._budget is not None
            await place.mount(
                Static(Content(f"Nothing is below {self._budget.entity_id}: plan it as a single budget."))
            )

    def focus_first(self) -> None:
        """Focus the first child without a share, or the first of all."""
        rows = self.rows
        if rows:
            next((row for row in rows if row.is_empty), rows[0]).field.focus()

    # Input

    def children_shares(self) -> list[ChildShare] | None:
        """Return the shares of the children, without empty ones; None if some are refused, each at its field."""
        assert self._budget is not None
        entered, refused = self._read()
        for row in self.rows:
            row.refuse(refused.get(row.entity.entity_id, ""))
        if refused:
            next(row for row in self.rows if row.entity.entity_id in refused).field.focus()
            return None
        found = list(entered.values())
        try:
            self._shared(found)
        except Refused as why:
            self._refuse_sum(str(why))
            return None
        return found

    def _shared(self, shares: Sequence[ChildShare]) -> tuple[tuple[int, ...], int]:
        assert self._budget is not None
        return shares_of(self._budget.amount, shares, unit_of(self._budget.budget_type, self._budget.currency))

    def action_split(self) -> None:
        """Split equally among the children, exactly to the last cent."""
        rows = self.rows
        if not rows:
            return
        self.query_one(Choice).value = PERCENT
        self._switch(PERCENT)
        for row, percent in zip(rows, equal_shares(len(rows)), strict=True):
            row.split(percent)
            assert row.exact is not None
            self._exact[row.entity.entity_id] = row.exact

    @on(Choice.Changed, "#by")
    def _by_chosen(self, event: Choice.Changed) -> None:
        event.stop()
        self._switch(event.choice.value)

    def _switch(self, by: str) -> None:
        """Switch between percentages and amounts. Each keeps its own texts; amounts start from the percentages."""
        if by == self._by:
            return
        amounts = self._amounts(self._read()[0]) if by == AMOUNT else {}
        self._by = by
        texts = self._typed[by]
        if not any(texts.values()):
            texts.update({name: self._plain(amount) for name, amount in amounts.items()})
        with self.prevent(Input.Changed):
            for row in self.rows:
                row.field.value = texts.get(row.entity.entity_id, "")
        self._show()

    def _plain(self, amount: int) -> str:
        assert self._budget is not None
        is_money = self._budget.budget_type is BudgetType.MONETARY
        return formatting.number(amount, self._budget.currency) if is_money else f"{amount:,}"

    @on(Input.Changed)
    def _edited(self, event: Input.Changed) -> None:
        event.stop()
        row = event.input.parent.parent if event.input.parent else None
        assert isinstance(row, ShareRow)
        self._typed[self._by][row.entity.entity_id] = event.value
        row.refuse("")
        self._show_soon()
        self.post_message(self.Edited())

    # Showing

    def _read(self) -> tuple[dict[str, ChildShare], dict[str, str]]:
        """Return the shares typed so far, and why the others were refused, by the child's id."""
        assert self._budget is not None
        found, refused = {}, {}
        for row in self.rows:
            try:
                if not row.is_empty:
                    found[row.entity.entity_id] = row.entered(self._by, self._budget.budget_type)
            except Refused as why:
                refused[row.entity.entity_id] = str(why)
        return found, refused

    def _amounts(self, shares: dict[str, ChildShare]) -> dict[str, int]:
        """Return the amount per child; none while the percentages exceed 100%."""
        try:
            return dict(zip(shares, self._shared(list(shares.values()))[0], strict=True))
        except Refused:
            return {}

    def _show_soon(self) -> None:
        """Update once for all changes made at the same time."""
        if not self._is_stale:
            self._is_stale = True
            self.call_later(self._show)

    def _show(self) -> None:
        self._is_stale = False
        parent = self._budget
        if parent is None:
            return
        self._refuse_sum("")
        shares, refused = self._read()
        amounts = self._amounts(shares)
        for row in self.rows:
            amount = amounts.get(row.entity.entity_id)
            amount_text = "" if amount is None else formatting.amount_of(amount, parent.budget_type, parent.currency)
            part = None if amount is None else share(amount, parent.amount)
            row.show("%" if self._by == PERCENT else "", amount_text, part, is_refused=row.entity.entity_id in refused)
        wrong = f" · {formatting.count(len(refused), 'refused share')}" if refused else ""
        total = Content.assemble(self._sum(parent, shares, amounts), (wrong, "$error"))
        self.query_one("#sum", Static).update(total, layout=False)

    def _sum(self, parent: PlannedBudget, shares: dict[str, ChildShare], amounts: dict[str, int]) -> Content:
        """Format the total as ``Allocated 90% ████  margin 10% $10,000.00``."""
        total = sum((each.percent or Fraction(0) for each in shares.values()), Fraction(0)) / 100
        if not amounts and total > 1:
            return Content.assemble(
                ("Allocated ", MUTED),
                (formatting.fine_percent(total), "bold $error"),
                f": {formatting.fine_percent(total - 1)} too much; choose Amounts to exceed 100%",
            )
        given = sum(amounts.values())
        part, margin = share(given, parent.amount), parent.amount - given
        shown = formatting.amount_of(abs(margin), parent.budget_type, parent.currency)
        rest = (
            ((" margin ", MUTED), (f"{formatting.fine_percent(1 - part)} ", STRONG), (shown, STRONG))
            if margin >= 0
            else ((f" {shown} ", "bold $error"), ("over-allocated", MUTED))
        )
        return Content.assemble(
            ("Allocated ", MUTED), (f"{formatting.fine_percent(part)} ", STRONG), bar(part, _TOTAL_BAR_WIDTH), *rest
        )

    def _refuse_sum(self, why: str) -> None:
        _refuse(self.query_one("#sum-refused", Static), why)


def _refuse(line: Static, why: str) -> None:
    if why or line.display:
        line.update(Content.assemble(("✕ ", "bold $error"), why) if why else Content(""))
        line.display = bool(why)
