"""The manual, and where files are."""

from budget_tui.schemas.base import Schema


class Topic(Schema):
    topic: str
    summary: str


class Page(Topic):
    text: str


class ConfigPaths(Schema):
    """Locations of files, whether or not they exist; ``database`` is a URL when it is on a server."""

    settings: str
    database: str
    log: str
    state: str
