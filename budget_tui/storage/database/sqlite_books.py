"""Invariants between the rows of a database, whoever wrote it: the books add up.

Each invariant is a query whose rows are its violations: plain SQL where a row or a sum shows them, else a pass over the
audit trail. The tests check that a history written by the program keeps them all.
"""

import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.dialects import sqlite

from budget_tui.domain import pacing
from budget_tui.domain.agent_logs import NANO_PICOS
from budget_tui.domain.amount import LIMIT_NANOS, NANOS, nanos_of, to_decimal
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.presentation.formatting import amount_of
from budget_tui.storage.log_conditions import MESSAGE_COUNTS, MESSAGE_TOKENS, is_log
from budget_tui.storage.repositories.datasets import CHECKSUM

CHECKSUM_TEXT = str(CHECKSUM.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
"""The checksum of a part as SQL text."""

RESTORE = "restore a backup: budget-tui db restore FILE"
HAS_GAPS = 1
"""The user version of a file whose keys were made by an engine that leaves some out: PostgreSQL, at each rollback."""
MAX_SHOWN = 5
"""The most violations of one invariant to show; a last line says that there are more."""


class Invariant(NamedTuple):
    """A rule: ``violations`` selects one text for each row that breaks it; ``remedy`` is what to do.

    ``of_gaps``: it holds only where keys follow each other without gaps.
    """

    violations: str
    remedy: str = RESTORE
    of_gaps: bool = False


def book_violations(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield every violation of an invariant, a line each with what to do."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.create_function("shown", 3, _shown, deterministic=True)
    connection.create_function("is_zone", 1, _is_zone, deterministic=True)
    connection.create_function("is_rate", 1, _is_rate, deterministic=True)
    connection.create_function("status_of", 2, _status_of, deterministic=True)
    for invariant in INVARIANTS:
        if invariant.of_gaps and version == HAS_GAPS:
            continue
        rows = connection.execute(invariant.violations)
        yield from _lines((text for (text,) in rows), invariant.remedy)
    for follow in (_allocations_in_circles, _transfers_and_audit, _closes_and_audit, _entered_and_audit, _sums):
        try:
            yield from _lines(follow(connection), RESTORE)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            yield f"the audit trail holds what the program never wrote ({error!r:.80}); {RESTORE}"


def _lines(violations: Iterator[str], remedy: str) -> Iterator[str]:
    for number, text in enumerate(violations):
        if number == MAX_SHOWN:
            yield f"and there is more of this kind: {text}; {remedy}"
            return
        yield f"{text}; {remedy}"


def _shown(amount: object, budget_type: str, currency: str) -> str:
    return amount_of(amount, budget_type, currency) if isinstance(amount, int) else str(amount)  # type: ignore[arg-type]


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        return False
    return True


def _is_rate(text: str) -> bool:
    try:
        return Decimal(text) > 0
    except (ArithmeticError, ValueError, TypeError):
        return False


def _status_of(allocation: int, spent: int) -> str:
    return pacing.status(allocation - spent, allocation)


_WHOSE = "e.entity_id || '''s ' || b.category || ' budget of ' || b.period_start || ' – ' || b.period_end"
_BUDGETS = "budget b JOIN entity e ON e.entity_key = b.entity_key"
_AMOUNT = "shown(b.amount, b.budget_type, b.currency)"
_LOGGED = (
    "SELECT c.origin_key, c.day, c.charges, coalesce(r.tokens, c.tokens) AS tokens, coalesce(r.amount_nanos,"
    " c.amount_nanos) AS amount FROM cost c LEFT JOIN replaced_estimate r ON r.cost_key = c.cost_key"
)
_MESSAGES = (
    "SELECT log_message.origin_key, log_message.day, count(*) AS messages, coalesce(sum(log_message.amount_picos), 0)"
    f" AS picos, sum({MESSAGE_TOKENS}) AS tokens FROM log_message WHERE {MESSAGE_COUNTS}"
    " GROUP BY log_message.origin_key, log_message.day"
)
_ONE_ORGANIZATION = (
    # a row, the row that it belongs to, their join, the name of the first
    ("budget b", "entity e", "e.entity_key = b.entity_key", "'a budget of ' || e.entity_id"),
    ("entity b", "entity e", "e.entity_key = b.parent_key", "b.entity_id"),
    ("cost_origin b", "entity e", "e.entity_key = b.entity_key", "'a cost of ' || e.entity_id"),
    ("transfer b", "budget e", "e.budget_id IN (b.from_budget_id, b.to_budget_id)", "'transfer ' || b.transfer_id"),
)

INVARIANTS = (
    # Organizations and their hierarchy
    Invariant(
        "SELECT 'the currency of ' || slug || ' is ' || quote(currency) FROM organization WHERE currency NOT GLOB"
        " '[A-Z][A-Z][A-Z]'"
    ),
    Invariant(
        "SELECT 'the time zone of ' || slug || ' is ' || quote(time_zone) FROM organization WHERE NOT"
        " is_zone(time_zone)"
    ),
    Invariant(
        "SELECT o.slug || ' has ' || count(e.entity_key) || ' roots' FROM organization o LEFT JOIN entity e ON"
        f" e.org_key = o.org_key AND e.parent_key IS NULL AND e.path = '/{ROOT_ID}/' AND e.entity_id = '{ROOT_ID}'"
        " GROUP BY o.org_key HAVING count(e.entity_key) <> 1"
    ),
    Invariant(
        "SELECT e.entity_id || ' has the path ' || e.path || ', and what it stands below ' || coalesce(p.path,"
        " 'none') FROM entity e LEFT JOIN entity p ON p.entity_key = e.parent_key WHERE NOT e.is_undone AND (e.path"
        f" IS NOT coalesce(p.path, '/') || e.entity_id || '/' OR (p.path IS NULL AND e.entity_id <> '{ROOT_ID}'))"
    ),
    Invariant(
        "SELECT e.entity_id || ' is of a level that there is not: ' || e.level_code FROM entity e LEFT JOIN level l"
        " ON l.org_key = e.org_key AND l.level_code = e.level_code WHERE l.rank IS NULL AND NOT"
        " e.is_undone"
    ),
    Invariant(
        "SELECT e.entity_id || ', a ' || e.level_code || ', stands below ' || p.entity_id || ', a ' || p.level_code"
        " FROM entity e JOIN entity p ON p.entity_key = e.parent_key JOIN level l ON l.org_key = e.org_key AND"
        " l.level_code = e.level_code JOIN level m ON m.org_key = p.org_key AND m.level_code = p.level_code WHERE"
        " l.rank <= m.rank AND NOT e.is_undone"
    ),
    *(
        Invariant(
            f"SELECT {what} || ' is of another organization than what it belongs to' FROM {row} JOIN {other} ON {on}"
            " WHERE b.org_key <> e.org_key"
        )
        for row, other, on, what in _ONE_ORGANIZATION
    ),
    Invariant(
        "SELECT e.entity_id || ' stood elsewhere through ' || f.through || ', when no period was closed' FROM"
        " former_parent f JOIN entity e ON e.entity_key = f.entity_key WHERE NOT EXISTS (SELECT 1 FROM period_close"
        " c WHERE c.org_key = e.org_key AND c.period_end >= f.through)"
    ),
    # Budgets and allocations
    Invariant(
        f"SELECT {_WHOSE} || ' is ' || {_AMOUNT} || ', and what it is made of ' || shown(b.base + b.carried,"
        f" b.budget_type, b.currency) FROM {_BUDGETS} WHERE b.amount < min(b.base + b.carried, {LIMIT_NANOS}) OR"
        " (b.amount > b.base + b.carried AND b.carried >= 0 AND NOT EXISTS (SELECT 1 FROM audit s WHERE"
        " s.org_key = b.org_key AND s.action = 'carry.settle' AND s.subject = CASE e.entity_id WHEN 'ORG' THEN 'global'"
        " ELSE e.entity_id END))"
    ),
    Invariant(
        f"SELECT {_WHOSE} || ' is ' || {_AMOUNT} || ', and ' || shown(a.amount, b.budget_type, b.currency) || ' was"
        f" allocated to it' FROM allocation a JOIN {_BUDGETS} AND b.budget_id = a.child_budget_id WHERE a.amount <>"
        " b.amount"
    ),
    Invariant(
        f"SELECT {_WHOSE} || ' was allocated from one of another organization or type' FROM allocation a JOIN"
        f" {_BUDGETS} AND b.budget_id = a.child_budget_id JOIN budget p ON p.budget_id = a.parent_budget_id WHERE"
        " (p.org_key, p.budget_type) <> (b.org_key, b.budget_type)"
    ),
    Invariant(
        f"SELECT {_WHOSE} || ' counts tokens, and is of money or seats' FROM {_BUDGETS} WHERE b.budget_type <>"
        " 'token' AND (b.used <> 0 OR b.reserved <> 0)"
    ),
    # Tokens
    Invariant(
        f"SELECT {_WHOSE} || ' holds ' || shown(b.reserved, 'token', '') || ', and its open reservations ' ||"
        f" shown(coalesce(r.tokens, 0), 'token', '') FROM {_BUDGETS} LEFT JOIN (SELECT budget_id, sum(tokens) AS"
        " tokens FROM reservation WHERE state = 'held' GROUP BY budget_id) r ON r.budget_id = b.budget_id WHERE"
        " b.reserved <> coalesce(r.tokens, 0)"
    ),
    Invariant(
        "SELECT 'reservation ' || reservation_id || ' is ' || state || ' with ' || coalesce(settled_tokens, 'no') ||"
        " ' tokens settled' FROM reservation WHERE (state = 'settled') <> (settled_tokens IS NOT NULL) OR"
        " settled_tokens < 0"
    ),
    Invariant(
        "SELECT e.entity_id || ' has used ' || shown(coalesce(b.used, 0), 'token', '') || ', and ' ||"
        " shown(coalesce(u.tokens, 0), 'token', '') || ' were counted by the hour' FROM entity e LEFT JOIN (SELECT"
        " entity_key, sum(used) AS used FROM budget GROUP BY entity_key) b ON b.entity_key = e.entity_key LEFT JOIN"
        " (SELECT entity_key, sum(tokens) AS tokens FROM token_use GROUP BY entity_key) u ON u.entity_key ="
        " e.entity_key WHERE coalesce(b.used, 0) <> coalesce(u.tokens, 0)"
    ),
    Invariant(
        "SELECT 'the cost of ' || c.entity_hint || '''s tokens of ' || c.service || ' on ' || c.day || ' is of ' ||"
        " shown(c.tokens, 'token', '') || ', and ' || shown(coalesce(u.tokens, 0), 'token', '') || ' were used' FROM"
        " (SELECT o.org_key, o.entity_hint, o.service, c.day, sum(c.tokens) AS tokens FROM cost_origin o CROSS JOIN"
        " cost c ON c.origin_key = o.origin_key WHERE o.source = 'agents' AND o.live GROUP BY o.origin_key, c.day) c"
        " JOIN entity e ON e.org_key = c.org_key AND e.entity_id = c.entity_hint LEFT JOIN (SELECT entity_key,"
        " model, day, sum(tokens) AS tokens FROM token_use GROUP BY entity_key, model, day) u ON u.entity_key ="
        " e.entity_key AND u.model = c.service AND u.day = c.day WHERE c.tokens IS NOT coalesce(u.tokens, 0)"
    ),
    # Logs
    Invariant(
        "SELECT o.source || ': the cost of ' || o.service || ' on ' || c.day || ' is not what its messages add up to'"
        f" FROM cost_origin o JOIN ({_LOGGED}) c ON c.origin_key = o.origin_key LEFT JOIN ({_MESSAGES}) m ON"
        f" m.origin_key = c.origin_key AND m.day = c.day WHERE o.live AND {is_log('o.source')}"
        " AND (c.tokens IS NOT m.tokens OR c.charges IS NOT m.messages"
        f" OR abs(c.amount * {NANO_PICOS} - m.picos) > {NANO_PICOS // 2})"
    ),
    Invariant(
        "SELECT o.source || ': messages of ' || o.service || ' on ' || m.day || ' have no cost' FROM cost_origin o JOIN"
        f" ({_MESSAGES}) m ON m.origin_key = o.origin_key WHERE NOT EXISTS (SELECT 1 FROM cost c WHERE c.origin_key ="
        " m.origin_key AND c.day = m.day)"
    ),
    # Periods
    Invariant(
        "SELECT o.slug || ' has closed ' || c.period_start || ' – ' || c.period_end || ', and before it ' ||"
        " c.earlier || ' as the last day' FROM (SELECT *, lag(period_end) OVER (PARTITION BY org_key ORDER BY"
        " period_start) AS earlier FROM period_close) c JOIN organization o ON o.org_key = c.org_key WHERE"
        " c.period_start <> date(c.earlier, '+1 day')"
    ),
    Invariant(
        "SELECT o.slug || ' has global budgets of ' || b.period_start || ' – ' || b.period_end || ' and, before it,"
        " to ' || b.earlier FROM (SELECT b.*, lag(b.period_end) OVER (PARTITION BY b.org_key ORDER BY"
        f" b.period_start) AS earlier FROM {_BUDGETS} WHERE e.entity_id = '{ROOT_ID}' AND b.category = 'total' AND"
        " b.provider = '' AND b.budget_type = 'monetary' AND b.in_cycle AND b.is_active) b JOIN organization o ON"
        " o.org_key = b.org_key WHERE b.period_start <> date(b.earlier, '+1 day')"
    ),
    Invariant(
        f"SELECT {_WHOSE} || ' is in the cycle, which has no such period' FROM {_BUDGETS} WHERE b.in_cycle AND NOT"
        " EXISTS (SELECT 1 FROM budget g JOIN entity r ON r.entity_key = g.entity_key WHERE g.org_key = b.org_key"
        f" AND g.in_cycle AND g.is_active AND r.entity_id = '{ROOT_ID}' AND g.category = 'total' AND g.provider = ''"
        " AND g.budget_type = 'monetary' AND (g.period_start, g.period_end) = (b.period_start, b.period_end))"
    ),
    Invariant(
        "SELECT o.slug || ' has closed ' || c.period_start || ' – ' || c.period_end || ' and has no global budget of"
        " it' FROM period_close c JOIN organization o ON o.org_key = c.org_key WHERE NOT EXISTS (SELECT 1 FROM"
        f" {_BUDGETS} WHERE b.org_key = c.org_key AND e.entity_id = '{ROOT_ID}' AND b.in_cycle AND b.is_active AND"
        " (b.period_start, b.period_end) = (c.period_start, c.period_end))"
    ),
    Invariant(
        f"SELECT o.slug || ' has ' || count(*) || ' open periods: ' || group_concat(b.period_start) FROM {_BUDGETS}"
        f" JOIN organization o ON o.org_key = b.org_key WHERE e.entity_id = '{ROOT_ID}' AND b.in_cycle AND"
        " b.is_active AND b.category = 'total' AND b.budget_type = 'monetary' AND b.provider = '' AND NOT EXISTS"
        " (SELECT 1 FROM period_close c WHERE c.org_key = b.org_key AND c.period_start = b.period_start) GROUP BY"
        " o.org_key HAVING count(*) > 1"
    ),
    Invariant(
        "SELECT o.slug || ' archived ' || shown(c.allocated, 'monetary', c.currency) || ' as allocated in ' ||"
        " c.period_start || ' – ' || c.period_end || ', and its projects add up to ' || shown(coalesce(l.allocation,"
        " 0), 'monetary', c.currency) FROM period_close c JOIN organization o ON o.org_key = c.org_key LEFT JOIN"
        " (SELECT close_key, sum(allocation) AS allocation FROM period_close_line WHERE unit = 'monetary' GROUP BY"
        " close_key) l ON l.close_key = c.close_key WHERE c.allocated <> coalesce(l.allocation, 0)"
    ),
    Invariant(
        "SELECT e.entity_id || ' is archived as ' || l.status || ' with ' || shown(l.spent, l.unit, c.currency) || '"
        " of ' || shown(l.allocation, l.unit, c.currency) FROM period_close_line l JOIN period_close c ON"
        " c.close_key = l.close_key JOIN entity e ON e.entity_key = l.entity_key WHERE l.unit NOT IN ('monetary',"
        " 'token') OR l.status <> status_of(l.allocation, l.spent)"
    ),
    Invariant(
        "SELECT o.slug || ' archived a budget of ' || shown(c.monthly_budget, 'monetary', c.currency) || ' for ' ||"
        " c.period_start || ' – ' || c.period_end || ', and it is ' || shown(b.amount, 'monetary', c.currency) FROM"
        f" period_close c JOIN organization o ON o.org_key = c.org_key JOIN {_BUDGETS} AND b.org_key = c.org_key AND"
        f" e.entity_id = '{ROOT_ID}' AND b.in_cycle AND b.is_active AND b.category = 'total' AND b.provider = '' AND"
        " b.budget_type = 'monetary' AND b.period_start = c.period_start WHERE c.monthly_budget <> b.amount AND"
        " c.monthly_budget <> 0"
    ),
    Invariant(
        "SELECT e.entity_id || ' was archived with ' || shown(l.allocation, 'monetary', c.currency) || ' for ' ||"
        " c.period_start || ' – ' || c.period_end || ', and had ' || shown(b.amount, 'monetary', c.currency) FROM"
        " period_close_line l JOIN period_close c ON c.close_key = l.close_key JOIN entity e ON e.entity_key ="
        " l.entity_key JOIN budget b ON b.org_key = c.org_key AND b.entity_key = l.entity_key AND b.in_cycle AND"
        " b.is_active AND b.category = 'total' AND b.provider = '' AND b.budget_type = 'monetary' AND b.period_start"
        " = c.period_start WHERE l.unit = 'monetary' AND l.allocation <> b.amount AND l.allocation <> 0"
    ),
    # Transfers and the audit trail
    Invariant(
        "SELECT 'transfer ' || transfer_id || ' was forced without a reason' FROM transfer WHERE forced AND"
        " trim(reason) = ''"
    ),
    Invariant(
        "SELECT 'transfer ' || t.transfer_id || ' goes from one period to another' FROM transfer t JOIN budget f ON"
        " f.budget_id = t.from_budget_id JOIN budget b ON b.budget_id = t.to_budget_id WHERE (f.period_start,"
        " f.budget_type) <> (b.period_start, b.budget_type)"
    ),
    Invariant(
        "SELECT CASE before WHEN audit_key - 2 THEN 'line ' || (audit_key - 1) || ' of the audit trail is' ELSE"
        " 'lines ' || (before + 1) || ' to ' || (audit_key - 1) || ' of the audit trail are' END || ' gone' FROM"
        " (SELECT audit_key, lag(audit_key, 1, 0) OVER (ORDER BY audit_key) AS before FROM audit) WHERE before <>"
        " audit_key - 1",
        of_gaps=True,
    ),
    Invariant(
        "SELECT 'line ' || audit_key || ' of the audit trail belongs to change ' || change || ', which is another"
        " one' FROM (SELECT audit_key, change, (org_key, change) = (lag(org_key) OVER line, lag(change) OVER line)"
        " AS goes_on FROM audit WINDOW line AS (ORDER BY audit_key)) WHERE change <> audit_key AND goes_on IS NOT 1"
    ),
    Invariant(
        "SELECT 'line ' || a.audit_key || ' of the audit trail takes back change ' || a.reverses || ', which is not"
        " there' FROM audit a LEFT JOIN audit f ON f.audit_key = a.reverses AND f.org_key = a.org_key WHERE"
        " a.reverses IS NOT NULL AND (a.reverses >= a.change OR f.audit_key IS NULL)"
    ),
    Invariant(
        "SELECT 'the audit trail knows ' || a.subject || ', which is not there any more' FROM audit a LEFT JOIN"
        " entity e ON e.org_key = a.org_key AND e.entity_id = a.subject WHERE a.action IN ('entity.add',"
        " 'project.add', 'agent.add') AND e.entity_key IS NULL"
    ),
    Invariant(
        "SELECT 'the audit trail knows a budget of ' || a.subject || ', which is not there any more' FROM audit a"
        " WHERE a.action = 'plan.create' AND NOT EXISTS (SELECT 1 FROM budget b WHERE b.budget_id ="
        " substr(a.subject, length(rtrim(a.subject, replace(a.subject, ' ', ''))) + 1))"
    ),
    Invariant(
        "SELECT 'the audit trail knows a key ' || a.subject || ', which is not there any more' FROM audit a WHERE"
        " a.action = 'key.create' AND NOT EXISTS (SELECT 1 FROM api_key k WHERE k.key_id = a.subject)"
    ),
    Invariant(
        "SELECT 'key ' || key_id || ' has no hash that anything could have' FROM api_key WHERE length(hash) <> 64 OR"
        " hash GLOB '*[^0-9a-f]*'"
    ),
    # Costs
    Invariant(
        "WITH RECURSIVE days(day) AS (SELECT min(day) FROM cost UNION ALL SELECT (SELECT min(c.day) FROM cost c"
        " WHERE c.day > days.day) FROM days WHERE days.day IS NOT NULL) SELECT 'a cost is of a day ' || day FROM"
        " days WHERE date(printf('%04d-%02d-%02d', day / 10000, day / 100 % 100, day % 100), '+0 days') IS NOT"
        " printf('%04d-%02d-%02d', day / 10000, day / 100 % 100, day % 100) AND day IS NOT NULL"
    ),
    Invariant(
        "SELECT 'costs from ' || source || ' are in ' || quote(currency) FROM cost_origin WHERE currency NOT GLOB"
        " '[A-Z][A-Z][A-Z]'"
    ),
    Invariant(
        f"SELECT 'costs of ' || service || ' are of the category {Category.TOTAL}' FROM cost_origin WHERE category ="
        f" '{Category.TOTAL}'"
    ),
    Invariant(
        "SELECT 'a cost of ' || d.source || ' is of another source or organization than what it came in' FROM"
        " dataset d JOIN cost c ON c.cost_key IN ((SELECT min(cost_key) FROM cost WHERE dataset_key ="
        " d.dataset_key),"
        " (SELECT max(cost_key) FROM cost WHERE dataset_key = d.dataset_key))"  # one import, one source
        " JOIN cost_origin o ON o.origin_key = c.origin_key WHERE (o.org_key, o.source) <> (d.org_key, d.source)"
    ),
    Invariant(
        "SELECT 'what is stored of ' || d.source || ' for ' || strftime('%Y-%m', d.billing_period_start) || ',"
        " account ' || quote(d.billing_account_id) || ', is not what was imported' FROM dataset d LEFT JOIN (SELECT"
        f" dataset_key, count(*) AS rows, {CHECKSUM_TEXT} AS checksum FROM cost WHERE dataset_key IS NOT NULL GROUP BY"
        " dataset_key) c ON c.dataset_key = d.dataset_key"
        " WHERE (d.stored_rows, d.checksum) <> (coalesce(c.rows, 0), coalesce(c.checksum, 0))",
        "import those files again",
    ),
    Invariant(
        "SELECT 'a rule gives ' || r.field || ' ' || r.value || ' to ' || r.target || ', which does not exist' FROM"
        " cost_rule r LEFT JOIN entity e ON e.org_key = r.org_key AND e.entity_id = r.target WHERE r.kind = 'entity'"
        " AND e.entity_key IS NULL"
    ),
    Invariant(
        "SELECT 'the rate of ' || base || ' in ' || quote || ' on ' || day || ' is ' || quote(rate) FROM fx_rate"
        " WHERE NOT is_rate(rate) OR base NOT GLOB '[A-Z][A-Z][A-Z]' OR quote NOT GLOB '[A-Z][A-Z][A-Z]'",
        "set it anew: budget-tui fx set",
    ),
)


def _allocations_in_circles(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield budgets that were allocated from budgets that were allocated from them."""
    parents = dict(connection.execute("SELECT child_budget_id, parent_budget_id FROM allocation"))
    known: set[str] = set()
    for budget in parents:
        way: set[str] = set()
        while budget in parents and budget not in known and budget not in way:
            way.add(budget)
            budget = parents[budget]
        if budget in way:
            yield f"budget {budget} was allocated from what was allocated from it"
        known |= way


def _transfers_and_audit(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield transfers that only their table or only the audit trail has, matched by time and amount."""
    stored: dict[tuple[int, str, int], int] = {}
    for org, at, amount in connection.execute("SELECT org_key, created_at, amount FROM transfer"):
        stored[org, at, amount] = stored.get((org, at, amount), 0) + 1
    for org, at, change, before, after in connection.execute(
        "SELECT org_key, at, change, before, after FROM audit WHERE action = 'transfer' GROUP BY change"
    ):
        moved = abs(_nanos(after) - _nanos(before))
        left = stored.get((org, at, moved), 0)
        if not left:
            yield f"the transfer of {_plain(moved)} in line {change} of the audit trail is gone"
        else:
            stored[org, at, moved] = left - 1
    for (_, at, amount), count in stored.items():
        if count:
            yield f"the audit trail knows no transfer of {_plain(amount)} at {at[:19]} UTC"


def _closes_and_audit(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield closed periods whose archive and audit entry differ."""
    archived = {
        (org, start): figures
        for org, start, *figures in connection.execute(
            "SELECT org_key, period_start, period_end, monthly_budget, allocated, spent FROM period_close"
        )
    }
    for org, key, after in connection.execute(
        "SELECT org_key, audit_key, after FROM audit WHERE action = 'period.close' ORDER BY audit_key"
    ):
        facts = json.loads(after)
        recorded = [
            facts["period_end"],
            *(nanos_of(Decimal(facts[name])) for name in ("monthly_budget", "allocated", "spent")),
        ]
        figures = archived.pop((org, facts["period_start"]), None)
        if figures is None:
            yield f"what was archived of {facts['period_start']} – {facts['period_end']} is gone"
        elif figures != recorded:
            yield (
                f"what was archived of {facts['period_start']} – {facts['period_end']} is not what line {key} of"
                " the audit trail says"
            )
    for _, start in archived:
        yield f"the audit trail knows no close of the period from {start}"


def _entered_and_audit(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield manually entered costs that differ from the audit trail, or that are in only one of the two."""
    entered: dict[int, tuple[str, list[Any]]] = {}
    for subject, before, after in connection.execute(
        "SELECT subject, before, after FROM audit WHERE action = 'cost.add' ORDER BY audit_key"
    ):
        facts = json.loads(after or before)
        if "kept" not in facts:
            return  # an older version stored too little to compare
        for key, *row in facts["kept"]["rows"]:
            if after is not None:
                entered[key] = subject, row[:4]
            else:
                entered.pop(key, None)
    for key, origin, day, nanos, tokens, hint in connection.execute(
        # An estimate whose bill is there counts as 0.
        "SELECT c.cost_key, c.origin_key, c.day, coalesce(r.amount_nanos, c.amount_nanos), c.tokens, o.entity_hint"
        " FROM cost_origin o JOIN cost c ON c.origin_key = o.origin_key"
        " LEFT JOIN replaced_estimate r ON r.cost_key = c.cost_key WHERE o.live AND o.source IN ('manual', 'holds')"
    ):
        subject, row = entered.pop(key, (hint, None))
        if row is None:
            yield f"the audit trail knows no cost of {_plain(nanos)} of {hint} on {_day(day)}"
        elif row != [origin, day, nanos, tokens]:
            yield f"a cost of {subject} on {_day(day)} is not what was entered"
    for subject, (_, day, nanos, _) in entered.values():
        yield f"a cost of {_plain(nanos)} of {subject} on {_day(day)} is gone"


def _sums(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield monthly sums of costs that are out of range; looked for only where the amounts are large enough."""
    count, largest = connection.execute(
        "SELECT count(*), coalesce(max(max(amount_nanos), -min(amount_nanos)), 0) FROM cost"
    ).fetchone()
    if count * largest <= LIMIT_NANOS:
        return
    for slug, currency, month, units, nanos in connection.execute(
        "SELECT g.slug, o.currency, c.day / 100, sum(c.amount_nanos / 1000000000), sum(c.amount_nanos % 1000000000)"
        " FROM cost c JOIN cost_origin o ON o.origin_key = c.origin_key"
        " JOIN organization g ON g.org_key = o.org_key GROUP BY o.org_key, o.currency, c.day / 100"
    ):
        if abs(units * NANOS + nanos) > LIMIT_NANOS:
            yield (
                f"the costs of {slug} in {month // 100}-{month % 100:02d} add up to {units:,} {currency}, which is"
                " out of range"
            )


def _plain(nanos: int) -> str:
    return f"{to_decimal(nanos):f}"


def _nanos(facts: str) -> int:
    return nanos_of(Decimal(json.loads(facts)["amount"]))


def _day(number: int) -> str:
    return f"{number // 10_000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"
