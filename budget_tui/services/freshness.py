"""The last day with complete cost data."""

from datetime import date

from budget_tui.domain import freshness
from budget_tui.domain.budget import Organization
from budget_tui.storage.session import Session


def data_through(session: Session, organization: Organization, today: date) -> date:
    """Return the earliest day that all of the organization's active sources reach on ``today``."""
    accounts = session.fast.imported_accounts(organization.org_key, today)
    return freshness.data_through(accounts, organization.period_rule, today)
