"""Agents and their token budgets: a hard limit, however many programs use tokens at the same time."""

import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import NamedTuple

from budget_tui.domain.audit import UNDO_DATA, AuditEntry
from budget_tui.domain.budget import Organization, check_unchanged
from budget_tui.domain.carry import CarryPolicy, checked_cap
from budget_tui.domain.errors import BudgetError, Conflict, NotFound, Refused, unknown
from budget_tui.domain.hierarchy import archived_error, checked_id, checked_name
from budget_tui.domain.period import Period
from budget_tui.domain.records import AgentFact, StoredReservation
from budget_tui.domain.tokens import (
    HOLD_SECONDS,
    AgentBudget,
    Reservation,
    TokenBalance,
    TokenKind,
    TokenSums,
    Use,
    by_kind,
    check_reserved_for,
    checked_model,
    checked_tokens,
    rate_per_hour,
    runs_out_at,
    status_of,
)
from budget_tui.domain.tree import Placement
from budget_tui.presentation.formatting import tokens as tokens_text
from budget_tui.services.agent_money import is_enforced, require_money
from budget_tui.services.agent_tokens import (
    archive_agent,
    change_tokens,
    count_reserved_use,
    count_use,
    find_agent,
    insufficient,
    require_active,
    take_from_successors,
    taken_from,
    with_budget,
    without_expired,
)
from budget_tui.services.clock import zone
from budget_tui.services.closing import budgets_ahead
from budget_tui.services.context import Context
from budget_tui.services.costs import resolve_costs_again
from budget_tui.services.entities import EntityChange, Moved, carry_out, check_version, set_enforced
from budget_tui.services.hierarchy import put, require_unused
from budget_tui.services.idempotency import run_once
from budget_tui.services.undo import Lines, require_same, reverses, undo_data
from budget_tui.services.work import Work
from budget_tui.storage.session import Session

_log = logging.getLogger("budget_tui.agents")


class ChangedAgent(NamedTuple):
    """An agent after a change, with the model of what it uses from now on ('': none)."""

    moved: Moved
    model: str


class Agents:
    """Commands on agents and their tokens, each one transaction; and queries.

    Among tokens consumed or settled, ``output`` and ``cached`` are of these kinds; the rest are input.
    Repeating a command with the same ``key`` changes nothing and returns the same result.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = context.reader()

    # Agents

    def add(
        self,
        agent_id: str,
        project_id: str,
        name: str = "",
        model: str = "",
        tokens: int = 0,
        key: str | None = None,
        *,
        enforced: bool = False,
    ) -> TokenBalance:
        """Add an agent with its budget to a project, or to another entity.

        If it is ``enforced``, the project's money bounds its tokens. An archived agent with that id is restored.
        `Conflict` if the id or the name is taken.
        """
        agent_id, model = checked_id(agent_id), checked_model(model)
        checked_tokens(tokens, 0)
        with _LogRefusal(self._context, "add", agent_id, tokens), self._context.work() as work:

            def add() -> TokenBalance:
                work.require_open_period()
                is_new = self._make(work, agent_id, project_id, name and checked_name(name), model)
                agent = with_budget(work, find_agent(work, agent_id))
                after = {"name": agent.name, "project": agent.project_id, "model": agent.model}
                kept = {"used": agent.used, "is_new": is_new}
                work.record("agent.add", agent_id, None, {**after, "tokens": agent.allocated, UNDO_DATA: kept})
                if enforced:
                    set_enforced(work, work.entity(agent_id), True)
                return change_tokens(work, "agent.allocate", agent, tokens or agent.allocated)

            request = {"agent": agent_id, "project": project_id, "name": name, "model": model, "tokens": tokens}
            request |= {"enforced": True} if enforced else {}
            balance = _once(work, "agent.add", key, add, **request)
            work.commit()
        return balance

    def rename(self, agent_id: str, name: str) -> None:
        """Change the display name; the id stays. `Conflict` if the name is taken."""
        self.change(agent_id, EntityChange(name))

    def change(
        self, agent_id: str, change: EntityChange, seen: int | None = None, model: str | None = None
    ) -> ChangedAgent:
        """Rename an agent, assign it to another project, or have what it uses from now on priced as another
        ``model``'s ('': none); see `Entities.change`."""
        with _LogRefusal(self._context, "change", agent_id), self._context.work() as work:
            agent = find_agent(work, agent_id)
            moved = carry_out(work, work.entity(agent_id), change, seen)
            if model is not None:
                _set_model(work, agent, checked_model(model))
            changed = ChangedAgent(moved, find_agent(work, agent_id).model)
            work.commit()
        return changed

    def archive(self, agent_id: str, seen: int | None = None) -> None:
        """Archive an agent and its budget. Its usage and costs stay."""
        with _LogRefusal(self._context, "archive", agent_id), self._context.work() as work:
            work.require_open_period()
            agent = find_agent(work, agent_id)
            check_version(seen, work.entity(agent_id))
            archive(work, agent)
            work.commit()

    # Budgets

    def allocate(self, agent_id: str, tokens: int, seen: int | None = None) -> TokenBalance:
        """Set the agent's tokens per period from the current one on, not below those used and reserved.

        ``seen`` is the value the user saw; `Conflict` if it is no longer the stored one.
        """
        checked_tokens(tokens, 0)
        with _LogRefusal(self._context, "allocate", agent_id, tokens), self._context.work() as work:
            work.require_open_period()
            agent = with_budget(work, find_agent(work, agent_id))
            check_unchanged(seen, agent.allocated, f"{agent.allocated:,} tokens")
            balance = change_tokens(work, "agent.allocate", agent, tokens)
            work.commit()
        return balance

    def top_up(self, agent_id: str, tokens: int, key: str | None = None) -> TokenBalance:
        """Add tokens to the agent's budget."""
        checked_tokens(tokens)
        with _LogRefusal(self._context, "top-up", agent_id, tokens), self._context.work() as work:

            def add() -> TokenBalance:
                work.require_open_period()
                agent = with_budget(work, find_agent(work, agent_id))
                return change_tokens(work, "agent.top-up", agent, checked_tokens(agent.allocated + tokens))

            balance = _once(work, "agent.top-up", key, add, agent=agent_id, tokens=tokens)
            work.commit()
        return balance

    def set_carry(self, agent_id: str, policy: CarryPolicy, cap: int | None = None) -> None:
        """Set which tokens carry over when a period closes, limited to ``cap`` in either direction."""
        checked_tokens(checked_cap(policy, cap) or 0, 0)
        with self._context.work() as work:
            work.require_open_period()
            agent = with_budget(work, find_agent(work, agent_id))
            change_carry(work, agent, policy, cap)
            work.commit()

    # Usage. On the day of a manual close it continues after the close, and the closed period's figures are restated.

    def consume(
        self, agent_id: str, tokens: int, output: int = 0, cached: int = 0, key: str | None = None
    ) -> TokenBalance:
        """Use tokens: all of them, or none and `InsufficientBudget` with the number available."""
        kinds = by_kind(tokens, output, cached)
        with _LogRefusal(self._context, "consume", agent_id, tokens), self._context.work() as work:
            take = partial(_consume, work, agent_id, tokens, kinds)
            balance = _once(
                work, "agent.consume", key, take, agent=agent_id, tokens=tokens, output=output, cached=cached
            )
            work.commit(tokens_only=True)
        return balance

    def reserve(self, agent_id: str, tokens: int, seconds: int = HOLD_SECONDS, key: str | None = None) -> Reservation:
        """Reserve tokens for at most ``seconds``, after which they are released automatically."""
        checked_tokens(tokens)
        check_reserved_for(seconds, "tokens cannot be reserved")
        with _LogRefusal(self._context, "reserve", agent_id, tokens), self._context.work() as work:
            request = {"agent": agent_id, "tokens": tokens, "seconds": seconds}
            result = run_once(work, "agent.reserve", key, request, lambda: _reserve(work, agent_id, tokens, seconds))
            work.commit(tokens_only=True)
        return Reservation(**result | {"expires_at": datetime.fromisoformat(result["expires_at"])})

    def settle(
        self, reservation_id: str, tokens: int, output: int = 0, cached: int = 0, key: str | None = None
    ) -> TokenBalance:
        """Use the actual amount in place of the reservation, and release the rest.

        More than was reserved is used if available; otherwise `InsufficientBudget`, and the reservation stays.
        Repeating it changes nothing. `Conflict` if the reservation has ended otherwise, or with other tokens or
        kinds of them.
        """
        kinds = by_kind(tokens, output, cached) if checked_tokens(tokens, 0) else {}
        with _LogRefusal(self._context, "settle", reservation_id, tokens), self._context.work() as work:
            take = partial(_settle, work, reservation_id, tokens, kinds)
            balance = _once(
                work, "agent.settle", key, take, reservation=reservation_id, tokens=tokens, output=output, cached=cached
            )
            work.commit(tokens_only=True)
        return balance

    def release(self, reservation_id: str) -> TokenBalance:
        """Release a reservation; repeating it changes nothing. `Conflict` if the reservation was settled."""
        with _LogRefusal(self._context, "release", reservation_id), self._context.work() as work:
            reservation = _reservation(work, reservation_id)
            if reservation.state == "settled":
                raise Conflict(f"reservation {reservation_id} is already settled", "there is nothing to release")
            if reservation.state == "held":
                work.unit.grants.end_reservation(reservation_id, "released")
                work.unit.grants.release(reservation.budget_id, reservation.tokens)
                work.reaches_back = reservation.last_day < work.open.period.start
            balance = TokenBalance(reservation.agent_id, *work.unit.fast.token_counts(reservation.budget_id))
            _log_tokens(work, "released", balance, reservation.tokens, reservation_id)
            work.commit(tokens_only=True)
        return balance

    # Queries

    def get(self, agent_id: str) -> AgentBudget:
        """Return the agent with its budget in the current period; raises `NotFound`."""
        with self._reader.session() as session:
            agents = _agents_now(session, self._context)
            return agents.with_rate(agents.named(agent_id))

    def all(self, project_id: str = "") -> list[AgentBudget]:
        """Return all agents, or those of a project, in the order they were added."""
        with self._reader.session() as session:
            agents = _agents_now(session, self._context)
            return [agents.with_rate(agent) for agent in agents.all() if project_id in ("", agent.project_id)]

    def sums_of(self, project_id: str) -> TokenSums:
        """Return the sums of the budgets of all agents below a project."""
        with self._reader.session() as session:
            agents = _agents_now(session, self._context)
            balances = [agents.balance(agent) for agent in agents.all() if f"/{project_id}/" in agent.path]
        return TokenSums(
            len(balances),
            sum(balance.allocated_tokens for balance in balances),
            sum(balance.used_tokens for balance in balances),
            sum(balance.reserved_tokens for balance in balances),
        )

    def changed(self) -> bool:
        """Return whether anybody wrote to the database since the last check; takes a few microseconds."""
        return self._reader.changed()

    def close(self) -> None:
        self._reader.close()

    def _make(self, work: Work, agent_id: str, project_id: str, name: str, model: str) -> bool:
        """Add or restore an agent; return whether it is a new one."""
        known = work.unit.fast.entity(work.organization.org_key, agent_id)
        if known is None:
            _require_parent(work, project_id)
        elif known.level_code != "agent" or not known.archived:
            raise Conflict(f"'{agent_id}' already exists", "choose another id, or rename that one")
        elif known.parent_id != project_id:
            raise Conflict(f"agent '{agent_id}' belongs to {known.parent_id}", "restore it there, or choose another id")
        put(work, [Placement(agent_id, name, "agent", project_id)])
        if known is None or model:
            work.unit.agents.set_model(work.entity(agent_id).entity_key, model)
        return known is None


def _set_model(work: Work, agent: AgentFact, model: str) -> None:
    """Store an agent's model and record it in the audit log, unless it is unchanged."""
    if agent.model != model:
        work.unit.agents.set_model(agent.entity_key, model)
        work.record("agent.model", agent.agent_id, {"model": agent.model}, {"model": model})


def change_carry(work: Work, agent: AgentFact, policy: CarryPolicy, cap: int | None) -> None:
    """Store which tokens carry over and record it in the audit log, unless it is unchanged."""
    before = work.unit.budgets.carry_of(agent.budget_id)
    if (before.policy, before.cap) != (policy, cap):
        work.unit.budgets.set_carry(agent.budget_id, policy, cap, work.actor, work.now)
        work.record(
            "agent.carry", agent.agent_id, {"carry": before.policy, "cap": before.cap}, {"carry": policy, "cap": cap}
        )


def archive(work: Work, agent: AgentFact) -> None:
    """Archive an agent and its budget, and record it in the audit log."""
    archive_agent(work, agent)
    work.record("agent.archive", agent.agent_id, {"tokens": agent.allocated}, None)


def agent_details(
    session: Session, context: Context, agent_id: str
) -> tuple[AgentBudget, Use | None, datetime, Period, AgentFact]:
    """Return an agent's budget with its source: recent usage, the moment, the period, the stored agent."""
    agents = _agents_now(session, context)
    agent = agents.named(agent_id)
    return (
        agents.with_rate(agent),
        session.agents.recent_use(agent.entity_key, agents.now),
        agents.now,
        agents.period,
        agent,
    )


def _agents_now(session: Session, context: Context) -> "_AgentsOnDay":
    organization, clock = context.organization(session), context.clock
    return _AgentsOnDay(session, organization, clock.today(organization.time_zone), clock.now())


class _AgentsOnDay:
    """The agents as of one day. It does not write, so an ended period is shown as carried over."""

    def __init__(self, session: Session, organization: Organization, today: date, now: datetime) -> None:
        self._session = session
        self._org = organization.org_key
        self._today = today
        self.now = now
        # Usage has real timestamps; the time when tokens run out is shifted to the day that is viewed.
        self._shift = today - now.astimezone(zone(organization.time_zone)).date()
        stored = session.fast.global_budget(self._org, today)
        self.period = stored.period if stored else organization.period_rule.containing(today)
        self._is_over = self.period.end < today
        self._enforced = session.fast.enforced_paths(self._org)
        self._expired = session.agents.expired_reservations(self._org, now)
        self._ahead: dict[str, int] = {}
        if stored and self._is_over:
            budgets = budgets_ahead(session, organization, stored, today, now, self._expired)
            self._ahead = {budget.budget_id: budget.amount for budget in budgets}

    def named(self, agent_id: str) -> AgentFact:
        return require_active(self._session.fast.agent(self._org, agent_id, self.period), agent_id)

    def all(self) -> list[AgentFact]:
        return self._session.fast.agents(self._org, self.period)

    def balance(self, agent: AgentFact) -> TokenBalance:
        """Return the balance; expired reservations count as released."""
        if self._is_over:
            return TokenBalance(agent.agent_id, self._ahead.get(agent.budget_id, agent.allocated), 0, 0)
        reserved = agent.reserved - self._expired.get(agent.budget_id, 0)
        return TokenBalance(agent.agent_id, agent.allocated, agent.used, reserved)

    def with_rate(self, agent: AgentFact) -> AgentBudget:
        """Return the balance with its rate."""
        balance = self.balance(agent)
        use = self._session.agents.recent_use(agent.entity_key, self.now)
        empty_at = runs_out_at(balance.available_tokens, use, self.now)
        return AgentBudget(
            agent_id=agent.agent_id,
            name=agent.name,
            project_id=agent.project_id,
            model=agent.model,
            allocated_tokens=balance.allocated_tokens,
            used_tokens=balance.used_tokens,
            reserved_tokens=balance.reserved_tokens,
            available_tokens=balance.available_tokens,
            rate_per_hour=rate_per_hour(use, self.now),
            runs_out_at=empty_at + self._shift if empty_at else None,
            status=status_of(balance),
            data_through=self._today,
            enforced=agent.path.startswith(self._enforced),
        )


class _LogRefusal:
    """Logs a refused command."""

    __slots__ = ("_asked",)

    def __init__(self, context: Context, what: str, subject: str, tokens: int | None = None) -> None:
        self._asked = (context.label, subject, what, tokens)

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, BudgetError):
            label, subject, what, tokens = self._asked
            request = what if tokens is None else f"{what} {tokens}"
            _log.warning("%s: %s %s refused: %s", label, subject, request, error)


def _once(
    work: Work, command: str, key: str | None, carry_out: Callable[[], TokenBalance], **request: object
) -> TokenBalance:
    """Like `run_once`, with a balance as the result."""
    if key is None:
        return carry_out()
    return TokenBalance(**run_once(work, command, key, request, lambda: carry_out()._asdict()))


def _log_tokens(work: Work, what: str, balance: TokenBalance, tokens: int, reservation_id: str = "") -> None:
    """Log a change of tokens, once it is committed."""
    work.after_commit(
        lambda: _log.info(
            "%s: %s %s %d tokens%s, %d available",
            work.label,
            balance.agent_id,
            what,
            tokens,
            f" as {reservation_id}" if reservation_id else "",
            balance.available_tokens,
        )
    )


def _require_parent(work: Work, entity_id: str) -> None:
    """Refuse an entity that agents cannot belong to: they belong to projects or other entities, but not to agents."""
    parent = work.unit.fast.entity(work.organization.org_key, entity_id)
    if parent is None:
        raise unknown("project", entity_id)
    if parent.archived:
        raise archived_error(parent)
    if parent.level_code == "agent":
        raise Refused(f"'{entity_id}' is an agent", "an agent belongs to a project")


def _consume(work: Work, agent_id: str, tokens: int, kinds: Mapping[TokenKind, int]) -> TokenBalance:
    agent, balance = taken_from(work, agent_id)
    if tokens <= balance.available_tokens and is_enforced(work, agent.path):
        require_money(work, agent.agent_id, agent.path, agent.model, kinds)
    if not work.unit.grants.use(agent.budget_id, tokens):
        raise insufficient(agent_id, balance.available_tokens)
    _take_from_successor(work, agent, tokens)
    count_use(work, agent, kinds)
    _, allocated, used, reserved = balance
    balance = TokenBalance(agent_id, allocated, used + tokens, reserved)
    _log_tokens(work, "consumed", balance, tokens)
    return balance


def _take_from_successor(work: Work, agent: AgentFact, tokens: int) -> None:
    """Reduce the next period's carry-over by ``tokens`` if the agent's period was closed today."""
    if work.is_used_after_close():
        take_from_successors(work, agent.agent_id, agent.budget_id, tokens)


def _reserve(work: Work, agent_id: str, tokens: int, seconds: int) -> dict[str, object]:
    agent, balance = taken_from(work, agent_id)
    nanos, expires_at = 0, work.now + timedelta(seconds=seconds)
    if tokens <= balance.available_tokens and is_enforced(work, agent.path):
        nanos = require_money(work, agent.agent_id, agent.path, agent.model, tokens)
    reservation_id = work.unit.grants.reserve(agent.budget_id, tokens, expires_at, work.actor, work.now, nanos)
    if not reservation_id:
        raise insufficient(agent_id, balance.available_tokens)
    _take_from_successor(work, agent, tokens)
    balance = balance._replace(reserved_tokens=balance.reserved_tokens + tokens)
    _log_tokens(work, "reserved", balance, tokens, reservation_id)
    reservation = Reservation(reservation_id, agent_id, tokens, expires_at, balance.available_tokens)
    return reservation._asdict() | {"expires_at": expires_at.isoformat()}


def _settle(work: Work, reservation_id: str, tokens: int, kinds: Mapping[TokenKind, int]) -> TokenBalance:
    reservation = _reservation(work, reservation_id)
    stated = kinds.get(TokenKind.OUTPUT, 0), kinds.get(TokenKind.CACHED, 0)
    if reservation.state == "settled":
        stored = reservation.settled_output, reservation.settled_cached
        if reservation.settled != tokens:
            was = tokens_text(reservation.settled or 0)
            raise Conflict(f"reservation {reservation_id} was settled with {was}", "consume the difference")
        if stored not in (stated, (None, None)):
            was = f"{stored[0] or 0:,} output and {stored[1] or 0:,} cached tokens of {tokens:,}"
            raise Conflict(
                f"reservation {reservation_id} was settled with {was}", "repeat it with these, or leave it as it is"
            )
        return TokenBalance(reservation.agent_id, *work.unit.fast.token_counts(reservation.budget_id))
    if reservation.state != "held" or reservation.expires_at <= work.now:
        ended = "was released already" if reservation.state == "released" else "is over its time"
        raise Conflict(
            f"reservation {reservation_id} {ended}",
            "record the use by consuming",
            command=f"record the use with: budget-tui agent consume {reservation.agent_id}",
        )
    work.unit.grants.release_expired(reservation.budget_id, work.now)
    if tokens > reservation.tokens and is_enforced(work, reservation.path):
        require_money(work, reservation.agent_id, reservation.path, reservation.model, kinds, reservation.nanos)
    if not work.unit.grants.use(reservation.budget_id, tokens, reservation.tokens):
        balance = TokenBalance(reservation.agent_id, *work.unit.fast.token_counts(reservation.budget_id))
        raise insufficient(reservation.agent_id, balance.available_tokens + reservation.tokens)
    if tokens > reservation.tokens:
        take_from_successors(work, reservation.agent_id, reservation.budget_id, tokens)
    work.unit.grants.end_reservation(reservation_id, "settled", tokens, kinds=stated)
    work.reaches_back = reservation.last_day < work.open.period.start
    if kinds:
        count_reserved_use(work, reservation, kinds)
    balance = TokenBalance(reservation.agent_id, *work.unit.fast.token_counts(reservation.budget_id))
    _log_tokens(work, "settled", balance, tokens, reservation_id)
    return balance


def _reservation(work: Work, reservation_id: str) -> StoredReservation:
    found = work.unit.fast.reservation(work.organization.org_key, reservation_id)
    if found is None:
        raise NotFound(
            f"there is no reservation '{reservation_id}'",
            "the response to reserving names its id",
            command="budget-tui agent reserve prints its id",
        )
    return found


@reverses("agent.allocate", "agent.top-up")
def _undo_tokens(work: Work, lines: Lines) -> None:
    work.require_open_period()
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        agent = with_budget(work, find_agent(work, line.subject))
        require_same(f"the allocation of {line.subject}", agent.allocated, line.after["tokens"])
        tokens = line.before["tokens"]
        _require_not_taken(work, agent, tokens, is_addition=not tokens)
        change_tokens(work, line.action, agent, line.before["tokens"])


def _require_not_taken(work: Work, agent: AgentFact, tokens: int, *, is_addition: bool) -> None:
    """Refuse to undo down to ``tokens`` what an agent has used or reserved more of since."""
    balance = TokenBalance(agent.agent_id, agent.allocated, agent.used, agent.reserved)
    balance = without_expired(work, agent.budget_id, balance)
    used, reserved = balance.used_tokens, balance.reserved_tokens
    if used + reserved <= tokens:
        return
    done = [f"{'used' if is_used else 'reserved'} {n:,}" for is_used, n in ((True, used), (False, reserved)) if n]
    if used <= tokens:
        hint, command = "release it first", "release it first: budget-tui agent release RESERVATION"
    elif not is_addition:
        hint = f"allocate {used + reserved:,} or more"
        command = f"budget-tui agent allocate {agent.agent_id} {used + reserved} leaves it just those"
    else:
        hint, command = "archive it instead", f"archive it instead: budget-tui agent archive {agent.agent_id}"
    raise Conflict(f"{agent.agent_id} has {' and '.join(done)} tokens by now", hint, command=command)


@reverses("agent.add")
@reverses("agent.archive")
def _undo_add_or_archive(work: Work, lines: Lines) -> None:
    """Undo an addition by archiving, an archiving by restoring."""
    work.require_open_period()
    for line in reversed(lines):
        if line.after is not None:
            _archive_again(work, line)
        else:
            _restore(work, line)


def _archive_again(work: Work, line: AuditEntry) -> None:
    """Archive what was added or restored, unless it has used tokens since."""
    agent, kept = find_agent(work, line.subject), undo_data(line.after) if line.action == "agent.add" else {}
    if kept:
        _require_not_taken(work, agent, kept["used"], is_addition=True)
    if kept.get("is_new"):
        require_unused(work, work.entity(line.subject), agent.budget_id)
    archive_agent(work, agent)
    if kept.get("is_new"):
        work.unit.entities.undo_addition(work.entity(line.subject))
        resolve_costs_again(work)
    work.record(line.action, line.subject, line.after, None)


def _restore(work: Work, line: AuditEntry) -> None:
    known, before = work.unit.fast.entity(work.organization.org_key, line.subject), line.before or {}
    if known is not None and not known.archived:
        raise Conflict(f"{line.subject} has been restored since", "there is nothing left to undo")
    if known is not None:
        put(work, [Placement(line.subject, known.name, "agent", known.parent_id)])
    else:
        put(work, [Placement(line.subject, before["name"], "agent", before["project"])])
        work.unit.agents.set_model(work.entity(line.subject).entity_key, before["model"])
    with_budget(work, find_agent(work, line.subject))
    work.record(line.action, line.subject, None, line.before)


@reverses("agent.model")
def _undo_model(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        agent = find_agent(work, line.subject)
        require_same(f"the model of {line.subject}", agent.model, line.after["model"])
        _set_model(work, agent, line.before["model"])


@reverses("agent.carry")
def _undo_carry(work: Work, lines: Lines) -> None:
    work.require_open_period()
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        agent = with_budget(work, find_agent(work, line.subject))
        carry = work.unit.budgets.carry_of(agent.budget_id)
        stored = {"carry": str(carry.policy), "cap": carry.cap}
        require_same(f"the carry-over of {line.subject}", stored, line.after)
        policy, cap = CarryPolicy(line.before["carry"]), line.before["cap"]
        work.unit.budgets.set_carry(agent.budget_id, policy, cap, work.actor, work.now)
        work.record(line.action, line.subject, stored, {"carry": policy, "cap": cap})
