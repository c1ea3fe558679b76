"""Parquet, whose columns have types of their own."""

from decimal import Decimal
from pathlib import Path

import pytest

from budget_tui.domain.errors import SourceError
from tests.sources.exports import one, read, refused, write_parquet

PLAIN = (
    "'USD' AS BillingCurrency, TIMESTAMP '2026-01-10' AS ChargePeriodStart, TIMESTAMP '2026-01-11' AS ChargePeriodEnd"
)


def test_amounts_of_every_type(tmp_path: Path) -> None:
    """Each in a file and a currency of its own."""
    amounts = [
        ("0.1::DOUBLE", "0.1"),
        ("0.1::FLOAT", "0.1"),
        ("2e-7::DOUBLE", "0.0000002"),
        ("-12.5::DECIMAL(10,2)", "-12.5"),
        ("0.000000000000000001::DECIMAL(38,18)", "0.000000000000000001"),
        ("1.5::DECIMAL(38,30)", "1.5"),
        ("7::BIGINT", "7"),
        ("'1e-7'", "0.0000001"),
    ]
    totals = dict(zip("AED BRL CAD DKK EUR GBP HUF INR".split(), amounts, strict=True))
    paths = [
        write_parquet(tmp_path / f"{code}.parquet", f"SELECT {cost} AS BilledCost, {PLAIN.replace('USD', code)}")
        for code, (cost, _) in totals.items()
    ]
    assert read(*paths).billed_total == {code: Decimal(total) for code, (_, total) in totals.items()}


def test_ten_binary_tenths_are_one(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", f"SELECT 0.1::DOUBLE AS BilledCost, {PLAIN} FROM range(10)")
    assert one(path).amount_nanos == 1_000_000_000


def test_dimensions_of_every_type(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "x.parquet",
        f"""SELECT 1 AS billedcost, {PLAIN}, 123456789012 AS SubAccountId, NULL::INTEGER AS SubAccountName,
            'EC2'::ENUM('EC2', 'S3') AS ServiceName, '' AS ServiceProviderName, 'NULL' AS ProviderName,
            'Oracle' AS InvoiceIssuerName, 5 AS "x_""odd"" column", 'NULL' AS ServiceCategory""",
    )
    origin = one(path).origin
    assert (origin.sub_account_id, origin.sub_account_name, origin.service) == ("123456789012", "", "EC2")
    assert (origin.provider_name, origin.service_category) == ("Oracle", "")


def test_a_name_with_signs_that_globs_use_names_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "BILLING_PERIOD=2026-01 [it's *all*]"
    folder.mkdir()
    path = write_parquet(tmp_path / "x.parquet", f"SELECT 1 AS BilledCost, {PLAIN}")
    odd = path.rename(folder / "part-?[0].parquet")
    write_parquet(tmp_path / "y.parquet", f"SELECT 5 AS BilledCost, {PLAIN}").rename(folder / "part-0.parquet")
    assert one(odd).amount_nanos == 1_000_000_000


def test_files_with_different_columns_are_one_data_set(tmp_path: Path) -> None:
    paths = [
        write_parquet(tmp_path / "a.parquet", f"SELECT 1 AS BilledCost, {PLAIN}, 'S3' AS ServiceName"),
        write_parquet(
            tmp_path / "b.parquet", f"SELECT 'S3' AS ServiceName, 2.0::DOUBLE AS BilledCost, {PLAIN}, 1 AS x"
        ),
    ]
    assert one(*paths).amount_nanos == 3_000_000_000


def test_rows_that_cannot_be_used_are_named_by_their_number(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "x.parquet",
        """SELECT unnest([1, 'NaN', 3, NULL, 1e10, 2]::DOUBLE[]) AS BilledCost,
            unnest(['USD', 'USD', '', 'USD', 'USD', 'USD']) AS BillingCurrency,
            unnest(['2026-01-10', '2026-01-10', '2026-01-10', '2026-01-10', '2026-01-10', NULL]::TIMESTAMP[])
                AS ChargePeriodStart""",
    )
    assert refused(path) == [
        (2, "BilledCost 'nan' is not a number"),
        (3, "BillingCurrency is empty"),
        (4, "BilledCost is empty"),
        (5, "BilledCost '10000000000' is beyond ±9,000,000,000"),
        (6, "ChargePeriodStart is empty"),
    ]
    rollup = read(path)
    assert (rollup.rows_read, rollup.refused_count) == (6, 5)
    assert rollup.billed_total == {"USD": Decimal(1)}


def test_a_parquet_file_that_is_not_focus(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", "SELECT 1 AS BilledCost, 2 AS usage")
    with pytest.raises(SourceError, match=r"not a FOCUS export.*BillingCurrency, ChargePeriodStart"):
        read(path)


@pytest.mark.parametrize("kept", [40, 200, 0.5, 0.9])
def test_a_damaged_parquet_file_is_refused_whole(tmp_path: Path, kept: float) -> None:
    path = write_parquet(tmp_path / "x.parquet", f"SELECT i AS BilledCost, {PLAIN} FROM range(9999) t(i)")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if kept < 1 else int(kept)])
    with pytest.raises(SourceError, match=r"x\.parquet cannot be read") as raised:
        read(path)
    assert "\n" not in str(raised.value)


def test_texts_without_the_mark_of_text(tmp_path: Path) -> None:
    columns = {"BilledCost": "1.5", "BillingCurrency": "USD", "ChargePeriodStart": "2026-01-10", "ServiceName": "Müll"}
    texts = ", ".join(f"encode('{text}') AS {name}" for name, text in columns.items())
    path = write_parquet(tmp_path / "x.parquet", f"SELECT {texts}, MAP{{encode('project'): encode('pcc')}} AS Tags")
    cost = one(path)
    assert (cost.amount_nanos, cost.origin.service, cost.origin.tags) == (1_500_000_000, "Müll", (("project", "pcc"),))


def test_numbers_in_texts_are_read_as_in_csv(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "x.parquet",
        "SELECT unnest(['1,5', '1.234', '1_0', '0,25']) AS BilledCost, 'USD' AS BillingCurrency,"
        " DATE '2026-01-10' AS ChargePeriodStart",
    )
    assert refused(path) == [
        (2, "BilledCost '1.234' may have a decimal point, or mean 1234"),
        (3, "BilledCost '1_0' is not a number"),
    ]
    assert read(path).billed_total == {"USD": Decimal("1.75")}


def test_ids_that_became_numbers_keep_no_fraction(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "x.parquet", f"SELECT 1 AS BilledCost, {PLAIN}, 123456789012::DOUBLE AS SubAccountId"
    )
    assert one(path).origin.sub_account_id == "123456789012"


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    """The engine that writes this file can't write two such columns: one is renamed in its bytes."""
    path = write_parquet(tmp_path / "x.parquet", f"SELECT 1 AS BilledCost, 2 AS BilledCosu, {PLAIN}")
    path.write_bytes(path.read_bytes().replace(b"BilledCosu", b"billedcost"))
    with pytest.raises(SourceError, match=r"several columns of one name: 'BilledCost' \(1\) and 'billedcost' \(2\)"):
        read(path)
    path = write_parquet(tmp_path / "y.parquet", f"SELECT 1 AS BilledCost, 2 AS BilledCost_1, {PLAIN}")
    assert one(path).amount_nanos == 1_000_000_000
