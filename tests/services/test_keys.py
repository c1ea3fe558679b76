"""Keys to the HTTP API: shown once, kept as a hash, revoked at once."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

import pytest

from budget_tui.domain.access import Scope
from budget_tui.domain.errors import NotFound, Refused
from budget_tui.services.keys import KeyRing, Keys

from .conftest import Home


@pytest.fixture
def ring(home: Home) -> Iterator[KeyRing]:
    home.services.database.upgrade()
    ring = KeyRing(home.services.context.database)
    yield ring
    ring.close()


def test_a_key_opens_and_tells_whose_it_is(home: Home, ring: KeyRing) -> None:
    made = home.services.keys.create("ci", Scope.WRITE)
    holder = ring.holder(made.text)
    assert holder == made.key
    assert (holder.org_slug, holder.name, holder.scope, holder.may_write) == ("default", "ci", "write", True)


def test_a_key_is_256_bits_and_only_its_hash_is_kept(home: Home) -> None:
    made = home.services.keys.create("ci", Scope.READ)
    prefix, key_id, secret = made.text.split("_")
    assert (prefix, key_id, len(bytes.fromhex(secret))) == ("bt", made.key.key_id, 32)
    assert home.rows("SELECT hash FROM api_key") == [(sha256(made.text.encode()).hexdigest(),)]
    beside = b"".join(path.read_bytes() for path in home.folder.iterdir())  # such as the log
    kept = repr(home.content).encode() + beside
    assert key_id.encode() in kept
    assert secret.encode() not in kept


def test_no_two_keys_are_alike(home: Home) -> None:
    made = [home.services.keys.create("ci", Scope.READ) for _ in range(3)]
    assert len({key.text for key in made}) == len({key.key.key_id for key in made}) == 3


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "0", str.upper, lambda t: "", lambda t: t[3:]])
def test_nothing_but_the_key_itself_opens(home: Home, ring: KeyRing, change: object) -> None:
    text = home.services.keys.create("ci", Scope.READ).text
    assert callable(change)
    assert ring.holder(change(text)) is None
    assert ring.holder(text) is not None


@pytest.mark.both_engines
def test_revoking_is_felt_at_once_and_can_be_repeated(home: Home, ring: KeyRing) -> None:
    made, other = (home.services.keys.create(name, Scope.READ) for name in ("ci", "other"))
    for _ in range(2):
        home.services.keys.revoke(made.key.key_id)
    assert ring.holder(made.text) is None
    assert ring.holder(other.text) == other.key
    assert [(key.name, key.revoked_at is None) for key in home.services.keys.all()] == [("ci", False), ("other", True)]


def test_who_made_and_revoked_a_key_is_in_the_audit_trail(home: Home) -> None:
    key_id = home.services.keys.create("ci", Scope.WRITE).key.key_id
    for _ in range(2):
        home.services.keys.revoke(key_id)
    facts = {"name": "ci", "scope": "write"}
    assert [(entry.action, entry.subject, entry.before, entry.after) for entry in home.log] == [
        ("key.revoke", key_id, facts, None),
        ("key.create", key_id, None, facts),
    ]
    assert home.log[0].actor == "anna"


@pytest.mark.both_engines
def test_a_key_of_another_organization_is_out_of_sight(home: Home) -> None:
    made = home.services.keys.create("ci", Scope.READ)
    with home.services.context.work() as work:
        work.unit.organizations.add("acme", "Acme", "USD", "UTC", work.now)
        work.commit()
    acme = Keys(replace(home.services.context, org_slug="acme"))
    assert acme.all() == []
    with pytest.raises(NotFound, match="no key"):
        acme.revoke(made.key.key_id)
    assert acme.create("own", Scope.READ).key.org_slug == "acme"


@pytest.mark.both_engines
def test_whether_anybody_could_come_in(home: Home, ring: KeyRing) -> None:
    assert not ring.has_active_key()
    key_id = home.services.keys.create("ci", Scope.READ).key.key_id
    assert ring.has_active_key()
    home.services.keys.revoke(key_id)
    assert not ring.has_active_key()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 121])
def test_a_name_must_be_one(home: Home, name: str) -> None:
    with pytest.raises(Refused):
        home.services.keys.create(name, Scope.READ)
