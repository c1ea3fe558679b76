"""The manual."""

from budget_tui.schemas.base import Schema


class Topic(Schema):
    topic: str
    summary: str


class Page(Topic):
    text: str
