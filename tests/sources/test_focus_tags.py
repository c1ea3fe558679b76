"""The tags that are kept, whatever they are written like."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.cost import one_line
from tests.sources.exports import charge, one, read, write_csv, write_parquet


def kept(folder: Path, tags: str, *keys: str) -> dict[str, str]:
    path = write_csv(folder / "x.csv", charge(Tags=tags))
    return dict(one(path, tags=keys or ("project",)).origin.tags)


@pytest.mark.parametrize(
    ("tags", "value"),
    [
        ('{"project": "pcc", "owner": "me"}', "pcc"),
        ('{"Project": "pcc"}', "pcc"),
        ('{"PROJECT": "pcc"}', "pcc"),
        ('{"user:project": "pcc"}', "pcc"),
        ('{"aws:tag:Project": "pcc"}', "pcc"),
        ('{"org-1/project": "pcc"}', "pcc"),
        ('{"user:project": "other", "Project": "pcc"}', "pcc"),
        ('{"b:project": "other", "a:project": "pcc"}', "pcc"),
        ('[{"key": "project", "value": "pcc"}]', "pcc"),
        (' [{"key": "owner", "value": "me"}, {"key": "Project", "value": "pcc"}]', "pcc"),
        ('[{"Key": "user:project", "Value": "pcc"}]', "pcc"),
        ('{"project": "a \\"b\\" \\u00e9 ü"}', 'a "b" é ü'),
        ('{"project": 7}', "7"),
        ('{"project": true}', "true"),
        ('{\n  "project": "pcc"\n}', "pcc"),
        ('{"project": " pcc "}', "pcc"),
    ],
)
def test_a_tag_is_found(tmp_path: Path, tags: str, value: str) -> None:
    assert kept(tmp_path, tags) == {"project": value}


@pytest.mark.parametrize(
    "tags",
    [
        "",
        "NULL",
        "{}",
        "[]",
        "null",
        '"project"',
        '{"project": null}',
        '{"project": ""}',
        '{"myproject": "pcc"}',
        '{"project_id": "pcc"}',
        '{"note": "the \\"project\\": \\"pcc\\""}',
        '{"nested": {"project": "pcc"}}',
        '[{"key": "owner", "value": "project"}]',
        '[{"key": "project"}]',
        '["project"]',
        '{"project": "pcc"',
        "{'project': 'pcc'}",
        "project=pcc",
    ],
)
def test_no_tag_no_value(tmp_path: Path, tags: str) -> None:
    assert kept(tmp_path, tags) == {}


def test_several_tags_are_kept_sorted_under_the_names_that_were_asked_for(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(Tags='{"user:Team": "blue", "project": "pcc", "other": "x"}'))
    cost = one(path, tags=["Team", "project", "env", "TEAM"])
    assert cost.origin.tags == (("project", "pcc"), ("team", "blue"))


def test_without_tags_to_keep_costs_are_not_told_apart_by_them(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", *(charge(Tags=json.dumps({"project": name})) for name in "ab"))
    assert len(read(path).daily) == 2
    assert one(path, tags=[]).origin.tags == ()


@pytest.mark.parametrize("key", ["it's", 'a"b', "a/b", "a~1b", "a.b", "$", "100%", "a b", "日本", "user:project"])
def test_keys_may_be_anything(tmp_path: Path, key: str) -> None:
    assert kept(tmp_path, json.dumps({key: "x", "other": "y"}, ensure_ascii=False), key) == {key: "x"}


@settings(max_examples=30)
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4), st.text(min_size=1, max_size=20))
def test_other_tags_do_not_disturb(
    tmp_path_factory: pytest.TempPathFactory, others: dict[str, str], value: str
) -> None:
    value = value.replace("\0", "").strip() or "x"
    others = {key: other for key, other in others.items() if "project" not in key.lower()}
    path = tmp_path_factory.mktemp("tags") / "x.csv"
    write_csv(path, charge(Tags=json.dumps({**others, "project": value})))
    found = dict(one(path).origin.tags).get("project", "")
    assert found.strip() == one_line(value).strip() or value == "NULL"


@pytest.mark.parametrize(
    "tags",
    [
        "MAP {'Project': 'pcc', 'owner': 'me'}",
        "[{'key': 'owner', 'value': 'me'}, {'key': 'project', 'value': 'pcc'}]",
        "{'project': 'pcc', 'owner': NULL}",
        """'{"project": "pcc"}'""",
        """'{"project": "pcc"}'::JSON""",
    ],
)
def test_tags_in_parquet_of_every_type(tmp_path: Path, tags: str) -> None:
    path = write_parquet(
        tmp_path / "x.parquet",
        f"SELECT {tags} AS Tags, 1 AS BilledCost, 'USD' AS BillingCurrency, DATE '2026-01-10' AS ChargePeriodStart",
    )
    assert one(path).origin.tags == (("project", "pcc"),)


def test_no_tags_in_parquet(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "x.parquet",
        "SELECT NULL::MAP(VARCHAR, VARCHAR) AS Tags, 1 AS BilledCost, 'USD' AS BillingCurrency, "
        "DATE '2026-01-10' AS ChargePeriodStart",
    )
    assert one(path).origin.tags == ()
