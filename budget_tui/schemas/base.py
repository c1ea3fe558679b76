"""The base of all JSON models: exact numbers, in and out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from budget_tui.domain.amount import LIMIT_COUNT, LIMIT_UNITS, exact_nanos
from budget_tui.domain.budget import BudgetType, plain_amount
from budget_tui.domain.carry import SettledCarry
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import ID_MAX_LENGTH
from budget_tui.domain.period import Period, parse_day
from budget_tui.schemas.plain import CONVERTERS

# Responses


class Schema(BaseModel):
    """A JSON object. Its fields are ordered: those of the last base first, its own last.

    A field with a default is left out unless it was given.
    """

    model_config = ConfigDict(frozen=True)

    _names: ClassVar[Mapping[str, str]] = {}
    """Names in JSON that differ from those of the fields."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        named = ((name, field.serialization_alias) for name, field in cls.model_fields.items())
        cls._names = {name: alias for name, alias in named if alias}

    def fields(self) -> dict[str, object]:
        """Return the fields by their names in JSON.

        Numbers and days are converted here: calling back for each of them takes the encoder twice as long.
        """
        names, given = type(self)._names, self.__pydantic_fields_set__
        found = {
            name: value if (convert := CONVERTERS.get(type(value))) is None else convert(value)
            for name, value in self.__dict__.items()
            if name in given
        }
        return {names.get(name, name): value for name, value in found.items()} if names else found


Json = Schema | Sequence[Schema] | Mapping[str, Schema]


def without_trailing_zeros(value: Decimal | None) -> Decimal | None:
    """Remove trailing zeros and the exponent from ``value``."""
    return None if value is None else Decimal(f"{value.normalize():f}")


Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A decimal as a JSON number with all of its digits."""

Totals = dict[str, Number]
"""Amounts by currency."""

Moment = Annotated[datetime, AfterValidator(lambda moment: moment.replace(microsecond=0))]
"""A date and time, to the second."""


class Days(Schema):
    """The first and the last day of a period."""

    period_start: date
    period_end: date = Field(description="Inclusive.")

    @classmethod
    def of_period(cls, period: Period) -> "Days":
        return Days(**days_of(period))


def days_of(period: Period | None) -> dict[str, Any]:
    """Return the fields of `Days`; null without a period."""
    return {"period_start": period and period.start, "period_end": period and period.end}


class CarrySettled(Schema):
    """An amount or tokens that were carried over and corrected."""

    subject: str = Field(description="Whose budget: `global`, a project or an agent.", examples=["pcc"])
    budget_type: BudgetType
    carried_before: Number = Field(description="What had been carried over.")
    carried: Number = Field(description="What is carried over now.")

    @classmethod
    def from_domain(cls, settled: SettledCarry) -> "CarrySettled":
        subject, before, after, is_tokens = settled
        of_type = BudgetType.TOKEN if is_tokens else BudgetType.MONETARY
        return cls(
            subject=subject,
            budget_type=of_type,
            carried_before=plain_amount(before, of_type),
            carried=plain_amount(after, of_type),
        )


class Settling(Schema):
    """The response to a change that may correct carried-over amounts."""

    carry_settled: list[CarrySettled] = Field(
        default=[],
        description="Corrections of what was carried over into the current period; absent if there were none.",
    )


# Requests

_ABOUT = ("title", "description", "default", "examples")
"""Keywords of a JSON schema that do not restrict the values of a field."""


class Request(BaseModel):
    """The body of a request: amounts are parsed into nanos; unknown fields are refused.

    In an optional field whose type has no null, null means the same as leaving the field out.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        if not isinstance(given, dict) or None not in given.values():
            return given
        optional = {
            name
            for name, field in cls.model_fields.items()
            if not field.is_required() and type(None) not in get_args(field.annotation)
        }
        return {name: value for name, value in given.items() if value is not None or name not in optional}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        required = schema.get("required", ())
        for name, described in schema["properties"].items():
            if name not in required and {"type": "null"} not in described.get("anyOf", ()):
                about = {key: described.pop(key) for key in _ABOUT if key in described}
                schema["properties"][name] = {"anyOf": [described, {"type": "null"}], **about}
        return reference


class Change(Request):
    """The fields of something to change; those not given stay."""

    _options: ClassVar[Sequence[str]] = ()
    """Fields that say how to change, and change nothing on their own."""

    @model_validator(mode="after")
    def require_a_change(self) -> Self:
        fields = [name for name in type(self).model_fields if name not in self._options]
        if all(getattr(self, name) is None for name in fields):
            raise ValueError(f"there is nothing to change: give {' or '.join(fields)}")
        return self


def nanos_from_json(value: Any) -> int:
    """Convert a JSON number of currency units to nanos; `ValueError` for anything else, or out of range."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("give a JSON number such as 12.50")
    try:
        return exact_nanos(Decimal(value))
    except Refused as error:
        raise ValueError(str(error)) from None


_COUNT_DIGITS = len(str(LIMIT_COUNT))


def count_from_json(value: Any) -> int:
    """Return a whole JSON number, of tokens or seats; `ValueError` for anything else.

    As to JSON Schema, 5.0 and 5e0 are whole numbers, too.
    """
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        if value and value.adjusted() >= _COUNT_DIGITS:  # written out, it could fill the memory
            raise ValueError(f"a count of {value:.3E} is out of range: the limit is {LIMIT_COUNT:,}")
        return int(value) if value else 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("give a whole JSON number such as 25000")
    return value


def day_from_json(value: Any) -> date:
    if not isinstance(value, str) or len(value) != len("2026-01-13"):
        raise ValueError("give a day such as 2026-01-13")
    try:
        return parse_day(value)
    except Refused as error:
        raise ValueError(str(error)) from None


def _amount_schema(description: str, **limits: int) -> Any:
    exact = {"multipleOf": 1e-9, "maximum": LIMIT_UNITS, "description": f"{description}, with at most 9 decimals."}
    return WithJsonSchema({"type": "number", **exact, **limits})


NonNegativeAmount = Annotated[
    int, Field(ge=0), BeforeValidator(nanos_from_json), _amount_schema("An amount", minimum=0)
]
PositiveAmount = Annotated[
    int, Field(gt=0), BeforeValidator(nanos_from_json), _amount_schema("A positive amount", exclusiveMinimum=0)
]
SignedAmount = Annotated[
    int, BeforeValidator(nanos_from_json), _amount_schema("An amount, negative for a credit", minimum=-LIMIT_UNITS)
]
Tokens = Annotated[
    int,
    Field(ge=1, le=LIMIT_COUNT),
    BeforeValidator(count_from_json),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LIMIT_COUNT}),
]
NonNegativeTokens = Annotated[
    int,
    Field(ge=0, le=LIMIT_COUNT),
    BeforeValidator(count_from_json),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LIMIT_COUNT}),
]
EntityId = Annotated[str, StringConstraints(min_length=1, max_length=ID_MAX_LENGTH)]
CostCategory = Literal["cloud", "genai", "subscription"]
Day = Annotated[date, BeforeValidator(day_from_json), WithJsonSchema({"type": "string", "format": "date"})]
Text = Annotated[str, StringConstraints(max_length=500)]
