"""Tokens of enforced agents, which the money of their project bounds."""

from collections.abc import Mapping

from budget_tui.domain.cost import Category
from budget_tui.domain.errors import InsufficientBudget, Refused
from budget_tui.domain.tokens import USED_KINDS, TokenKind, cost_nanos, provider_of_model
from budget_tui.presentation.formatting import count, money
from budget_tui.services.limits import Limits, bound_of, shortage
from budget_tui.services.work import Work


def is_enforced(work: Work, path: str) -> bool:
    """Return whether the agent at ``path``, or anything above it, is enforced."""
    if work.enforced is None:
        work.enforced = work.unit.fast.enforced_paths(work.organization.org_key)
    return path.startswith(work.enforced)


def require_money(
    work: Work, agent_id: str, path: str, model: str, use: Mapping[TokenKind, int] | int, reserved: int = 0
) -> int:
    """Return the cost of ``use`` in nanos; `InsufficientBudget` when it is more than the money that is left.

    A mere number of tokens costs as much as the dearest kind. ``reserved`` nanos of it are reserved already. `Refused`
    without a price.
    """
    cost = price_of(work, agent_id, model, use)
    limits = Limits(work.unit, work.organization, work.today, work.now).of(
        path, Category.GENAI, provider_of_model(model)
    )
    bound, currency = bound_of(limits, with_today=False), work.organization.currency
    if cost - reserved > bound.amount:
        tokens = use if isinstance(use, int) else sum(use.values())
        raise InsufficientBudget(
            f"{shortage(bound, currency)}, and {count(tokens, 'token')} of {agent_id} cost {money(cost, currency)}",
            "allocate more to it, or use fewer",
            available=tokens * (bound.amount + reserved) // cost,
        )
    return cost


def price_of(work: Work, agent_id: str, model: str, use: Mapping[TokenKind, int] | int) -> int:
    """Return what ``use`` of a model costs today, in nanos: without a model, what it costs with the dearest one."""
    org = work.organization.org_key
    models = [model] if model else work.unit.agents.priced_models(org)
    prices = [found for each in models if (found := work.unit.fast.prices_on(org, each, work.today))]
    if not prices:
        whose = f"the model {model} of {agent_id} has" if model else f"{agent_id} has no model, and no model has"
        raise Refused(
            f"{whose} no price, and money is enforced",
            "set the price",
            command=f"budget-tui price set {model or 'MODEL'} --input AMOUNT --output AMOUNT",
        )
    if isinstance(use, int):
        return max(cost_nanos({kind: use}, each) for each in prices for kind in USED_KINDS)
    return max(cost_nanos(use, each) for each in prices)
