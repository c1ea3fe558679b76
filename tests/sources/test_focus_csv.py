"""CSV as real exports have it."""

import gzip
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from budget_tui.domain.errors import SourceError
from tests.sources.exports import by_account, charge, csv_text, one, read, without, write_csv


def test_everything_that_tells_costs_apart_is_kept(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "x.csv",
        charge(
            BillingCurrency="usd",
            ServiceCategory="Storage",
            ServiceSubcategory="Object Storage",
            SubAccountId="123",
            SubAccountName="Production",
            x_hierarchy_entity_id="PROJ-1",
            x_hierarchy_path="/ORG/PROJ-1/",
        ),
    )
    cost = one(path)
    origin = cost.origin
    assert (origin.source, origin.live, origin.currency, origin.category_hint) == ("focus", False, "USD", "")
    assert (origin.provider_name, origin.service) == ("AWS", "S3")
    assert (origin.service_category, origin.service_subcategory) == ("Storage", "Object Storage")
    assert (origin.sub_account_id, origin.sub_account_name) == ("123", "Production")
    assert (origin.entity_hint, origin.path_hint) == ("PROJ-1", "/ORG/PROJ-1/")
    assert (cost.billing_account_id, cost.rows) == ("acc", 1)


def test_null_is_nothing(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", charge(BillingAccountId="NULL", ServiceName="NULL", SubAccountName=" "))
    cost = one(path)
    assert (cost.billing_account_id, cost.origin.service, cost.origin.sub_account_name) == ("", "", "")


def test_names_stand_in_one_line(tmp_path: Path) -> None:
    """What would break a row or move the cursor is a blank; what is alike then is one."""
    odd = {
        "ServiceProviderName": "Google\r\n Cloud\t",
        "ServiceName": "\x1b[31mVM\x07\u202e",
        "SubAccountName": "a\u2028b",
    }
    plain = {"ServiceProviderName": "Google Cloud", "ServiceName": "[31mVM", "SubAccountName": "a b"}
    path = write_csv(
        tmp_path / "x.csv", charge(BillingAccountId="a\nc", **odd), charge(BillingAccountId="a c", **plain)
    )
    cost = one(path)
    assert (cost.origin.provider_name, cost.origin.service, cost.origin.sub_account_name) == tuple(plain.values())
    assert (cost.billing_account_id, cost.rows) == ("a c", 2)


def test_blanks_inside_a_name_are_its_own(tmp_path: Path) -> None:
    assert one(write_csv(tmp_path / "x.csv", charge(ServiceName="S  3 ü é"))).origin.service == "S  3 ü é"


def test_the_provider_has_three_names(tmp_path: Path) -> None:
    named = [
        ({"ServiceProviderName": "A", "ProviderName": "B", "InvoiceIssuerName": "C"}, "A"),
        ({"ServiceProviderName": "", "ProviderName": "B", "InvoiceIssuerName": "C"}, "B"),
        ({"ServiceProviderName": "NULL", "ProviderName": "", "InvoiceIssuerName": "C"}, "C"),
        ({"ProviderName": "B"}, "B"),
        ({"InvoiceIssuerName": "C"}, "C"),
        ({"Provider": "Oracle", "InvoiceIssuer": "Oracle America", "Publisher": "P"}, "Oracle"),
        ({"Provider": "", "InvoiceIssuer": "Oracle America", "Publisher": "P"}, "Oracle America"),
        ({"Publisher": "P"}, "P"),
        ({}, ""),
    ]
    paths = [
        write_csv(tmp_path / f"{number}.csv", {**without("ServiceProviderName"), **names, "SubAccountId": str(number)})
        for number, (names, _) in enumerate(named)
    ]
    costs = by_account(read(*paths), len(named))
    assert [(names, cost.origin.provider_name) for (names, _), cost in zip(named, costs, strict=True)] == named


def test_columns_in_any_case_and_order_and_columns_of_ones_own(tmp_path: Path) -> None:
    plain = charge(x_Team="blue", **{'x_"odd", name': "1"})
    path = write_csv(tmp_path / "x.csv", {name.upper(): value for name, value in reversed(plain.items())})
    cost = one(path)
    assert (cost.amount_nanos, cost.origin.provider_name) == (1_000_000_000, "AWS")


def test_two_columns_of_one_name_are_refused_where_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("BilledCost,Note,billedcost ,note,BillingCurrency,ChargePeriodStart\n1,,2,,USD,2026-01-10\n")
    with pytest.raises(SourceError, match=r"'BilledCost' \(1\) and 'billedcost ' \(3\)"):
        read(path)
    path.write_text("BilledCost,Note,note,BillingCurrency,ChargePeriodStart\n1,,,USD,2026-01-10\n")
    assert one(path).amount_nanos == 1_000_000_000


def test_line_ends_and_byte_order_marks(tmp_path: Path) -> None:
    names = ["S3", "München 日本"]
    forms = list(product(["\n", "\r\n", "\r"], [b"", b"\xef\xbb\xbf"], [True, False]))
    paths = [tmp_path / f"{number}.csv" for number in range(len(forms))]
    for path, (newline, mark, ending) in zip(paths, forms, strict=True):
        text = csv_text([charge(SubAccountId=path.stem, ServiceName=name) for name in names], newline)
        path.write_bytes(mark + (text if ending else text.rstrip()).encode())
    rollup = read(*paths)
    found = {(cost.origin.sub_account_id, cost.origin.service): cost.rows for cost in rollup.daily}
    assert found == {(path.stem, name): 1 for path in paths for name in names}
    assert [file.rows_read for file in rollup.files] == [2] * len(forms)
    assert rollup.refused_count == 0


def test_mixed_line_ends_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    header, row = csv_text([charge()]).splitlines()
    path.write_bytes(f"{header}\r\n{row}\n\n{row}\r\n{row}\n\n".encode())
    rollup = read(path)
    assert (rollup.rows_read, rollup.billed_total) == (3, {"USD": Decimal(3)})


def test_line_breaks_inside_of_fields(tmp_path: Path) -> None:
    lookalike = csv_text([charge(BilledCost="1000", ChargeDescription="x")]).splitlines()[1]
    description = "\n".join(["first line", *[lookalike] * 30, 'and "quotes", too'])
    charges = [charge(ChargeDescription=description) for _ in range(50)]
    rollup = read(write_csv(tmp_path / "x.csv", *charges))
    assert (rollup.rows_read, rollup.refused_count) == (50, 0)
    assert rollup.billed_total == {"USD": Decimal(50)}


def test_a_large_file_full_of_line_breaks_that_look_like_rows(tmp_path: Path) -> None:
    """So large that the engine begins to read it in the middle of a field."""
    header, row = csv_text([charge(BilledCost="3", ChargeDescription="x")]).splitlines()
    lookalikes = "\n".join([row] * 400)
    quoted = row.removesuffix("x") + f'"say ""this""\n{lookalikes}\n"'
    path = tmp_path / "x.csv"
    path.write_text("\n".join([header, *[quoted, row] * 1200]))
    rollup = read(path)
    assert path.stat().st_size > 33_000_000
    assert (rollup.rows_read, rollup.refused_count) == (2400, 0)
    assert rollup.billed_total == {"USD": Decimal(7200)}


def test_a_header_alone_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(csv_text([charge()]).splitlines()[0] + "\n")
    rollup = read(path)
    assert (rollup.daily, rollup.rows_read, rollup.billed_total) == ((), 0, {})


# Several files


def test_each_file_has_its_own_columns(tmp_path: Path) -> None:
    old = write_csv(tmp_path / "old.csv", {**without("ServiceProviderName"), "ProviderName": "AWS"})
    new = write_csv(tmp_path / "new.csv", {"HostProviderName": "AWS", **charge(BilledCost="2")})
    rollup = read(old, new)
    assert [file.version for file in rollup.files] == ["1.0", "1.4"]
    assert [(cost.origin.provider_name, cost.amount_nanos, cost.rows) for cost in rollup.daily] == [
        ("AWS", 3_000_000_000, 2)
    ]


def test_the_columns_tell_the_version(tmp_path: Path) -> None:
    versions = [
        (["ProviderName"], "1.0"),
        (["ProviderName", "ServiceSubcategory"], "1.1"),
        (["ProviderName", "SkuMeter", "InvoiceId"], "1.2"),
        (["ProviderName", "ServiceProviderName"], "1.3"),
        (["PublisherName", "HostProviderName", "InvoiceId"], "1.3"),
        (["ServiceProviderName"], "1.4"),
        (["ServiceProviderName", "InvoiceDetailId"], "1.4"),
    ]
    paths = [
        write_csv(tmp_path / f"{number}.csv", {**without("ServiceProviderName"), **dict.fromkeys(columns, "x")})
        for number, (columns, _) in enumerate(versions)
    ]
    found = [file.version for file in read(*paths).files]
    assert [(columns, version) for (columns, _), version in zip(versions, found, strict=True)] == versions


# Gzip


def test_gzip_is_recognised_whatever_it_is_called(tmp_path: Path) -> None:
    packed = gzip.compress(csv_text([charge()]).encode())
    for name in ("x.csv.gz", "x.CSV.GZ", "x.csv", "export"):
        (tmp_path / name).write_bytes(packed)
        assert one(tmp_path / name).amount_nanos == 1_000_000_000


def test_gzip_in_several_members_is_read_to_the_end(tmp_path: Path) -> None:
    text = csv_text([charge()] * 1000).encode()
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(text[:5000]) + gzip.compress(text[5000:]))
    assert read(path).rows_read == 1000


def damaged(packed: bytes) -> dict[str, bytes]:
    middle = len(packed) // 2
    return {
        "half": packed[:middle],
        "without its end": packed[:-5],
        "without its checksum": packed[:-8],
        "with a wrong checksum": packed[:-8] + b"\0\0\0\0" + packed[-4:],
        "with a wrong byte": packed[:middle] + bytes([packed[middle] ^ 0xFF]) + packed[middle + 1 :],
    }


@pytest.mark.parametrize("damage", list(damaged(b"\0" * 20)))
def test_a_damaged_gzip_file_is_refused_whole(tmp_path: Path, damage: str) -> None:
    text = csv_text([charge(BilledCost=str(number * 7919 % 1000)) for number in range(5000)])
    path = tmp_path / "x.csv.gz"
    path.write_bytes(damaged(gzip.compress(text.encode()))[damage])
    with pytest.raises(SourceError, match=r"x\.csv\.gz is damaged or cut short") as raised:
        read(path)
    assert "\n" not in str(raised.value)
