"""The audit log, undo, API keys, and the database as a whole."""

from dataclasses import asdict
from datetime import date
from typing import Any

from pydantic import Field

from budget_tui.domain import audit
from budget_tui.domain.access import ApiKey, Scope
from budget_tui.schemas.base import Moment, Schema, Settling
from budget_tui.services.database import CheckReport, CopyReport
from budget_tui.services.demo import DemoReport
from budget_tui.services.keys import NewKey
from budget_tui.services.undo import UndoOutcome


class AuditEntry(Schema):
    entry: int
    at: Moment
    actor: str = Field(description="A user, or a key by name and id.")
    action: str = Field(examples=["allocation.set"])
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    change: int = Field(description="The same for all entries of one change.")
    reverses: int | None = Field(description="The change that this one undoes.")

    @classmethod
    def from_domain(cls, entry: audit.AuditEntry) -> "AuditEntry":
        before, after = (None if facts is None else audit.shown_facts(facts) for facts in (entry.before, entry.after))
        return AuditEntry(**entry._replace(before=before, after=after)._asdict())


class _Undone(Schema):
    what: str = Field(description="What was undone or redone, in words.")
    change: int = Field(description="The change that did it.")
    reverses: int = Field(description="The change that it reverses.")
    passed_over: list[str] = Field(description="What was done since the latest change that no undo can reverse.")


class Undone(Settling, _Undone):
    @classmethod
    def from_domain(cls, outcome: UndoOutcome) -> "Undone":
        return Undone(
            what=outcome.what,
            change=outcome.change,
            reverses=outcome.reverses,
            passed_over=[*outcome.passed_over],
        )


class ApiKeyOut(Schema):
    key_id: str
    name: str
    organization: str
    scope: Scope
    created_by: str
    created_at: Moment
    revoked_at: Moment | None

    @classmethod
    def from_domain(cls, key: ApiKey) -> "ApiKeyOut":
        return ApiKeyOut(
            key_id=key.key_id,
            name=key.name,
            organization=key.org_slug,
            scope=key.scope,
            created_by=key.created_by,
            created_at=key.created_at,
            revoked_at=key.revoked_at,
        )


class _Secret(Schema):
    key: str


class CreatedKey(ApiKeyOut, _Secret):
    """A key with its text, which is shown only this once."""

    @classmethod
    def from_creation(cls, made: NewKey) -> "CreatedKey":
        return CreatedKey(key=made.text, **dict(ApiKeyOut.from_domain(made.key)))


class RevokedKey(Schema):
    key_id: str
    name: str
    revoked: bool


class Upgraded(Schema):
    database: str
    schema_: str = Field(serialization_alias="schema")


class Checked(Schema):
    database: str
    ok: bool
    schema_: str = Field(serialization_alias="schema")
    bytes: int
    problems: list[str]

    @classmethod
    def from_domain(cls, report: CheckReport) -> "Checked":
        return Checked(
            database=report.database,
            ok=not report.problems,
            schema_=report.schema_state,
            bytes=report.bytes,
            problems=list(report.problems),
        )


class Copied(Schema):
    source: str
    target: str
    rows: int
    tables: dict[str, int]

    @classmethod
    def from_domain(cls, report: CopyReport) -> "Copied":
        return Copied(source=report.source, target=report.target, rows=report.rows, tables=dict(report.tables))


class BackedUp(Schema):
    database: str
    backup: str


class Restored(Schema):
    database: str
    restored: str
    kept: str | None


class DemonstratedPlan(Schema):
    organization: str
    entities: int
    budgets: int
    costs: int
    first_day: date
    last_day: date


class DemonstratedStudio(Schema):
    organization: str
    projects: int
    costs: int
    first_day: date
    last_day: date


class Demonstration(Schema):
    """A summary of the demonstration data that was written."""

    database: str
    organization: str
    projects: int
    costs: int
    first_day: date
    last_day: date
    planning: DemonstratedPlan
    studio: DemonstratedStudio

    @classmethod
    def from_domain(cls, report: DemoReport, database: str) -> "Demonstration":
        return Demonstration(
            database=database,
            organization=report.organization,
            projects=report.projects,
            costs=report.costs,
            first_day=report.first_day,
            last_day=report.last_day,
            planning=DemonstratedPlan(**asdict(report.planning)),
            studio=DemonstratedStudio(**asdict(report.studio)),
        )
