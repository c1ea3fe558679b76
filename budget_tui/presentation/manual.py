"""The manual: its topics, and their pages in Markdown."""

from budget_tui.config.paths import manual_dir
from budget_tui.domain.errors import NotFound

TOPICS = (
    "concepts",
    "importing",
    "planning",
    "plan-files",
    "forecasting",
    "agents",
    "alerts",
    "enforcing",
    "rebalancing",
    "api",
    "mcp",
    "keys-and-settings",
    "operations",
    "development",
)
"""The topics in the order in which a new user reads them."""


def page(topic: str) -> str:
    """Return a page in Markdown, without its pictures, which only a browser shows. `NotFound` for an unknown topic."""
    if topic not in TOPICS:
        raise NotFound(f"the manual has no topic '{topic}'", f"choose {', '.join(TOPICS[:-1])} or {TOPICS[-1]}")
    lines = (manual_dir() / f"{topic}.md").read_text("utf-8").splitlines()
    kept: list[str] = []
    for line in lines:
        is_second_blank = not line and bool(kept) and not kept[-1]
        if not line.startswith("![") and not is_second_blank:
            kept.append(line)
    return "\n".join(kept).rstrip() + "\n"


def summary(topic: str) -> str:
    """Return the line below the title of a page."""
    return page(topic).splitlines()[2]
