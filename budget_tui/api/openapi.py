"""The OpenAPI document and the page that shows it. Nothing is loaded from elsewhere, so it works offline."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from budget_tui import __version__
from budget_tui.api.auth import HEADER, READING
from budget_tui.api.http import REPLAYED, problem_response
from budget_tui.schemas.problem import ProblemDocument

PAGE = "/docs"
DOCUMENT = "/openapi.json"
ASSETS = "/docs/assets"

_NOTHING_FOREIGN = "default-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

OPEN_TAG = "server"
"""The tag of routes that need no key."""

_REFERENCE = "#/components/schemas/{model}"
_SCHEME = "key"
_KEY = {"type": "apiKey", "in": "header", "name": HEADER, "description": "A key, created by whoever runs the server."}

_ALWAYS = {
    421: "The `Host` is not this server's.",
    500: "An unexpected error; see the server's log.",
}
_WITH_KEY = {
    401: "No key, or none that is valid.",
    422: "The request breaks a rule.",
    429: "Too many requests; `Retry-After` says when to try again.",
    503: "The database cannot be used now.",
}
_WRITING = {403: "The key may only read."}
_WITH_BODY = {
    400: "The body is not JSON.",
    413: "The body is too long.",
    415: "The body is not declared as JSON.",
}
_RESPONSE_HEADERS = (
    ("If-None-Match", "ETag", "The current version, for `If-None-Match`, and for `If-Match` of a PUT."),
    ("If-Match", "ETag", "The current version, for the next `If-Match`."),
    ("Idempotency-Key", REPLAYED, "`true` if it was already carried out under the same key."),
)
"""Headers of responses, by the request header that they belong to."""


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Return the document, which is created once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="budget-tui",
            version=__version__,
            description="Budgets of projects and agents. Amounts are exact decimals in the organization's currency.",
            routes=app.routes,
        )
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        problem = ProblemDocument.model_json_schema(mode="serialization", ref_template=_REFERENCE)
        schemas |= {**problem.pop("$defs"), "Problem": problem}
        document["components"]["securitySchemes"] = {_SCHEME: _KEY}
        for operations in document["paths"].values():
            for method, operation in operations.items():
                _describe_problems(method, operation)
        app.openapi_schema = document
    return app.openapi_schema


def _describe_problems(method: str, operation: dict[str, Any]) -> None:
    """Add the problems that any such operation may respond with."""
    problems = dict(_ALWAYS)
    if OPEN_TAG not in operation["tags"]:
        operation["security"] = [{_SCHEME: []}]
        problems |= _WITH_KEY
        problems |= _WRITING if method.upper() not in READING else {}
    if "requestBody" in operation:
        problems |= _WITH_BODY
    responses = operation["responses"]
    if "security" not in operation:
        responses.pop("422", None)
    named = {parameter["name"] for parameter in operation.get("parameters", ())}
    for parameter_name, name, description in _RESPONSE_HEADERS:
        for status in {"200", "201"} & set(responses) if parameter_name in named else ():
            header = {"description": description, "schema": {"type": "string"}}
            responses[status].setdefault("headers", {})[name] = header
    responses |= {str(status): problem_response(description) for status, description in problems.items()}
    operation["responses"] = dict(sorted(responses.items()))


def add_document(app: FastAPI) -> None:
    """Serve the document's page."""
    assets = Path(str(files("fastapi_offline"))) / "static"
    app.mount(ASSETS, StaticFiles(directory=assets))

    @app.get(PAGE, include_in_schema=False)
    async def page() -> HTMLResponse:
        html = get_swagger_ui_html(
            openapi_url=DOCUMENT,
            title="budget-tui API",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
            swagger_ui_parameters={"validatorUrl": None},
        )
        html.headers["Content-Security-Policy"] = _NOTHING_FOREIGN
        return html
