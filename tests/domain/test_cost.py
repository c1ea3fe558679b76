"""Costs: whose they are, what they are for, and where they belong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.cost import (
    AI_PROVIDERS,
    SAAS_PROVIDERS,
    Category,
    CostOrigin,
    EntityResolver,
    MappingRule,
    category_of,
    is_tag,
    provider_of,
)


def origin(**said: Any) -> CostOrigin:
    return CostOrigin(source="focus", live=False, currency="USD", **said)


# Providers


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("Google Cloud", "gcp"),
        ("Amazon Web Services", "aws"),
        ("AWS", "aws"),
        ("Amazon Web Services, Inc.", "aws"),
        ("Microsoft", "azure"),
        ("Microsoft Azure", "azure"),
        ("Oracle", "oci"),
        ("OCI", "oci"),
        ("Google AI", "gemini"),
        ("Oracle America", "oci"),
        ("OpenAI", "openai"),
        ("OpenAI, LLC", "openai"),
        ("Anthropic", "anthropic"),
        ("Anthropic, PBC", "anthropic"),
        ("Amazon Bedrock", "bedrock"),
        ("Vertex AI", "vertex"),
        ("Azure OpenAI", "azure-openai"),
        (" microsoft AZURE ", "azure"),
        ("Figma", "figma"),
        ("Hetzner Online GmbH", "Hetzner Online GmbH"),
        ("", ""),
    ],
)
def test_providers_go_by_their_short_names(name: str, provider: str) -> None:
    assert provider_of(origin(provider_name=name), {}) == provider


def test_aliases_of_ones_own_come_first() -> None:
    aliases = {"hetzner online gmbh": "hetzner", "Microsoft": "office"}
    assert provider_of(origin(provider_name="Hetzner Online GmbH"), aliases) == "hetzner"
    assert provider_of(origin(provider_name="MICROSOFT"), aliases) == "office"
    assert provider_of(origin(provider_name="AWS"), aliases) == "aws"


# Categories


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ({"provider_name": "AWS", "service": "Amazon EC2", "service_category": "Compute"}, Category.CLOUD),
        ({"provider_name": "AWS", "service_category": "AI and Machine Learning"}, Category.GENAI),
        ({"provider_name": "AWS", "service_category": "ai AND machine learning"}, Category.GENAI),
        ({"provider_name": "Google Cloud", "service_subcategory": "Generative AI"}, Category.GENAI),
        ({"provider_name": "Anthropic"}, Category.GENAI),
        ({"provider_name": "Google AI"}, Category.GENAI),
        ({"provider_name": "Mistral AI"}, Category.GENAI),
        ({"provider_name": "Figma"}, Category.SUBSCRIPTION),
        ({"provider_name": "Microsoft", "service_category": "Business Applications"}, Category.SUBSCRIPTION),
        ({"provider_name": "GitHub", "service_category": "AI and Machine Learning"}, Category.SUBSCRIPTION),
        ({"provider_name": "OpenAI, LLC", "service": "ChatGPT Plus"}, Category.SUBSCRIPTION),
        ({"provider_name": "OpenAI", "service": "ChatGPT Team - monthly"}, Category.SUBSCRIPTION),
        ({"provider_name": "OpenAI", "service": "chatgpt enterprise"}, Category.SUBSCRIPTION),
        ({"provider_name": "OpenAI", "service": "GPT-4o"}, Category.GENAI),
        ({"provider_name": "Anthropic, PBC", "service": "Claude Max (5x)"}, Category.SUBSCRIPTION),
        (
            {"provider_name": "Anthropic", "service": "Claude Team", "service_subcategory": "Generative AI"},
            Category.SUBSCRIPTION,
        ),
        ({"provider_name": "Anthropic", "service": "Claude Maximal Context"}, Category.GENAI),
        ({"provider_name": "Microsoft", "service": "Microsoft 365 Copilot"}, Category.SUBSCRIPTION),
        ({"provider_name": "AWS", "service": "Amazon Bedrock"}, Category.GENAI),
        ({"provider_name": "Google Cloud", "service": "Gemini API"}, Category.GENAI),
        ({"provider_name": "Google Cloud", "service": "Vertex AI"}, Category.GENAI),
        ({"provider_name": "Microsoft", "service": "Azure OpenAI Service"}, Category.GENAI),
        ({"provider_name": "Azure OpenAI"}, Category.GENAI),
        ({"provider_name": "somebody"}, Category.CLOUD),
        ({}, Category.CLOUD),
        ({"provider_name": "OpenAI", "category_hint": "subscription"}, Category.SUBSCRIPTION),
    ],
)
def test_categories(said: dict[str, str], category: Category) -> None:
    cost = origin(**said)
    assert category_of(cost, provider_of(cost, {})) is category


def test_overrides_go_by_service_then_provider_and_never_above_what_was_chosen_by_hand() -> None:
    overrides = {"amazon quicksight": Category.SUBSCRIPTION, "AWS": Category.GENAI}
    assert category_of(origin(service="Amazon QuickSight"), "aws", overrides) is Category.SUBSCRIPTION
    assert category_of(origin(service="Amazon EC2"), "aws", overrides) is Category.GENAI
    assert category_of(origin(service="Amazon EC2"), "gcp", overrides) is Category.CLOUD
    assert category_of(origin(category_hint="Cloud", service="Amazon QuickSight"), "aws", overrides) is Category.CLOUD


def test_no_provider_sells_both_models_and_seats() -> None:
    assert set() == AI_PROVIDERS & SAAS_PROVIDERS
    assert {"openai", "anthropic", "gemini", "deepseek", "mistral", "cohere"} <= AI_PROVIDERS
    assert {"figma", "slack", "canva", "github", "notion"} <= SAAS_PROVIDERS


# Tags


@pytest.mark.parametrize("key", ["project", "user:project", "aws:tag:project", "org/project"])
def test_a_tag_may_stand_behind_a_prefix(key: str) -> None:
    assert is_tag(key, "project")


@pytest.mark.parametrize("key", ["projects", "myproject", "project:user", "pro", ""])
def test_other_tags_are_others(key: str) -> None:
    assert not is_tag(key, "project")


# Entities

ENTITIES = [("ORG", "Acme"), ("DEPT-1", "Engineering"), ("PROJ-1", "PCC"), ("PROJ-10", "Video"), ("TEAM-1", "Search")]


def resolve(cost: CostOrigin, *rules: MappingRule, tags: tuple[str, ...] = ("project",)) -> str | None:
    return EntityResolver(ENTITIES, rules, tags).resolve(cost)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"entity_hint": "ORG"}, "ORG"),
        ({"entity_hint": "org"}, "ORG"),
        ({"path_hint": "/ORG/"}, "ORG"),
        ({"path_hint": "/ORG"}, "ORG"),
        ({"path_hint": "/ORG/NOBODY/"}, None),
        ({"entity_hint": "NOBODY"}, None),
        ({"sub_account_name": "ORG"}, None),
        ({"service": "s3"}, "ORG"),
    ],
)
def test_a_cost_that_names_the_organization_is_its_own(said: dict[str, str], found: str | None) -> None:
    rules = [MappingRule("service", "S3", "ORG")]
    assert EntityResolver(ENTITIES[1:], rules, ("project",)).resolve(origin(**said)) == found


def test_hints_come_before_rules_rules_before_tags_tags_before_accounts() -> None:
    rule = MappingRule("service", "S3", "TEAM-1")
    said: dict[str, Any] = {
        "sub_account_name": "engineering",
        "tags": (("project", "pcc"),),
        "service": "s3",
        "path_hint": "/ORG/DEPT-1/",
        "entity_hint": "PROJ-10",
    }
    assert resolve(origin(**said), rule) == "PROJ-10"
    del said["entity_hint"]
    assert resolve(origin(**said), rule) == "DEPT-1"
    del said["path_hint"]
    assert resolve(origin(**said), rule) == "TEAM-1"
    assert resolve(origin(**said)) == "PROJ-1"
    del said["tags"]
    assert resolve(origin(**said)) == "DEPT-1"
    del said["sub_account_name"]
    assert resolve(origin(**said)) is None


@pytest.mark.parametrize(
    ("path", "entity"),
    [
        ("/ORG/DEPT-1/PROJ-1/", "PROJ-1"),
        ("/ORG/DEPT-1/PROJ-2", "DEPT-1"),
        ("ORG/DEPT-10/PROJ-100", "ORG"),
        ("/org/dept-1/", "DEPT-1"),
        ("/elsewhere/", None),
        ("/", None),
    ],
)
def test_a_path_leads_to_its_last_known_segment(path: str, entity: str | None) -> None:
    assert resolve(origin(path_hint=path)) == entity


def test_an_unknown_hint_leaves_the_question_to_the_rest() -> None:
    assert resolve(origin(entity_hint="PROJ-9", tags=(("project", "PCC"),))) == "PROJ-1"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (MappingRule("tag:Owner", "Me", "PROJ-1"), {"tags": (("owner", "me"),)}),
        (MappingRule("tag:owner", "me", "PROJ-1"), {"tags": (("user:owner", "ME"),)}),
        (MappingRule("sub_account", "123", "PROJ-1"), {"sub_account_id": "123"}),
        (MappingRule("sub_account", "Production", "PROJ-1"), {"sub_account_name": "production"}),
        (MappingRule("service", "Amazon S3", "PROJ-1"), {"service": "amazon s3"}),
        (MappingRule("provider", "aws", "PROJ-1"), {"provider_name": "Amazon Web Services"}),
        (MappingRule("provider", "Amazon Web Services", "PROJ-1"), {"provider_name": "Amazon web services"}),
        (MappingRule("service", "S3", "proj-1"), {"service": "S3"}),
    ],
)
def test_rules(rule: MappingRule, said: dict[str, Any]) -> None:
    assert resolve(origin(**said), rule) == "PROJ-1"
    assert resolve(origin(provider_name="Oracle", service="other"), rule) is None


def test_a_rule_may_name_a_provider_by_an_alias_of_ones_own() -> None:
    rules = [MappingRule("provider", "hetzner", "PROJ-1")]
    resolver = EntityResolver(ENTITIES, rules, [], {"Hetzner Online GmbH": "hetzner"})
    assert resolver.resolve(origin(provider_name="Hetzner Online GmbH")) == "PROJ-1"


def test_the_earliest_rule_that_fits_wins() -> None:
    by_service, by_account = MappingRule("service", "S3", "PROJ-1"), MappingRule("sub_account", "123", "PROJ-10")
    cost = origin(service="S3", sub_account_id="123")
    assert resolve(cost, by_service, by_account) == "PROJ-1"
    assert resolve(cost, by_account, by_service) == "PROJ-10"


def test_rules_that_mean_nothing_fit_nothing() -> None:
    rules = [
        MappingRule("sub_account", "", "PROJ-1"),
        MappingRule("service", "S3", "PROJ-9"),
        MappingRule("colour", "red", "PROJ-1"),
    ]
    assert resolve(origin(service="S3"), *rules) is None


@pytest.mark.parametrize(
    ("tags", "entity"),
    [
        ((("project", "PROJ-1"),), "PROJ-1"),
        ((("project", "proj-1"),), "PROJ-1"),
        ((("project", "pcc"),), "PROJ-1"),
        ((("user:project", " PCC "),), "PROJ-1"),
        ((("a:project", "video"), ("project", "pcc")), "PROJ-1"),
        ((("a:project", "video"), ("project", "unheard of")), "PROJ-10"),
        ((("project", "pc"),), None),
        ((("project", ""),), None),
    ],
)
def test_the_project_tag_names_an_entity_by_id_or_name(tags: tuple[tuple[str, str], ...], entity: str | None) -> None:
    assert resolve(origin(tags=tags)) == entity


def test_project_tags_are_tried_in_the_order_given() -> None:
    cost = origin(tags=(("app", "video"), ("project", "pcc")))
    assert resolve(cost, tags=("Project", "app")) == "PROJ-1"
    assert resolve(cost, tags=("app", "project")) == "PROJ-10"
    assert resolve(cost, tags=()) is None


def test_a_name_that_two_entities_share_names_neither() -> None:
    resolver = EntityResolver([("A", "Web"), ("B", "web"), ("WEB-2", "other")], [], ["project"])
    assert resolver.resolve(origin(sub_account_name="Web")) is None
    assert resolver.resolve(origin(sub_account_name="Web", tags=(("project", "web-2"),))) == "WEB-2"


def test_ids_that_differ_by_case_alone_are_told_apart_by_it() -> None:
    resolver = EntityResolver([("web", "x"), ("WEB", "y")], [], ["project"])
    assert resolver.resolve(origin(entity_hint="WEB")) == "WEB"
    assert resolver.resolve(origin(entity_hint="web")) == "web"
    assert resolver.resolve(origin(entity_hint="Web")) is None


@given(
    st.lists(st.tuples(st.text(min_size=1), st.text()), unique_by=lambda entity: entity[0], max_size=20),
    st.builds(origin, entity_hint=st.text(), path_hint=st.text(), sub_account_id=st.text(), sub_account_name=st.text()),
)
def test_only_entities_that_exist_are_found(entities: list[tuple[str, str]], cost: CostOrigin) -> None:
    found = EntityResolver(entities, [], ["project"]).resolve(cost)
    assert found is None or found in dict(entities)
