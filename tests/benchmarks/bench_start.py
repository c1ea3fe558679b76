"""How long a person waits for the first frame, and for the numbers in it."""

import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from measure import BARE_APP, DAY, PROGRAM, example, in_turns, report, terminal

ROUNDS = 15


# At the top, in the body and at the bottom.
FRAME = (" Projects ", "Monthly budget", "palette")


def until(texts: Sequence[str], *arguments: str) -> float:
    """From the start of a program until ``texts`` are on its screen, in seconds."""
    with terminal(arguments) as shown:
        return shown.until(*texts) - shown.began


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        dashboard = (PROGRAM, "--db", example(Path(folder)), "--as-of", DAY)
        bare = (sys.executable, BARE_APP, "4")
        seconds = in_turns(
            ROUNDS,
            bare=partial(until, ["Project 0004"], *bare),
            frame=partial(until, FRAME, *dashboard),
            bare_with_orm=partial(until, ["Project 0004"], *bare, "sqlmodel"),
            numbers=partial(until, ["$259.00"], *dashboard),
        )
    best = {name: min(values) for name, values in seconds.items()}
    report("first frame", best["frame"], best["bare"], limit=1.25)
    report("numbers on screen", best["numbers"], best["bare_with_orm"], limit=1.3)


if __name__ == "__main__":
    main()
