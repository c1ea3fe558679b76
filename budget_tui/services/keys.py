"""Keys of the HTTP API: created, listed, revoked and verified.

A key is 256 random bits, so its hash is a plain SHA-256. Passwords need slow, salted hashes because people choose
them and they can be guessed; a key cannot, and it is verified with every request.
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
    """A key that was just created. ``text`` is the key itself, which is not stored and cannot be shown again."""

    key: ApiKey
    text: str


class Keys:
    """Commands on an organization's keys. Each is one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create(self, name: str, scope: Scope) -> NewKey:
        """Create a key for this organization. Only its hash is stored."""
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
        """Revoke a key immediately; repeating it changes nothing. `Refused` if several keys have the name."""
        with self._context.work() as work:
            key = _find(work.unit.api_keys.all(work.organization.org_key), id_or_name)
            if key.revoked_at is None:
                work.unit.api_keys.revoke(key.key_id, work.now)
                work.record("key.revoke", key.key_id, {"name": key.name, "scope": key.scope}, None)
            work.commit()
        return key

    def all(self) -> list[ApiKey]:
        """Return this organization's keys, including revoked ones."""
        with self._context.reading() as session:
            return session.api_keys.all(self._context.organization(session).org_key)


class KeyRing:
    """Verifies keys. It queries the database each time, so that revoking a key takes effect at once."""

    def __init__(self, database: Database) -> None:
        self._reader = DatabaseReader(database)

    def holder(self, text: str) -> ApiKey | None:
        """Return the key with that text; None if there is none or it was revoked."""
        prefix, _, rest = text[:_LONGEST].partition("_")
        key_id, _, _ = rest.partition("_")
        if prefix != PREFIX:
            return None
        with self._reader.session() as session:
            key = session.fast.api_key(key_id)
        if key is None or key.revoked_at is not None or not hmac.compare_digest(key.hash, _hash(text)):
            return None
        return key

    def has_active_key(self) -> bool:
        """Return whether any key is active; fails if the database cannot be read."""
        with self._reader.session() as session:
            return session.fast.has_active_key()

    def close(self) -> None:
        self._reader.close()


def _find(keys: list[ApiKey], id_or_name: str) -> ApiKey:
    """Return the key with that id, otherwise with that name: of several, the only one that is active."""
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
