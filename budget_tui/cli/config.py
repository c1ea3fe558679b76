"""``config``: where the program's files are."""

import typer

from budget_tui import schemas
from budget_tui.bootstrap import open_services
from budget_tui.cli.console import print_json, print_lines, warn
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import Session
from budget_tui.config.paths import default_log_file, default_settings_file, default_state_folder
from budget_tui.config.settings import Settings
from budget_tui.domain.errors import Refused

app = command_group()


@app.callback()
def config() -> None:
    """Locations of the program's files."""


@app.command()
def path(context: typer.Context, json: JsonOption = False) -> None:
    """Show where settings, database, log and state are, whether or not they exist.

    State is what is kept from one start to the next, such as the theme last chosen.
    """
    session = context.find_object(Session)
    assert session is not None
    wrong = []
    try:
        services = session.services
    except Refused as refused:  # in the settings, which one looks for to mend them
        services = open_services(session.database, settings=Settings())
        wrong = [": ".join(filter(None, (refused.message, refused.hint)))]
    paths = schemas.manual.ConfigPaths(
        settings=str(default_settings_file()),
        database=str(services.context.database),
        log=str(default_log_file()),
        state=str(default_state_folder()),
    )
    if json:
        print_json(paths)
    else:
        print_lines(*(f"{name:<8}  {where}" for name, where in paths))
    warn(wrong)
