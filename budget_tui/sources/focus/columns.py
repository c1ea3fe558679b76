"""The columns of the FOCUS specification: those that are read, and those that identify its version.

https://focus.finops.org/focus-columns/ lists them. Names are compared ignoring case.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from budget_tui.domain.errors import SourceError

PROVIDER = "provider_name"
PROVIDER_COLUMNS = ("ServiceProviderName", "ProviderName", "Provider")
_ISSUER_COLUMNS = ("InvoiceIssuerName", "InvoiceIssuer", "PublisherName", "Publisher")

# The dimensions of a daily cost, each with the columns it is read from: the first one that is not empty. Oracle uses
# some names of its own: Provider, InvoiceIssuer, Publisher, UsageQuantity and UsageUnit.
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "billing_account_id": ("BillingAccountId",),
    "billing_period": ("BillingPeriodStart",),
    "currency": ("BillingCurrency",),
    PROVIDER: (*PROVIDER_COLUMNS, *_ISSUER_COLUMNS),
    "service": ("ServiceName",),
    "service_category": ("ServiceCategory",),
    "service_subcategory": ("ServiceSubcategory",),
    "sub_account_id": ("SubAccountId",),
    "sub_account_name": ("SubAccountName",),
    "entity_hint": ("x_hierarchy_entity_id",),
    "path_hint": ("x_hierarchy_path",),
    "charge_category": ("ChargeCategory",),
    "charge_class": ("ChargeClass",),
}
CHARGE_START = "ChargePeriodStart"
CHARGE_END = "ChargePeriodEnd"
TAGS = "Tags"
# Quantity and unit consumed; the pricing ones are used if these are empty, as they are for purchases.
QUANTITIES = (
    ("ConsumedUnit", "ConsumedQuantity"),
    ("UsageUnit", "UsageQuantity"),
    ("PricingUnit", "PricingQuantity"),
)

_REQUIRED = ("BillingCurrency", CHARGE_START)

# Versions from the newest on, each with the columns that were added in it.
_SIGNS: Mapping[str, Sequence[str]] = {
    "1.4": ["CommitmentProgramEligibilityDetails", "InvoiceDetailId"],
    "1.3": (
        "ServiceProviderName HostProviderName ContractApplied AllocatedMethodId AllocatedMethodDetails "
        "AllocatedResourceId AllocatedResourceName AllocatedTags"
    ).split(),
    "1.2": (
        "InvoiceId BillingAccountType SubAccountType PricingCurrency PricingCurrencyContractedUnitPrice "
        "PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice"
    ).split(),
    "1.1": (
        "ServiceSubcategory SkuMeter SkuPriceDetails CapacityReservationId CapacityReservationStatus "
        "CommitmentDiscountQuantity CommitmentDiscountUnit"
    ).split(),
}

_NAMES = frozenset(
    name.lower()
    for names in (
        *DIMENSIONS.values(),
        *QUANTITIES,
        *_SIGNS.values(),
        ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", CHARGE_START, CHARGE_END, TAGS, "RegionId"),
        ("ChargeDescription", "ChargeFrequency", "BillingPeriodEnd", "BillingAccountName", "ResourceId", "SkuId"),
    )
    for name in names
) - {"provider", "publisher", "tags"}


def is_named(name: str) -> bool:
    """Return whether a column's name is defined by FOCUS."""
    return _folded(name) in _NAMES


class Columns:
    """The header of one file: finds columns by their FOCUS name, ignoring case."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._positions: defaultdict[str, list[int]] = defaultdict(list)
        for position, name in enumerate(names):
            self._positions[_folded(name)].append(position)

    def position(self, name: str) -> int | None:
        """Return the index of column ``name``, counted from 0; None if the file lacks it."""
        return next(iter(self._positions.get(name.lower(), ())), None)

    def name(self, name: str) -> str:
        """Return the file's own spelling of column ``name``, which must exist."""
        return self.names[self._positions[name.lower()][0]]

    def seem_numbered(self, used: Collection[str]) -> bool:
        """Return whether the file may have duplicate columns, of which the engine names the second ``NAME_1``."""
        return any(f"{name.lower()}_1" in self._positions for name in used)

    def require(self, path: Path, cost_column: str, used: Collection[str], first_line: str = "") -> None:
        """Raise `SourceError`, with the reason, unless costs can be read from this file.

        ``used`` are the columns to be read. ``first_line`` is the beginning of the file if no header was found.
        """
        missing = [name for name in (cost_column, *_REQUIRED) if self.position(name) is None]
        if missing and any(name.lower() in first_line.lower() for name in missing):
            raise SourceError(
                f"{path} has neither commas, semicolons, tabs nor bars between its columns:"
                f" it begins with '{first_line[:60]}'",
                "save it as CSV with commas",
            )
        if missing:
            begins = f"; no header is in its first lines, it begins with '{first_line[:60]}'" if first_line else ""
            raise SourceError(
                f"{path} is not a FOCUS export with a {cost_column}: it has no column {', '.join(missing)}{begins}",
                "export the costs as FOCUS 1.0 to 1.4",
            )
        for name in used:
            twice = self._positions.get(name.lower(), [])
            if len(twice) > 1:
                named = " and ".join(f"'{self.names[position]}' ({position + 1})" for position in twice)
                raise SourceError(f"{path} has several columns of one name: {named}", "take out all but one of them")

    @property
    def focus_version(self) -> str:
        """The newest version of which the file has a column that no earlier one has.

        1.4 removed `ProviderName` and `PublisherName`, so a file with the columns of 1.3 but without these is 1.4.
        """
        for version, signs in _SIGNS.items():
            if any(self.position(sign) is not None for sign in signs):
                old_names = any(self.position(name) is not None for name in ("ProviderName", "PublisherName"))
                return "1.4" if version == "1.3" and not old_names else version
        return "1.0"


def _folded(name: str) -> str:
    """Normalize ``name`` for comparison: ignore case and the characters that spreadsheets add around it."""
    return name.strip(" \t\r\n\xa0\ufeff").lower()
