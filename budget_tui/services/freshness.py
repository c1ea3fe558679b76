"""How far the costs of an organization are known."""

from datetime import date

from budget_tui.domain import freshness
from budget_tui.domain.budget import Organization
from budget_tui.storage.session import Session


def data_through(session: Session, organization: Organization, today: date) -> date:
    """The earliest reach of the organization's active sources on ``today``."""
    accounts = session.fast.imported_accounts(organization.org_key, today)
    return freshness.data_through(accounts, organization.period_rule, today)
