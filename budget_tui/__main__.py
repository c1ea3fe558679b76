"""``python -m budget_tui`` and the ``budget-tui`` command."""

import sys


def main() -> None:
    from budget_tui.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
