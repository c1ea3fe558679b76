"""`cost import` of a million charges beside the least that DuckDB itself needs to sum the same file up.

Time and memory are those of whole processes, from their start to their end; the time is the processor's, so that what
else runs on the machine counts less.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measure import DAY, PROGRAM, environment, report, run

ROUNDS = 5
ROWS = 1_000_000

FLOOR = """
import sys, duckdb
sums = duckdb.connect().execute('''
    SELECT CAST(ChargePeriodStart AS DATE), ServiceName, SubAccountId, BillingCurrency, ProviderName,
        sum(BilledCost::DECIMAL(38,18))
    FROM read_csv(?) GROUP BY ALL
''', [sys.argv[1]]).fetchall()
"""

# A month of hourly charges in the columns of FOCUS 1.2: 672 resources in 40 accounts, two price lines each.
EXPORT = f"""
COPY (
    SELECT region || 'a' AS AvailabilityZone, cost AS BilledCost, '1234567890123' AS BillingAccountId,
        'Example Payer' AS BillingAccountName, 'Payer Account' AS BillingAccountType, 'USD' AS BillingCurrency,
        '2026-06-01T00:00:00Z' AS BillingPeriodEnd, '2026-05-01T00:00:00Z' AS BillingPeriodStart,
        'Usage' AS ChargeCategory, NULL AS ChargeClass, '$0.0960 per On Demand Linux ' || size || ' Instance Hour'
            AS ChargeDescription, 'Usage-Based' AS ChargeFrequency, strftime(hour + INTERVAL 1 HOUR, {"'%xT%XZ'"})
            AS ChargePeriodEnd, strftime(hour, {"'%xT%XZ'"}) AS ChargePeriodStart,
        NULL AS CommitmentDiscountId, NULL AS CommitmentDiscountStatus, '1.000000' AS ConsumedQuantity,
        'Hours' AS ConsumedUnit, cost AS ContractedCost, '0.0864' AS ContractedUnitPrice, cost AS EffectiveCost,
        'INV-2026-05-0001' AS InvoiceId, 'Amazon Web Services, Inc.' AS InvoiceIssuerName, cost AS ListCost,
        '0.0960' AS ListUnitPrice, 'Standard' AS PricingCategory, 'USD' AS PricingCurrency,
        '1.000000' AS PricingQuantity, 'Hours' AS PricingUnit, 'AWS' AS ProviderName, 'AWS' AS PublisherName,
        region AS RegionId, 'US West (Oregon)' AS RegionName,
        'arn:aws:ec2:' || region || ':' || account || ':instance/i-' || md5(resource::VARCHAR) AS ResourceId,
        'instance-' || resource AS ResourceName, 'Instance' AS ResourceType,
        'Category ' || service % 12 AS ServiceCategory, 'Amazon Service ' || service AS ServiceName,
        'Subcategory ' || service % 25 AS ServiceSubcategory, 'SKU' || resource % 900 AS SkuId,
        '{{"InstanceType": "' || size || '", "CoreCount": 2, "OperatingSystem": "Linux"}}' AS SkuPriceDetails,
        'SKU' || resource % 900 || '.JRTCKXETXF.6YS6EN2CT7' AS SkuPriceId, account AS SubAccountId,
        'Account ' || account AS SubAccountName, CASE WHEN resource % 10 < 7 THEN '{{"application": "app-'
            || resource % 37 || '", "environment": "prod", "project": "project-' || resource % 17 || '"}}' END AS Tags
    FROM (
        SELECT TIMESTAMP '2026-05-01' + INTERVAL 1 HOUR * (row * 744 // {ROWS}) AS hour, row % 1344 // 2 AS resource,
            'us-west-2' AS region, 'm6i.' || (1 + row % 2) || 'xlarge' AS size, hash(row % 1344 // 2) % 30 AS service,
            CAST(100000000000 + 7919 * (hash(row % 1344 // 2) % 40) AS VARCHAR) AS account,
            printf('%.10f', row % 1000003 / 7919.0) AS cost
        FROM range({ROWS}) rows(row)
    )
) TO ? (FORMAT csv, HEADER)
"""


def measured(arguments: Sequence[str]) -> tuple[float, float]:
    """Seconds of the processor that a program takes, and the most memory it uses, in MB."""
    process = subprocess.Popen(arguments, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def floor(export: Path) -> tuple[float, float]:
    return measured([sys.executable, "-c", FLOOR, str(export)])


def whole_import(export: Path, empty: Path) -> tuple[float, float]:
    """What a user runs, into a database that has no costs yet."""
    database = shutil.copy(empty, empty.with_name("import.db"))
    return measured([PROGRAM, "--db", str(database), "--as-of", DAY, "cost", "import", str(export)])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        export, empty = Path(folder, "export.csv"), Path(folder, "empty.db")
        run([sys.executable, "-c", "import sys, duckdb; duckdb.connect().execute(*sys.argv[1:2], sys.argv[2:])",
             EXPORT, str(export)])  # fmt: skip
        run([PROGRAM, "--db", str(empty), "--as-of", DAY, "budget", "set", "1000"])
        rounds = [(whole_import(export, empty), floor(export)) for _ in range(ROUNDS)]
    (seconds, memory), (floor_seconds, floor_memory) = (
        [min(values) for values in zip(*side, strict=True)] for side in zip(*rounds, strict=True)
    )
    report(f"import of {ROWS:,} rows, time", seconds, floor_seconds, limit=1.5)
    report(f"import of {ROWS:,} rows, memory", memory, floor_memory, limit=1.5, show=megabytes)


def megabytes(memory: float) -> str:
    return f"{memory:.0f} MB"


if __name__ == "__main__":
    main()
