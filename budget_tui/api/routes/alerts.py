"""``/alerts``: rules that watch budgets, and what they reported."""

from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from budget_tui.api.auth import CurrentCaller
from budget_tui.api.http import IdempotencyKey, json_response, problem_responses, router_of
from budget_tui.domain.amount import LIMIT_COUNT
from budget_tui.schemas.alerts import Alert, AlertEdit, AlertMessage, AlertMuting, NewAlert

router = router_of("alerts")

AlertId = Annotated[int, Path(alias="id", ge=1, le=LIMIT_COUNT, description="Number of the alert.")]
MOST = 1000


@router.get("/alerts", response_model=list[Alert])
async def get_alerts(caller: CurrentCaller) -> Response:
    """The rules, each with what is beyond its thresholds now."""
    alerts = caller.services.alerts
    return json_response([Alert.from_domain(each) for each in await caller.pools.read(alerts.rules)])


@router.post("/alerts", status_code=201, response_model=Alert, responses=problem_responses(404, 409))
async def post_alert(caller: CurrentCaller, body: NewAlert, idempotency_key: IdempotencyKey = None) -> Response:
    """Add a rule. What is beyond a threshold already is taken as it is, and not reported.

    Channels are named here and defined in the settings of the hosts that send.
    """
    alerts, new = caller.services.alerts, body.to_domain()
    added, replayed = await caller.pools.write_once(lambda: alerts.add(new, idempotency_key))
    return json_response(Alert.from_domain(added), 201, replayed=replayed)


@router.get("/alert-messages", response_model=list[AlertMessage])
async def get_messages(
    caller: CurrentCaller,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Return at most this many.")] = 50,
) -> Response:
    """The messages of alerts with their deliveries, newest first."""
    alerts = caller.services.alerts
    messages = await caller.pools.read(lambda: alerts.messages(limit))
    return json_response([AlertMessage.from_domain(message) for message in messages])


@router.patch("/alerts/{id}", response_model=Alert, responses=problem_responses(404))
async def patch_alert(caller: CurrentCaller, alert: AlertId, body: AlertEdit) -> Response:
    """Change a rule. What is beyond a threshold then is taken as it is, and not reported."""
    alerts, edit = caller.services.alerts, body.to_domain()
    edited = await caller.pools.write(lambda: alerts.edit(alert, edit))
    return json_response(Alert.from_domain(edited))


@router.delete("/alerts/{id}", response_model=Alert, responses=problem_responses(404))
async def delete_alert(caller: CurrentCaller, alert: AlertId) -> Response:
    """Remove a rule, with its messages that were not sent yet."""
    alerts = caller.services.alerts
    removed = await caller.pools.write(lambda: alerts.remove(alert))
    return json_response(Alert.from_domain(removed))


@router.post("/alerts/{id}/mute", response_model=Alert, responses=problem_responses(404))
async def mute_alert(caller: CurrentCaller, alert: AlertId, body: AlertMuting) -> Response:
    """Send none of a rule's messages for some seconds; 0 sends them again."""
    alerts, now = caller.services.alerts, caller.services.context.clock.now()
    until = now + timedelta(seconds=body.seconds) if body.seconds else None
    muted = await caller.pools.write(lambda: alerts.mute(alert, until))
    return json_response(Alert.from_domain(muted))
