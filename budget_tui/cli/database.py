"""``db``: the database itself."""

from pathlib import Path
from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.config.paths import from_home

app = command_group()

EXIT_PROBLEMS = 2


@app.command()
def upgrade(context: typer.Context, json: JsonOption = False) -> None:
    """Upgrade the schema to this version.

    If there is data, a backup is made first.
    """
    services = session_of(context).services
    state = services.database.upgrade()
    if json:
        print_json(schemas.audit.Upgraded(database=str(services.context.database), schema_=state))
    else:
        print_lines(f"{services.context.database} has this version's schema")


@app.command()
def check(context: typer.Context, json: JsonOption = False) -> None:
    """Check the file and the books.

    One line for each problem; the exit code is then 2.
    """
    report = session_of(context).services.database.check()
    if json:
        print_json(schemas.audit.Checked.from_domain(report))
    else:
        print_lines(
            *(report.problems or (f"{report.database}: ok, {report.bytes:,} bytes, schema {report.schema_state}",))
        )
    if report.problems:
        raise typer.Exit(EXIT_PROBLEMS)


@app.command()
def backup(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(metavar="[TARGET]", help="A new file or a folder. Default: beside the database."),
    ] = "",
    json: JsonOption = False,
) -> None:
    """Back up the database.

    The copy is consistent, even while others use the database.
    """
    services = session_of(context).services
    folder_named = target.endswith("/")
    copy = services.database.backup(from_home(target) if target else None, into_folder=folder_named)
    if json:
        print_json(schemas.audit.BackedUp(database=str(services.context.database), backup=str(copy)))
    else:
        print_lines(f"{services.context.database} backed up to {copy}")


@app.command()
def restore(
    context: typer.Context,
    backup_file: Annotated[Path, typer.Argument(metavar="FILE", help="Backup file.")],
    json: JsonOption = False,
) -> None:
    """Restore a backup.

    The previous database is kept beside it.
    """
    services = session_of(context).services
    kept = services.database.restore(from_home(backup_file))
    if json:
        database, kept_in = str(services.context.database), str(kept) if kept else None
        print_json(schemas.audit.Restored(database=database, restored=str(backup_file), kept=kept_in))
        return
    print_lines(
        f"{services.context.database} restored from {backup_file}",
        f"the previous database is kept in {kept}" if kept else "there was no database before",
    )


@app.command()
def copy(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help="The database to read: a path or URL.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="An empty or new one: a path or URL.")],
    json: JsonOption = False,
) -> None:
    """Copy everything into another database.

    Between SQLite and PostgreSQL, too. The totals of both are compared; on any difference, nothing is copied.
    """
    report = session_of(context).services.database.copy(source, target)
    if json:
        print_json(schemas.audit.Copied.from_domain(report))
        return
    print_lines(f"{report.source} copied to {report.target}: {report.rows:,} rows in {len(report.tables)} tables")
