"""Costs, and the rules that determine their provider, category and entity.

A cost is stored as it was stated (its *origin*); provider, category and entity are derived from that when it comes in
and can be derived again, so that a new alias or mapping rule also reaches costs from the past.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice

from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import ROOT_ID

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""The range of days that costs may have, from any source: beyond it a date is a mistake."""


FAR_AHEAD_DAYS = 366
"""A cost that is dated further ahead, by more than a year, is probably mistyped."""


def is_far_ahead(day: date, today: date) -> bool:
    """Return whether a cost is dated so far ahead that its day is probably mistyped."""
    return (day - today).days > FAR_AHEAD_DAYS


def checked_day(day: date) -> date:
    """Return ``day``; `Refused` when it is outside the days that costs may have."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Refused(f"no cost can be of {day}", f"days of costs go from {FIRST_DAY} to {LAST_DAY}")
    return day


class Category(StrEnum):
    """Category of spending; ``TOTAL`` is a budget's word for all of them."""

    CLOUD = "cloud"
    GENAI = "genai"
    SUBSCRIPTION = "subscription"
    TOTAL = "total"


CATEGORIES = tuple(category for category in Category if category is not Category.TOTAL)
"""The categories that a cost can be of."""
DIRECTORY = "directory"
"""The tag, and the field of rules, of the directory that an agent's program ran in."""
_RULE_FIELDS = (DIRECTORY, "sub_account", "service", "provider")
_SEPARATORS = "/\\"


def parse_rule_field(text: str) -> str:
    """Parse the field of costs that a mapping rule compares: ``tag:KEY``, directory, sub_account, service or provider.

    A rule for a directory also maps those inside it; of several, the one for the longest path applies.
    """
    kind, _, key = (part.strip() for part in text.casefold().partition(":"))
    if kind == "tag" and key:
        return f"tag:{key}"
    if kind in _RULE_FIELDS and not key:
        return kind
    raise Refused(f"costs have no '{text.strip()}'", "use tag:KEY, directory, sub_account, service or provider")


def rule_value(field: str, text: str) -> str:
    """Return the value that a mapping rule on ``field`` compares: of a directory, without separators at its end."""
    value = text.strip()
    return value.rstrip(_SEPARATORS) or value[:1] if field == DIRECTORY else value


def parse_category(text: str) -> Category:
    """Parse the category of a cost, in any case; `Refused` for anything else."""
    if text.strip().casefold() not in CATEGORIES:
        raise Refused(f"'{text}' is not a category", f"choose {', '.join(CATEGORIES)}")
    return Category(text.strip().casefold())


def is_total(category: str, provider: str) -> bool:
    """Return whether a budget counts costs of every category and provider."""
    return category == Category.TOTAL and not provider


class ChargeCategory(StrEnum):
    """FOCUS ChargeCategory of a charge, with corrections apart, or a user's one-off cost."""

    USAGE = "usage"
    PURCHASE = "purchase"
    CREDIT = "credit"
    TAX = "tax"
    ADJUSTMENT = "adjustment"
    CORRECTION = "correction"
    ONE_OFF = "one-off"


@dataclass(frozen=True, slots=True)
class CostOrigin:
    """Everything that distinguishes costs except day and amount; '' where the source says nothing."""

    source: str  # 'manual', 'focus', or the name the user gave the source
    live: bool  # entered as it happens (by hand, by agents, over the API) rather than imported
    currency: str  # ISO 4217, upper case
    provider_name: str = ""  # as exported: the service's provider, else the invoice issuer
    service: str = ""
    service_category: str = ""
    service_subcategory: str = ""
    sub_account_id: str = ""
    sub_account_name: str = ""
    entity_hint: str = ""  # x_hierarchy_entity_id, or the project named by hand
    path_hint: str = ""  # x_hierarchy_path
    category_hint: str = ""  # category chosen by hand; '' to derive it
    tags: tuple[tuple[str, str], ...] = ()  # kept keys only, in lower case, sorted
    billing_account_id: str = ""
    charge_category: str = ChargeCategory.USAGE  # only usage is part of the burn rate: the rest comes once


@dataclass(frozen=True, slots=True)
class MappingRule:
    """A rule that costs whose ``field`` equals ``value``, ignoring case, belong to an entity.

    ``field`` is ``tag:KEY``, ``directory``, ``sub_account`` (id or name), ``service`` or ``provider`` (short name or as
    exported); a rule for a directory matches all inside it. A rule without a value, or for an entity that does not
    exist, matches nothing.
    """

    field: str
    value: str
    entity_id: str


_ALIASES: Mapping[str, tuple[str, ...]] = {
    "gcp": ("google cloud", "google cloud platform"),
    "aws": ("amazon web services", "amazon web services, inc."),
    "azure": ("microsoft", "microsoft azure"),
    "oci": ("oracle", "oracle america", "oracle cloud", "oracle cloud infrastructure"),
    "openai": ("openai, llc", "openai llc"),
    "anthropic": ("anthropic, pbc", "anthropic pbc"),
    "bedrock": ("amazon bedrock", "aws bedrock"),
    "vertex": ("vertex ai", "google vertex ai"),
    "azure-openai": ("azure openai", "azure openai service"),
    "gemini": ("google ai", "google gemini"),
    "mistral": ("mistral ai",),
    "xai": ("x.ai",),
    "together": ("together ai",),
    "fireworks": ("fireworks ai",),
    "huggingface": ("hugging face",),
}

AI_PROVIDERS = frozenset(
    "openai anthropic gemini deepseek mistral cohere xai groq perplexity together fireworks replicate "
    "huggingface openrouter elevenlabs bedrock vertex azure-openai litellm".split()
)
BILLED_BY: Mapping[str, str] = {"bedrock": "aws", "vertex": "gcp", "gemini": "gcp", "azure-openai": "azure"}
"""AI providers that are services of a cloud, each with the cloud that bills them where costs do not name them."""

SAAS_PROVIDERS = frozenset(
    "figma slack canva github gitlab notion atlassian jira linear asana zoom dropbox salesforce hubspot "
    "zendesk miro airtable adobe 1password docusign intercom trello".split()
)

SERVICES_OF_CLOUDS: Mapping[str, tuple[str, ...]] = {
    "bedrock": ("amazon bedrock",),
    "vertex": ("vertex ai",),
    "gemini": ("gemini api", "generative language api"),
    "azure-openai": ("azure openai",),
}
"""The names, in lower case, under which clouds bill the AI providers of `BILLED_BY`."""
_AI_SERVICE = re.compile(rf"\b(?:{'|'.join(name for names in SERVICES_OF_CLOUDS.values() for name in names)})\b")
_PLAN_PER_SEAT = re.compile(r"\b(?:chatgpt|claude)[ _-]+(?:plus|pro|max|teams?|business|enterprise|edu)\b|\bcopilot\b")

_SHORT_NAMES: Mapping[str, str] = {name: name for name in AI_PROVIDERS | SAAS_PROVIDERS | set(_ALIASES)} | {
    alias: name for name, aliases in _ALIASES.items() for alias in aliases
}


def _fold(text: str) -> str:
    return text.strip().casefold()


def provider_of(origin: CostOrigin, aliases: Mapping[str, str]) -> str:
    """Return the provider's short name: by the user's ``aliases``, else a known one, else the name as it is."""
    return short_provider_name(origin.provider_name, aliases)


def short_provider_name(name: str, aliases: Mapping[str, str]) -> str:
    """Return the short name of a provider as `provider_of` does, without blanks around it."""
    folded = _fold(name)
    for alias, short_name in aliases.items():
        if _fold(alias) == folded:
            return short_name
    return _SHORT_NAMES.get(folded, name.strip())


def is_known_provider(name: str) -> bool:
    """Return whether ``name`` has a short name without the user's aliases."""
    return _fold(name) in _SHORT_NAMES


def category_of(origin: CostOrigin, provider: str, overrides: Mapping[str, Category] | None = None) -> Category:
    """Return the category chosen by hand, else by ``overrides``, else by what the export says of the service.

    ``overrides`` maps a service or a provider, in any case, to a category; the service takes precedence.
    """
    if origin.category_hint:
        return Category(_fold(origin.category_hint))
    folded = {_fold(name): category for name, category in (overrides or {}).items()}
    for name in (origin.service, provider, origin.provider_name):
        if name and _fold(name) in folded:
            return folded[_fold(name)]
    return _derived_category(origin, _fold(provider))


def _derived_category(origin: CostOrigin, provider: str) -> Category:
    """Return the category by service and provider; a plan per seat is a subscription even with a provider of models."""
    service, service_category = _fold(origin.service), _fold(origin.service_category)
    if provider in SAAS_PROVIDERS or service_category == "business applications" or _PLAN_PER_SEAT.search(service):
        return Category.SUBSCRIPTION
    if (
        _fold(origin.service_subcategory) == "generative ai"
        or service_category == "ai and machine learning"
        or provider in AI_PROVIDERS
        or _AI_SERVICE.search(service)
    ):
        return Category.GENAI
    return Category.CLOUD


def is_tag(key: str, wanted: str) -> bool:
    """Return whether ``key`` is the tag ``wanted``, perhaps behind a prefix: ``user:project``, ``org/project``.

    Both are in lower case.
    """
    return key == wanted or key.endswith((f":{wanted}", f"/{wanted}"))


class EntityResolver:
    """Finder of the entity that a cost belongs to, by a fixed number of dictionary look-ups.

    In this order: the entity or path that the export names, a mapping rule (the earliest that matches), the project
    tag, the sub account. A name that two entities share matches neither.
    """

    def __init__(
        self,
        entities: Iterable[tuple[str, str]],
        rules: Sequence[MappingRule],
        project_tags: Sequence[str],
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        known = list(entities)
        self._ids = {entity_id for entity_id, _ in known}
        self._by_folded_id = _unambiguous((_fold(entity_id), entity_id) for entity_id, _ in known)
        self._by_name = _unambiguous((_fold(name), entity_id) for entity_id, name in known)
        self._rules: dict[tuple[str, str], tuple[int, str]] = {}
        for position, rule in enumerate(rules):
            if _fold(rule.value) and (entity_id := self._by_id(rule.entity_id) or _root(rule.entity_id)):
                self._rules.setdefault((_fold(rule.field), _fold(rule.value)), (position, entity_id))
        self._rule_tags = sorted({f.removeprefix("tag:") for f, _ in self._rules if f.startswith("tag:")})
        self._project_tags = [_fold(key) for key in project_tags]
        self._aliases = aliases or {}
        self._found: dict[tuple[object, ...], str | None] = {}

    def resolve(self, origin: CostOrigin) -> str | None:
        """Return the id of the entity that ``origin`` belongs to; None: unmapped.

        The organization itself must be named by its id: neither its name nor its place above everything matches.
        """
        # Of tens of thousands of origins, most differ by their service alone, at which only rules look.
        by_rules = (origin.service, origin.provider_name) if self._rules else ()
        accounts = origin.sub_account_id, origin.sub_account_name
        key = origin.entity_hint, origin.path_hint, origin.tags, *accounts, *by_rules
        if key not in self._found:
            self._found[key] = self._resolved(origin)
        return self._found[key]

    def _resolved(self, origin: CostOrigin) -> str | None:
        named = self._by_hint(origin) or _root_named(origin)
        return named or self._by_rule(origin) or self._by_tag(origin) or self._by_account(origin)

    def _by_id(self, text: str) -> str | None:
        return text if text in self._ids else self._by_folded_id.get(_fold(text))

    def _by_id_or_name(self, text: str) -> str | None:
        return (self._by_id(text) or self._by_name.get(_fold(text))) if text else None

    def _by_hint(self, origin: CostOrigin) -> str | None:
        if origin.entity_hint and (entity_id := self._by_id(origin.entity_hint)):
            return entity_id
        for segment in reversed(origin.path_hint.split("/")):
            if segment and (entity_id := self._by_id(segment)):
                return entity_id
        return None

    def _by_rule(self, origin: CostOrigin) -> str | None:
        if not self._rules:
            return None
        found = [self._rules[key] for key in self._rule_keys(origin) if key in self._rules]
        return min(found)[1] if found else None

    def _rule_keys(self, origin: CostOrigin) -> Iterator[tuple[str, str]]:
        for wanted in self._rule_tags:
            for value in tag_values(origin, wanted):
                yield f"tag:{wanted}", _fold(value)
        for directory in tag_values(origin, DIRECTORY):
            within = ((DIRECTORY, path) for path in _paths_above(_fold(directory)))
            yield from islice((key for key in within if key in self._rules), 1)
        yield "sub_account", _fold(origin.sub_account_id)
        yield "sub_account", _fold(origin.sub_account_name)
        yield "service", _fold(origin.service)
        yield "provider", _fold(origin.provider_name)
        yield "provider", _fold(provider_of(origin, self._aliases))

    def _by_tag(self, origin: CostOrigin) -> str | None:
        for wanted in self._project_tags:
            for value in tag_values(origin, wanted):
                if entity_id := self._by_id_or_name(value):
                    return entity_id
        return None

    def _by_account(self, origin: CostOrigin) -> str | None:
        return self._by_id_or_name(origin.sub_account_id) or self._by_id_or_name(origin.sub_account_name)


def _paths_above(path: str) -> Iterator[str]:
    """Yield a directory and those that it is in, the longest path first."""
    while path:
        yield path
        root = path[0] if path[1:] and path[0] in _SEPARATORS else ""
        path = path[: max(path.rfind("/"), path.rfind("\\"), 0)] or root


def _root_named(origin: CostOrigin) -> str | None:
    """Return the organization's own id if a cost names it as its entity or at the end of its path; else None."""
    return _root(origin.entity_hint) or _root(origin.path_hint.rstrip("/").rpartition("/")[2])


def _root(text: str) -> str | None:
    return ROOT_ID if _fold(text) == _fold(ROOT_ID) else None


def tag_values(origin: CostOrigin, wanted: str) -> list[str]:
    """Return the values of the tag ``wanted`` (lower case), the one without a prefix first."""
    fitting = [(key, value) for key, value in origin.tags if is_tag(key, wanted)]
    return [value for _, value in sorted(fitting, key=lambda tag: tag[0] != wanted)]


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the meaning of each name, leaving out names with several meanings."""
    meanings: dict[str, set[str]] = {}
    for name, meaning in pairs:
        meanings.setdefault(name, set()).add(meaning)
    return {name: next(iter(found)) for name, found in meanings.items() if len(found) == 1}
