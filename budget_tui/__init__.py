"""budget-tui: decide from a terminal where a month's money goes, and see in time where it is going."""

__version__ = "0.1.0"
