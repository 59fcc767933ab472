"""Tables as data: what is shown, of what, among whom, by what — read from ``library/tables``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import CellValue, Variable
from informality.foundation.rules import compile_filter
from informality.foundation.specfile import SpecModel, Words, load
from informality.tabulation.columns import MAX_BY


class UniverseSpec(SpecModel):
    title: Words
    where: dict[str, CellValue]


class IndicatorSpec(SpecModel):
    """A published quantity. ``of`` is a condition (share, total) or a variable (composition, mean, ratio)."""

    title: Words
    statistic: Literal["share", "total", "composition", "mean", "ratio"]
    of: dict[str, CellValue] | Words
    where: dict[str, CellValue] = Field(default_factory=dict)
    among: Words
    unit: Words | None = None
    note: Words | None = None

    @model_validator(mode="after")
    def _fits(self) -> IndicatorSpec:
        conditional = self.statistic in ("share", "total")
        if conditional == isinstance(self.of, str):
            raise ValueError(
                f"a {self.statistic} is `of` "
                + ("a condition such as {job: informal}" if conditional else "a variable")
            )
        if bool(self.where) != (self.statistic == "ratio"):
            raise ValueError("a ratio has `where` (which part of the sum is meant), and nothing else has")
        return self


class TableSpec(SpecModel):
    """Indicators by breakdowns; ``universes`` repeats each indicator in other universes than its own.

    With ``compare`` the table holds differences instead: for each variable, the first level less the second. With
    ``readings`` it holds the indicators under every other reading of the questionnaire that the profile names.
    """

    title: Words
    indicators: list[Words] = Field(min_length=1)
    definitions: Literal["headline", "each"] = "headline"
    universes: list[Words] = Field(default_factory=list)
    by: list[list[Words]] = Field(default_factory=list)
    compare: dict[str, list[Words]] = Field(default_factory=dict)
    readings: bool = False

    @model_validator(mode="after")
    def _shows_something(self) -> TableSpec:
        if self.readings and (self.by or self.compare or self.universes):
            raise ValueError(
                "a table of `readings` shows its indicators as a whole: remove `by`, `compare` and `universes`"
            )
        if not self.readings and bool(self.by) == bool(self.compare):
            raise ValueError("a table has either `by` (breakdowns) or `compare` (two levels of each variable)")
        if any(len(levels) != 2 for levels in self.compare.values()):
            raise ValueError("`compare` takes two levels, the first less the second, as {sex: [female, male]}")
        return self


class PlanSpec(SpecModel):
    """A file of tables. ``left_out`` names what its sources ask for and no table can give, and why."""

    title: Words
    sources: list[Words] = Field(default_factory=list)
    left_out: dict[Words, Words] = Field(default_factory=dict)
    universes: dict[str, UniverseSpec]
    indicators: dict[str, IndicatorSpec]
    tables: dict[str, TableSpec]


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked set of tables."""

    spec: PlanSpec
    path: Path

    def conditions(self, indicator: IndicatorSpec) -> list[Mapping[str, CellValue]]:
        """Every condition an indicator rests on."""
        of = [indicator.of] if isinstance(indicator.of, dict) else []
        return [*of, indicator.where, self.spec.universes[indicator.among].where]

    def variables(self, indicator: IndicatorSpec) -> list[str]:
        """Every variable an indicator tests or sums."""
        named = [indicator.of] if isinstance(indicator.of, str) else []
        return list(dict.fromkeys([*named, *(n for c in self.conditions(indicator) for n in c)]))

    def fits(self, indicator: IndicatorSpec, variables: Mapping[str, Variable]) -> bool:
        """Whether a definition decides what an indicator rests on: its variables, and the outcomes it asks for.

        ``variables`` are those of the schema and one definition; another definition of the study may fit instead.
        """
        return set(self.variables(indicator)) <= set(variables) and not any(
            compile_filter(where, variables, place=lambda *loc: "")[1] for where in self.conditions(indicator)
        )


def read_plan(path: Path, variables: Mapping[str, Variable]) -> Plan:
    """Read a table file and check it against the variables a study has (schema and definition outcomes).

    Raises :class:`InformalityError` (``ExitCode.SPEC``) with every problem.
    """
    file = load(path, PlanSpec)
    spec = file.spec
    problems: list[Problem] = []
    for name, universe in spec.universes.items():
        problems += compile_filter(universe.where, variables, place=file.place, loc=("universes", name, "where"))[1]
    for name, indicator in spec.indicators.items():
        loc = ("indicators", name)
        if indicator.among not in spec.universes:
            problems.append(
                Problem(
                    file.place(*loc, "among"),
                    f"there is no universe `{indicator.among}`",
                    fix=did_you_mean(indicator.among, spec.universes),
                )
            )
        problems += compile_filter(indicator.where, variables, place=file.place, loc=(*loc, "where"))[1]
        if isinstance(indicator.of, dict):
            problems += compile_filter(indicator.of, variables, place=file.place, loc=(*loc, "of"))[1]
        elif indicator.of not in variables:
            problems.append(
                Problem(
                    file.place(*loc, "of"),
                    f"`{indicator.of}` is not a variable",
                    fix=did_you_mean(indicator.of, variables),
                )
            )
        else:
            wanted = "category" if indicator.statistic == "composition" else "number"
            if variables[indicator.of].kind != wanted:
                problems.append(
                    Problem(
                        file.place(*loc, "of"),
                        f"`{indicator.of}` is not a {wanted} variable",
                        fix=f"a {indicator.statistic} is of a {wanted}",
                    )
                )
    for name, table in spec.tables.items():
        loc = ("tables", name)
        for kind, listed, known in (
            ("indicator", table.indicators, spec.indicators),
            ("universe", table.universes, spec.universes),
        ):
            problems += [
                Problem(file.place(*loc, f"{kind}s", i), f"there is no {kind} `{n}`", fix=did_you_mean(n, known))
                for i, n in enumerate(listed)
                if n not in known
            ]
        for variable, levels in table.compare.items():
            place = file.place(*loc, "compare", variable)
            problems += level_problems(variable, levels, variables, place)
            if any(spec.indicators[n].statistic == "composition" for n in table.indicators if n in spec.indicators):
                problems.append(Problem(place, "a composition has no single difference", fix="name a share or a mean"))
        for i, by in enumerate(table.by):
            place = file.place(*loc, "by", i)
            composition = any(
                spec.indicators[n].statistic == "composition" for n in table.indicators if n in spec.indicators
            )
            if len(by) + composition > MAX_BY:
                problems.append(
                    Problem(
                        place,
                        f"at most {MAX_BY} variables can be crossed"
                        + (", the composition counted" if composition else ""),
                        ", ".join(by),
                    )
                )
            if len(set(by)) < len(by):
                problems.append(Problem(place, "a variable is crossed with itself", ", ".join(by)))
            for variable in by:
                problems += level_problems(variable, (), variables, place)
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return Plan(spec, path)


def level_problems(
    variable: str, levels: Sequence[str], variables: Mapping[str, Variable], place: str
) -> list[Problem]:
    """What is wrong with a category variable and levels of it that a file names."""
    if variable not in variables or variables[variable].kind != "category":
        names = [n for n, v in variables.items() if v.kind == "category"]
        return [Problem(place, f"`{variable}` is not a category variable", fix=did_you_mean(variable, names))]
    known = variables[variable].categories
    return [
        Problem(place, f"`{variable}` has no category `{level}`", fix=did_you_mean(level, known))
        for level in levels
        if level not in known
    ]
