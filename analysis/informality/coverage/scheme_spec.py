"""How a scheme is written: who it covers, what is paid on what, by whom, and what it gives.

Every number has a unit, a source and a status; what changes with time is dated. The classes are the allowed keys of
``library/schemes/*.yml``; :mod:`~informality.coverage.scheme` checks how they fit together.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from informality.coverage.dated import UNRESOLVED, DatedSpec, Day, Number, Real
from informality.foundation.grammar import CellValue, RuleSpec
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecModel, Words

Branch = Literal["pension", "health", "short_term", "unemployment", "injury", "account", "tax"]
Payer = Literal["employer", "employee", "self", "state"]
Coverage = Literal["mandatory", "voluntary", "none"]
SubsidyBase = Literal["own", "floor", "poverty_line"]


class LawSpec(SpecModel):
    title: Words
    article: Words
    """The article that sets the rates, or `not known`."""
    source: Words
    status: Status


class PartStatus(SpecModel):
    """Totals are often published where their split by branch is not."""

    check: Status
    payers: Status


class RateTableSpec(SpecModel):
    """Rates as shares of the base, by payer and branch, from a day on; ``check`` holds each payer's total."""

    begins: Day = Field(alias="from")
    payers: dict[Payer, dict[Branch, Real]]
    check: dict[Payer, Real]
    source: Words
    status: PartStatus
    note: Words | None = None


class LadderStepSpec(SpecModel):
    from_year: int = Field(ge=1)
    value: Real


class LadderThenSpec(SpecModel):
    add: Real
    every_years: int = Field(ge=1)


class LadderSpec(SpecModel):
    """A total rate that rises with the years since the scheme began: year 1 is the first twelve months."""

    branch: Branch
    since: Day
    steps: list[LadderStepSpec] = Field(min_length=1)
    then: LadderThenSpec | None = None
    split: dict[Payer, Real]
    unit: Words
    source: Words
    status: Status


class RatesSpec(SpecModel):
    unit: Words
    tables: list[RateTableSpec] = Field(default_factory=list)
    ladder: LadderSpec | None = None

    @model_validator(mode="after")
    def _something(self) -> RatesSpec:
        if not self.tables and self.ladder is None:
            raise ValueError("`rates` needs `tables`, or a `ladder`")
        return self


class DeclaredSpec(SpecModel):
    """What contributions are paid on.

    ``income``: earnings, times ``under_declaration``; ``choose``: what members pick, as a ``chosen`` share of
    earnings; ``floor``: everyone on the floor, those without an income, too.
    """

    mode: Literal["income", "choose", "floor"]
    under_declaration: Number | None = None
    chosen: Number | None = None

    @model_validator(mode="after")
    def _complete(self) -> DeclaredSpec:
        if self.mode == "choose" and self.chosen is None:
            raise ValueError("`mode: choose` needs `chosen`, the share of earnings that members pick")
        return self


class BaseSpec(SpecModel):
    floor: DatedSpec | None = None
    ceiling: DatedSpec | None = None
    entry_cap: DatedSpec | None = None
    """The most that new voluntary members may declare, where it is not the ceiling."""
    declared: DeclaredSpec
    full_time_hours: Number | None = None
    """Weekly hours for which the floor is whole; below, it is in proportion."""


class SharesSpec(SpecModel):
    begins: Day = Field(alias="from")
    shares: dict[str, Real]
    source: Words
    status: Status

    @model_validator(mode="after")
    def _for_all(self) -> SharesSpec:
        if "default" not in self.shares:
            raise ValueError("`shares` needs `default`, the share of those in no group (it may be 0)")
        return self


class SubsidySpec(SpecModel):
    """What the State pays of a voluntary member's contribution: shares of the contribution on ``base``."""

    base: SubsidyBase
    amount: Words | None = None
    """The reference amount that stands for the poverty line."""
    shares: list[SharesSpec] = Field(min_length=1)
    max_months: Number | None = None

    @model_validator(mode="after")
    def _line_named(self) -> SubsidySpec:
        if (self.base == "poverty_line") != (self.amount is not None):
            raise ValueError("`base: poverty_line` needs `amount`, the name of the line; other bases have none")
        return self


class BracketSpec(SpecModel):
    up_to: Real
    rate: Real


class MatchSpec(SpecModel):
    """What the State adds to contributions, by brackets of yearly earnings.

    ``marginal``: each part of the earnings at the rate of its bracket; ``cliff``: all of the earnings at the rate of the
    bracket they end in, nothing above the last.
    """

    branch: Branch
    unit: Words
    mode: Literal["marginal", "cliff", "UNRESOLVED"]
    brackets: list[BracketSpec] = Field(min_length=1)
    source: Words
    status: Status


class PaymentSpec(SpecModel):
    every_months: list[int] = Field(min_length=1)
    prepaid_months: list[int] = Field(default_factory=list)
    cover_begins: Words | None = None
    source: Words
    status: Status


class AgesSpec(SpecModel):
    male: DatedSpec
    female: DatedSpec


class OldAgeSpec(SpecModel):
    """``below_min_years``: what those short of the minimum get; ``unknown`` counts as nothing, and the report says so."""

    branch: Branch
    age: AgesSpec
    min_years: DatedSpec
    accrual: Number
    cap: Number
    minimum: DatedSpec | None = None
    below_min_years: Literal["nothing", "proportional", "lump_sum", "unknown"]
    reference: Literal["final_wage_indexed"]
    indexation: Literal["prices"]


class QualifySpec(SpecModel):
    months: int = Field(ge=1)
    window: int = Field(ge=1)

    @model_validator(mode="after")
    def _possible(self) -> QualifySpec:
        if self.months > self.window:
            raise ValueError(f"{self.months} months cannot be paid within {self.window}")
        return self


class CashSpec(SpecModel):
    """A short-term benefit: how often, how much of the base, how many days (of 30-day months), after what record.

    ``incidence``: cases a year per member; ``ages``: [from, below]; ``sex``: whom it concerns, if not all.
    """

    branch: Branch
    title: Words
    sex: Literal["male", "female"] | None = None
    ages: list[int] | None = Field(default=None, min_length=2, max_length=2)
    incidence: Number
    replacement: Number
    days: Number
    qualify: QualifySpec


class BenefitsSpec(SpecModel):
    old_age: OldAgeSpec | None = None
    cash: dict[str, CashSpec] = Field(default_factory=dict)


class NowSpec(SpecModel):
    """Who says that they are a member already, and whose answer is missing."""

    who: dict[str, CellValue]
    unknown: dict[str, CellValue] | None = None


class MembersNowSpec(SpecModel):
    mandatory: NowSpec | None = None
    voluntary: NowSpec | None = None


class PenaltySpec(SpecModel):
    what: Words
    rule: Words
    source: Words
    status: Status


class SchemeSpec(SpecModel):
    id: Words
    title: Words
    country: Words
    currency: Words
    kind: Literal["social_insurance", "funded_pension"]
    law: LawSpec
    administrator: Words | None = None
    in_force: Day
    sources: dict[str, Words]
    covers: list[RuleSpec] = Field(min_length=1)
    members_now: MembersNowSpec = Field(default_factory=MembersNowSpec)
    base: BaseSpec
    rates: RatesSpec
    subsidy: SubsidySpec | None = None
    match: MatchSpec | None = None
    payment: PaymentSpec | None = None
    benefits: BenefitsSpec = Field(default_factory=BenefitsSpec)
    penalty: PenaltySpec | None = None
    notes: list[Words] = Field(default_factory=list)


__all__ = ["UNRESOLVED", "SchemeSpec"]
