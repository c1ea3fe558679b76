"""Create Budget: a single one in one form, or one allocated from the top down in three steps."""

from collections.abc import Iterable, Sequence
from datetime import date

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Button, Static

from budget_tui.config.paths import styles_dir
from budget_tui.domain.amount import share
from budget_tui.domain.budget import Organization
from budget_tui.domain.hierarchy import ROOT_ID, Entity
from budget_tui.domain.plan import BudgetPlan, ChildShare, PlannedBudget
from budget_tui.domain.plan_results import PlanAllocation
from budget_tui.presentation import formatting
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.lists import Page
from budget_tui.tui.render import MUTED, STRONG, fitted
from budget_tui.tui.screens.plan.create_form import PlanForm
from budget_tui.tui.screens.plan.create_shares import PlanShares

_FORM, _SHARES, _REVIEW = 1, 2, 3
_STEPS = {_FORM: "parent", _SHARES: "children", _REVIEW: "review"}
_MAX_NAME = 32
_AROUND, _AROUND_CHILDREN = 9, 15
"""Lines around a step (box, buttons, error), and around the children (with their other fields)."""


class PlanCreateScreen(BoxScreen[str]):
    """A form for a new budget, dismissed with a message.

    All steps stay mounted side by side, so that going back and forth between them loses no input.
    """

    BOX_CLASSES = "box wide plan"
    CSS_PATH = styles_dir() / "plan_create.tcss"
    AUTO_FOCUS = "#mode"
    BINDINGS = [
        Binding("enter,ctrl+n", "submit", "Next", id="create.next", tooltip="Next step, or create at the last one"),
        Binding("ctrl+o", "back", "Back", id="create.back", tooltip="Go back one step"),
    ]

    def __init__(
        self, organization: Organization, today: date, entities: Sequence[Entity], entity_id: str = ROOT_ID
    ) -> None:
        super().__init__("Create budget", "Create")
        self._entities = entities
        self._form = PlanForm(organization, today, entities, entity_id)
        self._shares = PlanShares()
        self._step = _FORM
        self._plan: BudgetPlan | None = None
        self._taken: list[ChildShare] = []
        self._untouched: tuple[str, ...] = ()
        self._warned = False

    def compose_fields(self) -> ComposeResult:
        yield self._form
        yield self._shares
        with Page(id="review"):
            yield Static(id="made")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Back", id="back", compact=True)

    def on_mount(self) -> None:
        self._untouched = self._form.entered
        self._go_to(_FORM)

    def on_resize(self) -> None:
        """Limit the height: what is longer than the screen scrolls, and the buttons stay in sight."""
        height = self.size.height
        for part in (self._form, self._shares, self.query_one("#review")):
            part.styles.max_height = height - _AROUND
        self.query_one("#children").styles.max_height = height - _AROUND_CHILDREN

    # Steps

    def _go_to(self, step: int) -> None:
        self._step = step
        self.refuse("")
        for number, part in ((_FORM, self._form), (_SHARES, self._shares), (_REVIEW, self.query_one("#review"))):
            part.display = number == step
        self.query_one("#back").display = step > _FORM
        self._show_title()
        if step == _SHARES:
            self._shares.focus_first()
        elif step == _REVIEW:
            self.query_one("#submit").focus()

    def _show_title(self) -> None:
        is_top_down = self._form.is_top_down
        box = self.query_one(".box")
        step = f" · step {self._step} of {len(_STEPS)}: {_STEPS[self._step]}" if is_top_down else ""
        box.border_title = Content(f"Create budget{step}")
        is_last = self._step == _REVIEW or not is_top_down
        back = "" if self._step == _FORM else "^o back · "
        leave = key_of(self, "box.leave")
        box.border_subtitle = Content(f"enter {'creates' if is_last else 'next'} · {back}{leave} cancels")
        submit = self.query_one("#submit", Button)
        submit.label = "Create" if is_last else "Next"
        submit.refresh(layout=True)

    @on(PlanForm.ModeChosen)
    def _mode_chosen(self) -> None:
        self._show_title()

    @on(PlanForm.Edited)
    @on(PlanShares.Edited)
    def _edited(self) -> None:
        self._warned = False
        if self.query_one("#refusal").display:
            self.refuse("")

    @on(Button.Pressed, "#back")
    def action_back(self) -> None:
        if self._step > _FORM and not self._is_submitting:
            self._go_to(self._step - 1)
            if self._step == _FORM:
                self._form.focus_first(self._form)

    def action_leave(self) -> None:
        """Warn once before the input is discarded; leave the second time."""
        is_touched = self._form.entered != self._untouched or self._shares.has_input
        if is_touched and not self._warned:
            self._warned = True
            self.refuse("esc again discards your entries")
            return
        super().action_leave()

    # Submitting

    async def submit(self) -> str | None:
        self.refuse("")
        if self._step == _FORM:
            return await self._take_form()
        if self._step == _SHARES:
            await self._take_shares()
            return None
        return await self._allocate()

    async def _take_form(self) -> str | None:
        plan = self._form.plan()
        if plan is None:
            return None
        if not self._form.is_top_down:
            outcome = await self.dashboard.run_command(lambda services: services.plans.create(plan))
            return _message(outcome.budget, 0, outcome.warnings)
        preview = await self.dashboard.run_command(lambda services: services.plans.preview(plan))
        self._plan = plan
        await self._shares.show(preview.parent, self._entities)
        self._go_to(_SHARES)
        return None

    async def _take_shares(self) -> None:
        plan, children = self._plan, self._shares.children_shares()
        assert plan is not None
        if children is None:
            return
        preview = await self.dashboard.run_command(lambda services: services.plans.preview(plan, children))
        self._taken = children
        self.query_one("#made", Static).update(Content("\n").join(_review(preview)))
        self._go_to(_REVIEW)

    async def _allocate(self) -> str:
        plan, children = self._plan, self._taken
        assert plan is not None
        made = await self.dashboard.run_command(lambda services: services.plans.allocate(plan, children))
        return _message(made.parent, len(made.children), made.warnings)


def _message(budget: PlannedBudget, children: int, warnings: Sequence[str]) -> str:
    shared = f", allocated to {formatting.count(children, 'budget')} below it" if children else ""
    return "; ".join((f"planned {formatting.plan_name(budget)}: {_amount(budget)}{shared}", *warnings))


def _amount(budget: PlannedBudget) -> str:
    return formatting.amount_of(budget.amount, budget.budget_type, budget.currency)


def _review(preview: PlanAllocation) -> Iterable[Content]:
    """Yield the parent, each child to the cent, the remainder, and the warnings."""
    parent, margin = preview.parent, preview.unallocated
    lines = [
        (parent.entity_id, parent.entity_name, parent.amount),
        *((f"  {child.budget.entity_id}", child.budget.entity_name, child.budget.amount) for child in preview.children),
        ("  unallocated", "", margin),
    ]
    names = [f"{name}  {title}" if title not in ("", name.strip()) else name for name, title, _ in lines]
    amounts = [formatting.amount_of(amount, parent.budget_type, parent.currency) for _, _, amount in lines]
    name_width = min(max(map(len, names)), _MAX_NAME)
    amount_width = max(map(len, amounts))
    provider = f" · {parent.provider}" if parent.provider else ""
    yield Content.assemble(
        (f"{parent.category} · {parent.budget_type}{provider} · {parent.period_kind}: ", MUTED),
        (formatting.dates(parent.period), STRONG),
    )
    yield Content("")
    for number, (name, amount, (_, _, value)) in enumerate(zip(names, amounts, lines, strict=True)):
        part = formatting.percent(share(value, parent.amount)) if value >= 0 else ""
        is_derived = number == len(lines) - 1
        style = STRONG if number == 0 else "bold $error" if value < 0 else MUTED if is_derived else "$foreground"
        yield Content.assemble(
            (f"{fitted(name, name_width)}  {amount:>{amount_width}}", style), (f"  {part:>6}", MUTED)
        )
    if parent.notes:
        yield Content.assemble(("\n", MUTED), (parent.notes, MUTED))
    for warning in preview.warnings:
        yield Content.assemble(("▲ ", "$warning"), warning)
