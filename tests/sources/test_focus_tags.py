"""The tags that are kept, whatever they are written like."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.text import one_line
from tests.examples import examples
from tests.sources.exports import by_account, charge, each, one, read, write_csv, write_parquet


def kept(folder: Path, written: Sequence[str], keys: Sequence[str] = ("project",)) -> dict[str, dict[str, str]]:
    """What is kept of the tags of each charge, by what is written."""
    costs = each(folder, *(charge(Tags=tags) for tags in written), tags=keys)
    return {tags: dict(cost.origin.tags) for tags, cost in zip(written, costs, strict=True)}


def test_a_tag_is_found(tmp_path: Path) -> None:
    values = {
        '{"project": "pcc", "owner": "me"}': "pcc",
        '{"Project": "pcc"}': "pcc",
        '{"PROJECT": "pcc"}': "pcc",
        '{"user:project": "pcc"}': "pcc",
        '{"aws:tag:Project": "pcc"}': "pcc",
        '{"org-1/project": "pcc"}': "pcc",
        '{"user:project": "other", "Project": "pcc"}': "pcc",
        '{"b:project": "other", "a:project": "pcc"}': "pcc",
        '[{"key": "project", "value": "pcc"}]': "pcc",
        ' [{"key": "owner", "value": "me"}, {"key": "Project", "value": "pcc"}]': "pcc",
        '[{"Key": "user:project", "Value": "pcc"}]': "pcc",
        '{"project": "a \\"b\\" \\u00e9 ü"}': 'a "b" é ü',
        '{"project": 7}': "7",
        '{"project": true}': "true",
        '{\n  "project": "pcc"\n}': "pcc",
        '{"project": " pcc "}': "pcc",
    }
    assert kept(tmp_path, list(values)) == {tags: {"project": value} for tags, value in values.items()}


def test_no_tag_no_value(tmp_path: Path) -> None:
    written = [
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
    ]
    assert kept(tmp_path, written) == {tags: {} for tags in written}


def test_several_tags_are_kept_sorted_under_the_names_that_were_asked_for(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(Tags='{"user:Team": "blue", "project": "pcc", "other": "x"}'))
    cost = one(path, tags=["Team", "project", "env", "TEAM"])
    assert cost.origin.tags == (("project", "pcc"), ("team", "blue"))


def test_without_tags_to_keep_costs_are_not_told_apart_by_them(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", *(charge(Tags=json.dumps({"project": name})) for name in "ab"))
    assert len(read(path).daily) == 2
    assert one(path, tags=[]).origin.tags == ()


def test_keys_may_be_anything(tmp_path: Path) -> None:
    keys = ["it's", 'a"b', "a/b", "a~1b", "a.b", "$", "100%", "a b", "日本", "user:project"]
    expected = {json.dumps({key: "x", "other": "y"}, ensure_ascii=False): {key: "x"} for key in keys}
    assert kept(tmp_path, list(expected), keys) == expected


OTHERS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4)


@settings(max_examples=examples(6))  # files, each of five charges
@given(st.lists(st.tuples(OTHERS, st.text(min_size=1, max_size=20)), min_size=5, max_size=5))
def test_other_tags_do_not_disturb(charged: list[tuple[dict[str, str], str]]) -> None:
    values = [value.replace("\0", "").strip() or "x" for _, value in charged]
    written = [
        {**{key: other for key, other in others.items() if "project" not in key.lower()}, "project": value}
        for (others, _), value in zip(charged, values, strict=True)
    ]
    with TemporaryDirectory() as folder:
        costs = each(Path(folder), *(charge(Tags=json.dumps(tags)) for tags in written))
    for cost, value in zip(costs, values, strict=True):
        found = dict(cost.origin.tags).get("project", "")
        assert found.strip() == one_line(value).strip() or value == "NULL"


def test_tags_in_parquet_of_every_type(tmp_path: Path) -> None:
    written = [
        "MAP {'Project': 'pcc', 'owner': 'me'}",
        "[{'key': 'owner', 'value': 'me'}, {'key': 'project', 'value': 'pcc'}]",
        "{'project': 'pcc', 'owner': NULL}",
        """'{"project": "pcc"}'""",
        """'{"project": "pcc"}'::JSON""",
    ]
    paths = [
        write_parquet(
            tmp_path / f"{number}.parquet",
            f"SELECT {tags} AS Tags, 1 AS BilledCost, 'USD' AS BillingCurrency, DATE '2026-01-10' AS ChargePeriodStart,"
            f" {number} AS SubAccountId",
        )
        for number, tags in enumerate(written)
    ]
    found = [cost.origin.tags for cost in by_account(read(*paths), len(paths))]
    assert dict(zip(written, found, strict=True)) == dict.fromkeys(written, (("project", "pcc"),))


def test_no_tags_in_parquet(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "x.parquet",
        "SELECT NULL::MAP(VARCHAR, VARCHAR) AS Tags, 1 AS BilledCost, 'USD' AS BillingCurrency, "
        "DATE '2026-01-10' AS ChargePeriodStart",
    )
    assert one(path).origin.tags == ()
