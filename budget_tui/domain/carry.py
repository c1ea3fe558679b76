"""Carry-over of a budget into its successor when its period closes.

A budget's amount is made of its ``base``, which recurs, and of what was ``carried`` into it: positive when the previous
period left something, negative when it was overspent. An edit of the amount changes the base. An amount cannot be
negative: a debt that does not fit stays in ``base + carried``, which is below the amount then, and is settled in the
periods that follow. A base that edits made negative does not recur: more was taken off than recurs, and so a part of
what was carried.
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
    """A budget's carry-over: its policy, its cap (None: no limit), and the amount that was carried into it."""

    policy: CarryPolicy = CarryPolicy.NONE
    cap: int | None = None
    carried: int = 0


NO_CARRY = Carry()


class SettledCarry(NamedTuple):
    """The amount carried into a budget, before and after it was corrected, in nanos or, if ``is_tokens``,
    tokens."""

    subject: str
    before: int
    after: int
    is_tokens: bool


def settled_together(settled: Iterable[SettledCarry]) -> list[SettledCarry]:
    """Merge the changes of each budget into one, from the first amount to the last; drop those that cancel out."""
    found: dict[str, SettledCarry] = {}
    for each in settled:
        found[each.subject] = each._replace(before=found.get(each.subject, each).before)
    return [each for each in found.values() if each.before != each.after]


class Opening(NamedTuple):
    """The figures that a budget opens a period with."""

    amount: int
    base: int
    carried: int

    def moved_to(self, amount: int) -> "Opening":
        """Return this opening with another amount; the base takes up the difference."""
        return Opening(amount, self.base + amount - self.amount, self.carried)


def parse_policy(text: str) -> CarryPolicy:
    """Parse ``none``, ``unspent``, ``deficit`` or ``both``."""
    try:
        return CarryPolicy(text.strip().casefold())
    except ValueError:
        raise Refused(
            f"'{text.strip()}' is not a way to carry over", "there are none, unspent, deficit, both"
        ) from None


def checked_cap(policy: CarryPolicy, cap: int | None) -> int | None:
    """Return ``cap``; `Refused` when it is negative or the policy carries nothing over."""
    if cap is not None and cap < 0:
        raise Refused("a cap cannot be negative", "it limits unspent amounts and deficits alike")
    if cap is not None and policy is CarryPolicy.NONE:
        raise Refused("a cap needs a policy that carries something over", "choose unspent, deficit or both")
    return cap


def left(base: int, carried: int, spent: int, reserved: int = 0) -> int:
    """Return what a budget leaves at its close, including a debt that did not fit into its amount.

    What is ``reserved`` may still be used in the closed period: it is not left, but no debt either.
    """
    remaining = base + carried - spent
    return max(min(remaining, 0), remaining - reserved)


def carried_over(remaining: int, policy: CarryPolicy, cap: int | None) -> int:
    """Return how much of ``remaining`` is carried over: signed, at most ``cap`` either way."""
    match policy:
        case CarryPolicy.NONE:
            return 0
        case CarryPolicy.UNSPENT:
            remaining = max(0, remaining)
        case CarryPolicy.DEFICIT:
            remaining = min(0, remaining)
    return remaining if cap is None else max(-cap, min(cap, remaining))


def opening(base: int, carried: int, room: int = LIMIT_NANOS) -> Opening:
    """Return the opening of a budget's successor, with its ``base`` and ``carried``; the amount is ``room`` at most."""
    base = max(0, base)
    carried = max(-LIMIT_NANOS, min(carried, room - base))
    return Opening(max(0, base + carried), base, carried)
