"""Which bill is for which estimate."""

import pytest

from budget_tui.domain.estimates import Spender, bills_of

PCC, TEAM, WEB = "/ORG/pcc/", "/ORG/pcc/team/", "/ORG/web/"


@pytest.mark.parametrize(
    ("estimated", "billed", "is_bill"),
    [
        ("anthropic", ("anthropic", ""), True),
        ("anthropic", ("aws", "Claude Sonnet 4 (Amazon Bedrock Edition)"), True),
        ("anthropic", ("aws", "Amazon Bedrock"), False),
        ("bedrock", ("aws", "Amazon Bedrock"), True),
        ("bedrock", ("aws", "AmazonBedrock"), True),
        ("anthropic", ("aws", "AmazonBedrock eu.anthropic.claude-sonnet-4"), True),
        ("cohere", ("aws", "Amazon Bedrock command-r-plus"), True),
        ("cohere", ("aws", "Amazon Bedrock Command Center"), False),
        ("cohere", ("aws", "AWS Systems Manager Run Command"), False),
        ("gemini", ("gcp", "Gemini for Google Workspace"), False),
        ("gemini", ("gcp", "Vertex AI Gemini 2.5"), True),
        ("gemini", ("gcp", "Gemini API"), True),
        ("gemini", ("gcp", "Generative Language API"), True),
        ("anthropic", ("gcp", "Gemini API"), False),
        ("anthropic", ("openrouter", "anthropic/claude-sonnet-4"), False),
        ("bedrock", ("reseller", "Amazon Bedrock"), False),
        ("openai", ("azure", "gpt-4o on Azure OpenAI"), True),
        ("azure-openai", ("azure", "Azure OpenAI"), True),
        ("aws", ("aws", "Amazon S3"), True),
        ("openai", ("aws", "Amazon S3"), False),
        ("", ("", ""), False),
    ],
)
def test_one_vendor_under_whatever_name(estimated: str, billed: tuple[str, str], is_bill: bool) -> None:
    found = bills_of([Spender(1, PCC, estimated, "")], [Spender(2, PCC, *billed)])
    assert found == ({1: [2]} if is_bill else {})


@pytest.mark.parametrize(
    ("estimated", "billed", "is_bill"),
    [(PCC, PCC, True), (PCC, TEAM, True), (TEAM, PCC, True), (PCC, WEB, False), (PCC, None, True), (None, WEB, True)],
)
def test_one_project_where_both_name_one(estimated: str | None, billed: str | None, is_bill: bool) -> None:
    found = bills_of([Spender(1, estimated, "openai", "")], [Spender(2, billed, "openai", "")])
    assert bool(found) is is_bill


@pytest.mark.parametrize(
    ("service", "is_bill"),
    [("Vertex AI", True), ("Gemini API", True), ("Compute Engine", False)],
)
def test_a_clouds_models_are_billed_by_any_of_its_services_for_them(service: str, is_bill: bool) -> None:
    found = bills_of([Spender(1, PCC, "gcp", "", category="genai")], [Spender(2, PCC, "gcp", service)])
    assert bool(found) is is_bill
