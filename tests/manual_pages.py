"""The README and the pages of the manual, and the blocks of code in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
MANUAL = ROOT / "budget_tui" / "manual"
PAGES = [README, *sorted(MANUAL.glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of code of ``page`` that are marked as ``language``."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
