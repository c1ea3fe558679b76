"""Logs of agents' programs, read into costs."""

from collections.abc import Mapping
from datetime import date

from pydantic import Field

from budget_tui.domain.amount import to_decimals
from budget_tui.schemas.base import Schema, Totals
from budget_tui.services import agent_logs


class LogSum(Schema):
    """Messages and tokens, and what they come to, by currency."""

    messages: int
    tokens: int
    total: Totals

    @classmethod
    def from_domain(cls, found: agent_logs.LogSum) -> "LogSum":
        return LogSum(messages=found.messages, tokens=found.tokens, total=to_decimals(found.amounts))


class SyncReport(Schema):
    """The news in the logs: in all, by project, by directory where there is none, and by model without a price."""

    sources: list[str]
    files: int
    files_read: int
    unreadable_lines: dict[str, int]
    unreadable_files: list[str]
    first_day: date | None
    last_day: date | None
    days: int
    new: LogSum
    projects: dict[str, LogSum]
    unmapped: dict[str, LogSum]
    unpriced: dict[str, LogSum]
    estimates_replaced: int
    paid_by_plan: list[str]
    no_longer_paid_by_plan: dict[str, Totals] = Field(description="What counts again, by source.")

    @classmethod
    def from_domain(cls, report: agent_logs.SyncReport) -> "SyncReport":
        return SyncReport(
            sources=report.sources,
            files=report.files,
            files_read=report.files_read,
            unreadable_lines=report.unreadable_lines,
            unreadable_files=report.unreadable_files,
            first_day=report.days[0] if report.days else None,
            last_day=report.days[-1] if report.days else None,
            days=len(report.days),
            new=LogSum.from_domain(report.total),
            projects=_sums(report.projects),
            unmapped=_sums(report.unmapped),
            unpriced=_sums(report.unpriced),
            estimates_replaced=report.replaced,
            paid_by_plan=report.paid,
            no_longer_paid_by_plan={source: to_decimals(amounts) for source, amounts in report.counts_again.items()},
        )


def _sums(found: Mapping[str, agent_logs.LogSum]) -> dict[str, LogSum]:
    return {name: LogSum.from_domain(each) for name, each in found.items()}
