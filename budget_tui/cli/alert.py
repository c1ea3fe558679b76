"""``alert``: rules that watch budgets, and what they reported."""

from datetime import timedelta
from typing import Annotated

import typer

from budget_tui import schemas
from budget_tui.channels.base import DeliveryError, channels_of
from budget_tui.cli.console import print_json, print_lines, report, table, warn
from budget_tui.cli.options import JsonOption, command_group, exactly_one
from budget_tui.cli.session import Session, session_of
from budget_tui.config.paths import default_settings_file
from budget_tui.config.settings import InvalidChannel
from budget_tui.domain.alerts import AlertKind, AlertRule, RuleStatus
from budget_tui.domain.amount import parse_count
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import NotFound, Refused, unknown
from budget_tui.domain.text import parse_choice
from budget_tui.domain.tokens import parse_duration
from budget_tui.presentation import alerts as words
from budget_tui.services.alerts import NewRule, RuleEdit

app = command_group()

AlertArgument = Annotated[str, typer.Argument(metavar="ALERT", help="Number, as shown by alert list.")]


ShareOption = Annotated[str, typer.Option("--share", metavar="PERCENT", help="Share that is spent: 50,80,100.")]
LeftOption = Annotated[str, typer.Option("--left", metavar="AMOUNT", help="Amount that is left: 20.")]
PaceOption = Annotated[
    str, typer.Option("--pace", metavar="POINTS", help="Points of percent ahead of an even pace: 15.")
]
ForecastOption = Annotated[
    str, typer.Option("--forecast", metavar="median|low", help="Forecast, or its low end, above the budget.")
]
RunwayOption = Annotated[
    str, typer.Option("--runway", metavar="DAYS", help="Days until it runs out, before the period ends: 3.")
]
SpikeOption = Annotated[bool, typer.Option("--spike", help="A day that stands out of those before it.")]
SilentOption = Annotated[
    tuple[str, str],
    typer.Option("--silent", metavar="SOURCE DAYS", help="A source without costs for that long: aws 3."),
]
UnmappedOption = Annotated[
    str, typer.Option("--unmapped", metavar="AMOUNT", help="Costs that belong to no project: 10.")
]


@app.command()
def add(
    context: typer.Context,
    scope: Annotated[
        str,
        typer.Argument(
            metavar="[SCOPE]", help="Id of an entity, agent or budget. Default: each project.", show_default=False
        ),
    ] = "",
    share: ShareOption = "",
    left: LeftOption = "",
    pace: PaceOption = "",
    forecast: ForecastOption = "",
    runway: RunwayOption = "",
    spike: SpikeOption = False,
    silent: SilentOption = ("", ""),
    unmapped: UnmappedOption = "",
    category: Annotated[str, typer.Option("--category", metavar="CATEGORY", help="Only budgets of it.")] = "",
    budget_type: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="Budgets of it. Default: monetary; of an agent: token.")
    ] = "",
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help="Only budgets of it.")] = "",
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="NAME", help="Send through it, too; repeatable.", show_default=False),
    ] = None,
    fail: Annotated[bool, typer.Option("--fail", help="Let budget-tui check fail while it holds.")] = False,
    json: JsonOption = False,
) -> None:
    """Add a rule: one number of a scope, with one or more thresholds.

    It is reported once per threshold and period, at first in the dashboard
    only. What is beyond a threshold already is taken as it is.
    """
    conditions = _conditions(share, left, pace, forecast, runway, spike, silent, unmapped)
    kind, thresholds = _condition(exactly_one(conditions))
    session = session_of(context)
    added = session.services.alerts.add(
        NewRule(
            kind,
            thresholds,
            scope,
            parse_choice(category, Category, "category") if category else "",
            parse_choice(budget_type, BudgetType, "type") if budget_type else None,
            provider,
            silent[0],
            tuple(channel or ()),
            fail,
        )
    )
    _print_seeded(session, added, json)


@app.command()
def edit(
    context: typer.Context,
    alert: AlertArgument,
    share: ShareOption = "",
    left: LeftOption = "",
    pace: PaceOption = "",
    forecast: ForecastOption = "",
    runway: RunwayOption = "",
    spike: SpikeOption = False,
    silent: SilentOption = ("", ""),
    unmapped: UnmappedOption = "",
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope", metavar="SCOPE", help="An entity, agent or budget; '' is each project.", show_default=False
        ),
    ] = None,
    category: Annotated[
        str | None,
        typer.Option("--category", metavar="CATEGORY", help="Only budgets of it; '' is any.", show_default=False),
    ] = None,
    budget_type: Annotated[str, typer.Option("--type", metavar="TYPE", help="Budgets of it.")] = "",
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="NAME", help="Only budgets of it; '' is any.", show_default=False),
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(
            "--channel", metavar="NAME", help="Send through these; repeatable, '' is none.", show_default=False
        ),
    ] = None,
    fail: Annotated[
        bool | None,
        typer.Option("--fail/--no-fail", help="Let budget-tui check fail while it holds.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Change a rule; what is not given stays.

    What is beyond a threshold then is taken as it is.
    """
    conditions = _conditions(share, left, pace, forecast, runway, spike, silent, unmapped)
    kind, thresholds = _condition(exactly_one(conditions)) if any(conditions.values()) else (None, None)
    change = RuleEdit(
        kind,
        thresholds,
        scope,
        parse_choice(category, Category, "category") if category else category,
        parse_choice(budget_type, BudgetType, "type") if budget_type else None,
        provider,
        silent[0] or None,
        None if channel is None else tuple(filter(None, channel)),
        fail,
    )
    if change == RuleEdit():
        raise Refused("there is nothing to change", "give a condition, --scope, --channel or another option")
    session = session_of(context)
    _print_seeded(session, session.services.alerts.edit(_key(alert), change), json)


def _conditions(
    share: str, left: str, pace: str, forecast: str, runway: str, spike: bool, silent: tuple[str, str], unmapped: str
) -> dict[str, str]:
    return {
        "--share": share,
        "--left": left,
        "--pace": pace,
        "--forecast": forecast,
        "--runway": runway,
        "--spike": "yes" if spike else "",
        "--silent": silent[1],
        "--unmapped": unmapped,
    }


def _condition(option: tuple[str, str]) -> tuple[AlertKind, tuple[str, ...]]:
    """Return the kind and the thresholds of the one option that was given."""
    kind, value = AlertKind(option[0].removeprefix("--")), option[1]
    return kind, () if kind is AlertKind.SPIKE else tuple(part for part in value.split(",") if part.strip())


def _print_seeded(session: Session, seeded: RuleStatus, json: bool) -> None:
    """Print a rule that was added or changed, with what it took as it found it."""
    _warn_of_unknown_channels(session, seeded.rule)
    status = _status(session, seeded.rule.rule_key)
    if json:
        print_json(schemas.alerts.Alert.from_domain(status))
        return
    print_lines(_described(status))
    if status.is_idle:
        warn([words.idle_text(status.rule)])
    for finding in status.findings:
        report(f"note: {words.sentence(finding)}; that is taken as it is, and not reported")


@app.command("list")
def list_alerts(context: typer.Context, json: JsonOption = False) -> None:
    """List the rules with what is beyond their thresholds."""
    session = session_of(context)
    session.services.context.require_database()
    statuses = session.services.alerts.rules()
    if json:
        print_json([schemas.alerts.Alert.from_domain(status) for status in statuses])
    elif not statuses:
        print_lines("there are no alerts: budget-tui alert add PROJECT --share 80,100")
    else:
        print_lines(*table(words.rule_columns(), statuses))
    warn(session.services.settings.channel_problems)


@app.command()
def show(context: typer.Context, alert: AlertArgument, json: JsonOption = False) -> None:
    """Show a rule, and what is beyond its thresholds."""
    session = session_of(context)
    session.services.context.require_database()
    status = _status(session, _key(alert))
    if json:
        print_json(schemas.alerts.Alert.from_domain(status))
        return
    rule = status.rule
    print_lines(
        _described(status),
        f"{words.status_text(status)}, {words.channels_text(rule)}"
        + (", and budget-tui check fails while it holds" if rule.fails else ""),
        *((words.idle_text(rule),) if status.is_idle else ()),
        *(f"  {words.sentence(finding)}" for finding in status.findings),
    )


@app.command()
def remove(context: typer.Context, alert: AlertArgument, json: JsonOption = False) -> None:
    """Remove a rule, with its messages that were not sent yet."""
    session = session_of(context)
    removed = session.services.alerts.remove(_key(alert))
    if json:
        print_json(schemas.alerts.Alert.from_domain(removed))
        return
    rule, condition = removed.rule, words.condition_text(removed.rule, removed.currency)
    print_lines(f"alert {rule.rule_key} on {words.scope_text(rule)} is removed: {condition}")


@app.command()
def mute(
    context: typer.Context,
    alert: AlertArgument,
    duration: Annotated[str, typer.Option("--for", metavar="TIME", help="Duration: 90m, 8h, 3d.")] = "1d",
    off: Annotated[bool, typer.Option("--off", help="Send its messages again.")] = False,
    json: JsonOption = False,
) -> None:
    """Send none of a rule's messages for some time; the dashboard still shows them."""
    session = session_of(context)
    clock = session.services.context.clock
    until = None if off else clock.now() + timedelta(seconds=parse_duration(duration))
    before = _status(session, _key(alert))
    muted = session.services.alerts.mute(before.rule.rule_key, until)
    if json:
        print_json(schemas.alerts.Alert.from_domain(muted))
        return
    if until is not None:
        how = f"is muted until {until.astimezone():%Y-%m-%d %H:%M}"
    else:
        how = "is not muted any more" if before.is_muted else "was not muted"
    print_lines(f"alert {muted.rule.rule_key} on {words.scope_text(muted.rule)} {how}")


@app.command()
def test(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Name of a channel in the settings.")],
    json: JsonOption = False,
) -> None:
    """Send a test message through a channel of this machine."""
    services = session_of(context).services
    settings = services.settings.channels.get(channel)
    if settings is None:
        raise NotFound(
            f"this machine defines no channel '{channel}'",
            f"begin one with [channels.{channel}] in {default_settings_file()}",
        )
    if isinstance(settings, InvalidChannel):
        raise settings.error
    services.context.require_database()
    try:
        services.deliveries.test(channel, channels_of(services.settings.channels)[channel])
    except DeliveryError as error:
        raise Refused(f"channel '{channel}' failed: {error}", "look at its settings") from None
    if json:
        print_json(schemas.alerts.Tested(channel=channel, sent=True))
        return
    print_lines(f"a test message was sent through {channel}")


@app.command()
def log(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Show at most N messages.")] = 50,
    json: JsonOption = False,
) -> None:
    """List what was reported and how it was delivered, newest first."""
    session = session_of(context)
    session.services.context.require_database()
    messages = session.services.alerts.messages(limit)
    if json:
        print_json([schemas.alerts.AlertMessage.from_domain(message) for message in messages])
    elif not messages:
        print_lines("nothing was reported yet")
    else:
        print_lines(*table(words.message_columns(), messages))


def _key(text: str) -> int:
    try:
        return parse_count(text)
    except Refused:
        raise unknown("alert", text) from None


def _status(session: Session, rule_key: int) -> RuleStatus:
    for status in session.services.alerts.rules():
        if status.rule.rule_key == rule_key:
            return status
    raise unknown("alert", str(rule_key))


def _described(status: RuleStatus) -> str:
    rule = status.rule
    condition = words.condition_text(rule, status.currency)
    return f"alert {rule.rule_key} watches {words.scope_text(rule)}: {condition}"


def _warn_of_unknown_channels(session: Session, rule: AlertRule) -> None:
    known = session.services.settings.channels
    for name in rule.channels:
        if name not in known:
            warn([f"this machine defines no channel '{name}'; one that does has to run budget-tui watch"])
        elif isinstance(found := known[name], InvalidChannel):
            warn([str(found.error)])
