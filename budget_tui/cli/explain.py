"""``explain``: where a number comes from."""

from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table
from budget_tui.cli.options import JsonOption, command_group
from budget_tui.cli.session import session_of
from budget_tui.domain.errors import NotFound
from budget_tui.presentation import explanations
from budget_tui.presentation.columns import Column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from budget_tui.domain.explain import Explained, Explanation
    from budget_tui.presentation.explanations import Section

app = command_group()


@app.command()
def explain(
    context: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(metavar="[PROJECT|BUDGET_ID|AGENT]", help="Default: the global budget.", show_default=False),
    ] = "",
    period: Annotated[
        str,
        typer.Option(
            "--period",
            metavar="PERIOD",
            help="A closed period, such as 2026-01.",
            show_default=False,
        ),
    ] = "",
    key: Annotated[
        str,
        typer.Option("--value", metavar="NAME", help="Explain one value, such as drip.", show_default=False),
    ] = "",
    json: JsonOption = False,
) -> None:
    """Show where the numbers come from.

    Formulas with their values, dates, the costs that count and those that do not.
    """
    session = session_of(context)
    session.services.context.require_database()
    if period:
        _, days = session.services.plans.period_named(period)
        explained = session.services.explain.of_closed(days.start, subject)
    else:
        explained = session.services.explain.named(subject)
    if key and key not in explained.keys:
        raise NotFound(f"there is no value '{key}' of {subject or 'the budget'}", f"there are: {_names(explained)}")
    if json:
        print_json(schemas.explain.Explained.from_domain(explained, key))
        return
    print_lines(*(_one_value(explained, key) if key else _overview(explained)))


def _names(explained: "Explained") -> str:
    return ", ".join(explained.keys)


def _one_value(explained: "Explained", key: str) -> list[str]:
    explanation = next(each for each in explained.values if each.key == key)
    return [
        f"{explanation.title} of {explanations.subject(explained)}:"
        f" {explanations.value(explanation, explained.currency)}",
        *_indented(
            filter(None, (explanations.formula(explanation), explanations.worked(explanation, explained.currency)))
        ),
        *_formatted(explanations.sections(explained, explanation)),
    ]


def _overview(explained: "Explained") -> list[str]:
    """List every value with its formula, then the explanations common to all."""

    def because(each: "Explanation") -> str:
        worked = explanations.worked(each, explained.currency)
        return worked or explanations.formula(each) or next(iter(each.notes), "")

    columns: tuple[Column[Explanation], ...] = (
        Column("value", "Value", lambda each: each.key),
        Column("shows", "Shows", lambda each: explanations.value(each, explained.currency), "right"),
        Column("because", "Because", because, wraps=True),
    )
    # The sections about costs are the same for all.
    of_costs = next((each for each in explained.values if each.of_costs), explained.values[0])
    return [
        explanations.subject(explained),
        *([explanations.cause(explained.trouble, explained.currency)] if explained.trouble else []),
        "",
        *table(columns, explained.values),
        *_formatted(section for section in explanations.sections(explained, of_costs) if section[0]),
    ]


def _formatted(sections: "Iterable[Section]") -> list[str]:
    """Format each section below its title."""
    lines = []
    for title, content in sections:
        lines += ["", *([title] if title else []), *_indented(content)]
    return lines


def _indented(lines: "Iterable[str]") -> list[str]:
    return [f"  {line}" for line in lines]
