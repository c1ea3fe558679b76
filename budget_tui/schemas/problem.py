"""Problem documents, and the health of the server."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from budget_tui.schemas.base import Number, Schema

_CLEARER = {
    "extra_forbidden": "there is no such field; leave it out",
    "int_from_float": "give a whole number",
    "int_parsing": "give a whole number",
    "model_attributes_type": "give a JSON object",
    "model_type": "give a JSON object",
}
"""Messages in place of pydantic's own, which speak of Python."""


class RefusedField(Schema):
    field: str
    message: str


def message_of(error: Mapping[str, Any]) -> str:
    """Say what is wrong with a field that pydantic refused; ``error`` is one of the errors that it reports."""
    message = _CLEARER.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


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
