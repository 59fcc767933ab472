"""A scenario: a difference from a baseline, in a file that a policy reader can write.

``diff_of`` names scenarios whose levers come first. What contradicts itself is refused with both places: two levers that
set one thing for one scheme at one time, a floor above the ceiling, a branch dropped that a pension rule needs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from informality.coverage.baseline import Baseline, read_baseline
from informality.coverage.dated import Number
from informality.coverage.levers import (
    AnyLever,
    AssistedRegistration,
    AutoEnrol,
    FlatContribution,
    Lever,
    Monotax,
    Package,
    Parametric,
    Subsidy,
)
from informality.coverage.scheme import numbers
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import Variable
from informality.foundation.library import LIBRARY, ONE_OF, find
from informality.foundation.quantities import Status
from informality.foundation.rules import compile_filter
from informality.foundation.specfile import SpecFile, SpecModel, Words, load

Expectation = Literal[
    "members_not_below", "members_not_above", "contributions_not_below", "contributions_not_above",
    "state_cost_not_below", "state_cost_not_above", "formal_jobs_not_below",
]  # fmt: skip


class ChangeSpec(SpecModel):
    """A number of the baseline or of a scheme that is another one in this scenario."""

    value: float | str
    why: Words
    status: Status = "assumption"


class ScenarioSpec(SpecModel):
    id: Words
    title: Words
    summary: Words
    baseline: Words
    diff_of: Words | list[Words] | None = None
    choices: dict[str, dict[str, Words]] = Field(default_factory=dict)
    changes: dict[str, ChangeSpec] = Field(default_factory=dict)
    levers: list[AnyLever] = Field(default_factory=list)
    expects: dict[Expectation, Words] = Field(default_factory=dict)
    notes: list[Words] = Field(default_factory=list)

    @property
    def parents(self) -> list[str]:
        return [self.diff_of] if isinstance(self.diff_of, str) else list(self.diff_of or [])


@dataclass(frozen=True, slots=True)
class Placed:
    """A lever with its name (``lao-l4.1``, for draws and the register) and its place in a file."""

    name: str
    lever: Lever
    place: str

    @property
    def scheme(self) -> str | None:
        return getattr(self.lever, "scheme", None)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario with all it builds on: the baseline after its choices and changes, and the levers in order."""

    file: SpecFile[ScenarioSpec] | None
    baseline: Baseline
    levers: tuple[Placed, ...]
    changed: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.file.spec.id if self.file else self.baseline.spec.id

    @property
    def title(self) -> str:
        return self.file.spec.title if self.file else self.baseline.spec.title

    def of(self, kind: type[Lever], scheme: str | None = None) -> list[Placed]:
        """The levers of one kind, for one scheme."""
        return [p for p in self.levers if isinstance(p.lever, kind) and (scheme is None or p.scheme == scheme)]

    def uncertain(self) -> dict[str, Number]:
        """Every number with a range: of the baseline, its schemes and the levers."""
        found = {f"{p.name}.{path}": n for p in self.levers for path, n in numbers(p.lever)}
        return {**self.baseline.uncertain(), **{name: n for name, n in found.items() if n.uncertain}}


def status_quo(baseline: Baseline) -> Scenario:
    """The scenario without any lever."""
    return Scenario(None, baseline, ())


def read_scenario(
    name: str, variables: Mapping[str, Variable], *folders: Path, choices: Mapping[str, Mapping[str, str]] | None = None
) -> Scenario:
    """Read a scenario by name, or by the path of its file, with everything it builds on.

    ``choices`` (by scheme) are those of a study and go before all others. Raises :class:`InformalityError` (SPEC)
    with every problem: unknown levers and keys, a missing base, schemes the baseline lacks, contradictions.
    """
    chain = _chain(name, folders)
    file = chain[-1]
    problems = [
        Problem(
            f.place("baseline"),
            "a scenario and what it builds on must have one baseline",
            f"{f.spec.baseline}, {file.spec.baseline}",
        )
        for f in chain
        if f.spec.baseline != file.spec.baseline
    ]
    if file.spec.id != file.path.stem:
        problems.append(
            Problem(
                file.place("id"),
                "the id of a scenario is the name of its file",
                f"`{file.spec.id}`",
                f"write `id: {file.path.stem}`",
            )
        )
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    picks: dict[str, dict[str, str]] = {}
    changes: dict[str, Any] = {}
    levers: list[Placed] = []
    for f in chain:
        for scheme, chosen in f.spec.choices.items():
            picks.setdefault(scheme, {}).update(chosen)
        changes |= {path: change.value for path, change in f.spec.changes.items()}
        levers += [Placed(f"{f.spec.id}.{i}", lever, f.place("levers", i)) for i, lever in enumerate(f.spec.levers)]
    for scheme, given in (choices or {}).items():
        picks.setdefault(scheme, {}).update(given)
    baseline = read_baseline(file.spec.baseline, variables, *folders, choices=picks, changes=changes)
    ordered = sorted(levers, key=lambda p: not p.lever.mandates)  # stable: mandates first, else as written
    scenario = Scenario(file, baseline, tuple(ordered), tuple(changes))
    problems = [*_unknown(scenario, variables), *_contradictions(scenario)]
    problems += [
        Problem(
            file.place("expects", key),
            f"`{other}` is not a scenario",
            fix=did_you_mean(other, known_scenarios(*folders)),
        )
        for key, other in file.spec.expects.items()
        if other != "baseline" and other not in known_scenarios(*folders)
    ]
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return scenario


def known_scenarios(*folders: Path) -> list[str]:
    """Names of the scenarios of a project and of the library."""
    places = (*(f for f in folders if f.name == "scenarios" or f.name not in ONE_OF), LIBRARY / "scenarios")
    return sorted({p.stem for folder in places for p in folder.glob("*.yml")} - {"template"})


def _chain(name: str, folders: tuple[Path, ...]) -> list[SpecFile[ScenarioSpec]]:
    """The files behind a scenario, each once, those it builds on first."""
    done: dict[str, SpecFile[ScenarioSpec]] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        path = Path(name) if name.endswith((".yml", ".yaml")) else find("scenarios", name, *folders)
        if path.stem in above:
            raise InformalityError(
                Problem(
                    path.name, "a scenario builds on itself", " → ".join([*above, path.stem]), "take one `diff_of` out"
                ),
                ExitCode.SPEC,
            )
        if path.stem in done:
            return
        file = load(path, ScenarioSpec)
        for i, parent in enumerate(file.spec.parents):
            try:
                visit(parent, (*above, path.stem))
            except InformalityError as failure:
                if failure.problems[0].place != parent:
                    raise
                raise InformalityError(
                    Problem(
                        file.place("diff_of", i),
                        f"`{parent}` is not a scenario",
                        fix=did_you_mean(parent, known_scenarios(*folders)),
                    ),
                    ExitCode.SPEC,
                ) from None
        done[path.stem] = file

    visit(name, ())
    return list(done.values())


def _unknown(scenario: Scenario, variables: Mapping[str, Variable]) -> list[Problem]:
    """Schemes, branches, benefits, groups and variables that are not there."""
    problems: list[Problem] = []
    schemes = scenario.baseline.schemes
    for placed in scenario.levers:
        lever = placed.lever
        if placed.scheme is not None and placed.scheme not in schemes:
            problems.append(
                Problem(
                    placed.place,
                    f"`{placed.scheme}` is not a scheme of this baseline",
                    fix=did_you_mean(placed.scheme, schemes),
                )
            )
            continue
        for who in _conditions(lever):
            _, found = compile_filter(who, variables, place=lambda *loc, at=placed.place: at)
            problems += found
        scheme = schemes[placed.scheme] if placed.scheme else None
        if isinstance(lever, Package) and scheme is not None:
            day = max(lever.begins, scheme.spec.in_force)
            branches = {b for rates in scheme.rates_at(day).rates.values() for b in rates}
            problems += [
                Problem(placed.place, f"`{b}` is not a branch of `{scheme.id}`", fix=did_you_mean(b, sorted(branches)))
                for b in [*lever.keep, *lever.drop]
                if b not in branches
            ]
            problems += [
                Problem(
                    placed.place,
                    f"`{b}` is not a benefit of `{scheme.id}`",
                    fix=did_you_mean(b, scheme.spec.benefits.cash),
                )
                for b in lever.waiting
                if b not in scheme.spec.benefits.cash
            ]
        if isinstance(lever, Subsidy):
            groups = {*scenario.baseline.spec.groups, "default"}
            problems += [
                Problem(placed.place, f"`{g}` is not a group of this baseline", fix=did_you_mean(g, groups))
                for g in lever.share
                if g not in groups
            ]
            if lever.amount is not None and lever.amount not in scenario.baseline.country.series.amounts:
                problems.append(
                    Problem(
                        placed.place,
                        f"`{lever.amount}` is not an amount of the country",
                        fix=did_you_mean(lever.amount, scenario.baseline.country.series.amounts),
                    )
                )
            if lever.base == "floor" and scheme is not None and scheme.spec.base.floor is None:
                problems.append(
                    Problem(
                        placed.place,
                        f"`{scheme.id}` has no floor for a subsidy to refer to",
                        fix="use `base: own`, or `base: poverty_line`",
                    )
                )
        if isinstance(lever, Parametric) and scheme is not None and scheme.spec.benefits.old_age is None:
            problems.append(Problem(placed.place, f"`{scheme.id}` has no old-age pension whose rules could change"))
    return problems


def _conditions(lever: Lever) -> Iterator[dict[str, Any]]:
    if (who := getattr(lever, "who", None)) is not None:
        yield who
    if isinstance(lever, AssistedRegistration):
        yield from (reach.who for reach in lever.reach)


def _contradictions(scenario: Scenario) -> list[Problem]:
    problems = []
    for a, b in itertools.combinations(scenario.levers, 2):
        if a.scheme != b.scheme or not _overlap(a.lever, b.lever):
            continue
        both = sorted(set(a.lever.sets) & set(b.lever.sets))
        if both and (who := getattr(a.lever, "who", None)) is not None and who != getattr(b.lever, "who", None):
            continue  # for different people
        if both:
            problems.append(
                Problem(
                    b.place,
                    f"two levers set the {both[0]} of `{b.scheme or 'the country'}` at the same time",
                    f"the other: {a.place}",
                    "end the first before the second begins (`until`), or keep one of them",
                )
            )
        for one, two in ((a, b), (b, a)):
            if (
                isinstance(one.lever, Subsidy)
                and one.lever.base == "floor"
                and isinstance(two.lever, FlatContribution | Monotax)
            ):
                problems.append(
                    Problem(
                        one.place,
                        "a subsidy on the floor has nothing to refer to: the contribution is a flat amount",
                        f"the other: {two.place}",
                        "use `base: own`",
                    )
                )
            if isinstance(one.lever, Package) and isinstance(two.lever, Parametric):
                old_age = scenario.baseline.schemes[str(one.scheme)].spec.benefits.old_age
                kept = set(one.lever.keep)
                if old_age is not None and (old_age.branch in one.lever.drop or (kept and old_age.branch not in kept)):
                    problems.append(
                        Problem(
                            two.place,
                            "a pension rule is changed where the package has no pension",
                            f"the package: {one.place}",
                            "take one of them out",
                        )
                    )
            if (
                isinstance(one.lever, AutoEnrol)
                and two.lever.mandates
                and getattr(two.lever, "who", None) == one.lever.who
            ):
                problems.append(
                    Problem(
                        one.place,
                        "the same people are enrolled and obliged",
                        f"the other: {two.place}",
                        "keep one of them",
                    )
                )
    return problems


def _overlap(a: Lever, b: Lever) -> bool:
    far = date(9999, 1, 1)
    return a.begins < (b.until or far) and b.begins < (a.until or far)
