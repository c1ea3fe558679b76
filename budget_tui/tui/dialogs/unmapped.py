"""Unmapped costs: grouped by what they have in common, and assigned to projects, group by group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import PurePath
from typing import NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Label, Static

from budget_tui.domain.cost import DIRECTORY
from budget_tui.domain.errors import BudgetError, Refused
from budget_tui.domain.records import UnmappedOrigin
from budget_tui.domain.snapshot import BudgetSnapshot
from budget_tui.presentation.columns import Column
from budget_tui.presentation.formatting import count, days_briefly, directory, money, period_name
from budget_tui.services.costs import MappingOutcome
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.dialogs.project_form import new_project_form
from budget_tui.tui.fields import Choice
from budget_tui.tui.key_queue import ASKING
from budget_tui.tui.picker import Picker
from budget_tui.tui.render import MUTED
from budget_tui.tui.table import FollowedTable

_NEW_PROJECT = ""
_FIELDS = {DIRECTORY: "directory", "sub_account": "account", "service": "service", "provider": "provider"}
"""The fields of a rule and their names, the narrowest first; tags come besides."""


class UnmappedGroup(NamedTuple):
    """Costs that one rule maps: those whose ``field`` is ``value``. '' where nothing identifies them.

    ``sums`` are by currency, without those of models that have no price.
    """

    field: str
    value: str
    name: str
    provider: str
    sources: tuple[str, ...]
    sums: Mapping[str, int]
    costs: int
    first_day: date
    last_day: date


class UnmappedTable(FollowedTable[UnmappedGroup]):
    """Groups of unmapped costs."""

    BINDINGS = [
        Binding("enter", "open", "Assign", id="unmapped.choose", show=False, tooltip="Choose a project for the costs"),
        Binding("space", "screen.mark", "Mark", id="unmapped.mark", show=False, tooltip="Mark several, to assign them"),
        Binding("f", "screen.match_next", "Match on", id="unmapped.match", show=False, tooltip="Match another field"),
    ]


class UnmappedScreen(BoxScreen[str]):
    """A form to map costs to projects. It stays until every cost has one; dismissed with its last message."""

    BOX_CLASSES = "box wide map"
    CANCEL_LABEL = "Close"

    def __init__(self, snapshot: BudgetSnapshot, origins: Sequence[UnmappedOrigin]) -> None:
        super().__init__("Unmapped costs", "Assign")
        self._snapshot = snapshot
        self._origins = origins
        self._marked: set[tuple[str, str]] = set()
        self._message = ""
        self._project_id: str | None = None
        """The project chosen last."""

    # Showing

    def compose_fields(self) -> ComposeResult:
        tags = {key for origin in self._origins for key, _ in origin.tags} - {DIRECTORY}
        fields = [*_FIELDS, *sorted(f"tag:{key}" for key in tags)]
        found = [field for field in fields if any(_value(origin, field) for origin in self._origins)]
        yield Static(id="in-all")
        with Horizontal(classes="field"):
            yield Label("Match on")
            yield Choice([(field, _noun(field)) for field in found], found[0] if found else "", "match")
        yield UnmappedTable(self._columns(), lambda group: (group.field, group.value))
        with Horizontal(classes="field"):
            yield Label("Assign to")
            yield Picker(self._projects, offer=_NEW_PROJECT, prompt="choose a project", id="project")
        yield Static(id="done")

    def on_mount(self) -> None:
        assign, mark, match = (key_of(self._table, f"unmapped.{name}") for name in ("choose", "mark", "match"))
        self.query_one(".box").border_subtitle = Content(
            f"{assign} assigns · {mark} marks · {match} match on · {key_of(self, 'box.leave')} closes"
        )
        self.watch(self.app, "snapshot", self._follow, init=False)
        self._show()
        self._table.focus()

    def _follow(self, snapshot: BudgetSnapshot | None) -> None:
        if snapshot is None:
            return
        projects, self._snapshot = self._projects, snapshot
        if self._projects != projects:
            chosen = self._picker.selection
            self._picker.set_options(self._projects)
            self._choose(chosen)
        if not self._is_submitting:  # which reads them itself
            self._read_again()

    @work(exclusive=True, group="unmapped")
    async def _read_again(self) -> None:
        """Follow what somebody else imported or mapped."""
        try:
            self._origins = await self.dashboard.read(lambda services: services.costs.unmapped())
        except BudgetError as error:
            self.refuse(str(error))
            return
        self._show()
        self._marked &= {(group.field, group.value) for group in self._table.all_rows}
        self._show_sum()

    def _choose(self, project_id: str | None) -> None:
        if project_id is not None and any(project_id == each for _, each in self._projects):
            self._picker.value = project_id

    @property
    def _projects(self) -> list[tuple[str, str]]:
        projects = [(line.name, line.project_id) for line in self._snapshot.projects]
        return [*projects, ("new project …", _NEW_PROJECT)]

    @property
    def _table(self) -> UnmappedTable:
        return self.query_one(UnmappedTable)

    @property
    def _picker(self) -> Picker[str]:
        return self.query_one("#project", Picker)

    def _columns(self) -> tuple[Column[UnmappedGroup], ...]:
        return (
            Column("mark", "", self._mark_of, min_width=1, style=lambda _: "changed"),
            Column(
                "name", "Costs of", lambda group: group.name, min_width=12, max_width=48, shrinks_to=12, has_paths=True
            ),
            Column("match", "Matched on", lambda group: _noun(group.field), max_width=14, drop_order=1, is_muted=True),
            Column("source", "Source", lambda group: ", ".join(group.sources), max_width=24, shrinks_to=7),
            Column("costs", "Costs", lambda group: f"{group.costs:,}", "right", min_width=5),
            Column("sum", "Sum", lambda group: _amounts(group.sums), "right", min_width=6),
            Column("days", "Days", lambda group: days_briefly(group.first_day, group.last_day), shrinks_to=13),
        )

    def _mark_of(self, group: UnmappedGroup) -> str:
        return "●" if (group.field, group.value) in self._marked else ""

    @on(Choice.Changed, "#match")
    def _show(self) -> None:
        self._table.show(_grouped(self._origins, self.query_one("#match", Choice).value), self._columns())
        self._show_sum()

    def _show_sum(self) -> None:
        """Show the sum of all days beside that of this period, which is the one below the screens."""
        snapshot = self._snapshot
        this_period = money(snapshot.unmapped, snapshot.organization.currency)
        marked = self._assigned if self._marked else []
        chosen = f" · {len(marked)} marked: {_amounts(_summed(marked))}" if marked else ""
        rows = self._table.all_rows
        in_all = _amounts(_summed(rows)) if rows else money(0, snapshot.organization.currency)
        self.query_one("#in-all", Static).update(
            Content.assemble(
                f"{in_all} in all",
                (f", {this_period} of it in {period_name(snapshot.period)}", MUTED),
                (chosen, "bold $accent"),
            )
        )

    # Choosing

    @property
    def _assigned(self) -> list[UnmappedGroup]:
        """The groups to assign: those marked or, without any, the one under the cursor."""
        marked = [group for group in self._table.all_rows if (group.field, group.value) in self._marked]
        current = self._table.current
        return marked or ([current] if current else [])

    def action_mark(self) -> None:
        group = self._table.current
        if group is not None:
            self._marked ^= {(group.field, group.value)}
            self._show()
            self._table.action_scroll_down()

    def action_match_next(self) -> None:
        self._marked.clear()
        self.query_one("#match", Choice).action_turn(1)

    @on(UnmappedTable.Opened)
    def _choose_project(self) -> None:
        self.refuse("")
        self._picker.focus()
        self._picker.action_show_overlay()

    @on(Picker.Changed, "#project")
    def _keep_choice(self) -> None:
        self._project_id = self._picker.selection or self._project_id

    @on(Picker.Taken)
    def _taken(self) -> None:
        self.action_submit()

    def action_leave(self) -> None:
        """Go back to the table from the project, else close the box."""
        if self.focused is self._picker:
            self._table.focus()
        elif not self._is_submitting:
            self.dismiss(self._message or None)

    # Assigning

    async def submit(self) -> str | None:
        project_id = self._picker.selection
        if project_id is None:
            raise Refused("choose the project that these costs are assigned to")
        if project_id == _NEW_PROJECT:
            self._make_project()
            return None
        groups = self._assigned
        if not all(group.field for group in groups):
            raise Refused("these costs name no account, service or provider", "import them with a column of projects")
        rules = [(group.field, group.value) for group in groups]
        outcome = await self.dashboard.run_command(
            lambda services: services.costs.map_all_to_project(project_id, rules)
        )
        self._origins = await self.dashboard.read(lambda services: services.costs.unmapped())
        self._report(groups, outcome, {key: name for name, key in self._projects}[project_id])
        return None if self._origins else f"{self._message}; every cost has a project now"

    def _report(self, groups: Sequence[UnmappedGroup], outcome: MappingOutcome, project: str) -> None:
        name = groups[0].name + (f" and {len(groups) - 1} more" if len(groups) > 1 else "")
        priced = {currency: outcome.moved.get(currency, 0) for currency in _summed(groups)}
        amounts = _amounts(priced | dict(outcome.moved))
        self._message = f"{name}: {amounts} in {count(outcome.costs, 'cost')} assigned to {project}"
        self.query_one("#done", Static).update(Content.assemble(("✓ ", "$success"), self._message))
        self.refuse("")
        self._marked.clear()
        self._show()
        self._table.focus()

    @work(group=ASKING)
    async def _make_project(self) -> None:
        """Ask for a new project, called like the costs, and assign them to it."""
        group = self._assigned[0]
        name = PurePath(group.value).name if group.field == DIRECTORY else group.name
        entry = await self.dashboard.ask(new_project_form(self.dashboard, name))
        if entry is None:
            self._picker.clear()
            self._choose(self._project_id)
            self._table.focus()
            return
        self._choose(entry.project_id)
        self.action_submit()


def _noun(field: str) -> str:
    return _FIELDS.get(field, field.replace(":", " "))


def _value(origin: UnmappedOrigin, field: str) -> str:
    if field == "sub_account":
        return origin.sub_account_id or origin.sub_account_name
    if field in ("service", "provider"):
        return str(getattr(origin, field))
    return dict(origin.tags).get(field.removeprefix("tag:"), "")


def _grouped(origins: Iterable[UnmappedOrigin], field: str) -> list[UnmappedGroup]:
    """Group by ``field``, or by the narrowest one that a cost has where it lacks that; the largest sums first."""
    members: dict[tuple[str, str], list[UnmappedOrigin]] = defaultdict(list)
    for origin in origins:
        matched = next((each for each in (field, *_FIELDS) if _value(origin, each)), "")
        members[matched, _value(origin, matched).casefold() if matched else ""].append(origin)
    groups = [_group(matched, found) for (matched, _), found in members.items()]
    groups = _told_apart(_told_apart(groups, lambda group: group.provider), lambda group: group.value)
    return sorted(groups, key=lambda group: (-max(map(abs, group.sums.values()), default=0), group.name))


def _told_apart(groups: Sequence[UnmappedGroup], by: Callable[[UnmappedGroup], str]) -> list[UnmappedGroup]:
    """Add what tells them apart to the names that several groups have."""
    names = Counter(group.name for group in groups)
    return [group._replace(name=f"{group.name} ({by(group)})") if names[group.name] > 1 else group for group in groups]


def _group(field: str, origins: Sequence[UnmappedOrigin]) -> UnmappedGroup:
    value = _value(origins[0], field) if field else ""
    account = next(filter(None, (origin.sub_account_name for origin in origins)), "") if field == "sub_account" else ""
    sums: dict[str, int] = defaultdict(int)
    for origin in origins:
        if not origin.is_unpriced:
            sums[origin.currency] += origin.amount
    return UnmappedGroup(
        field,
        value,
        account or (directory(value) if field == DIRECTORY else value) or "unnamed",
        origins[0].provider,
        tuple(sorted({origin.source for origin in origins})),
        sums,
        sum(origin.costs for origin in origins),
        min(origin.first_day for origin in origins),
        max(origin.last_day for origin in origins),
    )


def _summed(groups: Iterable[UnmappedGroup]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for group in groups:
        for currency, amount in group.sums.items():
            sums[currency] += amount
    return sums


def _amounts(sums: Mapping[str, int]) -> str:
    return " + ".join(money(amount, currency) for currency, amount in sorted(sums.items())) or "unpriced"
