"""The JSON shapes that scripts hold on to, the same on the command line and everywhere else.

Amounts are ``Decimal`` with at most 9 decimals and are written as JSON numbers, never through a float.
``_usd`` is the field's name; the amount is in the organization's currency, which ``currency`` tells.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.carry import Carry, SettledCarry
from budget_tui.domain.closing import ClosedPeriod, ClosePreview
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.snapshot import BudgetSnapshot, Pace, ProjectLine
from budget_tui.domain.text import escaped_json
from budget_tui.domain.tokens import AgentBudget, Reservation, TokenBalance, TokenSums
from budget_tui.presentation import messages


def dumps(answer: object, indent: int | None = 2) -> str:
    """``answer`` as indented JSON, decimals to the digit and without exponents, non-ASCII text as it is where that
    moves no terminal's cursor and turns no line."""
    import simplejson

    document = simplejson.dumps(answer, use_decimal=False, default=_number, ensure_ascii=False, indent=indent)
    return escaped_json(str(document))


def _number(value: object) -> object:
    import simplejson

    if isinstance(value, Decimal):
        return simplejson.RawJSON(f"{value:f}")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def status_answer(snapshot: BudgetSnapshot) -> dict[str, Any]:
    return {
        "as_of": snapshot.as_of.isoformat(),
        "data_through": snapshot.data_through.isoformat(),
        "currency": snapshot.organization.currency,
        "global": global_budget(snapshot),
        "projects": [project_budget(line) for line in snapshot.projects],
        "unmapped_usd": to_decimal(snapshot.unmapped),
        "warnings": messages.warnings(snapshot),
    }


def projects_answer(snapshot: BudgetSnapshot) -> dict[str, Any]:
    """All projects' budgets with the day they hold for and how far their costs are known."""
    return _dated(snapshot, {"projects": [project_budget(line) for line in snapshot.projects]})


def budget_answer(snapshot: BudgetSnapshot) -> dict[str, Any]:
    """The global budget with the day it holds for and how far its costs are known."""
    return _dated(snapshot, global_budget(snapshot))


def project_answer(snapshot: BudgetSnapshot, line: ProjectLine) -> dict[str, Any]:
    """One project's budget with the day it holds for and how far its costs are known."""
    return _dated(snapshot, project_budget(line))


def global_budget(snapshot: BudgetSnapshot) -> dict[str, Any]:
    return {
        "monthly_budget_usd": to_decimal(snapshot.total.allocation),
        "current_period_start": snapshot.period.start.isoformat(),
        "current_period_end": snapshot.period.end.isoformat(),
        "allocated_usd": to_decimal(snapshot.allocated),
        "unallocated_usd": to_decimal(snapshot.unallocated),
        "spent_usd": to_decimal(snapshot.total.spent),
        "scheduled_usd": to_decimal(snapshot.total.scheduled),
        "remaining_usd": to_decimal(snapshot.total.remaining),
        "days_left": snapshot.days_left,
        **_pacing(snapshot.total),
        "forecast_usd": to_decimal(snapshot.total.forecast),
        **carry_answer(snapshot.carry),
    }


def project_budget(line: ProjectLine) -> dict[str, Any]:
    return {
        "project_id": line.project_id,
        "name": line.name,
        "monthly_allocation_usd": to_decimal(line.pace.allocation),
        "spent_usd": to_decimal(line.pace.spent),
        "scheduled_usd": to_decimal(line.pace.scheduled),
        "remaining_usd": to_decimal(line.pace.remaining),
        **_pacing(line.pace),
        **carry_answer(line.carry),
    }


def period_answer(period: ClosedPeriod) -> dict[str, Any]:
    """A closed period with its figures as they stood; ``restated_usd`` is what was spent beyond them since."""
    return {
        "period_start": period.period.start.isoformat(),
        "period_end": period.period.end.isoformat(),
        "data_through": period.data_through.isoformat() if period.data_through else None,
        "currency": period.currency,
        "monthly_budget_usd": to_decimal(period.budget),
        "allocated_usd": to_decimal(period.allocated),
        "spent_usd": to_decimal(period.spent),
        "remaining_usd": to_decimal(period.remaining),
        "budget_status": str(period.status),
        "restated_usd": to_decimal(period.restated),
        "closed_by": period.closed_by,
        "closed_at": period.closed_at.isoformat(timespec="seconds"),
        "projects": [
            {
                "project_id": line.entity_id,
                "name": line.name,
                "monthly_allocation_usd": to_decimal(line.allocation),
                "spent_usd": to_decimal(line.spent),
                "remaining_usd": to_decimal(line.remaining),
                "budget_status": str(line.status),
                "restated_usd": to_decimal(line.restated),
            }
            for line in period.projects
        ],
        "agents": [
            {
                "agent_id": line.entity_id,
                "allocated_tokens": line.allocation,
                "used_tokens": line.spent,
                "available_tokens": line.remaining,
                "budget_status": str(line.status),
                "restated_tokens": line.restated,
            }
            for line in period.agents
        ],
    }


def close_answer(close: ClosePreview) -> dict[str, Any]:
    """What a manual close does: the period that ends, the one that follows, and what each project opens it with."""
    return {
        "period_start": close.ending.start.isoformat(),
        "period_end": close.ending.end.isoformat(),
        "data_through": close.data_through.isoformat(),
        "next_period_start": close.following.start.isoformat(),
        "next_period_end": close.following.end.isoformat(),
        "currency": close.currency,
        "monthly_budget_usd": to_decimal(close.total),
        "spent_usd": to_decimal(close.spent),
        "remaining_usd": to_decimal(close.total - close.spent),
        "carried_usd": to_decimal(close.carried),
        "next_monthly_budget_usd": to_decimal(close.total_next),
        "next_unallocated_usd": to_decimal(close.unallocated_next),
        "projects": [
            {
                "project_id": line.project_id,
                "name": line.name,
                "monthly_allocation_usd": to_decimal(line.allocation),
                "spent_usd": to_decimal(line.spent),
                "carried_usd": to_decimal(line.carried),
                "next_monthly_allocation_usd": to_decimal(line.next_allocation),
            }
            for line in close.lines
        ],
    }


def carry_answer(carry: Carry) -> dict[str, Any]:
    """How a budget is carried over."""
    return {
        "carry": str(carry.policy),
        "carry_cap_usd": None if carry.cap is None else to_decimal(carry.cap),
        "carried_usd": to_decimal(carry.carried),
    }


def carry_settled_answer(settled: Sequence[SettledCarry]) -> list[dict[str, Any]]:
    """What was carried over and settled again, in money or in tokens."""
    return [
        {
            "subject": subject,
            "budget_type": str(BudgetType.TOKEN if is_tokens else BudgetType.MONETARY),
            "carried_before": before if is_tokens else to_decimal(before),
            "carried": after if is_tokens else to_decimal(after),
        }
        for subject, before, after, is_tokens in settled
    ]


class Transferred(Protocol):
    """What a transfer left on both sides, in nanos."""

    @property
    def transfer_id(self) -> str: ...
    @property
    def giver(self) -> str: ...
    @property
    def taker(self) -> str: ...
    @property
    def amount(self) -> int: ...
    @property
    def giver_after(self) -> int: ...
    @property
    def taker_after(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def forced(self) -> bool: ...
    @property
    def reason(self) -> str: ...


def transfer_answer(outcome: Transferred) -> dict[str, Any]:
    return {
        "transfer_id": outcome.transfer_id,
        "from": outcome.giver,
        "to": outcome.taker,
        "amount_usd": to_decimal(outcome.amount),
        "from_after_usd": to_decimal(outcome.giver_after),
        "to_after_usd": to_decimal(outcome.taker_after),
        "currency": outcome.currency,
        "forced": outcome.forced,
        "reason": outcome.reason,
    }


def entity_changed_answer(entity: Entity, former_parent_id: str, closed: date | None) -> dict[str, Any]:
    """An entity where it stands now, and what it stood below through the last closed day, where that is another."""
    left = {"closed_through": closed.isoformat() if closed else None, "closed_parent_id": former_parent_id or None}
    return {**entity_answer(entity), **left}


def entity_answer(entity: Entity) -> dict[str, Any]:
    return {
        "entity_id": entity.entity_id,
        "name": entity.name,
        "level": entity.level_code,
        "parent_id": entity.parent_id or None,
        "path": entity.path,
        "archived": entity.archived,
    }


def agent_answer(budget: AgentBudget) -> dict[str, Any]:
    """An agent's budget of the running period, and how fast it goes."""
    runs_out = budget.runs_out_at
    return {
        **budget._asdict(),
        "runs_out_at": runs_out.isoformat(timespec="seconds") if runs_out is not None else None,
        "status": str(budget.status),
        "data_through": budget.data_through.isoformat(),
    }


def balance_answer(balance: TokenBalance) -> dict[str, Any]:
    """How an agent's budget stands after something was taken from it or added to it."""
    return {**balance._asdict(), "available_tokens": balance.available_tokens}


def sums_answer(sums: TokenSums) -> dict[str, Any]:
    """The budgets of a project's agents together."""
    return {**sums._asdict(), "available_tokens": sums.available_tokens}


def reservation_answer(held: Reservation) -> dict[str, Any]:
    return {**held._asdict(), "expires_at": held.expires_at.isoformat(timespec="seconds")}


def _pacing(pace: Pace) -> dict[str, Any]:
    return {
        "daily_drip_usd": to_decimal(pace.daily_drip),
        "available_today_usd": to_decimal(pace.available_today),
        "burn_rate_usd": to_decimal(pace.burn_rate),
        "runway_days": _shortest(pace.runway_days),
        "runs_out_on": pace.runs_out_on.isoformat() if pace.runs_out_on is not None else None,
        "budget_status": str(pace.status),
    }


def _dated(snapshot: BudgetSnapshot, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        **answer,
        "as_of": snapshot.as_of.isoformat(),
        "data_through": snapshot.data_through.isoformat(),
        "currency": snapshot.organization.currency,
        "warnings": messages.warnings(snapshot),
    }


def _shortest(value: Decimal | None) -> Decimal | None:
    """``value`` without trailing zeros and without an exponent."""
    return None if value is None else Decimal(f"{value.normalize():f}")
