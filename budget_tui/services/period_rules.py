"""The rule by which periods recur and the time zone, per organization; a change is shown before it is made.

A change affects no opened period: the current one keeps its days. The next one starts the day after and ends before
the new anchor; from then on the periods are whole. Days are dates and costs keep theirs, so whatever is changed
when, each day and each cost is in exactly one period.
"""

from dataclasses import dataclass, replace
from datetime import date

from budget_tui.domain.budget import Organization
from budget_tui.domain.errors import Conflict, Refused
from budget_tui.domain.period import Period, PeriodKind, PeriodRule, parse_rule
from budget_tui.services.clock import zone
from budget_tui.services.context import Context
from budget_tui.services.undo import Lines, require_same, reverses
from budget_tui.services.work import Work

_SHOWN_AHEAD = 3


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A change of the rule or the time zone; None keeps the current value."""

    kind: PeriodKind | None = None
    anchor_day: int | None = None
    fiscal_start_month: int | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class RulePreview:
    """The effect of a change. ``running`` is the last period that was opened, ``following`` are those after it."""

    before: PeriodRule
    after: PeriodRule
    zone_before: str
    zone_after: str
    today_before: date
    today_after: date
    running: Period
    following: tuple[Period, ...]

    @property
    def has_bridge(self) -> bool:
        """True if the first of the following periods is shorter than a whole one."""
        return self.following[0] != self.after.containing(self.following[0].start)


class PeriodRules:
    """Commands on the period rule of an organization."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def preview(self, change: RuleChange) -> RulePreview:
        """Return the effect of `set`. Nothing is written."""
        with self._context.work() as work:
            return self._preview(work, change)

    def set(self, change: RuleChange, seen: RulePreview | None = None) -> RulePreview:
        """Change the rule from the next period on, and the time zone at once.

        `Conflict` if they were changed since they were seen; `Refused` if nothing would change.
        """
        with self._context.work() as work:
            preview = self._preview(work, change)
            if seen is not None and seen != preview:
                raise Conflict("the periods have changed in the meantime", "check what would happen, then confirm it")
            _store(work, preview.after, preview.zone_after)
            work.commit()
        return preview

    def _preview(self, work: Work, change: RuleChange) -> RulePreview:
        organization = work.organization
        changed = _changed(organization, change)
        if (changed.period_rule, changed.time_zone) == (organization.period_rule, organization.time_zone):
            raise Refused("nothing would change", "periods recur so already")
        latest = work.unit.fast.global_budget(organization.org_key, date.max)
        assert latest is not None  # the current period at least
        return RulePreview(
            organization.period_rule,
            changed.period_rule,
            organization.time_zone,
            changed.time_zone,
            work.today,
            self._context.clock.today(changed.time_zone),
            latest.period,
            _ahead(changed.period_rule, latest.period),
        )


def _changed(organization: Organization, change: RuleChange) -> Organization:
    rule = organization.period_rule
    return replace(
        organization,
        time_zone=zone(change.time_zone).key if change.time_zone is not None else organization.time_zone,
        period_rule=PeriodRule(
            rule.kind if change.kind is None else change.kind,
            rule.anchor_day if change.anchor_day is None else change.anchor_day,
            rule.fiscal_start_month if change.fiscal_start_month is None else change.fiscal_start_month,
        ),
    )


def _ahead(rule: PeriodRule, period: Period) -> tuple[Period, ...]:
    found = [period]
    for _ in range(_SHOWN_AHEAD):
        found.append(rule.after(found[-1]))
    return tuple(found[1:])


def _store(work: Work, rule: PeriodRule, time_zone: str) -> None:
    """Store the organization's rule and time zone, and record the change in the audit log."""
    organization = work.organization
    before, after = _written(organization.period_rule, organization.time_zone), _written(rule, time_zone)
    changed = [name for name in before if before[name] != after[name]]
    work.unit.organizations.set_period_rule(organization.org_key, rule, time_zone)
    if time_zone != organization.time_zone:
        work.unit.alerts.seed_again(organization.org_key)  # costs are of other days now, which is no news
    work.record(
        "period.set",
        organization.slug,
        {name: before[name] for name in changed},
        {name: after[name] for name in changed},
    )


@reverses("period.set")
def _undo_rule(work: Work, lines: Lines) -> None:
    for line in lines:
        assert line.before is not None
        assert line.after is not None
        stored = _written(work.organization.period_rule, work.organization.time_zone)
        require_same(f"the rule of {line.subject}'s periods", {name: stored[name] for name in line.after}, line.after)
        then = {**stored, **line.before}
        rule = parse_rule(str(then["kind"]), str(then["anchor"]), str(then["fiscal_start"]))
        _store(work, rule, str(then["time_zone"]))


def _written(rule: PeriodRule, time_zone: str) -> dict[str, object]:
    return {
        "kind": str(rule.kind),
        "anchor": rule.anchor_day or "last",
        "fiscal_start": rule.fiscal_start_month,
        "time_zone": time_zone,
    }
