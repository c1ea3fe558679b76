"""``plan export``, ``plan diff``, ``plan apply``: the plan as a file."""

from pathlib import Path
from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import EXIT_NOT_ENOUGH, print_json, print_lines, warn
from budget_tui.cli.options import JsonOption
from budget_tui.cli.session import session_of
from budget_tui.domain.errors import StorageError
from budget_tui.domain.plan_file import Difference, Kind
from budget_tui.presentation.formatting import count
from budget_tui.services.plan_files import PlanDifferences, conflict_text

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="YAML file.", show_default=False)]
PruneOption = Annotated[
    bool, typer.Option("--prune", help="Archive or remove what was exported and is no longer in the file.")
]
_SIGNS = {Kind.ADD: "+", Kind.CHANGE: "~", Kind.REMOVE: "-", Kind.KEPT: "=", Kind.CONFLICT: "!"}
_NOTHING = "nothing to do"


def export(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="File to write. Default: standard output.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write the plan as YAML.

    In a file that is there already, only what changed is written: its
    comments and its order stay.
    """
    session = session_of(context)
    session.services.context.require_database()
    exported = session.services.plan_files.export(file)
    if file is None:
        if json:
            print_json(schemas.plan_file.Exported.from_domain(exported.file, None))
        else:
            print_lines(exported.text.rstrip("\n"))
        return
    try:
        file.write_text(exported.text, "utf-8", newline="")
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {(error.strerror or '').lower()}", "name another") from None
    if json:
        print_json(schemas.plan_file.Exported.from_domain(exported.file, file))
    else:
        print_lines(f"{count(len(exported.file.plan), 'item')} written to {file}, revision {exported.file.revision}")


def diff(context: typer.Context, file: FileArgument, prune: PruneOption = False, json: JsonOption = False) -> None:
    """Show what applying a file would change.

    + is added, ~ changed, - removed; ! was changed in both, and = at run time
    only: that stays.
    """
    session = session_of(context)
    session.services.context.require_database()
    files = session.services.plan_files
    found = files.differences(files.read(file), prune=prune)
    _print(found, json)
    if not (json or found.to_do or found.conflicts):
        print_lines(_NOTHING)


def apply(
    context: typer.Context,
    file: FileArgument,
    check: Annotated[
        bool, typer.Option("--check", help="Store nothing; exit code 3 if there is anything to do.")
    ] = False,
    prune: PruneOption = False,
    json: JsonOption = False,
) -> None:
    """Store what was changed in a file since it was exported.

    All of it or nothing, as one change. What was changed at run time stays;
    what was changed in both is a conflict.
    """
    session = session_of(context)
    session.services.context.require_database()
    files = session.services.plan_files
    found = files.apply(files.read(file), prune=prune, check=check)
    _print(found, json)
    if not json:
        done = "to do" if check else "applied"
        print_lines(f"{count(len(found.to_do), 'change')} {done}" if found.to_do else _NOTHING)
        warn(found.warnings)
    if check and found.to_do:
        raise typer.Exit(EXIT_NOT_ENOUGH)


def _print(found: PlanDifferences, json: bool) -> None:
    if json:
        print_json(schemas.plan_file.Differences.from_domain(found))
    else:
        print_lines(*map(_line, found.shown)) if found.found else None


def _line(found: Difference) -> str:
    """Describe a difference: ``~ pcc allocation 150 → 120``."""
    sign, name = _SIGNS[found.kind], found.item.shown
    if found.kind is Kind.CONFLICT:
        return f"{sign} {conflict_text(found)}"
    if found.kind is Kind.KEPT:
        return f"{sign} {name}{_what(found)} stays as it is, changed since the export"
    if found.kind is Kind.CHANGE:
        return f"{sign} {name}{_what(found)} {found.stored or 'none'} → {found.wanted or 'none'}"
    facts = found.wanted if found.kind is Kind.ADD else found.stored
    return f"{sign} {name}: {facts}" if facts else f"{sign} {name}"


def _what(found: Difference) -> str:
    return f" {found.field.replace('_', ' ')}" if found.field else ""
