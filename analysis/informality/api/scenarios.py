"""Coverage scenarios from Python: what a scenario comes to, as estimates like any other, with the range of assumptions beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.api.printing import number_format
from informality.api.results import Context, Result
from informality.api.rows import index_of, number_rows
from informality.api.survey import Survey
from informality.coverage.accounts import careers
from informality.coverage.baseline import read_baseline
from informality.coverage.figure import Figure
from informality.coverage.gates import all_gates
from informality.coverage.gates import table as gate_table
from informality.coverage.measures import ALL
from informality.coverage.outcome import Outcome
from informality.coverage.people import grammar
from informality.coverage.register import register
from informality.coverage.scenario import read_scenario, status_quo
from informality.coverage.sensitivity import tornado
from informality.coverage.simulate import SEED, Study, study_of
from informality.coverage.simulate import simulate as run_scenario
from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.publication.table import Cell, Column, RowGroup, Table
from informality.study import Workspace

Floats = npt.NDArray[np.float64]
RANGE = "Range of assumptions"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Projected(Result):
    """Numbers of a scenario: a :class:`Result`, and beside its sampling error the range of what nobody has measured.

    ``draws`` (k, draws), or None: the numbers under each parameter draw. Arithmetic keeps both kinds of doubt, each by itself:
    results of one survey share the sample, and results drawn from one seed share the draws. ``range()`` gives the middle 80
    per cent of the draws; :meth:`to_pandas` has them in columns of their own. The two are never merged.
    """

    draws: Floats | None = None
    broken_down: Callable[[str], Projected] | None = None

    def by(self, variable: str) -> Projected:
        """The same number by a category variable of the workers; ``province`` is the schema's ``region``."""
        if self.broken_down is None:
            raise self._problem(
                "a result that was computed from others cannot be broken down", fix="break down its parts"
            )
        return self.broken_down(variable)

    def range(self, share: float = 0.8) -> tuple[Any, Any]:
        """The middle ``share`` of the parameter draws, low and high; NaN without draws."""
        if self.draws is None:
            nothing = np.full(len(self.cells), np.nan)
            return self._plain(nothing), self._plain(nothing)
        low, high = np.quantile(self.draws, [(1 - share) / 2, (1 + share) / 2], axis=1)
        return self._plain(low), self._plain(high)

    def pick(self, places: Sequence[int], depth: int) -> Projected:
        picked = Result.pick(self, places, depth)
        assert isinstance(picked, Projected)
        draws = None if self.draws is None else self.draws[list(places)]
        return replace(picked, draws=draws, broken_down=None)

    def _with(self, other: Any, sign: str, operation: Callable[..., Any], *, reverse: bool = False) -> Result:
        made = Result._with(self, other, sign, operation, reverse=reverse)
        if not isinstance(made, Projected):
            return made
        theirs = other.draws if isinstance(other, Projected) else None if isinstance(other, Result) else float(other)
        draws = None
        if self.draws is not None and theirs is not None:
            same = not isinstance(theirs, np.ndarray) or theirs.shape[1] == self.draws.shape[1]
            pair = (theirs, self.draws) if reverse else (self.draws, theirs)
            with np.errstate(divide="ignore", invalid="ignore"):
                draws = np.asarray(operation(*pair), dtype=float) if same else None
        return replace(made, draws=draws, broken_down=None)

    def to_pandas(self) -> pd.DataFrame:
        """As :meth:`Result.to_pandas`, with median, lo80, hi80 and se_parameters of the draws."""
        out = Result.to_pandas(self)
        if self.draws is None:
            return out.assign(median=np.nan, lo80=np.nan, hi80=np.nan, se_parameters=np.nan)
        low, high = np.quantile(self.draws, [0.1, 0.9], axis=1)
        spread = self.draws.std(axis=1, ddof=1)
        return out.assign(median=np.median(self.draws, axis=1), lo80=low, hi80=high, se_parameters=spread)

    def table(self) -> Table:
        """The table of the numbers, with the range of assumptions in two more columns."""
        made = Result.table(self)
        if self.draws is None:
            note = "No range of assumptions here: simulate with draws=; by groups it is kept for the first and the last year."
            return replace(made, notes=(*made.notes, note))
        number = number_format(self.unit, self.rows["se"].to_numpy())
        low, high = np.quantile(self.draws, [0.1, 0.9], axis=1)
        columns = [Column("lo80", "Low", number, (RANGE,), "right"), Column("hi80", "High", number, (RANGE,), "right")]
        ends = iter(zip(low.tolist(), high.tolist(), strict=True))
        groups = [RowGroup(g.label, tuple((*row, *map(Cell, next(ends))) for row in g.rows)) for g in made.groups]
        note = (
            f"{RANGE}: the middle 80 per cent of {self.draws.shape[1]:,} draws; it is not added to the sampling error."
        )
        return replace(made, columns=(*made.columns, *columns), groups=tuple(groups), notes=(*made.notes, note))


class Simulation:
    """A scenario run over a survey. Ask it for numbers by year; every one is a :class:`Projected` result.

    ``outcome`` is what the coverage model returns, for whatever is not asked here.
    """

    def __init__(self, survey: Survey, study: Study, outcome: Outcome, seed: int = SEED) -> None:
        self.survey, self.study, self.outcome, self.seed = survey, study, outcome, seed

    @property
    def years(self) -> list[int]:
        """The years that are shown."""
        return list(self.outcome.years)

    @property
    def indicators(self) -> list[str]:
        """What :meth:`number` can be asked for."""
        return sorted({k.indicator for k in self.outcome.known()})

    def members(self, year: int, *, scheme: str = ALL, by: str | None = None) -> Projected:
        """Registered members."""
        return self.number("members", year, scheme=scheme, by=by)

    def active(self, year: int, *, scheme: str = ALL, by: str | None = None) -> Projected:
        """Members who pay in an average month."""
        return self.number("active", year, scheme=scheme, by=by)

    def contributions(
        self, year: int, *, scheme: str = ALL, branch: str = ALL, payer: str = ALL, by: str | None = None
    ) -> Projected:
        """Contributions a year, in money of the year."""
        return self.number("contributions", year, scheme=scheme, branch=branch, payer=payer, by=by)

    def state_cost(self, year: int, *, by: str | None = None) -> Projected:
        """What the State budget pays a year; contributions to the funds are not netted against it."""
        return self.number("state_cost", year, by=by)

    def coverage(self, year: int, *, scheme: str = ALL, by: str | None = None) -> Projected:
        """Registered members as a share of the employed."""
        figure = self.outcome.figure("members", year, scheme=scheme, by=by) / self.outcome.figure(
            "employed", year, by=by
        )
        again = (lambda variable: self.coverage(year, scheme=scheme, by=variable)) if by is None else None
        return self._result(figure, "Members per employed person", year, by, again)

    def number(self, indicator: str, year: int, *, by: str | None = None, **parts: str) -> Projected:
        """Any indicator of the model in a year, whole or by a variable; ``parts``: of one ``scheme``, ``branch`` or ``payer``.

        Raises InformalityError (SPEC) for names and years.
        """
        figure = self.outcome.figure(indicator, year, by=by, **parts)
        again = (lambda variable: self.number(indicator, year, by=variable, **parts)) if by is None else None
        named = [indicator.replace("_", " ").capitalize(), *(p for p in parts.values() if p != ALL)]
        return self._result(figure, ", ".join(named), year, by, again)

    def careers(self, kind: Literal["mandatory", "voluntary"], years: int, members: int = 1000) -> pd.DataFrame:
        """Months paid in each year by members drawn at random: example lives, where :meth:`number` gives expected values.

        A row for each member, a column for each year after joining; the seed of the simulation draws them, and stands in
        ``attrs["seed"]``.
        """
        return careers(self.outcome, kind, years, members, self.seed)

    def _result(
        self, figure: Figure, title: str, year: int, by: str | None, again: Callable[[str], Projected] | None
    ) -> Projected:
        dims = () if by is None else ("region" if by == "province" else by,)
        cells = tuple((level,) for level in figure.levels) if dims else ((),)
        survey, people = self.survey, self.outcome.ground.people
        context = Context(survey.title, people.variables, survey.standard, survey.made_up)
        rows = number_rows(figure.estimate, index_of(dims, cells), figure.unit, figure.status, figure.se)
        return Projected(
            title=f"{title}, {year}: {self.outcome.scenario.title}", dims=dims, cells=cells, unit=figure.unit,
            numbers=figure.estimate, rows=rows, context=context, notes=(f"Rests in part on: {figure.status}.",),
            draws=figure.draws, broken_down=again,
        )  # fmt: skip

    def gates(self) -> pd.DataFrame:
        """The eight validation gates with their evidence: number, gate, passed, evidence."""
        return gate_table(all_gates(self.study, self.outcome))

    def register(self) -> pd.DataFrame:
        """Every number the scenario rests on, with range, source and status."""
        return register(self.outcome.scenario)

    def tornado(self, indicator: str, year: int) -> pd.DataFrame:
        """The indicator with each uncertain number by itself at its 10th and 90th percentile, widest first."""
        return tornado(self.outcome, indicator, year)

    def __repr__(self) -> str:
        draws = self.outcome.parameters.size if self.outcome.draws_theta is not None else 0
        scenario = self.outcome.scenario
        return (
            f"{scenario.title} ({scenario.id}), of baseline {scenario.baseline.spec.id}, {self.years[0]} to {self.years[-1]}\n"
            f"{len(scenario.levers)} levers, {draws:,} parameter draws; over {self.survey.title}"
        )


def simulate(
    survey: Survey,
    baseline: str | Path,
    scenario: str | Path | None = None,
    *,
    draws: int = 0,
    seed: int = SEED,
    choices: Mapping[str, Mapping[str, str]] | None = None,
) -> Simulation:
    """Run a coverage scenario over a classified survey: who is covered, who joins, what it costs, and how sure that is.

    ``baseline``: a country's schemes and behaviour if nothing changes, by name (``lao``) or path. ``scenario``: a difference
    from it, by name or path; without one the status quo. The project's own files (``analysis/scenarios`` and the like)
    go before those of the library. ``draws``: parameter draws for the range of assumptions (500 for publication). ``choices``:
    by scheme, what to take where sources disagree.

    Results of one survey subtract with the error of the difference: the sample is the same, and so are the draws of one seed.
    Raises :class:`InformalityError`: USAGE for a survey that is not classified, SPEC for files, DATA where records and
    survey cannot be reconciled.

    >>> now = inf.simulate(lfs, "lao")
    >>> more = inf.simulate(lfs, "lao", "lao-l3")
    >>> gain = more.members(2030) - now.members(2030)
    >>> float(gain) > 0, bool(gain.se < more.members(2030).se)
    (True, True)
    >>> more.members(2030).by("region").dims
    ('region',)
    """
    if not survey.harmonised or not survey.definitions:
        raise InformalityError(
            Problem(
                "simulate",
                "scenarios need a survey that was opened and classified: rules of schemes test what it decides",
                fix='for example `inf.classify(inf.open_survey("lao-demo"), "ilo-17icls")`',
            ),
            ExitCode.USAGE,
        )
    folders = Workspace.find().policies
    variables = grammar(survey.people.schema, survey.definitions[0])
    if scenario is None:
        asked = status_quo(read_baseline(str(baseline), variables, *folders, choices=choices))
    else:
        asked = read_scenario(str(scenario), variables, *folders, choices=choices)
        if asked.baseline.spec.id != Path(str(baseline)).stem:
            raise InformalityError(
                Problem(
                    f"simulate, {scenario}",
                    f"this is a scenario of the baseline `{asked.baseline.spec.id}`",
                    f"`{baseline}` was named",
                    "name the scenario's own baseline, or a scenario of this one",
                ),
                ExitCode.USAGE,
            )
    study = _study(survey)
    return Simulation(survey, study, run_scenario(study, scenario=asked, draws=draws, seed=seed), seed)


@lru_cache(maxsize=1)
def _study(survey: Survey) -> Study:
    """What the scenarios of a survey share; kept for the last one, so that their numbers are of one sample."""
    return study_of(
        survey.frame, survey.design, survey.people.schema,
        definitions=survey.definitions, asked=survey.people.asked, status=survey.status,
    )  # fmt: skip
