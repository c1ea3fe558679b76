"""The plan as a file: what was exported, and how a file differs from what is stored."""

from pathlib import Path

from pydantic import Field

from budget_tui.domain.plan_file import Difference as DomainDifference
from budget_tui.domain.plan_file import Kind, PlanFile
from budget_tui.schemas.base import Schema
from budget_tui.services.plan_files import PlanDifferences


class ExportedItem(Schema):
    section: str
    name: list[str]
    fields_: dict[str, str] = Field(serialization_alias="fields")


class Exported(Schema):
    organization: str
    currency: str
    revision: int | None
    file: str | None
    items: list[ExportedItem]

    @classmethod
    def from_domain(cls, plan: PlanFile, file: Path | None) -> "Exported":
        return Exported(
            organization=plan.organization,
            currency=plan.currency,
            revision=plan.revision,
            file=None if file is None else str(file),
            items=[
                ExportedItem(section=item.section, name=list(item.name), fields_=dict(fields))
                for item, fields in plan.plan.items()
            ],
        )


class Difference(Schema):
    kind: Kind = Field(description="`add`, `change`, `remove` are to do; `kept` stays; `conflict`: changed twice.")
    section: str
    name: list[str]
    field: str | None = Field(description="null for a whole item.")
    exported: str | None
    stored: str | None
    wanted: str | None

    @classmethod
    def from_domain(cls, found: DomainDifference) -> "Difference":
        return Difference(
            kind=found.kind,
            section=found.item.section,
            name=list(found.item.name),
            field=found.field or None,
            exported=found.exported,
            stored=found.stored,
            wanted=found.wanted,
        )


class Differences(Schema):
    organization: str
    to_do: int
    conflicts: int
    differences: list[Difference]
    warnings: list[str] = Field(description="What applying the file over-allocated.")

    @classmethod
    def from_domain(cls, found: PlanDifferences) -> "Differences":
        return Differences(
            organization=found.organization,
            to_do=len(found.to_do),
            conflicts=len(found.conflicts),
            differences=[Difference.from_domain(each) for each in found.shown],
            warnings=list(found.warnings),
        )
