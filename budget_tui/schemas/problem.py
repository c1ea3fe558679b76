"""Problem documents, and the health of the server."""

from pydantic import Field

from budget_tui.schemas.base import Number, Schema


class RefusedField(Schema):
    field: str
    message: str


class ProblemDocument(Schema):
    """RFC 9457. ``code`` is the same as on the command line."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    request_id: str
    available_usd: Number | None = Field(default=None, description="What is available.")
    available_tokens: int | None = Field(default=None, description="What is available.")
    errors: list[RefusedField] | None = Field(default=None, description="Each field that was refused, and why.")


class Health(Schema):
    status: str = Field(examples=["ok"])
