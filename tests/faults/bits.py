"""Flipped bits, and what was cut off: the check finds them, or every figure is the same as before."""

import io
import json
import os
import shutil
import time
from contextlib import redirect_stderr, redirect_stdout
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from unittest.mock import patch

from budget_tui.bootstrap import open_services
from budget_tui.cli.app import run
from budget_tui.config.settings import Settings
from budget_tui.services.demo import load_demo
from tests.faults.harness import Ran, Tally, environment

QUESTIONS = (
    ("status", "--json"),
    ("period", "history", "--json"),
    ("agent", "list", "--json"),
    ("--org", "acme", "--as-of", "2026-03-31", "plan", "summary", "--json"),
    ("--org", "acme", "--as-of", "2026-03-31", "plan", "tree", "--json"),
)


def differing(before: Ran, now: Ran) -> str:
    pairs = zip(figures(before), figures(now), strict=False)
    return next((f"{was} → {now}" for was, now in pairs if was != now), now.err[:200])


OF_THE_MOMENT = ("rate_per_hour", "runs_out_at")


def ask(path: Path, *words: str) -> Ran:
    """What a command answers, run in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["--db", str(path), "--as-of", "2026-01-13", *words])
    return Ran(code, out.getvalue(), err.getvalue())


def figures(ran: Ran) -> list[object]:
    """Every number of an answer, where it stands; what depends on the moment is left out."""
    found: list[object] = [ran.code]

    def look(value: object, where: str) -> None:
        if isinstance(value, dict):
            for name, part in value.items():
                look(part, name)
        elif isinstance(value, list):
            for part in value:
                look(part, where)
        elif isinstance(value, int | Decimal) and where not in OF_THE_MOMENT:
            found.append((where, value))

    if ran.code == 0:
        look(json.loads(ran.out, parse_float=Decimal), "")
    return found


def hurt(path: Path, random: Random) -> None:
    """Flip a few bits, or cut some of the end off."""
    content = bytearray(path.read_bytes())
    if random.random() < 0.15:
        path.write_bytes(content[: random.randrange(len(content))])
        return
    # Most of a page is data; its first bytes are its structure, and the file's are its head.
    within = random.choice((len(content), len(content), 4096, 100))
    page = random.choice((0, random.randrange(len(content) // 4096) * 4096)) if within <= 4096 else 0
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        content[page + random.randrange(within)] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def campaign(folder: Path, random: Random, seconds: float) -> Tally:
    """Hurt copies of the demonstration, and ask what they say."""
    whole, path = folder / "whole.db", folder / "hurt.db"
    tally, until = Tally(), time.monotonic() + seconds
    load_demo(open_services(str(whole), as_of=date(2026, 1, 13), settings=Settings()).context)
    with patch.dict(os.environ, environment(folder)):
        answers = [ask(whole, *words) for words in QUESTIONS]
        while time.monotonic() < until:
            shutil.copy(whole, path)
            hurt(path, random)
            tally.faults += 1
            checked = ask(path, "db", "check")
            now = [ask(path, *words) for words in QUESTIONS]
            tally.operations += 1 + len(now)
            evidence = folder / f"hurt-{tally.faults}.db"
            asked = zip((("db", "check"), *QUESTIONS), (checked, *now), strict=True)
            # What is found may surprise a command that meets it.
            wrong = [
                f"{evidence}, {words}: exit {ran.code}, {ran.err[:300]}"
                for words, ran in asked
                if "Traceback" in ran.err or (ran.is_unexpected and (ran is checked or checked.code == 0))
            ]
            if checked.code == 0:
                wrong += [
                    f"{evidence}, {words}: other figures, and the check is content: {differing(before, ran)}"
                    for words, ran, before in zip(QUESTIONS, now, answers, strict=True)
                    if figures(ran) != figures(before)
                ]
            if wrong:
                shutil.copy(path, evidence)
                tally.violations += wrong
            for file in folder.glob("hurt.db*"):
                file.unlink()
    return tally
