"""The other organizations of the database in the command palette: a command for each to switch to it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.command import DiscoveryHit, Hit, Hits, Matcher, Provider
from textual.content import Content

from budget_tui.domain.errors import BudgetError
from budget_tui.tui.dashboard import dashboard_of

if TYPE_CHECKING:
    from budget_tui.domain.budget import Organization
    from budget_tui.tui.dashboard import Dashboard


class OrganizationCommands(Provider):
    """Commands such as ``Organization: Acme Inc``; none if there is only one organization."""

    async def startup(self) -> None:
        self._others = await others(dashboard_of(self.app))

    async def discover(self) -> Hits:
        for each in self._others:
            title = _title(each)
            yield DiscoveryHit(Content(title), self._command(each), title, help=each.slug)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for each in self._others:
            title = _title(each)
            if (score := max(matcher.match(title), matcher.match(each.slug))) > 0:
                yield Hit(score, _highlighted(title, matcher), self._command(each), title, help=each.slug)

    def _command(self, organization: Organization) -> Callable[[], Coroutine[Any, Any, None]]:
        return partial(dashboard_of(self.app).show_organization, organization.slug, organization.name)


async def others(dashboard: Dashboard) -> list[Organization]:
    """Return the other organizations; none if the database cannot be read, which the screen reports."""
    shown = dashboard.services.context.org_slug
    try:
        known = await dashboard.read(lambda services: services.organizations.all())
    except BudgetError:
        return []
    return [each for each in known if each.slug != shown]


def _highlighted(title: str, matcher: Matcher) -> Content:
    """Highlight the search matches in ``title``. The matcher's own method would parse the title as markup."""
    content = Content(title)
    for at in matcher.fuzzy_search.match(matcher.query, title)[1]:
        content = content.stylize(matcher.match_style, at, at + 1)
    return content


def _title(organization: Organization) -> str:
    return f"Organization: {organization.name}"
