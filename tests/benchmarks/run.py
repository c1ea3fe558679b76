"""Runs every benchmark, one after another, and prints one table; ``run.py start table`` runs these two."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
HEADER = ("", "measured", "floor", "ratio", "limit", "")


def lines_of(script: Path) -> list[tuple[str, ...]]:
    """What a benchmark printed, and whether it keeps its limit."""
    printed = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=True).stdout
    measurements = (tuple(cell.strip() for cell in line.split("|")) for line in printed.splitlines())
    return [(*cells, verdict(cells)) for cells in measurements if len(cells) == len(HEADER) - 1]


def verdict(cells: tuple[str, ...]) -> str:
    ratio, limit = cells[-2:]
    return "ok" if float(ratio) <= float(limit) else "OVER"


def show(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        aligned = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        print("  ".join([name.ljust(widths[0]), *aligned]).rstrip())


def main() -> int:
    """Returns 0 whatever was measured, 1 when a benchmark failed to run."""
    rows: list[tuple[str, ...]] = [HEADER]
    failed = []
    scripts = sorted(FOLDER.glob("bench_*.py"))
    wanted = sys.argv[1:] or [script.stem.removeprefix("bench_") for script in scripts]
    for script in scripts:
        if script.stem.removeprefix("bench_") not in wanted:
            continue
        print(f"{script.stem} …", file=sys.stderr, flush=True)
        try:
            rows += lines_of(script)
        except subprocess.CalledProcessError:
            failed.append(script.stem)
    show(rows)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
