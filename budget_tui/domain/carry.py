"""What a budget hands on to its successor when its period closes, beside the allocation itself.

A budget's amount is made of its ``base``, which recurs, and of what was ``carried`` into it: positive when the
period before left something, negative when it was overspent. An edit of the amount moves the base. An amount cannot
be negative: a debt that does not fit stays in ``base + carried``, which is below the amount then, and is settled in
the periods that follow. Nor does a base recur that edits made negative: more was taken off than recurred, and so a
part of what was carried.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from budget_tui.domain.amount import LIMIT_NANOS
from budget_tui.domain.errors import Refused


class CarryPolicy(StrEnum):
    NONE = "none"
    UNSPENT = "unspent"
    DEFICIT = "deficit"
    BOTH = "both"


class Carry(NamedTuple):
    """How a budget is carried over: what comes along, at most how much, and what came along into it."""

    policy: CarryPolicy = CarryPolicy.NONE
    cap: int | None = None
    carried: int = 0


NO_CARRY = Carry()


class SettledCarry(NamedTuple):
    """What was carried into a budget, settled again: in nanos, or in tokens where it ``is_tokens``."""

    subject: str
    before: int
    after: int
    is_tokens: bool


def settled_together(settled: Iterable[SettledCarry]) -> list[SettledCarry]:
    """Once for each budget, from the first amount to the last; nothing for one that came back to where it was."""
    found: dict[str, SettledCarry] = {}
    for each in settled:
        found[each.subject] = each._replace(before=found.get(each.subject, each).before)
    return [each for each in found.values() if each.before != each.after]


class Opening(NamedTuple):
    """What a budget opens a period with."""

    amount: int
    base: int
    carried: int

    def moved_to(self, amount: int) -> "Opening":
        """The same budget with another amount."""
        return Opening(amount, self.base + amount - self.amount, self.carried)


def parse_policy(text: str) -> CarryPolicy:
    """``none``, ``unspent``, ``deficit`` or ``both``."""
    try:
        return CarryPolicy(text.strip().casefold())
    except ValueError:
        raise Refused(
            f"'{text.strip()}' is not a way to carry over", "there are none, unspent, deficit, both"
        ) from None


def checked_cap(policy: CarryPolicy, cap: int | None) -> int | None:
    """``cap`` itself, or `Refused` when it is negative or there is nothing that it could bound."""
    if cap is not None and cap < 0:
        raise Refused("a cap cannot be negative", "it limits unspent amounts and deficits alike")
    if cap is not None and policy is CarryPolicy.NONE:
        raise Refused("a cap needs a policy that carries something over", "choose unspent, deficit or both")
    return cap


def left(base: int, carried: int, spent: int) -> int:
    """What a budget leaves at its close, a debt that did not fit into its amount included."""
    return base + carried - spent


def handed_on(remaining: int, policy: CarryPolicy, cap: int | None) -> int:
    """How much of ``remaining`` comes along: signed, at most ``cap`` either way."""
    match policy:
        case CarryPolicy.NONE:
            return 0
        case CarryPolicy.UNSPENT:
            remaining = max(0, remaining)
        case CarryPolicy.DEFICIT:
            remaining = min(0, remaining)
    return remaining if cap is None else max(-cap, min(cap, remaining))


def opening(base: int, carried: int, room: int = LIMIT_NANOS) -> Opening:
    """The successor of a budget with ``base`` when ``carried`` comes along; its amount is ``room`` at most."""
    base = max(0, base)
    carried = max(-LIMIT_NANOS, min(carried, room - base))
    return Opening(max(0, base + carried), base, carried)
