"""`cost import` that keeps many rows, beside DuckDB's group-by with a batched insert of the same rows; and many files.

A cost table needs its indexes and checks, so the first floor inserts into a table that has them; the second one into a
table that has none. Time is the processor's, of whole processes, so that what else runs on the machine counts less.
"""

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench_import import measured, megabytes, whole_import
from measure import DAY, PROGRAM, report, run

ROUNDS_OF_SIZES = {1_000_000: 2, 3_000_000: 1}
ROUNDS_OF_FILES = 2
FILES = 1_200
SECONDS_FOR_FILES = 3.0

# 90 days, 30 projects, 12 accounts and 15 services: a million rows leave 424,000 daily ones.
EXPORT = """
COPY (
    SELECT printf('%.10f', r % 1000003 / 7919.0) AS BilledCost, '1234567890123' AS BillingAccountId,
        'USD' AS BillingCurrency, strftime(date_trunc('month', day), '%xT%XZ') AS BillingPeriodStart,
        'Usage' AS ChargeCategory, NULL AS ChargeClass, '$0.0960 per On Demand Linux Instance Hour'
            AS ChargeDescription, strftime(day + INTERVAL 1 DAY, '%xT%XZ') AS ChargePeriodEnd,
        strftime(day, '%xT%XZ') AS ChargePeriodStart, '1.000000' AS ConsumedQuantity, 'Hours' AS ConsumedUnit,
        printf('%.10f', r % 1000003 / 7919.0) AS EffectiveCost, 'AWS' AS ProviderName, 'AWS' AS PublisherName,
        'us-west-2' AS RegionId, 'arn:aws:ec2:us-west-2:instance/i-' || md5(r::VARCHAR) AS ResourceId,
        'Category ' || service % 5 AS ServiceCategory, 'Amazon Service ' || service AS ServiceName,
        'Subcategory ' || service % 7 AS ServiceSubcategory,
        CAST(100000000000 + 7919 * account AS VARCHAR) AS SubAccountId, 'Account ' || account AS SubAccountName,
        '{"application": "app-' || r % 37 || '", "project": "project-' || project || '"}' AS Tags
    FROM (
        SELECT r, TIMESTAMP '2026-01-01' + INTERVAL 1 DAY * CAST(hash(r || '-1') % 90 AS INTEGER) AS day,
            hash(r || '-2') % 15 AS service, hash(r || '-3') % 12 AS account, hash(r || '-4') % 30 AS project
        FROM range(CAST(? AS BIGINT)) t(r)
    )
) TO ? (FORMAT csv, HEADER)
"""

FLOOR = """
import sqlite3, sys, duckdb
export, path = sys.argv[1:]
database = sqlite3.connect(path, isolation_level=None)
rows = duckdb.connect().execute('''
    SELECT dense_rank() OVER (ORDER BY ServiceName, ServiceCategory, ServiceSubcategory, SubAccountId, SubAccountName,
            ProviderName, BillingCurrency, BillingAccountId, project)::BIGINT AS origin, day, nanos, rows
    FROM (
        SELECT ServiceName, ServiceCategory, ServiceSubcategory, SubAccountId, SubAccountName, ProviderName,
            BillingCurrency, BillingAccountId, BillingPeriodStart, json_extract_string(Tags, '/project') AS project,
            strftime(CAST(ChargePeriodStart AS DATE), '%Y%m%d')::INTEGER AS day, count(*) AS rows,
            CAST(round(sum(BilledCost::DECIMAL(38,18)), 9) * 1000000000 AS BIGINT) AS nanos
        FROM read_csv(?, all_varchar=true) GROUP BY ALL
    ) ORDER BY origin, day
''', [export])
database.execute("BEGIN IMMEDIATE")
while batch := rows.fetchmany(10_000):
    database.executemany("INSERT INTO cost (origin_key, day, amount_nanos, charges, dataset_key, cell_day)"
                         " VALUES (?1, ?2, ?3, ?4, 1, ?2)", batch)
database.execute("COMMIT")
"""

HEADER = (
    "BillingAccountId,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,BilledCost,BillingCurrency,"
    "ServiceProviderName,ServiceName,SubAccountId,Tags\n"
)


def like_the_real_one(path: Path, empty: Path) -> None:
    """An empty table of costs as the program makes it."""
    with sqlite3.connect(empty) as real, sqlite3.connect(path) as database:
        made = real.execute("SELECT sql FROM sqlite_schema WHERE tbl_name = 'cost' AND sql <> '' ORDER BY type DESC")
        for (sql,) in made.fetchall():
            database.execute(sql)


def bare(path: Path, _: Path) -> None:
    """An empty table without an index."""
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE cost (cost_key INTEGER PRIMARY KEY, origin_key INTEGER, day INTEGER, amount_nanos INTEGER,"
            " tokens INTEGER, seats INTEGER, charges INTEGER, dataset_key INTEGER, cell_day INTEGER)"
        )


def floor(export: Path, empty: Path, make_table: Callable[[Path, Path], None]) -> tuple[float, float]:
    path = empty.with_name("floor.db")
    path.unlink(missing_ok=True)
    make_table(path, empty)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode=WAL")
    return measured([sys.executable, "-c", FLOOR, str(export), str(path)])


def best(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    seconds, memory = (min(values) for values in zip(*rounds, strict=True))
    return seconds, memory


def many_rows(folder: Path, empty: Path, rows: int, rounds_wanted: int) -> None:
    export = folder / "export.csv"
    run([sys.executable, "-c", "import sys, duckdb; duckdb.connect().execute(*sys.argv[1:2], sys.argv[2:])",
         EXPORT, str(rows), str(export)])  # fmt: skip
    sides = (
        lambda: whole_import(export, empty),
        lambda: floor(export, empty, like_the_real_one),
        lambda: floor(export, empty, bare),
    )
    rounds = [[side() for side in sides] for _ in range(rounds_wanted)]
    ours, same, without = (best(list(side)) for side in zip(*rounds, strict=True))
    report(f"import of {rows:,} rows that stay, time beside the same table", ours[0], same[0], limit=1.5)
    report(f"import of {rows:,} rows that stay, time beside a table without indexes", ours[0], without[0], limit=2.2)
    report(f"import of {rows:,} rows that stay, memory", ours[1], same[1], limit=1.2, show=megabytes)


def many_files(folder: Path, empty: Path) -> None:
    exports = folder / "exports"
    exports.mkdir()
    for number in range(FILES):
        rows = (
            f"acct,2026-01-01,2026-01-{1 + number % 28:02}T00:00:00Z,,{row}.5,USD,AWS,VM{row},sub{number % 12},"
            f'"{{""project"": ""p{row % 7}""}}"\n'
            for row in range(20)
        )
        (exports / f"export-{number:05}.csv").write_text(HEADER + "".join(rows), encoding="utf-8")
    seconds, _ = best([whole_import(exports, empty) for _ in range(ROUNDS_OF_FILES)])
    report(f"import of {FILES:,} files", seconds, SECONDS_FOR_FILES, limit=1.0)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = folder / "empty.db"
        run([PROGRAM, "--db", str(empty), "--as-of", DAY, "budget", "set", "1000"])
        for rows, rounds in ROUNDS_OF_SIZES.items():
            many_rows(folder, empty, rows, rounds)
        many_files(folder, empty)


if __name__ == "__main__":
    main()
