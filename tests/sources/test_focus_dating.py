"""A charge belongs to the day on which its period starts: by UTC when it spans whole days, else by local time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.errors import Refused
from tests.examples import examples
from tests.sources.exports import by_account, charge, days, each, one, read, without, write_csv, write_parquet

BERLIN, LOS_ANGELES = "Europe/Berlin", "America/Los_Angeles"


Span = tuple[str, str]


def dated(folder: Path, spans: Sequence[Span], time_zone: str) -> dict[Span, str]:
    """The day of each charge, by its start and end."""
    charges = [charge(ChargePeriodStart=start, ChargePeriodEnd=end) for start, end in spans]
    costs = each(folder, *charges, time_zone=time_zone)
    return {span: cost.day.isoformat() for span, cost in zip(spans, costs, strict=True)}


@pytest.mark.parametrize("time_zone", ["UTC", BERLIN, LOS_ANGELES])
def test_whole_days_keep_their_utc_date(tmp_path: Path, time_zone: str) -> None:
    spans = [
        ("2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z"),
        ("2026-01-10T00:00:00Z", "2026-01-10T23:59:59Z"),
        ("2026-01-10 00:00:00", "2026-01-10 23:59:59.999"),
        ("2026-01-10T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-01-10", "2026-01-11"),
        ("2026-01-10", "2026-01-10"),
        ("2026-01-10", ""),
        ("2026-01-10 00:00:00", "NULL"),
        ("2026-01-09T19:00:00-05:00", "2026-01-10T19:00:00-05:00"),
    ]
    assert dated(tmp_path, spans, time_zone) == dict.fromkeys(spans, "2026-01-10")


def test_shorter_periods_are_dated_in_the_organizations_time_zone(tmp_path: Path) -> None:
    expected = [
        ("2026-01-10T23:00:00Z", "2026-01-11T00:00:00Z", "UTC", "2026-01-10"),
        ("2026-01-10T23:00:00Z", "2026-01-11T00:00:00Z", BERLIN, "2026-01-11"),
        ("2026-01-10T22:00:00Z", "2026-01-10T23:00:00Z", BERLIN, "2026-01-10"),
        ("2026-07-10T22:00:00Z", "2026-07-10T23:00:00Z", BERLIN, "2026-07-11"),  # summer time
        ("2026-01-10T07:00:00Z", "2026-01-10T08:00:00Z", LOS_ANGELES, "2026-01-09"),
        ("2026-01-10T00:00:00Z", "2026-01-10T01:00:00Z", LOS_ANGELES, "2026-01-09"),
        ("2026-01-10T00:00:00+01:00", "2026-01-11T00:00:00+01:00", BERLIN, "2026-01-10"),
        ("2026-01-10T00:00:00+01:00", "2026-01-10T01:00:00+01:00", "UTC", "2026-01-09"),
    ]
    for time_zone in ("UTC", BERLIN, LOS_ANGELES):
        days_there = {(start, end): day for start, end, zone, day in expected if zone == time_zone}
        assert dated(tmp_path, list(days_there), time_zone) == days_there


@pytest.mark.parametrize(("time_zone", "day"), [("UTC", "2026-01-10"), (BERLIN, "2026-01-11")])
def test_moments_are_understood_however_they_are_written(tmp_path: Path, time_zone: str, day: str) -> None:
    starts = [
        "2026-01-10 23:30:00",
        "2026-01-10T23:30:00",
        "2026-01-10T23:30",
        "2026-01-10 23:30",
        "2026-01-10T23:30Z",
        "2026-01-10T23:30:00Z",
        "2026-01-10t23:30:00z",
        "2026-01-10T23:30:00.000Z",
        "2026-01-10T23:30:00.123456789Z",
        "2026-01-10 23:30:00 UTC",
        "2026-01-10 23:30:00+00",
        "2026-01-10 23:30:00 +0000",
        "2026-01-11T00:30:00+01:00",
        "2026-01-11T00:30:00+0100",
        "2026-01-11T00:30+01:00",
        " 2026-01-10T23:30:00Z ",
    ]
    spans = [(start, "2026-01-11T00:00:00Z") for start in starts]
    assert dated(tmp_path, spans, time_zone) == dict.fromkeys(spans, day)


@settings(max_examples=examples(8))
@given(
    st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31)), min_size=1, max_size=40),  # noqa: DTZ001
    st.sampled_from([BERLIN, LOS_ANGELES, "Asia/Kolkata", "Pacific/Auckland", "America/Sao_Paulo"]),
)
def test_local_dates_are_those_of_the_time_zone(starts: list[datetime], time_zone: str) -> None:
    moments = [start.replace(microsecond=0, tzinfo=UTC) for start in starts]
    charges = [
        charge(ChargePeriodStart=start.isoformat(), ChargePeriodEnd=(start + timedelta(minutes=7)).isoformat())
        for start in moments
    ]
    with TemporaryDirectory() as folder:
        found = days(write_csv(Path(folder) / "x.csv", *charges), time_zone=time_zone)
    assert set(found) == {start.astimezone(ZoneInfo(time_zone)).date().isoformat() for start in moments}
    assert sum(found.values()) == len(starts)


@pytest.mark.parametrize(("time_zone", "day"), [("UTC", "2026-01-10"), (BERLIN, "2026-01-11")])
def test_parquet_moments_of_every_type(tmp_path: Path, time_zone: str, day: str) -> None:
    kinds = ["TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_S", "TIMESTAMPTZ", "VARCHAR"]
    paths = [
        write_parquet(
            tmp_path / f"{kind}.parquet",
            f"SELECT CAST('2026-01-10 23:30:00' AS {kind}) AS ChargePeriodStart, CAST('2026-01-11' AS {kind}) AS "
            f"ChargePeriodEnd, 1 AS BilledCost, 'USD' AS BillingCurrency, {number} AS SubAccountId",
        )
        for number, kind in enumerate(kinds)
    ]
    costs = by_account(read(*paths, time_zone=time_zone), len(kinds))
    assert dict(zip(kinds, (cost.day.isoformat() for cost in costs), strict=True)) == dict.fromkeys(kinds, day)


def test_parquet_dates_are_whole_days(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "x.parquet",
        "SELECT DATE '2026-01-10' AS ChargePeriodStart, DATE '2026-01-11' AS ChargePeriodEnd, "
        "1 AS BilledCost, 'USD' AS BillingCurrency, DATE '2026-01-01' AS BillingPeriodStart",
    )
    cost = one(path, time_zone=LOS_ANGELES)
    assert (cost.day.isoformat(), cost.billing_period_start.isoformat()) == ("2026-01-10", "2026-01-01")


# Billing periods


def billed(folder: Path, starts: Sequence[str], **more: str) -> dict[str, str]:
    """The start of each charge's billing period, by what is written."""
    costs = each(folder, *(charge(BillingPeriodStart=start, **more) for start in starts))
    return {start: cost.billing_period_start.isoformat() for start, cost in zip(starts, costs, strict=True)}


def test_a_billing_period_starts_on_the_date_that_is_written(tmp_path: Path) -> None:
    starts = ["2026-01-01 00:00:00", "2026-01-01T00:00:00+02:00", "2026-01-01", "2026-01-01T00:00Z"]
    assert billed(tmp_path, starts) == dict.fromkeys(starts, "2026-01-01")


def test_without_one_it_is_the_month_of_the_charge(tmp_path: Path) -> None:
    starts = ["", "NULL", "soon", "infinity"]
    assert billed(tmp_path, starts, ChargePeriodStart="2026-03-17") == dict.fromkeys(starts, "2026-03-01")


def test_a_file_may_have_no_billing_periods_and_accounts_at_all(tmp_path: Path) -> None:
    cost = one(write_csv(tmp_path / "x.csv", without("BillingPeriodStart", "BillingAccountId", "ChargePeriodEnd")))
    assert (cost.billing_period_start.isoformat(), cost.billing_account_id) == ("2026-01-01", "")


def test_an_unknown_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no time zone 'Mars/Olympus'"):
        read(write_csv(tmp_path / "x.csv", charge()), time_zone="Mars/Olympus")
