"""Where the values of a planned budget, an agent's tokens and a closed period come from."""

from collections.abc import Sequence

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.closing import ClosedBudget, ClosedPeriod
from budget_tui.domain.explain import Explanation, Quantity, Unit, explain_status, money, number
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.tokens import AgentBudget, Use
from budget_tui.domain.variance import Variance

_UNITS = {BudgetType.MONETARY: Unit.MONEY, BudgetType.TOKEN: Unit.TOKENS, BudgetType.SEAT: Unit.SEATS}
_ACTUALS = {
    BudgetType.MONETARY: "the sum of the costs that count",
    BudgetType.TOKEN: "the sum of the tokens that count",
    BudgetType.SEAT: "the most seats on one day of the period",
}
_NO_DATA = "nothing is known about it in this period: no data, which is not the same as 0"


def explain_planned(budget: PlannedBudget, figures: Variance, allocated: int | None) -> tuple[Explanation, ...]:
    """Every value of a planned budget; ``allocated`` is what its children have, None where it has none."""
    unit = _UNITS[budget.budget_type]
    amount, actual = Quantity(figures.amount, unit), Quantity(figures.actual, unit)
    terms = {"amount": amount, "actual": actual}
    spans = (("costs of", budget.period),)
    missing = (_NO_DATA,) if figures.actual is None else ()
    known = figures.actual is not None
    return (
        Explanation(
            "amount",
            "Budget",
            amount,
            "as it was set",
            spans=(("only filters for this period list it:", budget.period),),
            notes=() if budget.is_active else ("it was deleted: only filters for deleted budgets list it",),
        ),
        *_to_children(amount, allocated, unit),
        explain_actual(budget.budget_type, figures.actual, budget.period),
        Explanation(
            "variance",
            "Variance",
            Quantity(figures.variance, unit),
            "{amount} − {actual}" if known else "",
            terms,
            spans=spans,
            notes=("positive is under budget", *missing),
            of_costs=True,
        ),
        Explanation(
            "variance-percent",
            "Variance %",
            Quantity(figures.variance_percent, Unit.PERCENT),
            "({amount} − {actual}) ÷ {amount}" if known and figures.amount > 0 else "",
            terms,
            spans=spans,
            notes=missing or (() if figures.amount > 0 else ("nothing is a share of a budget of 0",)),
            of_costs=True,
        ),
        Explanation(
            "utilization",
            "Utilization",
            Quantity(figures.percent_used, Unit.PERCENT),
            "{actual} ÷ {amount}" if known and figures.amount > 0 else "",
            terms,
            spans=spans,
            notes=missing,
            of_costs=True,
        ),
        Explanation(
            "status",
            "Status",
            Quantity(str(figures.status) if figures.status else "no data", Unit.WORD),
            "({amount} − {actual}) ÷ {amount}" if known and figures.amount > 0 else "",
            terms,
            Quantity(figures.variance_percent, Unit.PERCENT),
            spans,
            (*missing, "more than the amount is over, less than 25 % of it left approaching, else under"),
            of_costs=True,
        ),
    )


def explain_actual(budget_type: BudgetType, actual: int | None, period: Period) -> Explanation:
    """What was used in ``period``, whether a budget was planned for it or not."""
    return Explanation(
        "actual",
        "Actual",
        Quantity(actual, _UNITS[budget_type]),
        _ACTUALS[budget_type],
        spans=(("costs of", period),),
        notes=(_NO_DATA,) if actual is None else (),
        of_costs=True,
    )


def explain_sum(
    budget_type: BudgetType,
    added: Variance,
    each: Sequence[Variance],
    beside: tuple[int | None, int | None] | None,
    periods: Sequence[Period],
    conversions: Sequence[str] = (),
) -> tuple[Explanation, ...]:
    """What several budgets come to together: ``each`` of those that are added. ``beside`` is, where it is asked about,
    everything that was used of what they are about and what they leave of it. ``conversions`` tells of other
    currencies."""
    unit, spans = _UNITS[budget_type], tuple(("costs of", period) for period in periods)
    amount, actual = Quantity(added.amount, unit), Quantity(added.actual, unit)
    everything, left = beside or (None, None)
    whole = Quantity(everything, unit)
    is_seats = budget_type is BudgetType.SEAT
    used_of_each = sum(one.actual or 0 for one in each)
    twice = used_of_each - (added.actual or 0)
    rest = Explanation(
        "not-budgeted",
        "Not budgeted",
        Quantity(left, unit),
        "the most on one day that count for none of the budgets"
        if is_seats
        else "{all_that_was_used} − {used_of_the_budgets}",
        {} if is_seats else {"all_that_was_used": whole, "used_of_the_budgets": actual},
        spans=spans,
        notes=() if left is not None else (_NO_DATA,),
    )
    used = Explanation(
        "everything",
        "All used",
        whole,
        _ACTUALS[budget_type],
        spans=spans,
        notes=() if everything is not None else (_NO_DATA,),
    )
    if not each:
        return (used,)
    known = added.actual is not None
    return (
        *(() if beside is None else (rest, used)),
        Explanation(
            "amount",
            "Budget",
            amount,
            "the highest sum on one day of the budgets that no other one contains"
            if is_seats
            else "the sum of the budgets that no other one contains",
            notes=(
                "budgets inside a larger one are left out, since the larger one already counts them",
                *conversions,
            ),
        ),
        Explanation(
            "actual",
            "Actual",
            actual,
            _used_together(is_seats, twice),
            {}
            if is_seats
            else {"used_of_each": Quantity(used_of_each, unit), "what_counts_for_several": Quantity(twice, unit)},
            spans=spans,
            notes=("what counts for several budgets is counted once",) if known else (_NO_DATA,),
        ),
        Explanation(
            "variance",
            "Variance",
            Quantity(added.variance, unit),
            "{amount} − {actual}" if known else "",
            {"amount": amount, "actual": actual},
            notes=("positive is under budget",),
        ),
        Explanation(
            "utilization",
            "Utilization",
            Quantity(added.percent_used, Unit.PERCENT),
            "{actual} ÷ {amount}" if known and added.amount > 0 else "",
            {"amount": amount, "actual": actual},
        ),
    )


def _used_together(is_seats: bool, twice: int) -> str:
    if is_seats:
        return "the most seats on one day that count for any of them"
    return "{used_of_each} − {what_counts_for_several}" if twice else "the sum of what was used of each"


def _to_children(amount: Quantity, allocated: int | None, unit: Unit) -> tuple[Explanation, ...]:
    if allocated is None:
        return ()
    assert isinstance(amount.value, int)
    given = Quantity(allocated, unit)
    unallocated = amount.value - allocated
    over = ("the children are allocated more than their parent: you are warned, but not stopped",)
    return (
        Explanation("allocated", "Allocated", given, "the sum of the budgets allocated from it"),
        Explanation(
            "unallocated",
            "Unallocated",
            Quantity(unallocated, unit),
            "{amount} − {allocated}",
            {"amount": amount, "allocated": given},
            notes=over if unallocated < 0 else (),
        ),
    )


def explain_agent(agent: AgentBudget, use: Use | None, seconds: int, period: Period) -> tuple[Explanation, ...]:
    """Every value of an agent's row; ``seconds`` since the first ``use`` in sight, an hour at least."""

    def tokens(count: int) -> Quantity:
        return Quantity(count, Unit.TOKENS)

    spans = (("tokens used in", period),)
    allocated, used, held = (
        tokens(agent.allocated_tokens),
        tokens(agent.used_tokens),
        tokens(agent.reserved_tokens),
    )
    available = tokens(agent.available_tokens)
    lately = {"used_lately": tokens(use.tokens if use else 0), "seconds": number(seconds)}
    return (
        Explanation("allocated", "Allocated", allocated, "as it was set, plus what was carried over"),
        Explanation("used", "Used", used, "the sum of the tokens consumed and settled", spans=spans, of_costs=True),
        Explanation(
            "held",
            "Reserved",
            held,
            "the sum of the reservations whose time is not up",
            notes=("settling one uses what was needed and frees the rest",),
        ),
        Explanation(
            "available",
            "Available",
            available,
            "{allocated} − {used} − {held}",
            {"allocated": allocated, "used": used, "held": held},
            spans=spans,
            notes=("a hard limit: a request for more is refused whole",),
            of_costs=True,
        ),
        Explanation(
            "rate",
            "Rate per hour",
            Quantity(agent.rate_per_hour, Unit.RATE),
            "{used_lately} × 3600 ÷ {seconds}" if use else "",
            lately if use else {},
            notes=(
                "the last 24 hours, or fewer if the first use was more recent; at least one hour"
                if use
                else "nothing was used in the last 24 hours",
            ),
        ),
        Explanation(
            "runs-out",
            "Runs out",
            Quantity(agent.runs_out_at, Unit.MOMENT) if agent.runs_out_at else Quantity(_end(agent), Unit.WORD),
            "now + {available} × {seconds} s ÷ {used_lately}" if agent.runs_out_at else "",
            {"available": available, **lately},
            notes=(_how_it_ends(agent, use),),
        ),
        explain_status(agent.status, not agent.allocated_tokens, allocated, available, of_costs=False),
    )


def _end(agent: AgentBudget) -> str:
    """What the screens show where there is no time at which the tokens are gone."""
    if not agent.allocated_tokens:
        return "–"
    if not agent.available_tokens:
        return "now"
    return ">1y" if agent.rate_per_hour else "∞"


def _how_it_ends(agent: AgentBudget, use: Use | None) -> str:
    if agent.available_tokens <= 0:
        return "nothing is available"
    if use is None:
        return "nothing was used lately, so it does not run out"
    return "at this rate" if agent.runs_out_at else "not within a year"


def explain_closed(closed: ClosedPeriod, line: ClosedBudget | None = None) -> tuple[Explanation, ...]:
    """The archived figures of a period, or of one budget in it."""
    unit = _UNITS[line.unit] if line else Unit.MONEY
    of: ClosedPeriod | ClosedBudget = line or closed
    amount = line.allocation if line else closed.budget
    allocation, spent = Quantity(amount, unit), Quantity(of.spent, unit)
    archived = "as it was archived when the period was closed"
    spans = (("the closed period is", closed.period),)
    total = () if line else (Explanation("allocated", "Allocated", money(closed.allocated), archived, spans=spans),)
    return (
        Explanation("allocation" if line else "budget", "Allocation" if line else "Budget", allocation, archived),
        *total,
        Explanation("spent", "Spent", spent, archived, spans=spans),
        Explanation(
            "remaining",
            "Remaining",
            Quantity(of.remaining, unit),
            "{allocation} − {spent}",
            {"allocation": allocation, "spent": spent},
            spans=spans,
        ),
        Explanation(
            "restated",
            "After the close",
            Quantity(of.restated, unit),
            "{spent_as_known_now} − {spent_at_the_close}",
            {"spent_as_known_now": Quantity(of.spent + of.restated, unit), "spent_at_the_close": spent},
            spans=spans,
            notes=("late, moved or corrected costs are shown beside the archive, which does not change",),
            of_costs=True,
        ),
        explain_status(of.status, of.unfunded, allocation, Quantity(of.remaining, unit), of_costs=False),
    )
