"""``fx``: rates of exchange on the command line."""

from decimal import Decimal
from pathlib import Path

from .conftest import Cli


def test_a_rate_is_set_and_listed(cli: Cli) -> None:
    assert cli("fx", "set", "eur", "usd", "1.0321", "--on", "2026-01-09").done().out == (
        "1 EUR = 1.0321 USD from Jan 9, 2026\n"
    )
    answer = cli("fx", "set", "EUR", "USD", "1.1", "--json").done().json
    assert answer == {"base": "EUR", "quote": "USD", "rate": Decimal("1.1"), "day": "2026-01-13"}
    assert cli("fx", "list").done().out.splitlines() == [
        "PAIR     RATE  OF            DAYS  SINCE",
        "EUR/USD   1.1  Jan 13, 2026     2  Jan 9, 2026",
    ]
    assert cli("fx", "list", "--json").done().json == [answer | {"first_day": "2026-01-09", "days": Decimal(2)}]


def test_without_rates_the_list_says_what_to_do(seeded: Cli) -> None:
    assert "budget-tui fx import" in seeded("fx", "list").done().out
    assert seeded("fx", "list", "--json").done().json == []


def test_what_is_no_rate_is_refused(seeded: Cli) -> None:
    seeded("fx", "set", "EUR", "USD", "much").refused(2, "'much' is not a rate")
    seeded("fx", "set", "EUR", "USD", "0").refused(2, "'0' is not a rate")
    seeded("fx", "set", "EUR", "USD", "-1").refused(2, "'-1' is not a rate")
    seeded("fx", "set", "EUR", "DOLLAR", "1").refused(2, "'DOLLAR' is not a currency")
    seeded("fx", "set", "EUR", "EUR", "1").refused(2, "between two currencies")
    seeded("fx", "set", "EUR", "USD", "1", "--on", "today").refused(2, "'today' is not a date")


def test_an_import_tells_what_it_read_and_refused(seeded: Cli, tmp_path: Path) -> None:
    path = tmp_path / "eurofxref-hist.csv"
    path.write_text("Date,USD,JPY,\n2026-01-12,1.1692,184.61,\n2026-01-09,1.1642,N/A,\nyesterday,1,2,\n", "utf-8")
    assert seeded("fx", "import", str(path)).done().out.splitlines() == [
        "1 file, 3 rows read, 1 refused",
        f"  {path}:4: 'yesterday' is not a date",
        "3 rates of Jan 9 – Jan 12, 2026, 3 of them new or changed",
    ]
    assert "nothing changed" in seeded("fx", "import", str(path)).done().out
    assert seeded("fx", "import", str(path), "--json").done().json == {
        "files": [str(path)],
        "rows_read": 3,
        "rates_read": 3,
        "rates_changed": 0,
        "first_day": "2026-01-09",
        "last_day": "2026-01-12",
        "refused": [{"file": str(path), "line": 4, "reason": "'yesterday' is not a date"}],
    }


def test_a_file_of_something_else_is_one_clear_line(seeded: Cli, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear bank,\n", "utf-8")
    seeded("fx", "import", str(path)).refused(2, "letter.txt is not a file of rates", "eurofxref.csv")
    seeded("fx", "import", str(tmp_path / "nothing.csv")).refused(2, "cannot be read: no such file")


def test_status_says_what_was_converted_and_what_was_left_out(seeded: Cli, tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text(
        "BilledCost,BillingCurrency,ChargePeriodStart,ProviderName,SubAccountId\n"
        "12,EUR,2026-01-10T00:00:00Z,AWS,pcc\n1000,JPY,2026-01-10T00:00:00Z,AWS,pcc\n",
        "utf-8",
    )
    assert seeded("cost", "import", str(path)).code == 0
    seeded("fx", "set", "EUR", "USD", "1.0321", "--on", "2026-01-02").done()
    answer = seeded("status", "--json").json
    assert answer["global"]["spent_usd"] == Decimal("253.3852")
    assert answer["warnings"] == [
        "1 cost in EUR: €12.00 counted as $12.39",
        "1 cost in JPY (¥1,000) left out: there is no usable exchange rate to USD",
    ]
    assert seeded("status", "--line").done().out.endswith(" · €12 at a rate · ¥1,000 left out: no rate · ≤Jan 10\n")
