"""Ids of rows that are made up here."""


def new_id() -> str:
    """An id that nobody else makes up. What makes it is loaded by its first use, for an import needs none."""
    from uuid import uuid4

    return str(uuid4())
