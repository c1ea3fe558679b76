"""The answer of the gate."""

from datetime import date

from pydantic import Field

from budget_tui.schemas.base import Number, Schema
from budget_tui.schemas.plain import gate_fields
from budget_tui.services.gate import Verdict


class Gate(Schema):
    """The answer of the gate."""

    allowed: bool
    reason: str = Field(description="Why not; empty if it is allowed.")
    project_id: str | None
    agent_id: str | None
    estimate_usd: Number
    available_usd: Number = Field(description="Left and not held, by the tightest of the budgets that bound it.")
    bound_by: str = Field(description="Whose budget that is.", examples=["Python API"])
    available_tokens: int | None = Field(description="The agent's; null without one.")
    currency: str
    as_of: date
    data_through: date = Field(description="The last day whose costs are known.")

    @classmethod
    def from_domain(cls, verdict: Verdict) -> "Gate":
        return Gate(**gate_fields(verdict))
