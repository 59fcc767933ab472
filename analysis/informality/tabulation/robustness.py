"""How far the rates of a study rest on its definitions, as rows of the results table.

Tables ``flows``, ``movers`` and ``definition_gaps`` compare definitions
(:mod:`informality.tabulation.comparing`), ``bounds`` and ``assumed`` say what rests on missing answers
(:mod:`informality.tabulation.bounding`), ``options`` what the options change (:mod:`informality.tabulation.varying`).
``library/robustness.yml`` says of which rates.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field

from informality.classification.classify import NOT_DETERMINABLE, column
from informality.classification.definition import Definition
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import MISSING, NOT_APPLICABLE
from informality.foundation.language import say
from informality.foundation.library import LIBRARY
from informality.foundation.specfile import SpecModel, Words, load
from informality.inference.sampling.design import Design
from informality.tabulation.columns import COLUMNS, MAX_BY
from informality.tabulation.people import Bools
from informality.tabulation.rows import Settings
from informality.tabulation.views import View


class RateSpec(SpecModel):
    """A rate: the outcome of the first of the steps that a definition has, among those it does not put outside."""

    title: Words
    steps: list[Words] = Field(min_length=1)
    outcome: Words
    outside: list[Words] = Field(default_factory=list)


class ScopeSpec(SpecModel):
    """Which kinds of missing answers may turn out to be anything."""

    title: Words
    words: list[Words] = Field(min_length=1)


class RobustnessSpec(SpecModel):
    """``library/robustness.yml``."""

    title: Words
    sources: list[Words] = Field(min_length=1)
    universe: Words
    universe_title: Words
    rates: dict[str, RateSpec]
    scopes: dict[str, ScopeSpec]
    by: list[list[Words]]


@functools.cache
def read_robustness() -> RobustnessSpec:
    """What ``library/robustness.yml`` says. Raises :class:`InformalityError` (``ExitCode.SPEC``) for its mistakes."""
    file = load(LIBRARY / "robustness.yml", RobustnessSpec)
    problems = [
        Problem(
            file.place("scopes", name, "words"),
            f"`{word}` is no kind of missing answer",
            fix=did_you_mean(word, MISSING),
        )
        for name, scope in file.spec.scopes.items()
        for word in scope.words
        if word not in MISSING
    ]
    problems += [
        Problem(file.place("by", i), "bounds can be broken down by one variable less than other tables", ", ".join(by))
        for i, by in enumerate(file.spec.by)
        if len(by) >= MAX_BY
    ]
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return file.spec


@dataclass(frozen=True, slots=True)
class Rated:
    """A definition as one rate sees it: what it decides of each worker, (n,), and whom a rule leaves open.

    ``seen`` are the workers as this definition sees them, with its options as the study has them.
    """

    name: str
    spec: RateSpec
    step: str
    seen: View
    definition: Definition
    outcome: pd.Series
    unsettled: Bools

    @classmethod
    def of(cls, name: str, spec: RateSpec, step: str, seen: View) -> Rated:
        return cls(name, spec, step, seen, seen.definition, seen.frame[step], seen.unsettled([step]))

    @property
    def id(self) -> str:
        return self.definition.id

    @property
    def variable(self) -> str:
        """The outcome as a dimension of the results table: the column of the workers frame that holds it."""
        return column(self.id, self.step)

    @property
    def counted(self) -> Bools:
        """(n,) who has the outcome that is counted."""
        return np.asarray(self.outcome == self.spec.outcome)

    @property
    def open_cases(self) -> Bools:
        """(n,) whose outcome is not determinable."""
        return np.asarray(self.outcome == NOT_DETERMINABLE)


@dataclass(frozen=True, slots=True)
class Ground:
    """What all these tables rest on. ``workers`` has the deciding rules; ``bases`` are those the survey can tell."""

    workers: pd.DataFrame
    asked: frozenset[str]
    design: Design
    settings: Settings
    basis: str
    bases: Sequence[str]
    spec: RobustnessSpec

    def employed(self, seen: View) -> Bools:
        """(n,) who is employed on the basis of the study."""
        return seen.mask({"employed": "yes"})


def rated(views: Mapping[str, View], spec: RobustnessSpec) -> list[Rated]:
    """Every rate of every definition that decides it, the rates in their order, the definitions in theirs."""
    out = []
    for name, rate in spec.rates.items():
        for seen in views.values():
            steps = {s.decides: s for s in seen.definition.steps}
            step = next((s for s in rate.steps if s in steps and rate.outcome in steps[s].outcomes), None)
            if step is not None:
                out.append(Rated.of(name, rate, step, seen))
    return out


def tabulate_robustness(views: Mapping[str, View], headline: str, ground: Ground) -> pd.DataFrame:
    """All these tables for the definitions of a study; each other definition is compared with the headline one."""
    parts = [
        *compared(views, [(headline, other) for other in views if other != headline], ground),
        *bounded(views, ground),
        *varied(views, ground),
    ]
    return together(parts, ground)


def together(parts: Sequence[pd.DataFrame], ground: Ground) -> pd.DataFrame:
    """Parts as rows of the results table, those of the study filled in; no parts are no rows."""
    from informality.tabulation.rows import finished

    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return finished([part.assign(universe=ground.spec.universe) for part in parts], ground.settings)


def compared(views: Mapping[str, View], pairs: Sequence[tuple[str, str]], ground: Ground) -> list[pd.DataFrame]:
    """Flows, movers and differences of the rates of pairs of definitions, as far as both decide the same rate."""
    from informality.tabulation.comparing import comparison_rows

    found = {(r.name, r.id): r for r in rated(views, ground.spec)}
    return [
        comparison_rows(found[name, a], found[name, b], ground)
        for name in ground.spec.rates
        for a, b in pairs
        if (name, a) in found and (name, b) in found
    ]


def bounded(views: Mapping[str, View], ground: Ground) -> list[pd.DataFrame]:
    """Bounds for missing answers and shares that rest on assumed rules."""
    from informality.tabulation.bounding import assumed_rows, bound_rows

    return [rows for one in rated(views, ground.spec) for rows in (bound_rows(one, ground), assumed_rows(one, ground))]


def varied(views: Mapping[str, View], ground: Ground) -> list[pd.DataFrame]:
    """Each definition with one of its options set otherwise."""
    from informality.tabulation.varying import option_rows

    return [rows for seen in views.values() if (rows := option_rows(seen, ground)) is not None]


def words_of(
    definitions: Sequence[Definition], missing: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Words for the dimensions of these tables and for their levels."""
    spec = read_robustness()
    variables = {"unanswered": "Missing answers", "option": "Option", "choice": "Set to", "direction": "Who moves"}
    titles = {d.id: d.spec.title for d in definitions}
    levels: dict[str, dict[str, str]] = {
        "unanswered": {name: scope.title for name, scope in spec.scopes.items()},
        "definition": titles,
        "compared_with": titles,
        "option": {},
        "choice": {},
    }
    for d in definitions:
        rules: dict[str, str] = {}
        for step in d.steps:
            name = column(d.id, step.decides)
            variables[name] = say("{what}, {definition}", what=say(step.title), definition=say(d.spec.title))
            levels[name] = {**step.outcomes, **missing, NOT_APPLICABLE: "Not covered by the definition"}
            rules |= {rule.id: rule.why for rule in step.rules if rule.id not in rules}
            levels[column(d.id, step.decides, rule=True)] = rules
        for name, option in d.spec.options.items():
            key = f"{d.id}: {name}"
            title = option.title or name.replace("_", " ").capitalize()
            levels["option"][key] = say(
                "{option} (as it is: {value})", option=say(title), value=say(option.words(d.options[name]))
            )
            values = [*option.choices] if option.choices else [*option.alternatives, option.value]
            levels["choice"] |= {choice_level(key, v): option.words(v) for v in values if v is not None}
    return variables, levels


def choice_level(option: str, value: float | str) -> str:
    """What a value of an option is called among those of all options."""
    return f"{option}: {value if isinstance(value, str) else f'{value:g}'}"
