"""A baseline: what a country's schemes do if nothing changes, and how people are taken to behave.

It names the schemes in the order in which a worker is looked for in them, settles what sources leave open, and holds
every behavioural number with its range. A scenario is a difference from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from informality.coverage.country import Country, read_country, unknown_sources
from informality.coverage.dated import Number, Real
from informality.coverage.scheme import Scheme, changed, numbers, read_scheme
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import CellValue, Variable
from informality.foundation.library import find
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecFile, SpecModel, Words, load

SHOWN = (
    "pensions.discount",
    "pensions.entry_age",
    "takeup.pilot",
    "finance.wage_shift",
    "finance.informality_response",
    "capacity.margin",
    "capacity.welfare",
)


class YearsSpec(SpecModel):
    """``base``: the year of the survey, in which membership is known; results are shown from ``first`` to ``last``."""

    base: int
    first: int
    last: int

    @model_validator(mode="after")
    def _in_order(self) -> YearsSpec:
        if not self.base <= self.first <= self.last:
            raise ValueError("the years must be in order: base, first, last")
        return self


class MembersSpec(SpecModel):
    """Members on record: of some schemes together, of everybody or of those ``where``."""

    schemes: list[Words] = Field(min_length=1)
    where: dict[str, CellValue] = Field(default_factory=dict)
    members: Real = Field(ge=0)
    source: Words
    status: Status


class MarginSpec(SpecModel):
    """Where people live or work in later years: shares of the population by the levels of a variable, by year."""

    variable: Words
    shares: dict[int, dict[str, Real]] = Field(min_length=1)
    source: Words
    status: Status

    @model_validator(mode="after")
    def _whole(self) -> MarginSpec:
        for year, shares in self.shares.items():
            if abs(sum(shares.values()) - 1) > 1e-6:
                raise ValueError(f"the shares of {year} add up to {sum(shares.values()):g}, not to 1")
            if set(shares) != set(next(iter(self.shares.values()))):
                raise ValueError(f"the levels of {year} are not those of the other years")
        return self


class IdentitySpec(SpecModel):
    """Known totals whose ratio must lie in a band.

    Names: ``members``, ``members:<scheme>``, ``employed``, ``formal_jobs``, ``informal_jobs``.
    """

    title: Words
    numerator: list[Words] = Field(min_length=1)
    denominator: list[Words] = Field(min_length=1)
    low: Real
    high: Real


class TakeUpSpec(SpecModel):
    """``start``: take-up without any lever, where there is no record of members to tie it to.

    ``observed``: those who say they are members are modelled like all others (``model``), or stay (``keep``).
    ``covariates``: log-odds by ``log_income`` or ``variable=level``. ``from_survey``: fit them to who says to be a member,
    drawn to the values given here where there are fewer than ten members for each covariate. ``pilot``: share who joined where
    a form was filled in for them, and ``goal``: take-up to reach; for the sentences of the report, not for the model.
    """

    start: Number | None = None
    observed: Literal["model", "keep"] = "model"
    beta_subsidy: Number
    beta_assistance: Number
    p_max: Number
    speed: Number
    leaving: Number
    retention: Number
    covariates: dict[str, Number] = Field(default_factory=dict)
    from_survey: bool = False
    pilot: Number | None = None
    goal: Real | None = None


class NewlySpec(SpecModel):
    start: Number
    step: Number
    cap: Number


class PaidSpec(SpecModel):
    """Density of contributions: the share of months paid, and the chance to go on paying."""

    paid: Number
    stay: Number


class DensitySpec(SpecModel):
    mandatory: PaidSpec
    voluntary: PaidSpec
    present: PaidSpec | None = None
    """Of those who say they are voluntary members already, where they are kept apart."""


class LoadSpec(SpecModel):
    """How much more often than others members claim."""

    mandatory: Number
    voluntary: Number


class WelfareSpec(SpecModel):
    """A measure of means per head and the line on its own scale: below it lives the published share of people."""

    measure: Literal["labour_income"]
    headcount: Number
    food_share: Number
    near_poor: Number


class CapacitySpec(SpecModel):
    """``applied``: the tests that decide who can join; the others are only reported."""

    burden: Number
    applied: list[Literal["burden", "household", "food"]]
    household_mode: Literal["own_only", "all_members"] = "own_only"
    margin: Number
    welfare: WelfareSpec | None = None

    @model_validator(mode="after")
    def _measured(self) -> CapacitySpec:
        if self.welfare is None and set(self.applied) & {"household", "food"}:
            raise ValueError("the household and food tests need `welfare`")
        return self


class FinanceSpec(SpecModel):
    admin_share: Number
    admin_per_member: Number
    wage_shift: Number
    informality_response: Number


class PensionsSpec(SpecModel):
    real_wage: Number
    discount: Number
    liability_rates: list[Real] = Field(min_length=1)
    entry_age: Number
    """Age at which present compulsory members are taken to have joined: their records are not in a survey."""


class BaselineSpec(SpecModel):
    id: Words
    title: Words
    summary: Words
    country: Words
    schemes: list[Words] = Field(min_length=1)
    choices: dict[str, dict[str, Words]] = Field(default_factory=dict)
    years: YearsSpec
    sources: dict[str, Words]
    administrative: list[MembersSpec] = Field(default_factory=list)
    identities: list[IdentitySpec] = Field(default_factory=list)
    margins: list[MarginSpec] = Field(default_factory=list)
    """What weights are raked to in later years, after ageing."""
    groups: dict[str, dict[str, CellValue]] = Field(default_factory=dict)
    """Groups that subsidies name, as far as the survey can tell them."""
    takeup: TakeUpSpec
    newly_covered: NewlySpec
    density: DensitySpec
    claims: LoadSpec
    capacity: CapacitySpec
    finance: FinanceSpec
    pensions: PensionsSpec
    notes: list[Words] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline with everything it names read, checked and resolved."""

    file: SpecFile[BaselineSpec]
    country: Country
    schemes: Mapping[str, Scheme]

    @property
    def spec(self) -> BaselineSpec:
        return self.file.spec

    def uncertain(self) -> dict[str, Number]:
        """Every number that is drawn, by name: those of the baseline with a range, and of its schemes after their id.

        What only says how a result is shown (:data:`SHOWN`) is not drawn: liabilities stand at several rates, take-home pay
        at both ends of the shift of contributions.
        """
        found = dict(numbers(self.spec))
        for scheme in self.schemes.values():
            found |= {f"{scheme.id}.{path}": n for path, n in numbers(scheme.spec)}
        return {name: n for name, n in found.items() if n.uncertain and not name.startswith(SHOWN)}


def read_baseline(
    name: str,
    variables: Mapping[str, Variable],
    *folders: Path,
    choices: Mapping[str, Mapping[str, str]] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Baseline:
    """Read a baseline and its schemes.

    ``choices`` (by scheme) go before those of the file. ``changes`` replace values by dotted path: of the
    baseline itself (``takeup.speed.value``), or of a scheme after its id (``lao-voluntary.benefits...``).
    Raises :class:`InformalityError` (SPEC) with the problems of all files together, and for every value on
    which sources disagree and nobody has chosen.
    """
    path = Path(name) if name.endswith((".yml", ".yaml")) else find("baselines", name, *folders)
    file = load(path, BaselineSpec)
    own = {k: v for k, v in (changes or {}).items() if k.split(".")[0] not in file.spec.schemes}
    if own:
        file = changed(file, own)
    spec = file.spec
    country = read_country(spec.country, *folders)
    problems = unknown_sources(file, spec.sources)
    picks = {s: {**spec.choices.get(s, {}), **(choices or {}).get(s, {})} for s in {*spec.choices, *(choices or {})}}
    for scheme in picks:
        if scheme not in spec.schemes:
            problems.append(
                Problem(
                    file.place("choices", scheme),
                    f"`{scheme}` is not a scheme of this baseline",
                    fix=did_you_mean(scheme, spec.schemes),
                )
            )
    schemes: dict[str, Scheme] = {}
    for i, scheme in enumerate(spec.schemes):
        part = {k.removeprefix(f"{scheme}."): v for k, v in (changes or {}).items() if k.startswith(f"{scheme}.")}
        try:
            schemes[scheme] = read_scheme(scheme, variables, *folders, choices=picks.get(scheme), changes=part)
            problems += schemes[scheme].open_questions()
        except InformalityError as failure:
            problems += failure.problems
            continue
        if schemes[scheme].spec.country != spec.country:
            problems.append(
                Problem(
                    file.place("schemes", i), f"`{scheme}` is a scheme of another country", schemes[scheme].spec.country
                )
            )
    counted: set[tuple[str, str]] = set()
    for i, entry in enumerate(spec.administrative):
        for scheme in entry.schemes:
            if scheme not in spec.schemes:
                problems.append(
                    Problem(
                        file.place("administrative", i, "schemes"),
                        f"`{scheme}` is not a scheme of this baseline",
                        fix=did_you_mean(scheme, spec.schemes),
                    )
                )
            key = (scheme, repr(sorted(entry.where.items(), key=str)))
            if key in counted:
                problems.append(
                    Problem(
                        file.place("administrative", i), f"members of `{scheme}` are given twice for the same people"
                    )
                )
            counted.add(key)
    problems += _paths_that_end(file, country)
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return Baseline(file, country, schemes)


def _paths_that_end(file: SpecFile[BaselineSpec], country: Country) -> list[Problem]:
    """A problem where prices, wages or the population of a later year are not known: a year is not run on silence."""
    years, macro, population = file.spec.years, country.macro, country.population
    wanted = set(range(years.base + 1, years.last + 1))
    held = {
        "prices": set(macro.inflation) if macro else set(),
        "wages": set(macro.wage_growth) if macro else set(),
        "the population": set(population.total) if population and years.base in population.total else set(),
    }
    lacking = {name: sorted(wanted - known) for name, known in held.items() if wanted - known}
    if not lacking:
        return []
    found = "; ".join(
        f"{name}: {'no path' if not held[name] else f'nothing for {missing[0]}'}" for name, missing in lacking.items()
    )
    last = min(missing[0] for missing in lacking.values()) - 1
    return [
        Problem(
            file.place("years", "last"),
            f"the years to {years.last} cannot be run: the paths of {country.spec.title} end before",
            found,
            f"let `last` be {last}, or lengthen `macro` and `population` of the country file {country.file.path.name}; a path "
            "that nobody has published is an assumption and says so (`status: assumption`)",
        )
    ]
