"""A plan as YAML: what is written is read back, what is no plan is told with its line, and nothing runs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import NANOS
from budget_tui.domain.audit import written
from budget_tui.domain.errors import BudgetError
from budget_tui.domain.plan_file import Fields, Item, PlanFile, budget_item, mapping_item
from budget_tui.sources.plan_file import Reader, load, read, rendered, updated

texts = st.sampled_from(
    [
        "007",
        "no",
        "null",
        "~",
        "1e3",
        "2026-01-01",
        "a: b",
        "#1",
        "'",
        '"',
        "a,b",
        "- a",
        "&x",
        "é",
        "true",
        "=1",
        "{a}",
    ]
) | st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=8)
amounts = st.integers(0, 10**6 * NANOS).map(written)
carries = st.sampled_from(["none", "unspent"])
switches = st.sampled_from(["true", "false"])


@st.composite
def plans(draw: st.DrawFn) -> dict[Item, Fields]:
    """The global budget, and some of everything else."""
    plan: dict[Item, Fields] = {Item("budget"): {"amount": draw(amounts), "carry": "both", "carry_cap": draw(amounts)}}
    for name in draw(st.lists(texts, max_size=4, unique=True)):
        fields = {"name": draw(texts), "parent": draw(texts), "allocation": draw(amounts)}
        plan[Item("projects", (name,))] = {
            **fields,
            "carry": draw(carries),
            "carry_cap": "",
            "enforced": draw(switches),
        }
    for name in draw(st.lists(texts, max_size=2, unique=True)):
        fields = {"tokens": str(draw(st.integers(0, 10**9))), "carry": draw(carries), "carry_cap": "5"}
        plan[Item("agents", (name,))] = {**fields, "enforced": draw(switches)}
    for name in draw(st.lists(texts, max_size=2, unique=True)):
        item = budget_item(name, "genai", "monetary", "2026-01-01..2026-03-31", draw(st.just("") | texts), "USD")
        plan[item] = {"amount": draw(amounts), "notes": draw(st.just("") | texts)}
    for name in draw(st.lists(texts, max_size=2, unique_by=str.casefold)):
        plan[mapping_item("entity", "sub_account", name)] = {"to": draw(texts)}
    return plan


def days(text: str) -> str:
    return "2026-01-01..2026-03-31" if text == "2026-Q1" else text


READER = Reader("USD", days, str)


def shown(text: str) -> str:
    return "2026-Q1" if text == "2026-01-01..2026-03-31" else text


def file_of(plan: dict[Item, Fields], revision: int = 7) -> PlanFile:
    return PlanFile("default", "USD", revision, plan)


def complete(read_back: PlanFile, plan: dict[Item, Fields]) -> dict[Item, Fields]:
    """What was read, with the defaults that are not written."""
    assert set(read_back.plan) == set(plan)
    return {item: {**_DEFAULTS, **fields} for item, fields in read_back.plan.items()}


_DEFAULTS = {"parent": "ORG", "carry": "none", "carry_cap": "", "enforced": "false", "notes": "", "name": ""}


@given(plans())
def test_what_is_written_is_read_back(plan: dict[Item, Fields]) -> None:
    found = read(rendered(file_of(plan), shown), "plan.yaml", READER)
    assert (found.organization, found.currency, found.revision) == ("default", "USD", 7)
    for item, fields in complete(found, plan).items():
        assert {name: fields[name] for name in plan[item]} == plan[item]


def test_a_directory_is_read_without_separators_at_its_end() -> None:
    text = 'mappings:\n  - {kind: project, field: Directory, value: "/w/", to: web}\n'
    assert mapping_item("entity", "directory", "/w") in read(text, "plan.yaml", READER).plan


def test_an_id_with_leading_zeros_stays_a_text_for_other_tools() -> None:
    text = rendered(file_of({mapping_item("entity", "sub_account", "0012"): {"to": "web"}}), shown)
    assert "value: '0012'" in text
    assert "revision: 7" in text


@given(plans(), plans())
def test_a_file_is_brought_up_to_date_and_its_comments_stay(
    before: dict[Item, Fields], after: dict[Item, Fields]
) -> None:
    text = rendered(file_of(before), shown).replace("\n\n", "\n\n# a comment\n")
    now = updated(text, "plan.yaml", file_of(after, 8), READER, shown)
    found = read(now, "plan.yaml", READER)
    assert found.revision == 8
    for item, fields in complete(found, after).items():
        assert {name: fields[name] for name in after[item]} == after[item]
    assert now.count("# a comment") == text.count("# a comment")
    assert updated(now, "plan.yaml", file_of(after, 8), READER, shown) == now


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "channels:\n  ops: {command: rm -rf /}\n",
            "p.yaml:1 has 'channels'; there are organization, currency, revision",
        ),
        ("projects:\n  web: {allocation: 5, webhook: 'https://x'}\n", "p.yaml:2 has 'webhook'; there are name, parent"),
        ("budget: !!python/object/apply:os.system ['true']\n", "p.yaml:1 has no fields"),
        ("projects: [a]\n", "p.yaml:1 has no projects"),
        ("projects:\n  web: 5\n", "p.yaml:2 has no fields"),
        ("projects:\n  web: {allocation: [5]}\n", "p.yaml:2 is no single value"),
        ("projects:\n  web: {allocation: much}\n", "p.yaml:2: 'much' is not an amount"),
        ("projects:\n  web: {allocation: -5}\n", "p.yaml:2: -5 is negative; write 0 or more"),
        (
            "budgets:\n  - {entity: A, category: genai, period: 2026-Q1, amount: -5}\n",
            "p.yaml:2: -5 is negative; write 0 or more",
        ),
        ("projects:\n  web: {carry: some}\n", "p.yaml:2: 'some' is not a way to carry over"),
        ("projects:\n  web: {enforced: perhaps}\n", "'perhaps' is neither true nor false"),
        ("projects:\n  web: {}\n  web: {}\n", "p.yaml:3 says 'web' twice"),
        ("budgets:\n  - {entity: A, category: genai, amount: 5}\n", "p.yaml:2 has no period"),
        (
            "budgets:\n  - {entity: A, category: luck, period: 2026-Q1}\n",
            "p.yaml:2: 'luck' is not a category; choose cloud, genai, subscription, total",
        ),
        (
            "alerts:\n  - {watch: A, kind: shares, thresholds: 80}\n",
            "p.yaml:2: 'shares' is not a kind of alert; choose share, left, pace, forecast, runway, spike, silent",
        ),
        ("alerts:\n  - {watch: A, kind: share, thresholds: 80, category: luck}\n", "'luck' is not a category"),
        ("budgets: {a: b}\n", "p.yaml:1 is no list of budgets"),
        ("mappings:\n  - {kind: rule, field: a, value: b, to: c}\n", "'rule' is no kind of mapping"),
        (
            "mappings:\n  - {kind: category, field: name, value: b, to: total}\n",
            "p.yaml:2: 'total' is not a category",
        ),
        (
            "mappings:\n  - {kind: project, field: subaccount, value: b, to: c}\n",
            "p.yaml:2: costs have no 'subaccount'; use tag:KEY, directory, sub_account",
        ),
        ("mappings:\n  - {kind: provider, field: service, value: b, to: c}\n", "p.yaml:2: a provider is mapped by"),
        ("mappings:\n  - &a {kind: provider, field: name, value: b, to: c}\n  - *a\n", "p.yaml:3 has an alias"),
        ("revision: -1\n", "p.yaml has the revision '-1'"),
        ("- a\n", "p.yaml:1 is no plan"),
        ("a\n", "p.yaml:1 is no plan"),
        ("[" * 100_000, "p.yaml:1 is no plan"),
        ("budget: {amount: '5\n", "is not YAML"),
        ("budget: \x01\n", "p.yaml is not YAML"),
    ],
)
def test_what_is_no_plan_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(BudgetError) as refused:
        read(text, "p.yaml", READER)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match="cannot be read: no such file"):
        load(tmp_path / "plan.yaml")
    (tmp_path / "plan.yaml").write_bytes(b"budget: \xe9")
    with pytest.raises(BudgetError, match="not UTF-8"):
        load(tmp_path / "plan.yaml")
