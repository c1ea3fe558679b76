"""What can go wrong for a reason that a user can act upon.

Every error carries a stable ``code`` (for programs), a message that says what happened, and a ``hint`` that
says what to do. ``str(error)`` is the one line that every face shows.
"""


class BudgetError(Exception):
    """Base of everything that a user can cause or mend."""

    code = "refused"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class Refused(BudgetError):
    """The request breaks a rule: an amount out of range, a transfer to itself, a malformed date."""


class InsufficientBudget(BudgetError):
    """More was asked for than there is.

    ``available`` is what there is, in the budget's smallest unit (nanos of the currency, tokens, seats).
    """

    code = "insufficient-budget"

    def __init__(self, message: str, hint: str = "", *, available: int) -> None:
        super().__init__(message, hint)
        self.available = available


class NotFound(BudgetError):
    """What was named does not exist."""

    code = "not-found"


class Conflict(BudgetError):
    """Somebody else changed the same thing meanwhile, or the name is taken."""

    code = "conflict"


class StorageError(BudgetError):
    """The database cannot be used as it is: locked, full, read-only, damaged, of a newer version."""

    code = "storage"


class SourceError(BudgetError):
    """A file of costs cannot be used as a whole: it is not there, or it is not FOCUS."""

    code = "source"


class Unexpected(BudgetError):
    """Nobody thought of this. Told like everything else, so that a screen outlives it; ``cause`` is what it was."""

    code = "unexpected"

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"unexpected {type(cause).__name__}: {cause}", "nothing was changed; please report it")
        self.cause = cause
