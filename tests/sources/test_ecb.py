"""The European Central Bank's files of rates, as published."""

import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.domain.currency import Rate
from budget_tui.domain.errors import SourceError
from budget_tui.sources.ecb import read_rates

DAILY = "Date, USD, JPY, GBP, \n13 January 2026, 1.1654, 185.01, 0.8663, \n"
HISTORY = """Date,USD,JPY,CYP,
2026-01-12,1.1692,184.61,N/A,
2026-01-09,1.1642,183.9,N/A,
1999-01-04,1.1789,133.73,0.58231,
"""


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def zipped(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return path


def test_the_latest_day(tmp_path: Path) -> None:
    found = read_rates(written(tmp_path / "eurofxref.csv", DAILY))
    assert found.rows == 1
    assert found.refused == ()
    assert found.rates == (
        Rate("EUR", "USD", date(2026, 1, 13), Decimal("1.1654")),
        Rate("EUR", "JPY", date(2026, 1, 13), Decimal("185.01")),
        Rate("EUR", "GBP", date(2026, 1, 13), Decimal("0.8663")),
    )


def test_the_history_leaves_out_what_is_not_available(tmp_path: Path) -> None:
    found = read_rates(written(tmp_path / "eurofxref-hist.csv", HISTORY))
    assert (found.rows, len(found.rates), found.refused) == (3, 7, ())
    assert found.rates[-1] == Rate("EUR", "CYP", date(1999, 1, 4), Decimal("0.58231"))


@pytest.mark.parametrize("text", [DAILY, HISTORY])
def test_a_zip_file_is_read_as_it_was_published(tmp_path: Path, text: str) -> None:
    plain = read_rates(written(tmp_path / "plain.csv", text))
    assert read_rates(zipped(tmp_path / "packed.zip", eurofxref_csv=text)).rates == plain.rates


@pytest.mark.parametrize("prefix", ["", "\N{BYTE ORDER MARK}"])
def test_line_ends_and_marks_of_other_systems_do_no_harm(tmp_path: Path, prefix: str) -> None:
    found = read_rates(written(tmp_path / "dos.csv", prefix + HISTORY.replace("\n", "\r\n") + "\r\n"))
    assert (found.rows, len(found.rates)) == (3, 7)


def test_what_cannot_be_used_is_refused_with_its_line_and_the_rest_is_read(tmp_path: Path) -> None:
    text = (
        "Date,USD,JPY,\n2026-13-12,1,2,\n\n2026-01-09,abc,183.9,\n30 February 2026,1,2,\n2026-01-08,-1,0,\n2026-01-07\n"
    )
    found = read_rates(written(tmp_path / "rates.csv", text))
    assert found.rows == 5
    assert found.rates == (Rate("EUR", "JPY", date(2026, 1, 9), Decimal("183.9")),)
    assert found.refused == (
        (2, "'2026-13-12' is not a date"),
        (4, "USD: 'abc' is not a rate"),
        (5, "'2026-02-30' is not a date"),
        (6, "USD: '-1' is not a rate"),
        (6, "JPY: '0' is not a rate"),
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "BilledCost,BillingCurrency\n1,USD\n",
        "Date,Close\n2026-01-12,1.1\n",
        "Date\n2026-01-12\n",
        "USD,JPY\n1,2\n",
        b"\x00\xff\xfe\x00" * 50,
        "x" * 100_000,
    ],
    ids=["empty", "blank", "costs", "stocks", "date alone", "no date", "binary", "long"],
)
def test_another_file_is_told_from_one_of_rates(tmp_path: Path, content: str | bytes) -> None:
    path = written(tmp_path / "other.csv", content)
    with pytest.raises(SourceError, match=r"other\.csv is not a file of rates"):
        read_rates(path)


def test_a_zip_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not a file of rates"):
        read_rates(zipped(tmp_path / "two.zip", a_csv=DAILY, b_csv=DAILY))
    whole = zipped(tmp_path / "cut.zip", eurofxref_csv=HISTORY * 500).read_bytes()
    damaged = whole[:200] + bytes(100) + whole[300:]
    with pytest.raises(SourceError, match=r"cannot be read|not a file of rates"):
        read_rates(written(tmp_path / "cut.zip", damaged))


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_cannot_be_opened_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_rates(tmp_path / name)


def test_an_absurd_rate_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    found = read_rates(written(tmp_path / "rates.csv", "Date,USD,JPY,\n2026-01-09,9999999999,183.9,\n"))
    assert found.rates == (Rate("EUR", "JPY", date(2026, 1, 9), Decimal("183.9")),)
    assert found.refused == (
        (2, "USD: a rate of 9999999999 is out of range: the limits are 0.000000001 and 1,000,000,000"),
    )
