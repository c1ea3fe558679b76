"""``key create``, ``key list``, ``key revoke``."""

import pytest

from .conftest import Cli


def test_a_key_is_shown_once(cli: Cli) -> None:
    made = cli("key", "create", "ci bot", "--scope", "write")
    assert made.code == 0
    text = made.out.strip()
    assert text.startswith("bt_")
    assert made.err == "ci bot may write; the key is shown only once, send it as X-API-Key\n"
    assert text not in cli("key", "list").done().out
    assert text.split("_")[2] not in cli("log", "--json").done().out


def test_the_list_tells_what_is_known(cli: Cli) -> None:
    assert cli("key", "list").done().out == "no keys yet: budget-tui key create NAME\n"
    made = cli("key", "create", "ci", "--scope", "read", "--json").done().json
    [listed] = cli("key", "list", "--json").done().json
    assert {name: made[name] for name in listed} == listed
    assert (listed["name"], listed["scope"], listed["organization"]) == ("ci", "read", "default")
    assert listed["revoked_at"] is None
    header, line = cli("key", "list").done().out.splitlines()
    assert header.split() == ["ID", "NAME", "SCOPE", "CREATED", "REVOKED"]
    assert line.split()[:3] == [made["key_id"], "ci", "read"]
    assert line.endswith("–")


def test_a_key_is_revoked(cli: Cli) -> None:
    key_id = cli("key", "create", "ci", "--scope", "read", "--json").json["key_id"]
    assert cli("key", "revoke", key_id).done().out == f"ci ({key_id}) is revoked\n"
    assert cli("key", "revoke", key_id, "--json").done().json["revoked"] is True
    [listed] = cli("key", "list", "--json").json
    assert listed["revoked_at"] is not None


def test_a_key_is_revoked_by_its_name_unless_another_has_it_too(cli: Cli) -> None:
    first, second = (cli("key", "create", "ci", "--scope", "read", "--json").json["key_id"] for _ in range(2))
    cli("key", "revoke", "ci").refused(2, "2 keys are called 'ci'", first, second)
    cli("key", "revoke", first).done()
    assert cli("key", "revoke", "ci").done().out == f"ci ({second}) is revoked\n"
    assert cli("key", "revoke", "ci").done().out == f"ci ({second}) is revoked\n", "again, nothing changes"
    assert cli("key", "create", second, "--scope", "read").code == 0
    assert cli("key", "revoke", second).done().out == f"ci ({second}) is revoked\n", "an id comes before a name"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("revoke", "nothing"), 4, "no key 'nothing'"),
        (("create", "ci"), 2, "scope"),
        (("create", "ci", "--scope", "admin"), 2, "scope"),
        (("create", "", "--scope", "read"), 2, "name"),
    ],
)
def test_what_cannot_be_done_is_told(cli: Cli, arguments: tuple[str, ...], code: int, words: str) -> None:
    cli("key", *arguments).refused(code, words)
