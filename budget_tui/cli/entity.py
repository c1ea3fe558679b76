"""``entity``: the hierarchy that budgets and costs belong to."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import JsonOption, SwitchArgument, command_group, parse_switch
from budget_tui.cli.session import Session, session_of
from budget_tui.domain import hierarchy
from budget_tui.domain.errors import StorageError
from budget_tui.domain.hierarchy import ROOT_ID, Entity
from budget_tui.presentation.columns import Column
from budget_tui.presentation.formatting import long_day
from budget_tui.sources.hierarchy import format_of, read, written

if TYPE_CHECKING:
    from budget_tui.services.entities import Entities

app = command_group()
level_app = command_group("The levels of the hierarchy.")
app.add_typer(level_app, name="level")

EntityArgument = Annotated[str, typer.Argument(metavar="ID", help="Entity id.", show_default=False)]


_LEVEL_COLUMNS: tuple[Column[hierarchy.Level], ...] = (
    Column("level", "Level", lambda level: level.code),
    Column("name", "Name", lambda level: level.name),
)
_COLUMNS: tuple[Column[Entity], ...] = (
    Column("id", "ID", lambda entity: entity.entity_id),
    Column("name", "Name", lambda entity: entity.name),
    Column("level", "Level", lambda entity: entity.level_code),
)


@app.command()
def add(
    context: typer.Context,
    entity_id: Annotated[str, typer.Argument(metavar="ID", help="Short and permanent; used by scripts and exports.")],
    parent: Annotated[str, typer.Option("--parent", metavar="ID", help=f"Parent entity. Default: {ROOT_ID}.")] = "",
    level: Annotated[
        str, typer.Option("--level", metavar="CODE", help="Level. Default: the one below the parent's.")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="Name to display.", show_default=False)] = "",
    json: JsonOption = False,
) -> None:
    """Add an entity.

    An archived one with the same id is restored.
    """
    added = session_of(context).services.entities.add(entity_id, parent, level, name)
    _print_entity(added, json, f"{added.name} ({added.level_code}) added below {added.parent_id}")


@app.command()
def move(
    context: typer.Context,
    entity_id: EntityArgument,
    parent: Annotated[str, typer.Argument(metavar="PARENT", help="Id of the new parent.")],
    json: JsonOption = False,
) -> None:
    """Move an entity under a new parent.

    Everything below it moves along, with what it has spent; closed periods
    do not change.
    """
    moved = session_of(context).services.entities.move(entity_id, parent)
    entity, old_parent, closed = moved
    then = f"; through {long_day(closed)}, which is closed, it stays below {old_parent}" if closed else ""
    if json:
        print_json(schemas.hierarchy.EntityChanged.from_change(moved))
        return
    print_lines(f"{entity.name} moved below {entity.parent_id}{then}")


@app.command()
def enforce(
    context: typer.Context, entity_id: EntityArgument, switch: SwitchArgument = "on", json: JsonOption = False
) -> None:
    """Let an entity's budgets of money bound what is below it.

    They bound what is held for projects, and the tokens of agents.
    """
    changed = session_of(context).services.entities.enforce(entity_id, parse_switch(switch))
    _print_entity(
        changed,
        json,
        f"the money of {changed.name} {'bounds' if changed.enforced else 'does not bound'} what is below it",
    )


@app.command()
def rename(
    context: typer.Context,
    entity_id: EntityArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="New name to display.")],
    json: JsonOption = False,
) -> None:
    """Change an entity's name.

    Its id stays.
    """
    renamed = session_of(context).services.entities.rename(entity_id, name)
    _print_entity(renamed, json, f"{renamed.entity_id} renamed to {renamed.name}")


@app.command()
def archive(context: typer.Context, entity_id: EntityArgument, json: JsonOption = False) -> None:
    """Archive an entity.

    Its costs are kept. Refused while there is anything below it.
    """
    archived = session_of(context).services.entities.archive(entity_id)
    _print_entity(archived, json, f"{archived.name} archived; its costs stay")


@app.command("list")
def list_entities(context: typer.Context, json: JsonOption = False) -> None:
    """List all entities, each followed by those below it."""
    found = _entities(context).active()
    if json:
        _print_json_of(found)
        return
    print_lines(*table((*_COLUMNS, Column("parent", "Parent", lambda entity: entity.parent_id)), found))


@app.command()
def tree(
    context: typer.Context,
    entity_id: Annotated[str, typer.Argument(metavar="[ID]", help="Only what is below it.", show_default=False)] = "",
    json: JsonOption = False,
) -> None:
    """Show the hierarchy as a tree."""
    found = _entities(context).below(entity_id or ROOT_ID)
    if json:
        print_json(schemas.hierarchy.EntityNode.nested(found))
        return
    branches = {entity.entity_id: branch for branch, entity in zip(_branches(found), found, strict=True)}
    branched = replace(_COLUMNS[0], text=lambda entity: f"{branches[entity.entity_id]}{entity.entity_id}")
    print_lines(*table((branched, *_COLUMNS[1:]), found))


@app.command()
def levels(context: typer.Context, json: JsonOption = False) -> None:
    """List the levels of the hierarchy, highest first."""
    found = _entities(context).levels()
    if json:
        print_json([schemas.hierarchy.Level.from_domain(level) for level in found])
        return
    print_lines(*table(_LEVEL_COLUMNS, found))


@app.command("export")
def export_entities(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="File to write. Default: standard output.")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="yaml|csv", help="Default: by FILE's extension.")] = "",
    json: JsonOption = False,
) -> None:
    """Write the hierarchy as YAML or CSV.

    An existing file is overwritten.
    """
    form = format_of(form, file)
    if file is not None:
        _require_other_file(context, file)
    entities = _entities(context).active()
    text = written(entities, form)
    if file is None:
        if json:
            _print_json_of(entity for entity in entities if entity.parent_id)
        else:
            print_lines(text.rstrip("\n"))
        return
    try:
        file.touch(0o600)  # only its owner may read a new file
        file.write_text(text, "utf-8")
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {(error.strerror or '').lower()}") from None
    if json:
        print_json(schemas.hierarchy.HierarchyFile(file=str(file), entities=len(entities) - 1))
        return
    print_lines(f"{len(entities) - 1} entities written to {file}")


@app.command("import")
def import_entities(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or CSV with id, name, level and parent.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Import the hierarchy from YAML or CSV.

    Entities are added, moved and renamed, but never removed. If anything is wrong, nothing is imported.
    """
    _require_other_file(context, file)
    if dry_run:
        session_of(context).services.context.require_database()
    done = session_of(context).services.entities.import_placements(read(file), dry_run=dry_run)
    if json:
        print_json(schemas.hierarchy.HierarchyImportOut.from_domain(done, dry_run=dry_run))
        return
    be = "to be " if dry_run else ""
    print_lines(f"{file}: {', '.join(f'{len(ids)} {be}{name}' for name, ids in asdict(done).items())}")


@level_app.callback()
def level_commands() -> None:
    """The levels of the hierarchy."""


@level_app.command("add")
def add_level(
    context: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", help="Short word, such as division.")],
    below: Annotated[str, typer.Option("--below", metavar="CODE", help="Level directly above it.")],
    name: Annotated[str, typer.Option("--name", help="Name to display.", show_default=False)] = "",
    json: JsonOption = False,
) -> None:
    """Add a level.

    It is inserted directly below another level.
    """
    added = session_of(context).services.entities.add_level(code, below, name)
    if json:
        print_json(schemas.hierarchy.Level.from_domain(added))
        return
    print_lines(f"{added.code} is a level now, below {below}")


def _require_other_file(context: typer.Context, file: Path) -> None:
    session_of(context).services.context.database.require_other_files([file])


def _entities(context: typer.Context) -> "Entities":
    """Return the service for reading; raises `DatabaseNotFound` if there is no database."""
    session: Session = session_of(context)
    session.services.context.require_database()
    return session.services.entities


def _print_entity(entity: Entity, json: bool, line: str) -> None:
    """Print an entity as JSON or in words."""
    if json:
        print_json(schemas.hierarchy.Entity.from_domain(entity))
        return
    print_lines(line)


def _print_json_of(entities: Iterable[Entity]) -> None:
    print_json([schemas.hierarchy.Entity.from_domain(entity) for entity in entities])


def _branches(entities: Sequence[Entity]) -> list[str]:
    """Return the branches drawn before each id, such as ``│  ├─ ``, for entities in the order of the tree."""
    last = {entity.parent_id: entity.entity_id for entity in entities}  # the last child of each
    stems: dict[str, str] = {}
    lines = []
    for entity in entities:
        above = stems.get(entity.parent_id)
        if above is None:
            stems[entity.entity_id] = ""
            lines.append("")
            continue
        is_last = last[entity.parent_id] == entity.entity_id
        lines.append(above + ("└─ " if is_last else "├─ "))
        stems[entity.entity_id] = above + ("   " if is_last else "│  ")
    return lines
