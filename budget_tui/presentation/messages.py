"""Sentences that several interfaces show."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from shlex import quote
from typing import TYPE_CHECKING

from budget_tui.domain.amount import NANOS, divide
from budget_tui.domain.text import escaped
from budget_tui.presentation import formatting as f

if TYPE_CHECKING:
    from budget_tui.domain.carry import SettledCarry
    from budget_tui.domain.estimates import DisplacedEstimates
    from budget_tui.domain.period import Period
    from budget_tui.domain.snapshot import BudgetSnapshot
    from budget_tui.services.agent_logs import LogSum, SyncReport
    from budget_tui.services.costs import CostOutcome
    from budget_tui.services.imports import ImportReport, VanishedCosts
    from budget_tui.services.period_rules import RulePreview

REFUSED_SHOWN = 10


def warnings(snapshot: "BudgetSnapshot") -> list[str]:
    """Return the warnings to know before trusting the numbers."""
    currency = snapshot.organization.currency
    found = [*f.projects_over_allocated(snapshot.unallocated, snapshot.total.allocation, currency)]
    if snapshot.unmapped_costs and snapshot.is_unmapped_unpriced:
        found.append(f"{f.count(snapshot.unmapped_costs, 'cost')} unmapped, without a price and in no project")
    elif snapshot.unmapped_costs:
        found.append(
            f"{f.count(snapshot.unmapped_costs, 'cost')} unmapped ({f.money(snapshot.unmapped, currency)}):"
            " they count in the total, but in no project"
        )
    found.extend(displaced(snapshot.displaced))
    if snapshot.elsewhere:
        found.append(
            f"{f.money(snapshot.elsewhere, currency)} spent outside the listed projects, as by departments or by"
            " archived projects: it counts in the total"
        )
    found.extend(
        f"no price is known for {model or 'an unnamed model'}: its {f.tokens(tokens)} are in no amount"
        for model, tokens in snapshot.unpriced
    )
    found.extend(f.converted_note(spend, "cost", currency) for spend in snapshot.converted)
    found.extend(map(f.left_out_warning, snapshot.left_out))
    return found


def displaced(estimates: Sequence["DisplacedEstimates"]) -> list[str]:
    """Say of each provider whose bill is unmapped what it takes from which projects."""
    by_provider: dict[str, dict[str, dict[str, int]]] = {}
    for each in estimates:
        by_provider.setdefault(each.provider, {}).setdefault(each.name, {})[each.currency] = each.amount
    return [
        f"the bill of {provider} names no project, so that what it replaced counts in none: {_ranked(of_entities)}"
        for provider, of_entities in by_provider.items()
    ]


def far_ahead(outcome: "CostOutcome") -> list[str]:
    """Return the warning that a cost is dated so far ahead that it is probably mistyped, if it is."""
    return [f"{f.long_day(outcome.on)} is more than a year ahead: check the day"] if outcome.is_far_ahead else []


def counts_elsewhere(outcome: "CostOutcome") -> str:
    """Return what to add to the figures of today where a cost changes none of them; '' where it does."""
    if outcome.is_scheduled:
        return "; scheduled, not spent yet"
    if outcome.restates:
        return f"; restates {f.period_name(outcome.restates)}, which is closed"
    return f"; counts in no period: the first is {f.period_name(outcome.precedes)}" if outcome.precedes else ""


def imported_far_ahead(report: "ImportReport") -> list[str]:
    """Return the warning that imported costs are dated so far ahead that days are probably mistyped, if any are."""
    if not report.far_ahead_total or report.last_day is None:
        return []
    latest = f"the latest on {f.long_day(report.last_day)}"
    return [f"{_totals(report.far_ahead_total)} dated more than a year ahead, {latest}: check the days"]


def carry_settled(settled: Sequence["SettledCarry"], currency: str) -> str:
    """Return the message that amounts carried over were corrected; '' where none were, or by less than is shown."""

    def shown(carried: int, is_tokens: bool) -> str:
        return f.tokens(carried) if is_tokens else f.money(carried, currency)

    changes = [
        f"{'the global budget' if subject == 'global' else subject} {shown(after, is_tokens)} instead of"
        f" {shown(before, is_tokens)}"
        for subject, before, after, is_tokens in settled
        if shown(after, is_tokens) != shown(before, is_tokens)
    ]
    if not changes:
        return ""
    rest = len(changes) - f.MAX_NAMED
    more = f", and {f.count(rest, 'more budget')}" if rest > 0 else ""
    return f"what is left of the closed period changed; now carried over: {', '.join(changes[: f.MAX_NAMED])}{more}"


def closed_early(closed: Sequence["Period"]) -> str:
    """Return the message that periods were closed before they ended, with the first and the last of several."""
    first, last = f.period_name(closed[0]), f.period_name(closed[-1])
    if len(closed) == 1:
        return f"closed {first}, which has not ended yet"
    return f"closed {len(closed)} periods that have not ended yet, {first} to {last}"


def import_report(report: "ImportReport", *, dry_run: bool, how_to_map: str) -> list[str]:
    """Report what was read, refused, stored and replaced, with the sums, and what to do next."""
    lines = [
        f"{f.count(len(report.files), 'file')}, {f.count(report.rows_read, 'row')} read,"
        f" {report.rows_refused:,} refused"
    ]
    lines += [f"read as: {escaped(each)}" for each in report.read_as[: f.MAX_NAMED]]
    lines += [*refused_rows(report.refused, report.rows_refused), *_left_out(report)]
    lines.append(f"billed {_totals(report.billed_total)}, stored {_totals(report.stored_total)}{_days(report)}")
    if counted := _counted(report):
        lines.append(counted)
    lines.append(_kept(report, dry_run))
    lines += [_vanished(each) for each in report.vanished[: f.MAX_NAMED]]
    if len(report.vanished) > f.MAX_NAMED:
        lines.append(f"  and {len(report.vanished) - f.MAX_NAMED:,} more")
    if report.estimates_replaced:
        amount = _by_currency(report.estimates_amounts)
        replaced = f"{f.count(report.estimates_replaced, 'estimate')} of {amount} {'would be ' * dry_run}replaced"
        lines.append(f"{replaced}: {_ranked(report.estimates_of)}")
    if report.displaced_of:
        counts = "would count" if dry_run else "counts"
        lines.append(
            f"the bill names no project, so that what it replaces {counts} in none: {_ranked(report.displaced_of)}"
        )
    if report.unmapped_total:
        lines.append(f"{_totals(report.unmapped_total)} without a project: {how_to_map}")
    return lines


def sync_report(report: "SyncReport", *, dry_run: bool) -> list[str]:
    """Report what is new in the logs, by project, and what needs a price or a project."""
    total = report.total
    lines = [f"{', '.join(report.sources)}: {f.count(report.files, 'log')}, {report.files_read:,} read"]
    if not report.days:
        lines.append(no_news(report))
    else:
        days = f.days_named(report.days[0], report.days[-1])
        done = "would be new; nothing was written" if dry_run else "new"
        lines.append(f"{f.logged_messages(total.messages)} of {days}, {log_sum(total)}: {done}")
    for name, each in sorted(report.projects.items(), key=lambda item: _weight(item[1])):
        lines.append(f"  {escaped(name)}: {log_sum(each)}")
    lines += sync_notes(report, dry_run=dry_run)
    if report.unmapped:
        lines.append("without a project:")
        largest = sorted(report.unmapped.items(), key=lambda item: _weight(item[1]))
        lines += [
            f"  {escaped(f.directory(name)) or 'no directory'}: {log_sum(each)}"
            for name, each in largest[:REFUSED_SHOWN]
        ]
        if len(largest) > REFUSED_SHOWN:
            lines.append(f"  and {len(largest) - REFUSED_SHOWN:,} more: budget-tui cost unmapped")
        if directory := next((name for name, _ in largest if name), ""):
            lines.append(
                f"assign them, for example: budget-tui cost map PROJECT --directory {quote(escaped(directory))}"
            )
    return lines


def no_news(report: "SyncReport") -> str:
    """Say that no log has anything new; who pays may have changed all the same."""
    return "no new messages" if report.plans_set else "nothing new"


def sync_notes(report: "SyncReport", *, dry_run: bool) -> list[str]:
    """Report what has no price, what could not be read, and which amounts do not count."""
    lines = []
    if report.unpriced:
        models = ", ".join(f"{escaped(name)} ({f.tokens(each.tokens)})" for name, each in report.unpriced.items())
        lines.append(f"unpriced: {models}; the tokens count, their cost is not known")
    lines += _logs_left_out(report)
    if report.paid:
        lines.append(f"a plan pays for {', '.join(report.paid)}: the tokens count, the amounts are what it would cost")
    for source, amounts in report.counts_again.items():
        counting = " + ".join(f.money(nanos, currency) for currency, nanos in sorted(amounts.items()) if nanos)
        again = f"{counting or 'nothing'} {'would count' if dry_run else 'counts'} again"
        lines.append(f"{source} is paid by tokens, no longer by a plan: {again}")
    if report.replaced:
        does = "would" if dry_run else "does" if report.replaced == 1 else "do"
        lines.append(f"{f.count(report.replaced, 'estimate')} of days with a bill {does} not count")
    return lines


def _logs_left_out(report: "SyncReport") -> list[str]:
    lines = []
    if report.unreadable_lines:
        number, files = sum(report.unreadable_lines.values()), len(report.unreadable_lines)
        which = f"{f.count(number, 'line')} of {f.count(files, 'log')}"
        was = "was" if number == 1 else "were"
        lines.append(f"{which} could not be understood and {was} left out: {_named_logs(report)}")
    if report.unreadable_files:
        number = len(report.unreadable_files)
        lines.append(f"{f.count(number, 'log')} could not be opened, such as {escaped(report.unreadable_files[0])}")
    return lines


def _named_logs(report: "SyncReport") -> str:
    """Name the logs with lines that could not be understood, those with most first."""
    ranked = sorted(report.unreadable_lines.items(), key=lambda each: (-each[1], each[0]))
    named = [f"{escaped(name)} ({number:,})" for name, number in ranked[: f.MAX_NAMED]]
    more = len(ranked) - len(named)
    return ", ".join(named) + (f" and {f.count(more, 'more log')}" if more > 0 else "")


def log_sum(found: "LogSum") -> str:
    """Format tokens with what they come to: ``$1.20 for 300,000 tokens``."""
    amounts = log_amounts([found])
    return f"{amounts} for {f.tokens(found.tokens)}" if amounts else f.tokens(found.tokens)


def log_amounts(sums: Iterable["LogSum"]) -> str:
    """Format what logs come to: ``$1.20 + €0.30``; '' for nothing."""
    totals: dict[str, int] = {}
    for each in sums:
        for currency, nanos in each.amounts.items():
            totals[currency] = totals.get(currency, 0) + nanos
    return " + ".join(f.money(nanos, currency) for currency, nanos in sorted(totals.items()) if nanos)


def _weight(found: "LogSum") -> tuple[int, int]:
    return -max(found.amounts.values(), default=0), -found.tokens


def refused_rows(refused: Sequence[tuple[str, int, str]], number: int) -> list[str]:
    """List the first of ``number`` refused rows, each with its file, its line and the reason."""
    shown = [f"  {escaped(file)}:{line}: {escaped(reason)}" for file, line, reason in refused[:REFUSED_SHOWN]]
    return [*shown, f"  and {number - REFUSED_SHOWN:,} more"] if number > REFUSED_SHOWN else shown


def _left_out(report: "ImportReport") -> list[str]:
    shown = [f"left out: {escaped(file)}: {escaped(why)}" for file, why in report.left_out[:REFUSED_SHOWN]]
    more = len(report.left_out) - REFUSED_SHOWN
    return [*shown, f"  and {more:,} more"] if more > 0 else shown


def _days(report: "ImportReport") -> str:
    """Format the days of an import: ``, Sep 1 – Sep 30, 2024; nothing of it in November 2026``."""
    if report.first_day is None or report.last_day is None:
        return ""
    share = _totals(report.in_period_total) if any(report.in_period_total.values()) else "nothing of it"
    return f", {f.days_named(report.first_day, report.last_day)}; {share} in {report.period}"


def _vanished(vanished: "VanishedCosts") -> str:
    money = " + ".join(f.money(nanos, currency) for currency, nanos in vanished.amounts.items())
    account = escaped(vanished.sub_account) or "without a sub account"
    return f"no longer there: {account}, {f.days_named(vanished.first_day, vanished.last_day)}, {money}"


def _counted(report: "ImportReport") -> str:
    """Format tokens and seats: ``1,200,000 tokens, at most 12 seats on a day``; '' where the files have neither."""
    tokens = [] if report.tokens_total is None else [f.count(report.tokens_total, "token")]
    seats = [] if report.seats is None else [f"at most {f.count(report.seats, 'seat')} on a day"]
    return ", ".join([*tokens, *seats])


def _by_currency(amounts: Mapping[str, int]) -> str:
    """Format estimates: those that come to nothing are of tokens without a price."""
    shown = [f.money(nanos, currency) for currency, nanos in sorted(amounts.items()) if nanos]
    return " + ".join(shown) or "unpriced tokens"


def _ranked(of_entities: Mapping[str, Mapping[str, int]]) -> str:
    """Name whose estimates a bill replaces, the largest first: it may itself be of no project, or of another."""
    ranked = sorted(of_entities.items(), key=lambda each: -sum(each[1].values()))
    named = [f"{entity or 'without a project'} {_by_currency(amounts)}" for entity, amounts in ranked]
    more = len(named) - f.MAX_NAMED
    return ", ".join(named[: f.MAX_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _kept(report: "ImportReport", dry_run: bool) -> str:
    if report.unchanged:
        return "nothing changed: the same costs are stored already"
    added = f", {report.rows_added:,} added to existing costs" if 0 < report.rows_added < report.days_stored else ""
    same = f", {report.rows_unchanged:,} as they were" if report.rows_unchanged else ""
    kept = f"{f.count(report.days_stored, 'daily cost')} {{}}, {report.rows_replaced:,} {{}}{same}{added}"
    return (
        f"{kept.format('would be stored', 'replaced')}; nothing was written"
        if dry_run
        else kept.format("stored", "replaced")
    )


def _totals(totals: Mapping[str, Decimal]) -> str:
    return " + ".join(f.money(nanos_of_sum(units), currency) for currency, units in totals.items()) or "nothing"


def nanos_of_sum(units: Decimal) -> int:
    """Return ``units`` in nanos, rounded half-even; a sum may be beyond the limit of a single amount."""
    exact = Fraction(units) * NANOS
    return divide(exact.numerator, exact.denominator)


def rule_change(preview: "RulePreview") -> list[str]:
    """Describe a change of the period rule or the time zone in lines of text."""
    lines = []
    if preview.before != preview.after:
        first, *whole = preview.following
        bridge = ", up to the new anchor" if preview.has_bridge else ""
        lines += [
            f"{f.rule_text(preview.before)} → {f.rule_text(preview.after)}",
            f"{_first_and_last(preview.running)} stays as it is",
            f"{_first_and_last(first)} follows{bridge}",
            *(f"{_first_and_last(period)} then" for period in whole),
            *_amounts_kept(preview),
        ]
    if preview.zone_before != preview.zone_after:
        lines += [
            f"time zone {preview.zone_before} → {preview.zone_after}",
            f"today is {f.long_day(preview.today_before)} by the old one, {f.long_day(preview.today_after)} by the new",
            "costs keep the day that they are stored with; those to come are dated in the new zone",
            *_describe_today(preview),
        ]
    return [*lines, "every day is in exactly one period"]


def _amounts_kept(preview: "RulePreview") -> list[str]:
    """Say that budgets do not grow or shrink with their periods."""
    days, kind = preview.following[0].days, preview.after.kind
    bridge = f", also for the {f.count(days, 'day')} up to the new anchor" if preview.has_bridge else ""
    longer = f", then for {f.a_period(kind)}" if kind != preview.before.kind else ""
    return [f"budgets keep their amounts{bridge}{longer}"] if bridge or longer else []


def _first_and_last(period: "Period") -> str:
    return f"{f.long_day(period.start)} – {f.long_day(period.end)}"


def _describe_today(preview: "RulePreview") -> list[str]:
    """Describe the effect if today's date is in another period in the new time zone."""
    if preview.today_after < preview.running.start:
        return [f"budgets can be changed again from {f.long_day(preview.running.start)} on"]
    if preview.today_after > preview.running.end:
        return [f"{f.dates(preview.running)} has ended then: the next command closes it"]
    return []
