"""Keys to the HTTP API: made, listed, revoked, and told apart at the door.

A key is 256 random bits, so its hash is a plain SHA-256: the slow and salted hashes that passwords need protect
what a person made up, which can be guessed. This cannot, and it is checked with every request.
"""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

from budget_tui.domain.access import ApiKey, Scope
from budget_tui.domain.errors import Refused, unknown
from budget_tui.domain.hierarchy import checked_name
from budget_tui.services.context import Context
from budget_tui.storage.database.base import Database
from budget_tui.storage.unit_of_work import DatabaseReader

PREFIX = "bt"
_ID_BYTES = 6
_SECRET_BYTES = 32
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made. ``text`` is the key itself, which nobody can ever tell again."""

    key: ApiKey
    text: str


class Keys:
    """Commands on an organization's keys. Each is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create(self, name: str, scope: Scope) -> NewKey:
        """A new key for this organization. Only its hash is kept."""
        name = checked_name(name)
        key_id = secrets.token_hex(_ID_BYTES)
        text = f"{PREFIX}_{key_id}_{secrets.token_hex(_SECRET_BYTES)}"
        with self._context.work() as work:
            key = ApiKey(key_id, work.organization.slug, name, scope, _hash(text), work.actor, work.now)
            work.unit.api_keys.add(work.organization.org_key, key)
            work.record("key.create", key_id, None, {"name": name, "scope": scope})
            work.commit()
        return NewKey(key, text)

    def revoke(self, id_or_name: str) -> ApiKey:
        """From now on nobody passes with this key. Again: nothing changes. `Refused` when several have the name."""
        with self._context.work() as work:
            key = _find(work.unit.api_keys.all(work.organization.org_key), id_or_name)
            if key.revoked_at is None:
                work.unit.api_keys.revoke(key.key_id, work.now)
                work.record("key.revoke", key.key_id, {"name": key.name, "scope": key.scope}, None)
            work.commit()
        return key

    def all(self) -> list[ApiKey]:
        """This organization's keys, revoked ones too."""
        reader = self._context.reader()
        try:
            with reader.session() as session:
                return session.api_keys.all(self._context.organization(session).org_key)
        finally:
            reader.close()


class KeyRing:
    """Tells at the door whose key it is. Asks the database each time: a revoked key is one at once."""

    def __init__(self, database: Database) -> None:
        self._reader = DatabaseReader(database)

    def holder(self, text: str) -> ApiKey | None:
        """The key that ``text`` is; None when there is no such key or it was revoked."""
        prefix, _, rest = text[:_LONGEST].partition("_")
        key_id, _, _ = rest.partition("_")
        if prefix != PREFIX:
            return None
        with self._reader.session() as session:
            key = session.fast.api_key(key_id)
        if key is None or key.revoked_at is not None or not hmac.compare_digest(key.hash, _hash(text)):
            return None
        return key

    def can_be_passed(self) -> bool:
        """Whether any key is active; also whether the database can be read at all."""
        with self._reader.session() as session:
            return session.fast.has_active_key()

    def close(self) -> None:
        self._reader.close()


def _find(keys: list[ApiKey], id_or_name: str) -> ApiKey:
    """The key of that id, or else the one that is called so: of several, the only one that is still active."""
    named = [key for key in keys if key.key_id == id_or_name] or [key for key in keys if key.name == id_or_name]
    active = [key for key in named if key.revoked_at is None]
    if not named:
        raise unknown("key", id_or_name)
    if len(active) > 1:
        ids = ", ".join(key.key_id for key in active)
        raise Refused(f"{len(active)} keys are called '{id_or_name}'", f"name one by its id: {ids}")
    return active[0] if active else named[-1]


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogateescape")).hexdigest()
