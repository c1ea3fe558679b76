"""``manual``: the pages that explain the program."""

import sys
from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import has_terminal
from budget_tui.config.paths import default_settings_file
from budget_tui.config.settings import load_settings
from budget_tui.presentation.columns import Column
from budget_tui.presentation.manual import TOPICS, page, summary

app = command_group()


def _topics(incomplete: str) -> list[tuple[str, str]]:
    return [(topic, summary(topic)) for topic in TOPICS if topic.startswith(incomplete)]


@app.command()
def manual(
    topic: Annotated[
        str, typer.Argument(metavar="[TOPIC]", help="What to read about.", show_default=False, autocompletion=_topics)
    ] = "",
    json: JsonOption = False,
) -> None:
    """The manual: list its topics, or read one.

    On a terminal the page opens in a viewer; otherwise it is printed as Markdown.
    """
    if not topic:
        if json:
            print_json([schemas.manual.Topic(topic=each, summary=summary(each)) for each in TOPICS])
            return
        columns: tuple[Column[str], ...] = (
            Column("topic", "Topic", str, shrinks_to=18),
            Column("about", "About", summary, wraps=True),
        )
        print_lines(
            *table(columns, TOPICS),
            "",
            "read one with: budget-tui manual TOPIC",
        )
        return
    text = page(topic)
    if json:
        print_json(schemas.manual.Page(topic=topic, summary=summary(topic), text=text))
    elif has_terminal() and sys.stdout.isatty():
        _show(topic)
    else:
        print_lines(text.rstrip("\n"))


def _show(topic: str) -> None:
    from budget_tui.tui.run import run_manual

    run_manual(topic, load_settings(default_settings_file()))
