"""``cost``: costs, and the projects they belong to."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from budget_tui import schemas
from budget_tui.cli.console import print_json, print_lines, table, warn
from budget_tui.cli.cost_import import import_files, request_for
from budget_tui.cli.options import (
    CATEGORY_WORDS,
    AmountCommand,
    CategoryOption,
    JsonOption,
    KeyOption,
    ProjectArgument,
    ProviderOption,
    command_group,
    exactly_one,
    project_ids,
)
from budget_tui.cli.session import session_of
from budget_tui.cli.status import print_project
from budget_tui.config.paths import from_home
from budget_tui.domain.amount import parse_amount, parse_count
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import CATEGORIES, DIRECTORY, parse_category
from budget_tui.domain.errors import Refused
from budget_tui.domain.estimates import vendors
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import ONE_DAY, Period, parse_day
from budget_tui.domain.text import escaped
from budget_tui.presentation import formatting as f
from budget_tui.presentation import messages
from budget_tui.presentation.columns import Column, unmapped_columns
from budget_tui.presentation.costs import cost_columns, how_many
from budget_tui.services.cost_details import PAGE
from budget_tui.services.costs import CostEntry
from budget_tui.sources.base import FORMATS

if TYPE_CHECKING:
    from budget_tui.domain.estimates import DisplacedEstimates
    from budget_tui.domain.records import UnmappedOrigin
    from budget_tui.services.sources import Source

app = command_group()
source_app = command_group("Sources of costs, and how far each reaches.")
app.add_typer(source_app, name="source")


@app.command(cls=AmountCommand)
def add(
    context: typer.Context,
    project: ProjectArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="12.50; negative for a credit.")],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Day, such as 2026-01-13. Default: today.")] = "",
    category: CategoryOption = "",
    provider: ProviderOption = "",
    tokens: Annotated[str, typer.Option("--tokens", metavar="N", help="Tokens used: 25000 or 25k.")] = "",
    once: Annotated[bool, typer.Option("--once", help="One-off cost: spent, but not part of the burn rate.")] = False,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Record one cost."""
    session = session_of(context)
    entry = CostEntry(
        project,
        parse_amount(amount),
        parse_day(on) if on else None,
        parse_category(category) if category else None,
        provider,
        parse_count(tokens) if tokens else None,
        once,
    )
    outcome = session.services.costs.add(entry, key)
    warnings, snapshot, currency = messages.far_ahead(outcome), session.snapshot(), outcome.currency
    elsewhere = messages.counts_elsewhere(outcome)
    recorded = f"{f.money(entry.amount, currency)} on {f.long_day(outcome.on)} recorded for"
    if project not in (line.project_id for line in snapshot.projects):
        if json:
            print_json(schemas.costs.EntityCost.from_domain(entry, outcome))
        else:
            print_lines(f"{recorded} {project}{elsewhere}")
            warn(warnings)
        return
    print_project(
        snapshot,
        project,
        json,
        lambda line: [
            f"{recorded} {line.name}:"
            f" {f.money(line.pace.spent, currency)} spent,"
            f" {f.left_or_over(line.pace.remaining, BudgetType.MONETARY, currency)}{elsewhere}"
        ],
        warnings,
    )


@app.command("list")
def list_costs(
    context: typer.Context,
    entity: Annotated[
        str,
        typer.Argument(
            metavar="[ENTITY]", help="Project or entity. Default: all.", show_default=False, autocompletion=project_ids
        ),
    ] = ROOT_ID,
    since: Annotated[str, typer.Option("--since", metavar="DAY", help="From DAY on. Default: this period.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="Up to and including DAY. Default: today.")] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="The latest N, in whole days.")] = PAGE,
    json: JsonOption = False,
) -> None:
    """List costs, newest first.

    Each line is what one source states for a day, a service and a project; they add up to what is
    spent. Costs of days to come are scheduled, and not listed.
    """
    session = session_of(context)
    session.services.context.require_database()
    snapshot = session.snapshot()
    first = parse_day(since) if since else snapshot.period.start
    last = parse_day(until) if until else max(first, snapshot.as_of)
    if last < first:
        raise Refused(f"{f.long_day(last)} is before {f.long_day(first)}", "give an earlier day with --since")
    actual = session.services.cost_details.of_entity(entity, Period(first, last))
    page = session.services.cost_details.page(actual, at_least=limit)
    if json:
        print_json(schemas.costs.CostList.from_domain(actual, page))
        return
    if not page.lines:
        print_lines(f"no costs from {f.long_day(first)} to {f.long_day(last)}")
        return
    total = f.amount_of(page.total, actual.budget_type, actual.currency)
    older = f"; older ones: --until {page.older_than - ONE_DAY}, or --limit" if page.older_than else ""
    columns = [each for each in cost_columns(actual) if any(map(each.text, page.lines))]
    print_lines(
        f"{total}{how_many(actual, page.count, page.without_rate, page.replaced)}{older}",
        "",
        *table(columns, page.lines),
    )


@app.command("import")
def import_costs(
    context: typer.Context,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="FOCUS exports or CSV: files, folders or globs.")
    ],
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Name of their source; the format's by default.")
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="FORMAT",
            help=f"{' or '.join(FORMATS)}; detected by default.",
            autocompletion=lambda: FORMATS,
        ),
    ] = "",
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            metavar="FIELD=NAME,...",
            help="Columns of a CSV, such as date=When,amount=Net.",
        ),
    ] = "",
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="KEY", help="Tag that names a project or can be mapped.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be stored; change nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Import nothing if any row is refused.")] = False,
    effective: Annotated[bool, typer.Option("--effective", help="Use EffectiveCost instead of BilledCost.")] = False,
    part: Annotated[str, typer.Option("--part", metavar="NAME", help="Store it next to existing costs as NAME.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace whole months of accounts it touches.")] = False,
    once: Annotated[
        bool | None,
        typer.Option("--once/--no-once", help="One-off costs in a CSV: no part of the burn rate.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Import exports of costs.

    Reads FOCUS as CSV, CSV.gz and Parquet, and any CSV or TSV with a date and an amount. A
    delivery replaces the stored costs that it covers. It is refused if others would disappear.
    """
    request = request_for(
        files,
        source=source,
        tags=tag or (),
        effective=effective,
        strict=strict,
        dry_run=dry_run,
        part=part,
        replace=replace,
        form=form,
        columns=columns,
        once=once,
    )
    import_files(session_of(context), request, json=json)


@app.command()
def unmapped(context: typer.Context, json: JsonOption = False) -> None:
    """List costs without a project."""
    session = session_of(context)
    session.services.context.require_database()
    origins = session.services.costs.unmapped()
    if json:
        print_json([schemas.costs.UnmappedOrigin.from_domain(origin) for origin in origins])
    else:
        print_lines(*_unmapped_table(origins), *_displaced(session.services.costs.displaced(), origins))


@app.command("map")
def map_costs(
    context: typer.Context,
    project: ProjectArgument,
    sub_account: Annotated[str, typer.Option("--sub-account", metavar="ID", help="By sub account, id or name.")] = "",
    directory: Annotated[
        str,
        typer.Option("--directory", metavar="PATH", help="By directory of agents' logs, and those inside."),
    ] = "",
    tag: Annotated[str, typer.Option("--tag", metavar="KEY=VALUE", help="By tag.")] = "",
    service: Annotated[str, typer.Option("--service", metavar="NAME", help="By service.")] = "",
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help="By provider.")] = "",
    json: JsonOption = False,
) -> None:
    """Assign costs to a project by a rule.

    The rule applies to future and to past costs.
    """
    option, value = exactly_one(
        {
            "--sub-account": sub_account,
            "--directory": directory,
            "--tag": tag,
            "--service": service,
            "--provider": provider,
        }
    )
    field = option.removeprefix("--").replace("-", "_")
    if option == "--tag":
        field, value = _tag_rule(value)
    elif option == "--directory":
        value = _directory(value)
    session = session_of(context)
    outcome = session.services.costs.map_to_project(project, field, value)
    if json:
        print_json(schemas.costs.MappedCosts.from_domain(project, field, value, outcome))
        return
    if not outcome.is_new:
        print_lines(f"costs with {field} = {value} belong to {project} already")
        return
    amounts = ", ".join(f.money(nanos, currency) for currency, nanos in outcome.moved.items())
    moved = amounts or (f"{f.count(outcome.costs, 'cost')} without an amount" if outcome.costs else "nothing")
    print_lines(f"costs with {field} = {value} belong to {project}; {moved} from the past moved there")
    if option == "--tag" and not outcome.costs:
        print_lines("tags without a rule were not stored: import the files again")
    warn(messages.warnings(session.snapshot()))


@app.command()
def alias(
    context: typer.Context,
    exported_name: Annotated[str, typer.Argument(metavar="EXPORTED-NAME", help="The provider's name in exports.")],
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Short name, such as openai.")],
    json: JsonOption = False,
) -> None:
    """Assign a short name to a provider.

    This applies to past costs, too.
    """
    changed = session_of(context).services.costs.name_provider(exported_name, provider).changed_origins
    short_name = provider.strip().casefold()
    if json:
        print_json(schemas.costs.NamedProvider(exported_name=exported_name, provider=short_name, changed=changed))
        return
    _print_rule(f"{exported_name} is {short_name}", changed)


@app.command()
def category(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Service or provider.")],
    category: Annotated[
        str, typer.Argument(metavar="CATEGORY", help=f"{CATEGORY_WORDS}.", autocompletion=lambda: CATEGORIES)
    ],
    json: JsonOption = False,
) -> None:
    """Assign a category to a service or provider.

    This applies to past costs, too.
    """
    chosen = parse_category(category)
    changed = session_of(context).services.costs.put_into_category(name, chosen).changed_origins
    if json:
        print_json(schemas.costs.CategorizedName(name=name, category=chosen, changed=changed))
        return
    _print_rule(f"{name} counts as {chosen}", changed)


def _print_rule(words: str, changed: int) -> None:
    kinds = f"{f.count(changed, 'kind')} of" if changed else "no"
    print_lines(f"{words}; {kinds} past costs changed")


def _directory(text: str) -> str:
    """Return the directory that a rule compares: one of another machine, such as ``C:\\work``, stays as it is."""
    if PureWindowsPath(text).drive:
        return text
    path = str(from_home(text))
    if path.startswith("~"):
        raise Refused(f"the home directory of '{text}' is not known", "give the whole path")
    # Logs name directories as programs saw them, so links are followed only where the path starts from here.
    return os.path.normpath(path) if Path(path).is_absolute() else os.path.realpath(path)


def _tag_rule(text: str) -> tuple[str, str]:
    """Parse ``KEY=VALUE`` into the rule's field and value."""
    key, equals, value = text.partition("=")
    if not (key.strip() and equals and value.strip()):
        raise Refused(f"'{text}' is not a tag", "write it as KEY=VALUE")
    return f"tag:{key.strip()}", value.strip()


@source_app.command("list")
def list_sources(context: typer.Context, json: JsonOption = False) -> None:
    """List sources and billing accounts, how far each reaches, and whether more is expected."""
    found = session_of(context).services.sources.all()
    if json:
        print_json([schemas.costs.SourceOut.from_domain(each) for each in found])
        return
    if not found:
        print_lines("no costs yet: budget-tui cost add, or cost import")
        return
    columns: tuple[Column[Source], ...] = (
        Column("source", "Source", lambda source: source.name),
        Column("account", "Account", lambda source: source.account or "–"),
        Column("through", "Through", lambda source: f.long_day(source.reach) if source.reach else "–"),
        Column("last_cost", "Last cost", lambda source: f.long_day(source.last_day)),
        Column("state", "State", _source_state),
    )
    print_lines(*table(columns, found))


def _source_state(source: "Source") -> str:
    if source.ended_on is not None and not source.is_active:
        return f"ended on {f.long_day(source.ended_on)}"
    if not source.is_active:
        return f"silent since {f.long_day(source.last_day)}"
    if source.paid is not None:
        amounts = " + ".join(f.money(nanos, currency) for currency, nanos in sorted(source.paid.items()))
        return f"live, paid by a plan: {amounts or 'nothing'} otherwise"
    return "live" if source.is_live else "active"


@source_app.command("end")
def end_source(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="NAME", help="Source, as shown by cost source list.")],
    account: Annotated[str, typer.Option("--account", metavar="ID", help="Only this billing account.")] = "",
    json: JsonOption = False,
) -> None:
    """Expect no more costs from a source, so that it no longer limits how far the data reaches."""
    session = session_of(context)
    session.services.sources.end(source, account)
    snapshot = session.snapshot()
    if json:
        print_json(schemas.costs.EndedSource(source=source, account=account, data_through=snapshot.data_through))
    else:
        print_lines(
            f"{source}{f' {account}' if account else ''} is ended; data through {f.long_day(snapshot.data_through)}"
        )


@source_app.command("replace")
def replace_source(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="NAME", help="Source, as named in imports.")],
    how: Annotated[str, typer.Argument(metavar="always|ask", help="Always replace, or apply the usual rules.")],
    json: JsonOption = False,
) -> None:
    """Let imports of a source replace their own days and sub accounts without being refused."""
    if how not in ("always", "ask"):
        raise Refused(f"'{how}' is neither always nor ask", "write one of them")
    always = how == "always"
    session_of(context).services.sources.replace_always(source, always)
    if json:
        print_json(schemas.costs.ReplacingSource(source=source, replaces_always=always))
    else:
        print_lines(f"{source} replaces its own days always" if always else f"{source} replaces by the rules")


def _unmapped_table(origins: Sequence["UnmappedOrigin"]) -> list[str]:
    """Format a table, the largest amounts first, and the command that maps its first line to a project."""
    if not origins:
        return ["no costs are unmapped"]
    shown = {column.key: column for column in unmapped_columns()}
    directories: Column[UnmappedOrigin] = Column("directory", "Directory", _directory_of, has_paths=True)
    columns = (
        *(shown[key] for key in ("provider", "service", "sub_account")),
        *([directories] if any(map(_directory_of, origins)) else ()),
        Column(
            "tags",
            "Tags",
            lambda origin: " ".join(f"{key}={value}" for key, value in _other_tags(origin)),
            drop_order=2,
            yields_late=True,
        ),
        replace(shown["costs"], drop_order=1),
        shown["amount"],
    )
    return [*table(columns, origins), "", *_suggestion(origins[0])]


def _displaced(estimates: Sequence["DisplacedEstimates"], origins: Sequence["UnmappedOrigin"]) -> list[str]:
    """Say which bills take estimates from projects, and how to give these something for it."""
    if not estimates:
        return []
    provider = estimates[0].provider
    options = (
        f.option_for_bill(provider, each.provider, each.service)
        for each in origins
        if provider.casefold() in vendors(each.provider, each.service)
    )
    option = next(options, "--provider NAME")
    return [
        "",
        *messages.displaced(estimates),
        f"all of a bill to one project, or to what is above several: budget-tui cost map ENTITY {option}",
        "to each project its part: by account, service or tag; import the bill with these if it has none of them here",
    ]


def _directory_of(origin: "UnmappedOrigin") -> str:
    return f.directory(dict(origin.tags).get(DIRECTORY, ""))


def _other_tags(origin: "UnmappedOrigin") -> list[tuple[str, str]]:
    return [(key, value) for key, value in origin.tags if key != DIRECTORY]


def _suggestion(origin: "UnmappedOrigin") -> list[str]:
    """Return the narrowest rule that fits: by directory, else by tag, sub account, service or provider."""
    rules = [
        *(("--directory", value) for key, value in origin.tags if key == DIRECTORY),
        *(("--tag", f"{key}={value}") for key, value in origin.tags if value),
        ("--sub-account", origin.sub_account_id or origin.sub_account_name),
        ("--service", origin.service),
        ("--provider", origin.provider),
    ]
    fitting = [(option, value) for option, value in rules if value]
    if not fitting:
        return []
    option, value = fitting[0]
    return [f"assign them to a project, for example: budget-tui cost map PROJECT {option} {quote(escaped(value))}"]
