"""From classified workers and a plan of tables to the one long results table.

Every published number is a row: what, of whom, by what, value, error, grade, and which definition it
rests on. Suppression and "not determinable" happen here, once, so no view can undo them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE, column
from informality.classification.definition import Definition
from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.grammar import NOT_APPLICABLE, CellValue, Variable
from informality.foundation.quantities import Status, weakest
from informality.foundation.schema import Schema
from informality.inference.estimates.estimate import Estimate
from informality.inference.estimates.intervals import Method, interval
from informality.inference.sampling.design import Design
from informality.tabulation.measure import Answer, Counts, Question, ask
from informality.tabulation.people import People
from informality.tabulation.plan import MAX_BY, IndicatorSpec, Plan
from informality.tabulation.reliability import Standard, graded, relative_error

COLUMNS = (
    "study", "survey", "wave", "definition", "table", "indicator", "statistic", "universe",
    "dim1", "level1", "dim2", "level2", "dim3", "level3",
    "value", "unit", "se", "ci_low", "ci_high", "confidence", "n", "n_weighted", "cv", "deff", "df",
    "grade", "status", "note",
)  # fmt: skip
ESTIMATES = ("value", "se", "ci_low", "ci_high", "cv", "deff")


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
class View(People):
    """The workers as one definition sees them: schema variables and that definition's outcomes."""

    definition: Definition


def outcome_variables(definition: Definition) -> dict[str, Variable]:
    """A definition's outcomes as tables see them, with the two ways of having none."""
    return {
        name: Variable(name, "category", (*v.categories, NOT_DETERMINABLE, NOT_APPLICABLE), v.title, v.labels)
        for name, v in definition.outcomes.items()
    }


def view(workers: pd.DataFrame, definition: Definition, schema: Schema, asked: frozenset[str]) -> View:
    """Workers with the outcomes of one definition under their plain names."""
    outcomes = {name: workers[column(definition.id, name)] for name in definition.outcomes}
    frame = workers[[n for n in workers.columns if "." not in n or n.partition(".")[0] in schema.variables]]
    known = asked | frozenset(outcomes) | {n for n, v in schema.variables.items() if v.spec.role in ("key", "design")}
    variables = {**schema.grammar, **outcome_variables(definition)}
    return View(frame.assign(**outcomes), variables, known, schema, frozenset(outcomes), definition)


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
                if not set(plan.variables(indicator)) <= set(seen.variables):
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
    where = plan.spec.universes[indicator.among].where
    question = Question(indicator.statistic, indicator.of, where, tuple(by), indicator.where)
    named = [*question.variables, *by]
    standing = [seen.definition.status] if any(n in seen.decided for n in named) else []
    status = weakest("derived", settings.status, *standing)
    unit = {"total": "persons"}.get(indicator.statistic, indicator.unit or "share")
    statistic = "share" if indicator.statistic == "composition" else indicator.statistic
    if missing := seen.lacking(named):
        return _without_value(question.dims, statistic, unit, status, f"the survey did not ask: {'; '.join(missing)}")
    answer = ask(seen, design, question)
    if answer is None:
        return None
    rows = _rows(answer, settings)
    rows["statistic"], rows["unit"], rows["status"] = statistic, unit, status
    _grade(rows, answer.open_cases, settings)
    _note(rows, answer.remarks())
    return rows


def _note(rows: pd.DataFrame, remarks: Sequence[str]) -> None:
    """Say beside each shown number what else a reader should know of the persons behind it."""
    for i, remark in enumerate(remarks):
        if remark and pd.notna(rows.loc[i, "value"]):
            before = rows.loc[i, "note"]
            rows.loc[i, "note"] = remark if pd.isna(before) else f"{before}; {remark}"


def _words(where: Mapping[str, CellValue]) -> str:
    """A condition as it stands in the file."""
    cells = {n: ", ".join(map(str, c)) if isinstance(c, list) else c for n, c in where.items()}
    return "; ".join(f"{name}: {cell}" for name, cell in cells.items()) or "everybody"


def _answers_itself(indicator: IndicatorSpec, by: Sequence[str]) -> bool:
    """Whether a breakdown is by what the indicator tests: the share of informal jobs among informal jobs."""
    tested = set(indicator.where) | (set(indicator.of) if isinstance(indicator.of, dict) else {indicator.of})
    return bool(tested & set(by))


def _rows(answer: Answer, settings: Settings) -> pd.DataFrame:
    estimate, dims, cells = answer.estimate, answer.question.dims, answer.cells
    share = answer.question.statistic in ("share", "composition")
    method = settings.method if settings.method is not None else ("logit" if share else "t")
    if method != "normal" and not share:
        method = "t"
    low, high = interval(estimate, method, settings.confidence)
    value, se = estimate.value.ravel(), estimate.se.ravel()
    out: dict[str, object] = {}
    for d in range(MAX_BY):
        out[f"dim{d + 1}"] = dims[d] if d < len(dims) else None
        out[f"level{d + 1}"] = [cell[d] for cell in cells] if d < len(dims) else None
    out |= {
        "value": value,
        "se": se,
        "ci_low": low.ravel(),
        "ci_high": high.ravel(),
        "n": answer.cases,
        "n_weighted": value if answer.question.counts_persons else estimate.n_weighted.ravel(),
        "cv": relative_error(value, se),
        "deff": estimate.deff.ravel() if isinstance(estimate, Estimate) else np.nan,
        "df": estimate.df.ravel(),
    }
    rows = pd.DataFrame(out, index=range(len(cells)))
    for d in range(MAX_BY):
        rows[[f"dim{d + 1}", f"level{d + 1}"]] = rows[[f"dim{d + 1}", f"level{d + 1}"]].astype("str")
    return rows


def _grade(rows: pd.DataFrame, open_cases: Counts, settings: Settings) -> None:
    """Grade every row; take the numbers out of those that may not or cannot be shown."""
    rows["grade"], rows["note"] = graded(rows, open_cases, settings.standard)
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
