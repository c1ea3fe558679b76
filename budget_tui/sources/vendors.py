"""Exports of vendors that no format reads yet, recognized by their columns, so that the error can name them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from budget_tui.domain.errors import SourceError
from budget_tui.sources.dialect import read_header
from budget_tui.sources.files import KNOWN, Kind, kind_of, open_text, reading

_LOOKED_AT = 20_000

# Columns that must all be present; there may be others. Names are compared in lower case.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "Cursor's usage export": ("date|kind|model|max mode|cost", "date|model|cache read|output tokens|cost"),
    "OpenAI's costs export": ("start_time|amount_value|amount_currency",),
    "OpenAI's usage export": ("num_model_requests|input_tokens|output_tokens",),
    "the Anthropic Console's cost export": ("usage_date_utc|model|token_type|cost_usd",),
    "the Anthropic Console's usage export": ("usage_date_utc|model_version|usage_output_tokens",),
    "OpenRouter's activity export": ("generation_id|created_at|cost_total",),
    "a Cost and Usage Report of AWS": (
        "identity/lineitemid|lineitem/usagestartdate|lineitem/unblendedcost",
        "bill_payer_account_id|line_item_usage_start_date|line_item_unblended_cost",
    ),
    "a billing export of Google Cloud": (
        "billing_account_id|usage_start_time|cost|currency",
        "service description|sku id|usage start date",
    ),
    "a cost details export of Azure": (
        "subscriptionid|metercategory|costinbillingcurrency",
        "subscriptionid|metercategory|pretaxcost",
        "subscriptionid|metercategory|costinusd",
    ),
}
_FOCUS = "export the costs as FOCUS, which the vendor offers, too, or name the columns"
_HINTS: Mapping[str, str] = dict.fromkeys(list(_COLUMNS)[-3:], _FOCUS)

# Beginnings of text that is not a table, with a word that occurs in it.
_JSON: Mapping[str, str] = {
    "OpenAI's costs in JSON": '"organization.costs.result"',
    "Anthropic's cost report in JSON": '"cost_type"',
    "ccusage's report": '"modelBreakdowns"',
}
_AGENT_LOGS = (('"sessionId"', '"uuid"'), ('"session_meta"', '"payload"'))


def vendor_of(names: Iterable[str]) -> str:
    """Return the vendor whose exports have columns of these ``names``; '' if unknown."""
    have = {name.strip(' \t\r\n\xa0\ufeff"').lower() for name in names}
    return next(
        (vendor for vendor, forms in _COLUMNS.items() if any(have.issuperset(form.split("|")) for form in forms)),
        "",
    )


def unknown(path: Path) -> SourceError:
    """Return the error for a file in no known format: what it is or begins with, and what to do."""
    kind = kind_of(path)
    if kind is Kind.PARQUET:
        return SourceError(f"{path} is Parquet, and no FOCUS export", "export the costs as FOCUS")
    with reading(path), open_text(path, kind) as text:
        begins = text.read(_LOOKED_AT).lstrip()
    if begins[:1] in ("{", "["):
        if any(all(word in begins for word in words) for words in _AGENT_LOGS):
            hint = "sync reads those where the program keeps them"
            return SourceError(f"{path} is a log of an agent's program", hint, command=f"budget-tui {hint}")
        what = next((name for name, word in _JSON.items() if word in begins), "")
        return SourceError(
            f"{path} is {what or 'JSON'}; there is no reader for {'that' if what else 'this kind of it'} yet",
            "export the costs as FOCUS or CSV",
        )
    header = read_header(path, kind, lambda name: bool(name.strip()))
    if vendor := vendor_of(header.names):
        hint = _HINTS.get(vendor, "name the columns to read it as any table")
        return SourceError(
            f"{path} is {vendor}; there is no reader for it yet",
            hint,
            command=f"{hint}: --columns date=NAME,amount=NAME",
        )
    if not any(name.strip() for name in header.names):
        return SourceError(f"{path} has nothing but blank lines", KNOWN)
    shown = ", ".join(name.strip()[:40] for name in header.names[:12])
    return SourceError(
        f"{path} is no FOCUS export, and has no columns that are known to hold a date and an amount: it has {shown}",
        "name them, such as date=Day,amount=Net",
        command="name them with --columns date=NAME,amount=NAME",
    )
