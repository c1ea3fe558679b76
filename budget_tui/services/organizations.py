"""Organizations: independent users of one database, which never see each other's data."""

import re
from dataclasses import dataclass

from budget_tui.domain.budget import Organization
from budget_tui.domain.currency import checked_currency
from budget_tui.domain.errors import Conflict, Refused, unknown
from budget_tui.domain.hierarchy import checked_name
from budget_tui.domain.period import PeriodRule
from budget_tui.services.clock import zone
from budget_tui.services.context import Context
from budget_tui.services.undo import Lines, require_same, reverses
from budget_tui.services.work import Work

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """A request for an organization. Fields that are '' default to the settings; the name defaults to the slug."""

    slug: str
    name: str = ""
    currency: str = ""
    time_zone: str = ""
    period_rule: PeriodRule = PeriodRule()


class Organizations:
    """Commands and queries on organizations. Each command is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def add(self, new: NewOrganization) -> Organization:
        """Add an organization, whose periods recur by its rule from today on. `Conflict` if the slug is taken."""
        context = self._context
        slug = checked_slug(new.slug)
        name = checked_name(new.name or slug)
        currency = checked_currency(new.currency or context.new_currency)
        time_zone = zone(new.time_zone or context.new_time_zone).key
        with context.transaction() as unit:
            if unit.fast.organization(slug) is not None:
                raise Conflict(f"there is an organization '{slug}' already", "choose another slug")
            now = context.clock.now()
            added = unit.organizations.add(slug, name, currency, time_zone, now, new.period_rule)
            facts = {"name": name, "currency": currency, "time_zone": time_zone, "period": str(new.period_rule.kind)}
            unit.begin_change()
            unit.audit.record(added.org_key, "org.add", slug, None, facts, context.actor, now)
            unit.commit()
        return added

    def rename(self, slug: str, name: str) -> None:
        """Change the display name; the slug stays."""
        name = checked_name(name)
        with self._context.transaction() as unit:
            organization = unit.fast.organization(slug)
            if organization is None:
                raise unknown("organization", slug)
            if name != organization.name:
                unit.organizations.rename(organization, name)
                unit.begin_change()
                before, after = {"name": organization.name}, {"name": name}
                now = self._context.clock.now()
                unit.audit.record(organization.org_key, "org.rename", slug, before, after, self._context.actor, now)
            unit.commit()

    def all(self) -> list[Organization]:
        """Return every organization in the database, by slug."""
        with self._context.reading() as session:
            return session.organizations.all()


@reverses("org.rename")
def _undo_rename(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        assert line.before is not None
        assert line.after is not None
        require_same(f"the name of {line.subject}", work.organization.name, line.after["name"])
        work.unit.organizations.rename(work.organization, line.before["name"])
        work.record("org.rename", line.subject, line.after, line.before)


def checked_slug(text: str) -> str:
    """Validate ``text`` as an organization's slug, which is used in URLs and on command lines."""
    if not _SLUG.fullmatch(text):
        raise Refused(
            f"'{text}' cannot be a slug", "lower-case letters, digits, - and _, at most 63; no - or _ at its beginning"
        )
    return text
