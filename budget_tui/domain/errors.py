"""Errors that a user can act upon.

Every error carries a stable ``code`` (for programs), a message that says what happened, and a ``hint`` that says what
to do in words that hold in every interface; ``str(error)`` is both in one line. Where a command helps, ``command`` is
the hint for a user at a terminal, and ``at_terminal`` is the line to show there.
"""


class BudgetError(Exception):
    """Base of all errors that a user can cause or fix."""

    code = "refused"

    def __init__(self, message: str, hint: str = "", *, command: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.command = command

    def __str__(self) -> str:
        return _in_one_line(self.message, self.hint)

    @property
    def at_terminal(self) -> str:
        return _in_one_line(self.message, self.command or self.hint)


class Refused(BudgetError):
    """The request breaks a rule: an amount out of range, a transfer to itself, a malformed date."""


class NotAnAmount(Refused):
    """The text that was given as an amount or a count is none."""


class InsufficientBudget(BudgetError):
    """More was requested than is available.

    ``available`` is in the budget's smallest unit (nanos of the currency, tokens, seats).
    """

    code = "insufficient-budget"

    def __init__(self, message: str, hint: str = "", *, available: int, command: str = "") -> None:
        super().__init__(message, hint, command=command)
        self.available = available


class NotFound(BudgetError):
    """The thing that was named does not exist."""

    code = "not-found"


class Conflict(BudgetError):
    """Somebody else changed the same thing in the meantime, or the name is taken."""

    code = "conflict"


class Outdated(Conflict):
    """The value to change is no longer the one that the user saw."""


class StorageError(BudgetError):
    """The database cannot be used as it is: locked, full, read-only, damaged, of a newer version."""

    code = "storage"


class NotWritable(StorageError):
    """The database may be read, but not written, by this user."""


class DatabaseNotFound(StorageError):
    """There is no database at the given place."""


class SourceError(BudgetError):
    """A file of costs cannot be used as a whole: it is missing, or it is not FOCUS."""

    code = "source"


class Unexpected(BudgetError):
    """An error that nobody foresaw, reported like any other so that a screen survives it; ``cause`` is the original."""

    code = "unexpected"

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"unexpected {type(cause).__name__}: {cause}", "nothing was changed; please report it")
        self.cause = cause


def _in_one_line(message: str, hint: str) -> str:
    return f"{message}; {hint}" if hint else message


_NOUNS = {
    "agent": ("agents", "agent"),
    "alert": ("alerts", "alert"),
    "budget": ("budgets", "plan"),
    "entity": ("entities", "entity"),
    "fee": ("fees", "recurring"),
    "hold": ("holds", "hold"),
    "key": ("keys", "key"),
    "organization": ("organizations", "org"),
    "project": ("projects", "project"),
}
"""The plural of each noun, and the command that manages it."""


def unknown(noun: str, name: str) -> NotFound:
    """Return the error for a ``name`` that does not exist; its hint points to the list of its kind."""
    plural, command = _NOUNS[noun]
    return NotFound(
        f"there is no {noun} '{name}'",
        f"the list of {plural} shows them",
        command=f"budget-tui {command} list shows them",
    )


def archived_above(agent_id: str, parent_id: str) -> NotFound:
    """Return the error for an agent whose project, or whatever it belongs to, is archived."""
    return NotFound(
        f"'{parent_id}', which agent '{agent_id}' belongs to, is archived",
        "add it again to restore it",
        command=f"budget-tui entity add {parent_id} restores it",
    )


def archived(noun: str, name: str, *, project: str = "") -> NotFound:
    """Return the error for an archived ``name``; its hint says how to restore it, an agent in its ``project``."""
    where = f" --project {project}" if project else ""
    return NotFound(
        f"{noun} '{name}' is archived",
        "add it again to restore it",
        command=f"budget-tui {noun} add {name}{where} restores it",
    )
