"""Tables on terminals of several widths, and piped."""

import sys

import pytest
from rich.cells import cell_len

from tests.cli.conftest import Cli

COMMANDS = (
    "status",
    "alert list",
    "log",
    "cost source list",
    "period history",
    "period close --dry-run",
    "agent list",
    "entity tree",
    "--org acme --as-of 2026-03-31 log",
    "--org acme --as-of 2026-03-31 plan list",
    "--org acme --as-of 2026-03-31 plan summary",
    "--org acme --as-of 2026-03-31 plan tree",
    "--org acme --as-of 2026-03-31 plan by-provider",
    "--org acme --as-of 2026-03-31 plan forecast",
    "--org studio cost unmapped",
    "org list",
    "forecast",
    "manual",
)


def table_in(out: str) -> list[str]:
    """The lines of the table, from its header to its last row."""
    lines = out.splitlines()
    begin = next(at for at, line in enumerate(lines) if line.strip() and line == line.upper())
    rows = lines[begin:]
    return rows[: rows.index("")] if "" in rows else rows


def test_a_table_is_as_wide_as_the_terminal_at_most(demo: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for command in COMMANDS:
        rows = 0
        for width in (100, 80, 60):
            monkeypatch.setenv("COLUMNS", str(width))
            shown = table_in(demo(*command.split()).out)
            assert max(map(cell_len, shown)) <= width, (command, width)
            assert len(shown) >= rows, "no row is left out"
            rows = len(shown)
    monkeypatch.setenv("COLUMNS", "45")
    tree = table_in(demo(*"--org acme --as-of 2026-03-31 plan tree".split()).out)
    assert max(map(cell_len, tree)) <= 45
    assert any("│     └─ TEAM-BACK" in line for line in tree), "who stands deep in the tree has a name, too"


def test_sentences_break_between_words_where_the_terminal_is_narrow(demo: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = demo("status").out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    for command in ("status", "budget show"):
        narrow = demo(*command.split()).out
        assert max(map(cell_len, narrow.partition("\n\n")[0].splitlines())) <= 40, command
        assert narrow.split()[0] in whole
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    warnings = demo("--org", "acme", "--as-of", "2026-03-31", "status").err.splitlines()
    assert len(warnings) > 1
    assert max(map(cell_len, warnings)) <= 40


def test_what_is_piped_is_not_cut(demo: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    piped = demo("log", "--limit", "5").done().out
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert demo("log", "--limit", "5").out != piped
    monkeypatch.setenv("COLUMNS", "400")
    assert demo("log", "--limit", "5").out == piped


def test_long_texts_continue_in_their_column_or_end_between_words(seeded: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    seeded("project", "rename", "python-api", "Interfaces for programs of others").done()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    row = next(line for line in table_in(seeded("status").out) if line.startswith("python-api"))
    assert "Interfaces for…" in row
    monkeypatch.setenv("COLUMNS", "90")
    _, first, second, *_ = table_in(seeded("log", "--limit", "1").out)
    change = first.index("name Python API")
    assert not second[:change].strip()
    assert (first[change:], second[change:]) == ("name Python API → Interfaces for", "programs of others")
