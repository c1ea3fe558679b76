"""How far the costs of an organization are known."""

from datetime import date

from budget_tui.domain import freshness
from budget_tui.domain.budget import Organization
from budget_tui.storage.queries import Queries


def data_through(queries: Queries, organization: Organization, today: date) -> date:
    """The earliest reach of the organization's active sources on ``today``."""
    accounts = queries.imported_accounts(organization.org_key, today)
    return freshness.data_through(accounts, organization.period_rule, today)
