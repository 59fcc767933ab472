"""Numbers of law and of judgement: dated, with unit, source and status; in versions where sources conflict.

A :class:`DatedSpec` is a value that changes on certain days. Where sources disagree it has ``versions`` and
a ``choose``; :data:`UNRESOLVED` there means that nobody has chosen, and nothing that needs the value runs until
a study does. After its last day a value may follow an index (``then``), with the lag that practice shows. A
:class:`Number` is one value with the range that an assumption must have.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.quantities import Status, weakest
from informality.foundation.specfile import Loc, SpecModel, Words

UNRESOLVED = "UNRESOLVED"
Place = Callable[..., str]


def _date(value: Any) -> Any:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"`{value}` is not a day: write it as 2024-10-01") from None


def _float(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


Day = Annotated[date, BeforeValidator(_date)]
Real = Annotated[float, BeforeValidator(_float)]


class Number(SpecModel):
    """One number. An assumption has a low and a high; ``shape`` says how values between them are drawn."""

    value: Real
    unit: Words
    source: Words
    status: Status
    low: Real | None = None
    high: Real | None = None
    shape: Literal["triangular", "uniform"] = "triangular"
    note: Words | None = None

    @model_validator(mode="after")
    def _in_its_range(self) -> Number:
        if (self.low is None) != (self.high is None):
            raise ValueError("a range has a `low` and a `high`: write both, or neither")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"the value {self.value:g} lies outside its range, {self.low:g} to {self.high:g}")
        if self.status == "assumption" and self.low is None:
            raise ValueError("an assumption needs a range: add `low` and `high`")
        return self

    @property
    def uncertain(self) -> bool:
        return self.low is not None and self.high is not None and self.low < self.high


class ThenSpec(SpecModel):
    """What a value does after its last day: it follows prices, wages or a reference amount, some time later."""

    index: Words
    multiple: Real = 1.0
    lag_months: int = Field(default=0, ge=0)
    source: Words
    status: Status
    why: Words | None = None


class DatedValue(SpecModel):
    """A value from a day on, until the next one begins (or ``until``, the last day it holds)."""

    begins: Day = Field(alias="from")
    until: Day | None = None
    value: Real
    source: Words
    status: Status
    law: Words | None = None
    note: Words | None = None


class VersionSpec(SpecModel):
    why: Words
    values: list[DatedValue] = Field(default_factory=list)
    then: ThenSpec | None = None


class DatedSpec(SpecModel):
    """A dated value as written: ``values`` and perhaps ``then``; or ``versions`` and what to ``choose``."""

    unit: Words
    values: list[DatedValue] = Field(default_factory=list)
    then: ThenSpec | None = None
    versions: dict[str, VersionSpec] = Field(default_factory=dict)
    choose: Words | None = None

    @model_validator(mode="after")
    def _one_form(self) -> DatedSpec:
        plain = bool(self.values) or self.then is not None
        if plain == bool(self.versions):
            raise ValueError("write either `values` (or `then`), or `versions` with `choose`")
        if self.versions and self.choose is None:
            raise ValueError(f"`choose` is missing: name a version, or write `choose: {UNRESOLVED}`")
        if self.choose is not None and self.choose not in (*self.versions, UNRESOLVED):
            raise ValueError(f"`{self.choose}` is not one of the versions: " + ", ".join(self.versions))
        return self

    @property
    def forms(self) -> Mapping[str, VersionSpec]:
        """The versions, or the one form under the name ``""``."""
        return self.versions or {"": VersionSpec(why="the only one", values=self.values, then=self.then)}


@dataclass(frozen=True, slots=True)
class Known:
    """A value on a day, with the status of what it rests on."""

    value: float
    status: Status
    source: str


@dataclass(frozen=True, slots=True)
class Series:
    """What values may follow: reference amounts by name, and yearly index levels (``cpi``, ``wages``)."""

    amounts: Mapping[str, Timeline] = field(default_factory=dict)
    levels: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    status: Status = "assumption"

    def level(self, name: str, year: int) -> float:
        years = self.levels[name]
        if year not in years:
            raise InformalityError(
                Problem(
                    f"index `{name}`",
                    f"there is no value for {year}",
                    f"it covers {min(years)} to {max(years)}",
                    "lengthen the path in the country file, or run fewer years",
                ),
                ExitCode.SPEC,
            )
        return years[year]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A compiled dated value: ask it for a day."""

    name: str
    unit: str
    place: str
    values: tuple[DatedValue, ...]
    then: ThenSpec | None
    series: Series
    unresolved: tuple[str, ...] = ()
    chosen: bool = False
    """Whether a study picked this version: sources conflict, so it is no better than an assumption."""

    @property
    def first(self) -> date | None:
        """The first day with a value; None if a rule gives one on every day."""
        return self.values[0].begins if self.values else None

    def days(self) -> list[date]:
        """Days on which the value may change by itself."""
        return [v.begins for v in self.values]

    def at(self, day: date) -> Known:
        """The value on a day. Raises :class:`InformalityError` (SPEC) when it is unresolved or not yet in force."""
        if self.unresolved:
            raise InformalityError(self.open_question(), ExitCode.SPEC)
        position = bisect_right([v.begins for v in self.values], day) - 1
        if self.then is None or position + 1 < len(self.values):
            if position < 0 or (self.values[position].until or day) < day:
                first = f"the first value begins on {self.values[0].begins}" if self.values else "it has no value"
                raise InformalityError(
                    Problem(
                        self.place,
                        f"`{self.name}` has no value on {day}",
                        first,
                        "give the value of that time, or run later years",
                    ),
                    ExitCode.SPEC,
                )
            known = self.values[position]
            return Known(known.value, self._status(known.status), known.source)
        return self._indexed(day)

    def _indexed(self, day: date) -> Known:
        then = self.then
        assert then is not None
        moved = _months_before(day, then.lag_months)
        if then.index in self.series.amounts and not (self.values and moved < self.values[-1].begins):
            known = self.series.amounts[then.index].at(moved)
            return Known(known.value * then.multiple, self._status(weakest(known.status, then.status)), then.source)
        last = self.values[-1]
        if then.index == "none" or then.index in self.series.amounts:
            return Known(last.value, self._status(last.status), last.source)
        level = self.series.level
        # What prices did before the last value was set is in that value already.
        growth = level(then.index, max(moved.year, last.begins.year)) / level(then.index, last.begins.year)
        status = self._status(weakest(last.status, then.status, self.series.status))
        return Known(last.value * then.multiple * growth, status, then.source)

    def _status(self, status: Status) -> Status:
        return weakest(status, "assumption") if self.chosen else status

    def open_question(self) -> Problem:
        return Problem(
            self.place,
            f"sources disagree about `{self.name}`, and nobody has chosen",
            "versions: " + "; ".join(self.unresolved),
            f"choose one in the study or the baseline: `choices: {{{self.name}: …}}`",
        )


def _months_before(day: date, months: int) -> date:
    total = day.year * 12 + day.month - 1 - months
    return date(total // 12, total % 12 + 1, 1) if months else day


def compile_dated(
    spec: DatedSpec,
    name: str,
    series: Series,
    place: Place,
    loc: Loc,
    *,
    choice: str | None = None,
    begins: date | None = None,
) -> tuple[Timeline, list[Problem]]:
    """Compile a dated value; problems name gaps, wrong order, unknown indices and unknown choices.

    ``choice`` is the version a study wants; ``begins`` the day from which there must be a value.
    """
    problems: list[Problem] = []
    for version, form in spec.forms.items():
        here = (*loc, "versions", version) if version else loc
        problems += _faults(form, name, series, place, here, begins)
    if choice is not None and choice not in spec.versions:
        problems.append(
            Problem(
                place(*loc),
                f"`{name}` has no version `{choice}`" if spec.versions else f"`{name}` has nothing to choose",
                fix=did_you_mean(choice, spec.versions) if spec.versions else "leave it out of `choices`",
            )
        )
        choice = None
    pick = choice or spec.choose or ""
    unresolved = tuple(f"{n} ({v.why})" for n, v in spec.versions.items()) if pick == UNRESOLVED else ()
    form = spec.forms[pick] if not unresolved else VersionSpec(why="not chosen")
    values = tuple(form.values)
    timeline = Timeline(
        name, spec.unit, place(*loc), values, form.then, series, unresolved, choice is not None and not unresolved
    )
    return timeline, problems


def _faults(form: VersionSpec, name: str, series: Series, place: Place, loc: Loc, begins: date | None) -> list[Problem]:
    problems: list[Problem] = []
    values = form.values
    for i, (one, following) in enumerate(pairwise(values)):
        at = place(*loc, "values", i + 1)
        if following.begins <= one.begins:
            problems.append(
                Problem(
                    at,
                    f"the days of `{name}` are not in order",
                    f"{following.begins} after {one.begins}",
                    "put the earliest first, each day once",
                )
            )
        elif one.until is not None and one.until + timedelta(days=1) != following.begins:
            word = "gap" if one.until < following.begins else "overlap"
            problems.append(
                Problem(
                    at,
                    f"the days of `{name}` have {'a gap' if word == 'gap' else 'an overlap'}",
                    f"one value holds until {one.until}, the next begins on {following.begins}",
                    "leave out `until`: a value holds until the next one begins",
                )
            )
    if form.then is not None:
        index = form.then.index
        if index not in (*series.amounts, *series.levels, "none"):
            problems.append(
                Problem(
                    place(*loc, "then", "index"),
                    f"`{name}` follows `{index}`, which is not known here",
                    fix=did_you_mean(index, (*series.amounts, *series.levels, "none")),
                )
            )
        elif not values and index not in series.amounts:
            problems.append(
                Problem(
                    place(*loc, "then"),
                    f"`{name}` follows an index but has no value to start from",
                    fix="give a first value",
                )
            )
        elif values and values[-1].until is not None:
            problems.append(Problem(place(*loc, "values"), f"the last value of `{name}` ends, yet an index follows it"))
    start = values[0].begins if values else None
    if begins is not None and start is not None and start > begins:
        problems.append(
            Problem(
                place(*loc),
                f"`{name}` has no value when the scheme begins",
                f"the scheme begins on {begins}, the first value on {start}",
                "give the value of that time, or correct `in_force`",
            )
        )
    return problems
