"""The costs that found no project, in words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from budget_tui.domain.text import escaped
from budget_tui.presentation.columns import Column, unmapped_columns

if TYPE_CHECKING:
    from budget_tui.domain.records import UnmappedOrigin


def unmapped_in_words(origins: Sequence["UnmappedOrigin"]) -> list[str]:
    """A table, the largest amounts first, and the command that gives its first line to a project."""
    from budget_tui.cli.console import table

    if not origins:
        return ["no costs are unmapped"]
    shown = {column.key: column for column in unmapped_columns()}
    columns = (
        *(shown[key] for key in ("provider", "service", "sub_account")),
        Column("tags", "Tags", lambda origin: " ".join(f"{key}={value}" for key, value in origin.tags)),
        *(shown[key] for key in ("costs", "amount")),
    )
    return [*table(columns, origins), "", *_suggestion(origins[0])]


def _suggestion(origin: "UnmappedOrigin") -> list[str]:
    """The narrowest rule that fits: by tag, else by sub account, service or provider."""
    rules = [
        *(("--tag", f"{key}={value}") for key, value in origin.tags if value),
        ("--sub-account", origin.sub_account_id or origin.sub_account_name),
        ("--service", origin.service),
        ("--provider", origin.provider),
    ]
    fitting = [(option, value) for option, value in rules if value]
    if not fitting:
        return []
    from shlex import quote

    option, value = fitting[0]
    return [f"assign them to a project, for example: budget-tui cost map PROJECT {option} {quote(escaped(value))}"]
