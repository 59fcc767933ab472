"""A scheme read, checked and compiled: ask it for its rules on a day.

All problems of a file are found at once, each with its line: branch rates that do not sum to their check, a floor above
the ceiling on any day and in any version, dates out of order, sources without a name, cases that no rule covers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from informality.coverage.country import Country, read_country, unknown_sources
from informality.coverage.dated import UNRESOLVED, DatedSpec, Known, Number, Timeline, compile_dated
from informality.coverage.scheme_spec import RateTableSpec, SchemeSpec
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import StepSpec, Variable
from informality.foundation.library import find
from informality.foundation.proof import prove
from informality.foundation.quantities import Status, weakest
from informality.foundation.rules import Step, compile_steps
from informality.foundation.specfile import SpecFile, SpecModel, load

MATCHED = 1e-9  # how near a sum of branch rates must be to its check
COVERAGE = {"mandatory": "Must join", "voluntary": "May join", "none": "Not covered"}

Rates = Mapping[str, Mapping[str, float]]
"""Shares of the base by payer and branch."""


@dataclass(frozen=True, slots=True)
class RatesAt:
    """Rates on a day; ``status`` is the weaker of totals and split, ``total_status`` that of the totals."""

    rates: Rates
    total_status: Status
    status: Status

    def total(self, payer: str) -> float:
        return sum(self.rates.get(payer, {}).values())


@dataclass(frozen=True, slots=True)
class Scheme:
    """A compiled scheme. ``dated`` holds its dated values by name (``floor``, ``old_age.min_years``, ...)."""

    file: SpecFile[SchemeSpec]
    country: Country
    covers: Step
    dated: Mapping[str, Timeline]
    mode: str | None
    """How the brackets of a State match are read, once chosen."""
    chosen: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def spec(self) -> SchemeSpec:
        return self.file.spec

    def rates_at(self, day: date) -> RatesAt:
        """Rates by payer and branch on a day; empty before the first table or the first step of a ladder."""
        rates: dict[str, dict[str, float]] = {}
        statuses: list[Status] = []
        totals: list[Status] = []
        tables = [t for t in self.spec.rates.tables if t.begins <= day]
        if tables:
            rates = {str(p): {str(b): r for b, r in branches.items()} for p, branches in tables[-1].payers.items()}
            totals.append(tables[-1].status.check)
            statuses += [tables[-1].status.check, tables[-1].status.payers]
        ladder = self.spec.rates.ladder
        if ladder is not None and ladder.since <= day:
            total = ladder_rate(ladder.steps, ladder.then, years_since(ladder.since, day))
            for payer, share in ladder.split.items():
                rates.setdefault(payer, {})[ladder.branch] = total * share
            totals.append(ladder.status)
            statuses.append(ladder.status)
        return RatesAt(rates, weakest(*totals), weakest(*statuses))

    def value_at(self, name: str, day: date) -> Known | None:
        """A dated value on a day, None where the scheme has no such rule."""
        return self.dated[name].at(day) if name in self.dated else None

    def open_questions(self) -> list[Problem]:
        """A problem for each value on which sources disagree and nobody has chosen."""
        found = [t.open_question() for t in self.dated.values() if t.unresolved]
        if self.spec.match is not None and self.mode is None:
            found.append(
                Problem(
                    self.file.place("match", "mode"),
                    "sources disagree about how the brackets of the State match are read, and nobody has chosen",
                    "versions: marginal (each part at its own rate); cliff (all at the rate of the last bracket reached)",
                    "choose one in the study or the baseline: `choices: {match.mode: …}`",
                )
            )
        return found

    def require_resolved(self) -> None:
        """Refuse to run (SPEC) while a value is unresolved; names all of them."""
        if found := self.open_questions():
            raise InformalityError(found, ExitCode.SPEC)


def years_since(start: date, day: date) -> int:
    """The running year since ``start``: 1 in the first twelve months."""
    return day.year - start.year - ((day.month, day.day) < (start.month, start.day)) + 1


def ladder_rate(steps: Iterable[Any], then: Any, year: int) -> float:
    """The total rate in a running year: the last step reached, plus what is added every so many years after it."""
    reached = [s for s in steps if s.from_year <= year]
    if not reached:
        return 0.0
    last = reached[-1]
    more = 0 if then is None or last is not list(steps)[-1] else (year - last.from_year) // then.every_years
    return float(last.value + more * (then.add if then is not None else 0.0))


def read_scheme(
    name: str,
    variables: Mapping[str, Variable],
    *folders: Path,
    choices: Mapping[str, str] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Scheme:
    """Read, check and compile a scheme by name, or by the path of its file.

    ``variables`` are what its rules may test. ``choices`` pick versions where sources conflict, by the name of
    the value. ``changes`` replace values by their dotted path (``benefits.old_age.accrual.value``).
    Raises :class:`InformalityError` (SPEC) with every problem of the file.
    """
    path = Path(name) if name.endswith((".yml", ".yaml")) else find("schemes", name, *folders)
    file = load(path, SchemeSpec)
    if changes:
        file = changed(file, changes)
    spec = file.spec
    picks = dict(choices or {})
    country = read_country(spec.country, *folders)
    mode = picks.pop("match.mode", None) or (spec.match.mode if spec.match else None)
    problems = unknown_sources(file, {**country.spec.sources, **spec.sources})
    dated: dict[str, Timeline] = {}
    before = len(problems)
    for value, loc, described in dated_parts(spec):
        dated[value], found = compile_dated(
            described, value, country.series, file.place, loc, choice=picks.pop(value, None), begins=spec.in_force
        )
        problems += found
    sound = len(problems) == before  # values with faults of their own cannot be compared
    problems += [
        Problem(
            file.path.name, f"`{left}` is not a value with versions", fix=did_you_mean(left, [*dated, "match.mode"])
        )
        for left in picks
    ]
    step = StepSpec(decides="coverage", title="Legal coverage", outcomes=dict(COVERAGE), rules=spec.covers)
    steps, found = compile_steps([step], variables, place=file.place, loc=("covers",))
    problems += found or prove(steps, file.path.name)
    problems += [
        *_rate_problems(file),
        *(_base_problems(file, country) if sound else []),
        *_other_problems(file, country),
    ]
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return Scheme(file, country, steps[0], dated, None if mode == UNRESOLVED else mode, frozenset(choices or {}))


def changed(file: SpecFile[Any], changes: Mapping[str, Any]) -> SpecFile[Any]:
    """The same file with some values replaced by their dotted path; a path that is not there is a problem."""
    data = file.spec.model_dump(by_alias=True)
    problems = []
    for dotted, value in changes.items():
        parts = dotted.split(".")
        node: Any = data
        for i, part in enumerate(parts[:-1]):
            key: Any = int(part) if isinstance(node, list) and part.isdigit() else part
            try:
                node = node[key]
            except (KeyError, IndexError, TypeError):
                node = None
            if not isinstance(node, dict | list):
                problems.append(
                    Problem(file.path.name, f"there is no `{'.'.join(parts[: i + 1])}` to change", f"`{dotted}`")
                )
                break
        else:
            last: Any = int(parts[-1]) if isinstance(node, list) and parts[-1].isdigit() else parts[-1]
            if isinstance(node, list) or last in node:
                node[last] = value
            else:
                problems.append(
                    Problem(file.path.name, f"there is no `{dotted}` to change", fix=did_you_mean(last, node))
                )
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    from pydantic import ValidationError

    try:
        spec = type(file.spec).model_validate(data)
    except ValidationError as failure:
        raise InformalityError(
            [
                Problem(file.path.name, f"a change does not fit: {d['msg']}", ".".join(map(str, d["loc"])))
                for d in failure.errors()
            ],
            ExitCode.SPEC,
        ) from None
    return SpecFile(spec, file.path, file.lines)


def dated_parts(spec: SchemeSpec) -> Iterator[tuple[str, tuple[str, ...], DatedSpec]]:
    """Name, location and text of every dated value of a scheme."""
    for name in ("floor", "ceiling", "entry_cap"):
        if (part := getattr(spec.base, name)) is not None:
            yield name, ("base", name), part
    if (old := spec.benefits.old_age) is not None:
        here = ("benefits", "old_age")
        yield "old_age.age.male", (*here, "age", "male"), old.age.male
        yield "old_age.age.female", (*here, "age", "female"), old.age.female
        yield "old_age.min_years", (*here, "min_years"), old.min_years
        if old.minimum is not None:
            yield "old_age.minimum", (*here, "minimum"), old.minimum


def numbers(node: SpecModel, path: str = "") -> Iterator[tuple[str, Number]]:
    """Every :class:`Number` of a spec with its dotted path."""
    for name, field in type(node).model_fields.items():
        value, here = getattr(node, name), f"{path}.{field.alias or name}" if path else (field.alias or name)
        if isinstance(value, Number):
            yield here, value
        elif isinstance(value, SpecModel):
            yield from numbers(value, here)
        elif isinstance(value, dict):
            for key, part in value.items():
                if isinstance(part, Number):
                    yield f"{here}.{key}", part
                elif isinstance(part, SpecModel):
                    yield from numbers(part, f"{here}.{key}")
        elif isinstance(value, list):
            for i, part in enumerate(value):
                if isinstance(part, SpecModel):
                    yield from numbers(part, f"{here}.{i}")


def _rate_problems(file: SpecFile[SchemeSpec]) -> list[Problem]:
    spec, problems = file.spec.rates, []
    for i, table in enumerate(spec.tables):
        here = ("rates", "tables", i)
        problems += _sums(file, table, here)
        if i and table.begins <= spec.tables[i - 1].begins:
            problems.append(Problem(file.place(*here, "from"), "the rate tables are not in order of their days"))
    if spec.tables and spec.ladder is None and spec.tables[0].begins > file.spec.in_force:
        problems.append(
            Problem(
                file.place("rates", "tables", 0, "from"),
                "there is no rate when the scheme begins",
                f"in force from {file.spec.in_force}, first rates from {spec.tables[0].begins}",
                "give the rates of that time, or correct `in_force`",
            )
        )
    ladder = spec.ladder
    if ladder is not None:
        at = ("rates", "ladder")
        if abs(sum(ladder.split.values()) - 1) > MATCHED:
            problems.append(
                Problem(
                    file.place(*at, "split"),
                    "the shares of the payers do not add up to 1",
                    f"{sum(ladder.split.values()):g}",
                )
            )
        years = [s.from_year for s in ladder.steps]
        if years != sorted(set(years)) or years[0] != 1:
            problems.append(Problem(file.place(*at, "steps"), "the steps must begin with year 1 and rise", f"{years}"))
        problems += [
            Problem(
                file.place(*at, "steps", i, "value"),
                "a rate lies between 0 and 1",
                f"`{s.value:g}`",
                "write 4 per cent as 0.04",
            )
            for i, s in enumerate(ladder.steps)
            if not 0 <= s.value <= 1
        ]
    return problems


def _sums(file: SpecFile[SchemeSpec], table: RateTableSpec, here: tuple[Any, ...]) -> list[Problem]:
    problems = []
    for payer, branches in table.payers.items():
        total = sum(branches.values())
        if any(not 0 <= rate <= 1 for rate in branches.values()):
            problems.append(
                Problem(
                    file.place(*here, "payers", payer),
                    "a rate lies between 0 and 1",
                    ", ".join(f"{b} {r:g}" for b, r in branches.items()),
                    "write 5.5 per cent as 0.055",
                )
            )
        if payer not in table.check:
            problems.append(
                Problem(
                    file.place(*here, "check"),
                    f"`check` lacks the total of `{payer}`",
                    fix=f"add `{payer}: {total:g}` if that is the published total",
                )
            )
        elif abs(total - table.check[payer]) > MATCHED:
            problems.append(
                Problem(
                    file.place(*here, "payers", payer),
                    f"the branch rates of `{payer}` do not add up to its total",
                    f"{' + '.join(f'{r:g}' for r in branches.values())} = {total:g}, `check` says {table.check[payer]:g}",
                    "correct a branch, or the total",
                )
            )
    for payer in table.check:
        if payer not in table.payers:
            problems.append(Problem(file.place(*here, "check", payer), f"`check` names `{payer}`, who has no rates"))
    return problems


def _base_problems(file: SpecFile[SchemeSpec], country: Country) -> list[Problem]:
    """Floor above ceiling, or above what entrants may declare, on any day and in any combination of versions."""
    base = file.spec.base
    problems = []
    for upper in ("ceiling", "entry_cap"):
        low, high = base.floor, getattr(base, upper)
        if low is None or high is None:
            continue
        for (one, low_form), (two, high_form) in itertools.product(low.forms.items(), high.forms.items()):
            a = Timeline("floor", low.unit, "", tuple(low_form.values), low_form.then, country.series)
            b = Timeline(upper, high.unit, "", tuple(high_form.values), high_form.then, country.series)
            for day in sorted(_days(a, country) | _days(b, country) | {file.spec.in_force}):
                if day < max(file.spec.in_force, a.first or day, b.first or day):
                    continue
                bottom, top = a.at(day).value, b.at(day).value
                if bottom > top:
                    versions = f" (versions {one or 'only'} and {two or 'only'})" if one or two else ""
                    problems.append(
                        Problem(
                            file.place("base", upper),
                            f"the floor lies above the {upper.replace('_', ' ')}{versions}",
                            f"on {day}: floor {bottom:,.0f}, {upper.replace('_', ' ')} {top:,.0f}",
                            "correct a value or its day",
                        )
                    )
                    break
    return problems


def _days(timeline: Timeline, country: Country) -> set[date]:
    days = set(timeline.days())
    if timeline.then is not None and timeline.then.index in country.series.amounts:
        days |= set(country.series.amounts[timeline.then.index].days())
    return days


def _other_problems(file: SpecFile[SchemeSpec], country: Country) -> list[Problem]:
    spec, problems = file.spec, []
    paid = {b for t in spec.rates.tables for rates in t.payers.values() for b in rates}
    paid |= {spec.rates.ladder.branch} if spec.rates.ladder else set()
    promised = {"old_age": spec.benefits.old_age.branch} if spec.benefits.old_age else {}
    for name, branch in {**promised, **{n: c.branch for n, c in spec.benefits.cash.items()}}.items():
        if branch not in paid:
            problems.append(
                Problem(
                    file.place("benefits"),
                    f"nobody pays for the branch `{branch}` of the benefit `{name}`",
                    fix=did_you_mean(branch, sorted(paid)),
                )
            )
    if (
        spec.subsidy is not None
        and spec.subsidy.amount is not None
        and spec.subsidy.amount not in country.series.amounts
    ):
        problems.append(
            Problem(
                file.place("subsidy", "amount"),
                f"`{spec.subsidy.amount}` is not an amount of {country.spec.title}",
                fix=did_you_mean(spec.subsidy.amount, country.series.amounts),
            )
        )
    if spec.match is not None:
        tops = [b.up_to for b in spec.match.brackets]
        if tops != sorted(set(tops)):
            problems.append(Problem(file.place("match", "brackets"), "the brackets must rise", f"{tops}"))
    if spec.currency != country.spec.currency:
        problems.append(
            Problem(
                file.place("currency"),
                "the currency is not that of the country",
                f"{spec.currency}, {country.spec.currency}",
            )
        )
    if spec.id != file.path.stem:
        problems.append(
            Problem(
                file.place("id"),
                "the id of a scheme is the name of its file",
                f"`{spec.id}`",
                f"write `id: {file.path.stem}`",
            )
        )
    return problems
