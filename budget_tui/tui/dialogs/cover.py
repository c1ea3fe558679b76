"""Cover: the donors of a project, ranked by what they can spare; one key moves it."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from budget_tui.presentation.columns import Column
from budget_tui.presentation.formatting import count, data_through, money, number
from budget_tui.services.cover import CoverOffer, Donor, why, why_none
from budget_tui.services.transfers import TransferOutcome
from budget_tui.tui.dashboard import key_of
from budget_tui.tui.dialogs.box import BoxScreen
from budget_tui.tui.render import MUTED
from budget_tui.tui.table import FollowedTable

_MAX_NAMED = 5


class DonorTable(FollowedTable[Donor]):
    """The donors of a project."""

    BINDINGS = [
        Binding("enter", "open", "Move", id="cover.take", tooltip="Move what is needed from the donor under the cursor")
    ]


class CoverScreen(BoxScreen[TransferOutcome]):
    """The donors of a project, dismissed with the transfer from the one under the cursor."""

    BOX_CLASSES = "box wide cover"

    def __init__(self, offer: CoverOffer) -> None:
        super().__init__(f"Cover {offer.name}", "Move")
        self._offer = offer

    def compose_fields(self) -> ComposeResult:
        yield Static(self._need(), id="question")
        yield DonorTable(self._columns(), lambda donor: donor.project_id)
        yield Static(id="achieves")

    def on_mount(self) -> None:
        self.query_one(".box").border_subtitle = Content(data_through(self._offer.data_through))
        self.query_one("#submit").display = self._can_move
        if self._offer.donors:
            self._table.show(self._offer.donors)
            self._describe()
        else:
            self._table.display = False
            self.query_one("#achieves", Static).update(self._nobody())
        (self._table if self._can_move else self.query_one("#cancel")).focus()

    @property
    def _can_move(self) -> bool:
        """True if something is needed that somebody has."""
        return bool(self._offer.need and self._offer.donors)

    def _columns(self) -> tuple[Column[Donor], ...]:
        offer, currency = self._offer, self._offer.currency
        return (
            Column("name", "Project", lambda donor: donor.name, min_width=10, max_width=32, shrinks_to=10),
            Column("spare", "Can spare", lambda donor: number(donor.spare, currency), "right"),
            Column("gives", "Gives", lambda donor: number(offer.amount_from(donor), currency), "right"),
            Column("high", "Needs at most", lambda donor: number(donor.forecast_high, currency), "right", drop_order=2),
            Column("allocation", "Allocation", lambda donor: number(donor.allocation, currency), "right", drop_order=1),
        )

    def _need(self) -> Content:
        offer = self._offer
        lacks = f"will lack {money(offer.need, offer.currency)}" if offer.need else "will lack nothing"
        pool = f"; {money(offer.unallocated, offer.currency)} is unallocated" if offer.unallocated > 0 else ""
        return Content.assemble(f"{offer.name} {lacks} by the end of the period", (pool, MUTED))

    def _nobody(self) -> Content:
        """Say why nobody can give, and what helps all the same."""
        others, lines = self._offer.others, [why_none(self._offer)]
        lines += [f"{other.name} {other.why}" for other in others[:_MAX_NAMED]]
        if len(others) > _MAX_NAMED:
            lines.append(f"and {count(len(others) - _MAX_NAMED, 'more project')}")
        first, *more = lines
        from_whom = "the pool" if self._offer.unallocated > 0 else "one that has not spent it" if others else ""
        move = f"{key_of(self.app, 'transfer')} moves allocation from {from_whom}"
        helps = move if from_whom else "a larger budget would help: set it on Budget"
        return Content.assemble(f"{first}\n", *((f"{line}\n", MUTED) for line in more), f"\n{helps}")

    @on(DonorTable.Moved)
    def _describe(self) -> None:
        donor = self._table.current
        if donor is not None:
            words = Content.styled(f"{donor.name} {why(donor, self._offer.currency)}", MUTED)
            if not self._can_move:
                move = key_of(self.app, "transfer")
                words = Content.assemble(words, "\n", f"{move} on Projects moves allocation all the same")
            self.query_one("#achieves", Static).update(words)

    @property
    def _table(self) -> DonorTable:
        return self.query_one(DonorTable)

    @on(DonorTable.Opened)
    def _take(self) -> None:
        if self._can_move:
            self.action_submit()

    async def submit(self) -> TransferOutcome:
        donor, project_id = self._table.current, self._offer.project_id
        assert donor is not None
        amount = self._offer.amount_from(donor)
        return await self.dashboard.run_command(
            lambda services: services.cover.take(project_id, donor.project_id, amount)
        )
