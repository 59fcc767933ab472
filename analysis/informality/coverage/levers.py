"""The fifteen levers of the reference page, as they are written in a scenario.

Every lever says what its numbers are shares or amounts *of* (``base``): two subsidies of 30 per cent, one of the
member's own contribution and one of that at the floor, are two different levers. Every lever has the day it begins
and may take ``ramp_years`` to be whole. Mandates apply before voluntary ones, otherwise in the order of the file.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from informality.coverage.dated import Day, Number, Real
from informality.foundation.grammar import CellValue
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecModel, Words


def _level(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        x = float(value)
        return {"value": x, "low": x, "high": x, "unit": "as the lever says", "source": "own", "status": "assumption"}
    return value


Level = Annotated[Number, BeforeValidator(_level)]
"""A number that policy chooses, written as it is; or one with a range, where nobody can choose it."""

When = dict[str, CellValue]
Index = Literal["none", "cpi", "wages", "minimum_wage"]


class Lever(SpecModel):
    """What all levers have. ``status`` is that of its levels; nothing better than an assumption unless it is law."""

    mandates: ClassVar[bool] = False
    sets: ClassVar[tuple[str, ...]] = ()
    """What it sets: two levers that set one thing for one scheme at one time contradict each other."""

    begins: Day = Field(alias="from")
    until: Day | None = None
    ramp_years: Real = 0.0
    why: Words | None = None
    source: Words = "own"
    status: Status = "assumption"

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Lever:
        if self.until is not None and self.until <= self.begins:
            raise ValueError(f"it ends on {self.until}, before it begins on {self.begins}")
        return self


class PathSpec(SpecModel):
    """Compliance of those newly covered: at the start, more each year, and the most."""

    start: Level
    step: Level
    cap: Level


class MandateGroup(Lever):
    mandates: ClassVar[bool] = True
    type: Literal["mandate_group"]
    scheme: Words
    base: Literal["newly_covered"]
    who: When = Field(min_length=1)
    compliance: PathSpec | None = None


class SizeThreshold(Lever):
    mandates: ClassVar[bool] = True
    sets: ClassVar[tuple[str, ...]] = ("size threshold",)
    type: Literal["size_threshold"]
    scheme: Words
    base: Literal["newly_covered"]
    persons_at_least: int = Field(ge=1)
    compliance: PathSpec | None = None


class Enforcement(Lever):
    """``covered``: ``target`` is the compliance of all covered, now given by the survey; ``uninsured``: ``target`` is the
    share of the uninsured who become insured. Or ``log_odds``, a shift of compliance of all covered.
    """

    mandates: ClassVar[bool] = True
    type: Literal["enforcement"]
    scheme: Words
    base: Literal["covered", "uninsured"]
    who: When = Field(default_factory=dict)
    target: Level | None = None
    log_odds: Level | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Enforcement:
        if (self.target is None) == (self.log_odds is None):
            raise ValueError("enforcement needs either `target` or `log_odds`")
        if self.log_odds is not None and self.base == "uninsured":
            raise ValueError("`log_odds` shifts the compliance of all covered: write `base: covered`")
        return self


class Subsidy(Lever):
    """``share``: of the contribution on ``base``, by group, ``default`` for all others."""

    sets: ClassVar[tuple[str, ...]] = ("subsidy",)
    type: Literal["subsidy"]
    scheme: Words
    base: Literal["own", "floor", "poverty_line"]
    amount: Words | None = None
    share: dict[str, Level]
    cap: Level | None = None
    max_months: Level | None = None

    @model_validator(mode="after")
    def _complete(self) -> Subsidy:
        if "default" not in self.share:
            raise ValueError("`share` needs `default`, the share of those in no group (it may be 0)")
        if (self.base == "poverty_line") != (self.amount is not None):
            raise ValueError("`base: poverty_line` needs `amount`, the name of the line; other bases have none")
        return self


class MatchDc(Lever):
    """The State adds a rate of what members pay, to an account, up to a cap a year; ``vesting``: the share kept."""

    sets: ClassVar[tuple[str, ...]] = ("match",)
    type: Literal["match_dc"]
    scheme: Words
    base: Literal["own"]
    rate: Level
    yearly_cap: Level | None = None
    vesting: Level


class FlatContribution(Lever):
    sets: ClassVar[tuple[str, ...]] = ("contribution", "branches")
    type: Literal["flat_contribution"]
    scheme: Words
    base: Literal["deemed"]
    amount: Level
    index: Index = "none"


class Monotax(Lever):
    """One payment for tax and social security: ``amount`` a month, of which ``tax`` goes to the treasury."""

    sets: ClassVar[tuple[str, ...]] = ("contribution", "branches")
    type: Literal["monotax"]
    scheme: Words
    base: Literal["deemed"]
    amount: Level
    tax: Level
    index: Index = "none"

    @model_validator(mode="after")
    def _part(self) -> Monotax:
        if not 0 <= self.tax.value <= self.amount.value:
            raise ValueError("the tax is a part of the amount")
        return self


class FloorRebase(Lever):
    sets: ClassVar[tuple[str, ...]] = ("floor",)
    type: Literal["floor_rebase"]
    scheme: Words
    base: Literal["monthly_earnings"]
    value: Level
    index: Index = "none"
    lag_years: int = Field(default=0, ge=0)


class CeilingRebase(Lever):
    sets: ClassVar[tuple[str, ...]] = ("ceiling",)
    type: Literal["ceiling_rebase"]
    scheme: Words
    base: Literal["monthly_earnings"]
    value: Level
    index: Index = "none"
    lag_years: int = Field(default=0, ge=0)


class IndexRule(Lever):
    """The last value before ``from`` follows an index from then on."""

    type: Literal["index_rule"]
    scheme: Words
    base: Literal["last_value"]
    of: Literal["floor", "ceiling", "entry_cap"]
    index: Index
    lag_years: int = Field(default=0, ge=0)


class ReachSpec(SpecModel):
    who: When = Field(default_factory=dict)
    share: Level


class AssistedRegistration(Lever):
    """``reach``: the share of those who may join that is helped to register, by group, first match; ``log_odds``: their
    readiness to join, by default that of the baseline.
    """

    sets: ClassVar[tuple[str, ...]] = ("assistance",)
    type: Literal["assisted_registration"]
    scheme: Words
    base: Literal["eligible"]
    reach: list[ReachSpec] = Field(min_length=1)
    log_odds: Level | None = None


class AutoEnrol(Lever):
    type: Literal["auto_enrol"]
    scheme: Words
    base: Literal["eligible"]
    who: When = Field(min_length=1)
    opt_out: Level


class DomesticWorkers(Lever):
    """From the employer's liability to insurance; the floor of part-time workers is in proportion to hours."""

    mandates: ClassVar[bool] = True
    sets: ClassVar[tuple[str, ...]] = ("domestic workers",)
    type: Literal["domestic_workers"]
    scheme: Words
    base: Literal["newly_covered"]
    full_time_hours: Level
    compliance: PathSpec | None = None


class AgriCollective(Lever):
    """Collection by cooperatives, buyers or at harvest time: members pay more of their months, and cost what it costs."""

    sets: ClassVar[tuple[str, ...]] = ("density",)
    type: Literal["agri_collective"]
    scheme: Words
    base: Literal["members"]
    who: When = Field(default_factory=dict)
    every_months: int = Field(ge=1)
    paid: Level
    admin_per_member: Level


class PlatformWithholding(Lever):
    """A share of gross earnings is kept back by platforms: what is declared is what is observed."""

    mandates: ClassVar[bool] = True
    type: Literal["platform_withholding"]
    scheme: Words
    base: Literal["gross_earnings"]
    who: When = Field(min_length=1)
    rate: Level
    in_scope: Level


class Package(Lever):
    """Which branches members pay for and get. ``waiting``: months a benefit asks for, by benefit."""

    sets: ClassVar[tuple[str, ...]] = ("branches",)
    type: Literal["package"]
    scheme: Words
    base: Literal["statutory_rates"]
    keep: list[Words] = Field(default_factory=list)
    drop: list[Words] = Field(default_factory=list)
    waiting: dict[str, int] = Field(default_factory=dict)
    log_odds: Level | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Package:
        if bool(self.keep) == bool(self.drop) and not self.waiting:
            raise ValueError("a package says which branches to `keep`, or which to `drop`")
        return self


class TaxPillar(Lever):
    """A pension out of taxes. ``test``: none; pension (only who has no other, a share that must be given); poverty."""

    sets: ClassVar[tuple[str, ...]] = ("tax pillar",)
    type: Literal["tax_pillar"]
    base: Literal["population"]
    age: int = Field(ge=15)
    amount: Level
    index: Index = "cpi"
    test: Literal["none", "pension", "poverty"]
    without_pension: Level | None = None
    take_up: Level
    admin: Level

    @model_validator(mode="after")
    def _complete(self) -> TaxPillar:
        if (self.test == "pension") != (self.without_pension is not None):
            raise ValueError(
                "`test: pension` needs `without_pension`, the share that has no other; other tests have none"
            )
        return self


class Parametric(Lever):
    sets: ClassVar[tuple[str, ...]] = ("pension rules",)
    type: Literal["parametric"]
    scheme: Words
    base: Literal["members"]
    min_years: Level | None = None
    age_male: Level | None = None
    age_female: Level | None = None
    accrual: Level | None = None
    cap: Level | None = None
    minimum: Level | None = None
    below_min_years: Literal["nothing", "proportional"] | None = None


AnyLever = Annotated[
    MandateGroup
    | SizeThreshold
    | Enforcement
    | Subsidy
    | MatchDc
    | FlatContribution
    | Monotax
    | FloorRebase
    | CeilingRebase
    | IndexRule
    | AssistedRegistration
    | AutoEnrol
    | DomesticWorkers
    | AgriCollective
    | PlatformWithholding
    | Package
    | TaxPillar
    | Parametric,
    Field(discriminator="type"),
]
