"""The Agents screen: tokens allocated and topped up in the cell, what is held drawn apart, other programs' use."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.bootstrap import Services
from budget_tui.domain.tokens import AgentBudget
from budget_tui.presentation.formatting import BarCell, bar
from budget_tui.services.clock import Clock
from budget_tui.tui.editing import CellEditor, EditableRows
from budget_tui.tui.screens.agents import AgentsScreen
from tests.databases import locked
from tests.tui.conftest import OpenDashboard, OpenServices, Pictured
from tests.tui.driving import NARROW, TODAY, WIDE, Dashboard

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StandingClock(Clock):
    """It is always noon."""

    def now(self) -> datetime:
        return NOON


@pytest.fixture
def deserted(services_on: OpenServices) -> Services:
    """The example without its agents, whose hours are those of the machine's clock."""
    services = services_on(clock=StandingClock(TODAY))
    for agent in services.agents.all():
        services.agents.archive(agent.agent_id)
    return services


@pytest.fixture
def peopled(deserted: Services) -> Services:
    """The example with three agents: one that holds tokens, one that is nearly through, one that is new."""
    agents = deserted.agents
    agents.add("coder", "pcc", "Coder", "claude-sonnet", 1_000_000)
    agents.add("reviewer", "pcc", "Reviewer", "", 2_000_000)
    agents.add("indexer", "python-api", "Indexer", "", 500_000)
    agents.consume("coder", 250_000)
    agents.reserve("coder", 200_000)
    agents.consume("reviewer", 1_900_000)
    return deserted


@pytest.fixture
def elsewhere(services_on: OpenServices) -> Services:
    """Another program on the same file, in which it is noon, too."""
    return services_on(clock=StandingClock(TODAY))


def stored(services: Services, agent_id: str) -> AgentBudget:
    return services.agents.get(agent_id)


def below(dashboard: Dashboard) -> str:
    """The line under the sums."""
    region = dashboard.app.screen.query_one("TableFooter").region
    return " ".join(line.strip() for line in dashboard.lines[region.y + 2 : region.bottom])


async def test_a_tall_screen_draws_the_tokens_of_the_agent_under_the_cursor(
    open_dashboard: OpenDashboard, peopled: Services
) -> None:
    async with open_dashboard(peopled, mode="agents", size=(120, 40)) as dashboard:
        assert "Tokens per day · Coder" in dashboard.text
        assert "300,000 ┤" in dashboard.text, "a round number, above the 250,000 of the day of the most"
        assert "150,000 ┤" in dashboard.text
        assert "even pace 32,258" in dashboard.text
        await dashboard.keys("j")
        assert "Tokens per day · Reviewer" in dashboard.text
        await dashboard.resized(120, 20)
        assert "Tokens per day" not in dashboard.text, "the table takes the room first"


async def test_how_each_agent_stands(open_dashboard: OpenDashboard, peopled: Services) -> None:
    async with open_dashboard(peopled, mode="agents", size=(140, 30)) as dashboard:
        assert isinstance(dashboard.app.screen, AgentsScreen)
        coder = dashboard.line_with("Coder")
        assert coder.split()[:5] == ["Coder", "PCC", "1,000,000", "250,000", "200,000"]
        assert "550,000" in coder
        assert coder.endswith("●")
        assert dashboard.line_with("Reviewer").endswith("◆")
        assert dashboard.line_with("3 agents").split()[2:] == [
            "3,500,000",
            "2,150,000",
            "200,000",
            "1,150,000",
            "2,150,000",
        ]


async def test_the_agent_in_the_most_trouble_stands_first_and_stays_while_it_is_edited(
    open_dashboard: OpenDashboard, peopled: Services
) -> None:
    async with open_dashboard(peopled, mode="agents", by_trouble=True) as dashboard:

        def names() -> list[str]:
            found = (re.match(r" (Reviewer|Coder|Indexer) ", line) for line in dashboard.lines)
            return [each[1] for each in found if each]

        assert names() == ["Reviewer", "Coder", "Indexer"]
        await dashboard.typed("=9M", "enter")
        assert names() == ["Reviewer", "Coder", "Indexer"], "no row jumps by its edit"
        peopled.agents.consume("indexer", 400_000)
        await dashboard.looked()
        assert names() == ["Indexer", "Coder", "Reviewer"]


async def test_what_is_held_is_drawn_apart(open_dashboard: OpenDashboard, peopled: Services) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        assert BarCell.RESERVED in dashboard.line_with("Coder")
        assert BarCell.RESERVED not in dashboard.line_with("Reviewer")


async def test_allocating_in_the_cell(open_dashboard: OpenDashboard, peopled: Services) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.typed("=2M")
        assert below(dashboard) == "available 550,000 → 1,550,000 (editing)"
        await dashboard.keys("enter")
        assert stored(peopled, "coder").allocated_tokens == 2_000_000
        assert dashboard.line_with("coder: 1,000,000 → 2,000,000 tokens, 1,550,000 available")


async def test_topping_up_in_the_cell(open_dashboard: OpenDashboard, peopled: Services, elsewhere: Services) -> None:
    """A top-up is added to whatever is stored by then."""
    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.typed("+50k")
        elsewhere.agents.top_up("coder", 1)
        await dashboard.keys("enter")
        assert stored(peopled, "coder").allocated_tokens == 1_050_001


async def test_never_below_what_is_used_and_held(open_dashboard: OpenDashboard, peopled: Services) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.typed("=400k")
        assert below(dashboard) == "available 550,000  450,000 are already used and reserved"
        await dashboard.keys("enter")
        assert below(dashboard).startswith("✕ coder has used 250,000 tokens and reserved 200,000")
        assert stored(peopled, "coder").allocated_tokens == 1_000_000
        await dashboard.keys("escape", "-", "1", "enter")
        assert stored(peopled, "coder").allocated_tokens == 999_999


async def test_a_value_over_one_that_changed_meanwhile_is_refused_once(
    open_dashboard: OpenDashboard, peopled: Services, elsewhere: Services
) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.typed("=3M")
        elsewhere.agents.allocate("coder", 700_000)
        await dashboard.keys("enter")
        assert "700,000" in below(dashboard)
        assert stored(peopled, "coder").allocated_tokens == 700_000
        await dashboard.keys("enter")
        assert stored(peopled, "coder").allocated_tokens == 3_000_000


async def test_nonsense_stays_in_the_cell(open_dashboard: OpenDashboard, peopled: Services) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        for typed in ("2x", "1.5", "99999999999999999999"):
            await dashboard.keys("enter", *typed, "enter")
            assert below(dashboard).startswith("✕ ")
            assert dashboard.app.screen.query_one(CellEditor).value == typed
            assert stored(peopled, "coder").allocated_tokens == 1_000_000
            await dashboard.keys("escape")


async def test_a_long_refusal_goes_on_below_its_beginning(open_dashboard: OpenDashboard, peopled: Services) -> None:
    async with open_dashboard(peopled, size=(80, 24), mode="agents") as dashboard:
        await dashboard.typed("=99999999999999999999", "enter")
        first = dashboard.lines.index(dashboard.line_with(" ✕ "))
        second = dashboard.lines[first + 1]
        assert dashboard.lines[first].startswith(" ✕ a count of") and second.startswith(" ") and second[1:2].strip()


async def test_tab_goes_on_to_the_next_agent(open_dashboard: OpenDashboard, peopled: Services) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.typed("=1100k", "tab", *"2100k", "enter")
        assert stored(peopled, "coder").allocated_tokens == 1_100_000
        assert stored(peopled, "reviewer").allocated_tokens == 2_100_000


async def test_another_programs_use_shows(
    open_dashboard: OpenDashboard, peopled: Services, elsewhere: Services
) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        elsewhere.agents.consume("indexer", 123_456)
        await dashboard.looked()
        assert "123,456" in dashboard.line_with("Indexer")
        assert "376,544" in dashboard.line_with("Indexer")


async def test_an_edit_outlives_another_programs_use(
    open_dashboard: OpenDashboard, peopled: Services, elsewhere: Services
) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.typed("=2M")
        elsewhere.agents.consume("coder", 50_000)
        await dashboard.looked()
        assert below(dashboard) == "available 500,000 → 1,500,000 (editing)"


async def test_an_agent_archived_under_the_editor(
    open_dashboard: OpenDashboard, peopled: Services, elsewhere: Services
) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.typed("=2M")
        elsewhere.agents.archive("coder")
        await dashboard.looked()
        assert below(dashboard) == "✕ Coder is gone; someone archived it; '=2M' was not saved"


async def test_add_rename_and_archive(open_dashboard: OpenDashboard, peopled: Services) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.keys("a")
        await dashboard.typed("scribe", "tab", "tab", "tab", "tab", *"25k", "enter")
        added = stored(peopled, "scribe")
        assert (added.project_id, added.allocated_tokens) == ("pcc", 25_000)
        assert "25,000" in dashboard.line_with("scribe")
        await dashboard.keys("r")
        await dashboard.keys("ctrl+u")
        await dashboard.typed("Writer", "enter")
        assert stored(peopled, "coder").name == "Writer"
        await dashboard.keys("d", "tab", "enter")
        assert [agent.agent_id for agent in peopled.agents.all()] == ["reviewer", "indexer", "scribe"]


async def test_the_project_of_an_agent_is_found_by_its_letters(
    open_dashboard: OpenDashboard, peopled: Services
) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.keys("a", *"scribe", "tab", *"dan", "enter")
        assert stored(peopled, "scribe").project_id == "dandelion"


async def test_without_projects_an_agent_needs_one_first(open_dashboard: OpenDashboard, empty: Services) -> None:
    async with open_dashboard(empty, mode="agents", keys="a") as dashboard:
        assert "First, a project" in dashboard.text
        await dashboard.keys(*"Atlas", "enter", *"scribe", "enter")
        assert "scribe added to Atlas" in dashboard.text


async def test_filter_and_sort(open_dashboard: OpenDashboard, peopled: Services) -> None:
    def shown() -> list[str]:
        return [agent.agent_id for agent in dashboard.app.screen.query_one(EditableRows).rows]

    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.keys("/")
        await dashboard.typed("python", "enter")
        assert shown() == ["indexer"]
        assert below(dashboard).startswith("1 of 3 match 'python' · Indexer: 0 tokens by the period's end")
        await dashboard.keys("escape")
        assert shown() == ["coder", "reviewer", "indexer"]
        await dashboard.keys("s")
        assert shown() == ["coder", "indexer", "reviewer"]
        await dashboard.keys("S")
        assert shown() == ["reviewer", "indexer", "coder"]


async def test_a_locked_database_keeps_what_was_typed(
    open_dashboard: OpenDashboard, peopled: Services, impatient: None
) -> None:
    async with open_dashboard(peopled, mode="agents") as dashboard:
        await dashboard.typed("=2M")
        with locked(peopled.context.database.path):
            await dashboard.keys("enter")
            assert "locked by another program" in below(dashboard)
        await dashboard.keys("enter")
        assert stored(peopled, "coder").allocated_tokens == 2_000_000


async def test_the_demonstrations_agents_hold_tokens_and_one_is_short_of_them(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="agents", size=(140, 30)) as dashboard:
        assert "400,000" in dashboard.line_with("Code review")
        assert BarCell.RESERVED in dashboard.line_with("Code review")
        assert dashboard.line_with("Doc writer").endswith("▲")


async def test_nobody_yet(open_dashboard: OpenDashboard, deserted: Services) -> None:
    async with open_dashboard(deserted, mode="agents") as dashboard:
        assert "no agents yet: a adds one" in dashboard.text
        await dashboard.keys("r", "d", ".")
        assert dashboard.line_with("there is no agent here yet: a adds one")


async def test_agents(open_dashboard: OpenDashboard, pictured: Pictured, peopled: Services) -> None:
    async with open_dashboard(peopled, size=WIDE, mode="agents") as dashboard:
        await pictured(dashboard)


async def test_agents_80x24(open_dashboard: OpenDashboard, pictured: Pictured, peopled: Services) -> None:
    async with open_dashboard(peopled, size=NARROW, mode="agents") as dashboard:
        await dashboard.keys("+", "5")
        await pictured(dashboard)


@given(used=st.fractions(0, 2), held=st.fractions(0, 1), tick=st.none() | st.fractions(0, 1), width=st.integers(2, 60))
def test_a_bar_says_what_is_used_held_and_left(
    used: Fraction, held: Fraction, tick: Fraction | None, width: int
) -> None:
    drawn = bar(used, width, reserved=held)
    assert len(drawn) == len(bar(used, width, tick, held)) == width
    assert (BarCell.BEYOND in drawn) == (used > 1)
    assert (BarCell.FILLED in drawn or BarCell.HALF in drawn) == (used > 0)
    if used < 1 and not held:
        assert drawn[-1] == BarCell.EMPTY, "what is not used up leaves something"
    with_tick = bar(used, width, tick, held)
    differing = [at for at in range(width) if drawn[at] != with_tick[at]]
    assert len(differing) <= 1
    for at in differing:
        assert with_tick[at] == (BarCell.TICK_AHEAD if drawn[at] == BarCell.EMPTY else BarCell.TICK)
