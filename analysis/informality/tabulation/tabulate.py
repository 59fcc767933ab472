"""From classified workers and a plan of tables to the one long results table.

Every published number is a row: what, of whom, by what, value, error, grade, and which definition it
rests on. Suppression and "not determinable" happen here, once, so no view can undo them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE, column
from informality.classification.definition import Definition
from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.grammar import NOT_APPLICABLE, NOT_ASKED, UNKNOWN, CellValue, Variable
from informality.foundation.quantities import Status, weakest
from informality.foundation.rules import compile_filter
from informality.foundation.schema import Schema
from informality.inference.estimates.estimate import Estimate, means, ratios, shares, totals
from informality.inference.estimates.intervals import Method, interval
from informality.inference.sampling.design import Design
from informality.tabulation.plan import MAX_BY, IndicatorSpec, Plan
from informality.tabulation.reliability import Standard

COLUMNS = (
    "study", "survey", "wave", "definition", "table", "indicator", "statistic", "universe",
    "dim1", "level1", "dim2", "level2", "dim3", "level3",
    "value", "unit", "se", "ci_low", "ci_high", "confidence", "n", "n_weighted", "cv", "deff", "df",
    "grade", "status", "note",
)  # fmt: skip
SECOND_JOBS = "status_2"
"""What a survey that asks about second jobs asks at least."""
ESTIMATES = ("value", "se", "ci_low", "ci_high", "cv", "deff")
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a study wants its estimates: who they belong to, intervals, grading."""

    study: str
    survey: str
    wave: str
    status: Status
    method: Method | None
    confidence: float
    standard: Standard


@dataclass(frozen=True, slots=True)
class View:
    """The workers as one definition sees them: schema variables and that definition's outcomes."""

    definition: Definition
    frame: pd.DataFrame
    variables: Mapping[str, Variable]
    asked: frozenset[str]
    schema: Schema
    left_open: Mapping[str, Bools]
    """For each outcome, the workers whom a rule of the definition leaves open: an answer it needs was not given."""

    def questions(self, name: str) -> list[str]:
        """Titles of the questions a survey would have to ask for a variable, as far as this one lacks them."""
        if name in self.definition.of_person:
            return [self.schema[SECOND_JOBS].spec.title]
        variable = self.schema.variables.get(name)
        if variable is None or variable.derived is None:
            return [self.variables[name].title if name in self.variables else name]
        lacking = [a.variable.name for a in variable.derived.axes if a.variable.name not in self.asked]
        return [title for n in lacking for title in self.questions(n)] or [variable.spec.title]

    def mask(self, where: Mapping[str, CellValue]) -> Bools:
        condition, problems = compile_filter(where, self.variables, place=lambda *loc: str(loc))
        assert not problems, problems
        return condition.mask(self.frame)


def outcome_variables(definition: Definition) -> dict[str, Variable]:
    """A definition's outcomes as tables see them, with the two ways of having none."""
    return {
        name: Variable(
            name, "category", tuple(dict.fromkeys((*v.categories, NOT_DETERMINABLE, NOT_APPLICABLE))), v.title, v.labels
        )
        for name, v in definition.outcomes.items()
    }


def outcomes_of_all(definitions: Iterable[Definition]) -> dict[str, Variable]:
    """The outcomes of several definitions; one that several decide has the categories of all of them."""
    merged: dict[str, Variable] = {}
    for definition in definitions:
        for name, variable in outcome_variables(definition).items():
            before = merged.get(name, variable)
            categories = tuple(dict.fromkeys((*before.categories, *variable.categories)))
            labels = {**variable.labels, **before.labels}
            merged[name] = Variable(name, "category", categories, before.title, labels)
    return merged


def view(workers: pd.DataFrame, definition: Definition, schema: Schema, asked: frozenset[str]) -> View:
    """Workers with the outcomes of one definition under their plain names."""
    outcomes = {name: workers[column(definition.id, name)] for name in definition.outcomes}
    left_open = {
        name: (values == NOT_DETERMINABLE).to_numpy()
        & workers[column(definition.id, name, rule=True)].notna().to_numpy()
        for name, values in outcomes.items()
    }
    frame = workers[[n for n in workers.columns if "." not in n or n.partition(".")[0] in schema.variables]]
    decided = frozenset(outcomes) - (frozenset() if SECOND_JOBS in asked else frozenset(definition.of_person))
    known = asked | decided | {n for n, v in schema.variables.items() if v.spec.role in ("key", "design")}
    variables = {**schema.grammar, **outcome_variables(definition)}
    return View(definition, frame.assign(**outcomes), variables, known, schema, left_open)


def tabulate(plan: Plan, views: Sequence[View], headline: str, design: Design, settings: Settings) -> pd.DataFrame:
    """All tables of a plan as rows of the results table (columns :data:`COLUMNS`), in plan order.

    ``views`` holds one view per definition; tables marked ``each`` are made for every definition that decides
    what they need. Raises :class:`InformalityError` (``ExitCode.ESTIMATE``) naming every empty universe.
    """
    parts: list[pd.DataFrame] = []
    problems: list[Problem] = []
    for table_name, table in plan.spec.tables.items():
        for seen in views:
            if table.definitions == "headline" and seen.definition.id != headline:
                continue
            for name, among in itertools.product(table.indicators, table.universes or [""]):
                indicator = plan.spec.indicators[name]
                if among:
                    indicator = indicator.model_copy(update={"among": among})
                if not plan.fits(indicator, seen.variables):
                    continue  # another definition of the study decides this
                for by in table.by:
                    if _answers_itself(indicator, by):
                        continue
                    rows = _indicator(plan, indicator, by, seen, design, settings)
                    if rows is None:
                        problems.append(
                            Problem(
                                f"{plan.path.name}, table `{table_name}`",
                                f"nobody is in the universe `{indicator.among}` of `{name}`",
                                _words(plan.spec.universes[indicator.among].where),
                                "widen the universe, or leave the table out",
                            )
                        )
                        break
                    rows["table"], rows["indicator"], rows["universe"] = table_name, name, indicator.among
                    rows["definition"] = seen.definition.id
                    parts.append(rows)
    if problems:
        raise InformalityError(problems, ExitCode.ESTIMATE)
    out = pd.concat(parts, ignore_index=True)
    out["study"], out["survey"], out["wave"] = settings.study, settings.survey, settings.wave
    out["confidence"] = settings.confidence
    return out[list(COLUMNS)]


def estimate_one(
    plan: Plan, indicator: IndicatorSpec, by: Sequence[str], seen: View, design: Design, settings: Settings
) -> pd.DataFrame:
    """One indicator by some variables, outside any table: what ``informality table`` shows on request."""
    rows = _indicator(plan, indicator, by, seen, design, settings)
    if rows is None:
        raise InformalityError(
            Problem(
                f"universe `{indicator.among}`", "nobody is in it", _words(plan.spec.universes[indicator.among].where)
            ),
            ExitCode.ESTIMATE,
        )
    return rows


def _indicator(
    plan: Plan, indicator: IndicatorSpec, by: Sequence[str], seen: View, design: Design, settings: Settings
) -> pd.DataFrame | None:
    """Rows for one indicator by some variables; None when its universe is empty."""
    names = plan.variables(indicator)
    composition = indicator.statistic == "composition"
    dims = [str(indicator.of), *by] if composition else list(by)
    absent = [n for n in [*names, *by] if n not in seen.asked]
    outcomes = seen.definition.outcomes
    status = weakest(
        "derived", settings.status, *([seen.definition.status] if any(n in outcomes for n in [*names, *by]) else [])
    )
    unit = {"total": "persons"}.get(indicator.statistic, indicator.unit or "share")
    statistic = "share" if composition else indicator.statistic
    if absent:
        missing = "; ".join(dict.fromkeys(title for n in absent for title in seen.questions(n)))
        return _without_value(dims, statistic, unit, status, f"the survey did not ask: {missing}")
    where = plan.spec.universes[indicator.among].where
    inside = seen.mask(where)
    tested = [n for n in names if n in outcomes and not (composition and n == indicator.of)]
    open_cases = _undetermined(seen, tested, where)
    left_open = open_cases & np.logical_or.reduce([np.zeros(len(inside), bool), *(seen.left_open[n] for n in tested)])
    if not (inside | open_cases).any():
        return None
    domain, levels = _domains(seen.frame, by, inside | open_cases, whole=indicator.statistic == "total")
    estimate, categories = _estimate(indicator, seen, inside, domain, len(levels), design)
    not_told = [np.bincount(domain[m], minlength=len(levels)) for m in (open_cases & ~left_open, left_open)]
    rows = _rows(estimate, indicator, dims, levels, categories, settings)
    rows["statistic"], rows["unit"], rows["status"] = statistic, unit, status
    not_asked, not_answered = (np.repeat(n, len(categories) if categories else 1) for n in not_told)
    _grade(rows, not_asked, not_answered, settings)
    if not composition:  # a composition shows the missing answers as categories of their own
        unanswered = np.bincount(domain[_unanswered(indicator, seen, inside)], minlength=len(levels))
        _note_unanswered(rows, unanswered, counted=isinstance(indicator.of, dict))
    return rows


def _unanswered(indicator: IndicatorSpec, seen: View, inside: Bools) -> Bools:
    """Rows of the universe with no usable answer on what is measured, unless the indicator asks for just these."""
    if isinstance(indicator.of, str):
        blank: Bools = seen.frame[indicator.of].isna().to_numpy()
        return inside & blank
    missing = np.zeros(len(inside), dtype=bool)
    for name, cell in indicator.of.items():
        asked_for = cell if isinstance(cell, list) else [cell]
        words = [word for word in (UNKNOWN, NOT_ASKED) if word not in asked_for]
        if seen.variables[name].kind == "category":
            missing |= seen.frame[name].isin(words).to_numpy()
    return inside & missing


def _note_unanswered(rows: pd.DataFrame, unanswered: npt.NDArray[np.int64], *, counted: bool) -> None:
    """Say beside each shown number how many sampled persons gave no answer, and where they went."""
    where = "are in the base, but not counted as having it" if counted else "are left out"
    for i in np.flatnonzero((unanswered > 0) & rows["value"].notna().to_numpy()):
        words = f"{unanswered[i]:,} sampled persons without a usable answer {where}"
        before = rows.loc[i, "note"]
        rows.loc[i, "note"] = words if pd.isna(before) else f"{before}; {words}"


def _words(where: Mapping[str, CellValue]) -> str:
    """A condition as it stands in the file."""
    cells = {n: ", ".join(map(str, c)) if isinstance(c, list) else c for n, c in where.items()}
    return "; ".join(f"{name}: {cell}" for name, cell in cells.items()) or "everybody"


def _answers_itself(indicator: IndicatorSpec, by: Sequence[str]) -> bool:
    """Whether a breakdown is by what the indicator tests: the share of informal jobs among informal jobs."""
    tested = set(indicator.where) | (set(indicator.of) if isinstance(indicator.of, dict) else {indicator.of})
    return bool(tested & set(by))


def _undetermined(seen: View, outcome_names: Sequence[str], where: Mapping[str, CellValue]) -> Bools:
    """Rows in the universe, as far as it does not rest on an outcome, whose outcome is not determinable."""
    plain = {n: cell for n, cell in where.items() if n not in seen.definition.outcomes}
    open_cases = np.zeros(len(seen.frame), dtype=bool)
    for name in outcome_names:
        open_cases |= (seen.frame[name] == NOT_DETERMINABLE).to_numpy()
    return open_cases & seen.mask(plain) if open_cases.any() else open_cases


def _domains(
    frame: pd.DataFrame, by: Sequence[str], inside: Bools, whole: bool
) -> tuple[npt.NDArray[np.int64], list[tuple[str, ...]]]:
    """A domain code per row (-1 outside) and the levels found inside, in the order of the schema.

    With ``whole`` a domain holds all its rows, also those outside the universe: a total of persons is the
    total of an indicator over the group, so that its design effect compares with drawing from the group.
    """
    if not by:
        return np.where(inside | whole, 0, -1), [()]
    key = np.zeros(len(frame), dtype=np.int64)
    sizes = []
    for name in by:
        categories = frame[name].cat.categories
        sizes.append(len(categories))
        key = key * len(categories) + frame[name].cat.codes.to_numpy()
    present, code = np.unique(key[inside], return_inverse=True)
    domain = np.full(len(frame), -1, dtype=np.int64)
    domain[inside] = code
    if whole:
        place = np.minimum(np.searchsorted(present, key), len(present) - 1)
        domain = np.where(present[place] == key, place, -1)
    positions = np.unravel_index(present, sizes)
    names = [[str(c) for c in frame[n].cat.categories] for n in by]
    return domain, [tuple(names[d][p[i]] for d, p in enumerate(positions)) for i in range(len(present))]


def _estimate(
    indicator: IndicatorSpec, seen: View, inside: Bools, domain: npt.NDArray[np.int64], n_domains: int, design: Design
) -> tuple[Estimate, list[str]]:
    """The estimate, and the categories it runs over (empty but for a composition)."""
    cells = np.where(inside, domain, -1)
    of = indicator.of
    if isinstance(of, dict):
        hit = seen.mask(of)
        if indicator.statistic == "total":
            return totals(design, (hit & inside).astype(float), domain, n_domains), []
        return means(design, hit.astype(float), cells, n_domains), []
    if indicator.statistic == "composition":
        codes = seen.frame[of].cat.codes.to_numpy()
        occurs = np.bincount(codes[inside], minlength=len(seen.frame[of].cat.categories)) > 0
        number = np.cumsum(occurs) - 1
        names = [str(c) for c, here in zip(seen.frame[of].cat.categories, occurs, strict=True) if here]
        return shares(design, np.where(inside, number[codes], -1), len(names), cells, n_domains), names
    values = seen.frame[of].to_numpy(dtype=float)
    if indicator.statistic == "ratio":
        return ratios(design, np.where(seen.mask(indicator.where), values, values * 0.0), values, cells, n_domains), []
    return means(design, values, cells, n_domains), []


def _rows(
    estimate: Estimate,
    indicator: IndicatorSpec,
    dims: Sequence[str],
    levels: Sequence[tuple[str, ...]],
    categories: Sequence[str],
    settings: Settings,
) -> pd.DataFrame:
    share = indicator.statistic in ("share", "composition")
    method = settings.method if settings.method is not None else ("logit" if share else "t")
    if method != "normal" and not share:
        method = "t"
    low, high = interval(estimate, method, settings.confidence)
    cells = [(c, *level) for level in levels for c in categories] if categories else list(levels)
    total = indicator.statistic == "total"
    value = estimate.value.ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        cv = np.where((estimate.se.ravel() > 0) & (value != 0), estimate.se.ravel() / np.abs(value), np.nan)
    out: dict[str, object] = {}
    for d in range(MAX_BY):
        out[f"dim{d + 1}"] = dims[d] if d < len(dims) else None
        out[f"level{d + 1}"] = [cell[d] for cell in cells] if d < len(dims) else None
    out |= {
        "value": value,
        "se": estimate.se.ravel(),
        "ci_low": low.ravel(),
        "ci_high": high.ravel(),
        "n": (estimate.n_numerator if total else estimate.n).ravel(),
        "n_weighted": value if total else estimate.n_weighted.ravel(),
        "cv": cv,
        "deff": estimate.deff.ravel(),
        "df": estimate.df.ravel(),
    }
    rows = pd.DataFrame(out, index=range(len(cells)))
    for d in range(MAX_BY):
        rows[[f"dim{d + 1}", f"level{d + 1}"]] = rows[[f"dim{d + 1}", f"level{d + 1}"]].astype("str")
    return rows


def _grade(
    rows: pd.DataFrame, not_asked: npt.NDArray[np.int64], not_answered: npt.NDArray[np.int64], settings: Settings
) -> None:
    """Grade every row; take the numbers out of those that may not or cannot be shown."""
    width = (rows["ci_high"] - rows["ci_low"]).where(rows["unit"] == "share")
    grade, why = settings.standard.grade(rows["n"].to_numpy(), rows["cv"].to_numpy(), width.to_numpy())
    note = [reason if g != "good" else None for g, reason in zip(grade, why, strict=True)]
    for i in np.flatnonzero(not_asked + not_answered):
        grade[i] = NOT_DETERMINABLE
        reasons = []
        if not_asked[i]:
            reasons.append(f"the questions needed were not asked of {not_asked[i]:,} sampled persons in this group")
        if not_answered[i]:
            reasons.append(
                f"the definition leaves {not_answered[i]:,} sampled persons in this group open, for want of an answer"
            )
        note[i] = "; ".join(reasons)
    rows["grade"], rows["note"] = grade, pd.Series(note, dtype="str")
    hidden = rows["grade"].isin(["suppressed", NOT_DETERMINABLE])
    rows.loc[hidden, list(ESTIMATES)] = np.nan
    rows["n"] = rows["n"].astype("Int64").mask(rows["grade"] == "suppressed")
    rows["n_weighted"] = rows["n_weighted"].mask(hidden)
    rows["df"] = rows["df"].astype("Int64").mask(hidden)


def _without_value(dims: Sequence[str], statistic: str, unit: str, status: Status, note: str) -> pd.DataFrame:
    row: dict[str, object] = {f"{part}{d + 1}": None for d in range(MAX_BY) for part in ("dim", "level")}
    row |= {f"dim{d + 1}": name for d, name in enumerate(dims)}
    row |= {name: np.nan for name in (*ESTIMATES, "n_weighted")}
    row |= {
        "n": pd.NA,
        "df": pd.NA,
        "statistic": statistic,
        "unit": unit,
        "status": status,
        "grade": NOT_DETERMINABLE,
        "note": note,
    }
    rows = pd.DataFrame([row])
    for name in [c for c in rows.columns if c.startswith(("dim", "level"))] + ["note"]:
        rows[name] = rows[name].astype("str")
    return rows.astype({"n": "Int64", "df": "Int64"} | dict.fromkeys((*ESTIMATES, "n_weighted"), "float64"))
