"""From classified workers and a plan of tables to the one long results table.

Every published number is a row: what, of whom, by what, value, error, grade, and which definition it
rests on. Suppression and "not determinable" happen here, once, so no view can undo them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.quantities import Status, weakest
from informality.inference.estimates.comparisons import t_test
from informality.inference.estimates.derived import cells
from informality.inference.estimates.estimate import Estimate, means, ratios, shares, totals
from informality.inference.estimates.intervals import interval
from informality.inference.sampling.design import Design
from informality.tabulation.plan import IndicatorSpec, Plan
from informality.tabulation.rows import Settings, dimensions, finished, grade, without_value
from informality.tabulation.views import Bools, View, words


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
                for by in table.by or [[variable] for variable in table.compare]:
                    if _answers_itself(indicator, by):
                        continue
                    pair = table.compare.get(by[0], ()) if table.compare else ()
                    rows = _indicator(plan, indicator, by, seen, design, settings, pair)
                    if rows is None:
                        problems.append(
                            Problem(
                                f"{plan.path.name}, table `{table_name}`",
                                f"nobody is in the universe `{indicator.among}` of `{name}`",
                                words(plan.spec.universes[indicator.among].where),
                                "widen the universe, or leave the table out",
                            )
                        )
                        break
                    rows["table"], rows["indicator"], rows["universe"] = table_name, name, indicator.among
                    rows["definition"] = seen.definition.id
                    parts.append(rows)
    if problems:
        raise InformalityError(problems, ExitCode.ESTIMATE)
    return finished(parts, settings)


def estimate_one(
    plan: Plan, indicator: IndicatorSpec, by: Sequence[str], seen: View, design: Design, settings: Settings
) -> pd.DataFrame:
    """One indicator by some variables, outside any table: what ``informality table`` shows on request."""
    rows = _indicator(plan, indicator, by, seen, design, settings)
    if rows is None:
        raise InformalityError(
            Problem(
                f"universe `{indicator.among}`", "nobody is in it", words(plan.spec.universes[indicator.among].where)
            ),
            ExitCode.ESTIMATE,
        )
    return rows


def _indicator(
    plan: Plan,
    indicator: IndicatorSpec,
    by: Sequence[str],
    seen: View,
    design: Design,
    settings: Settings,
    pair: Sequence[str] = (),
) -> pd.DataFrame | None:
    """Rows for one indicator by some variables, or for the difference of a ``pair`` of levels of the only one.

    None when its universe is empty.
    """
    names = plan.variables(indicator)
    composition = indicator.statistic == "composition"
    dims = [str(indicator.of), *by] if composition else list(by)
    absent = [n for n in [*names, *by] if n not in seen.asked]
    outcomes = seen.definition.outcomes
    status = weakest(
        "derived", settings.status, *([seen.definition.status] if any(n in outcomes for n in [*names, *by]) else [])
    )
    unit = {"total": "persons"}.get(indicator.statistic, indicator.unit or "share")
    statistic = "difference" if pair else "share" if composition else indicator.statistic
    unit = "points" if pair and unit == "share" else unit
    if absent:
        missing = "; ".join(dict.fromkeys(title for n in absent for title in seen.questions(n)))
        return without_value(dims, statistic, unit, status, f"the survey did not ask: {missing}")
    where = plan.spec.universes[indicator.among].where
    inside = seen.mask(where)
    open_cases = seen.undetermined([n for n in names if not (composition and n == indicator.of)], where)
    if not (inside | open_cases).any():
        return None
    domain, levels = _domains(seen.frame, by, inside | open_cases, whole=indicator.statistic == "total")
    estimate, categories = _estimate(indicator, seen, inside, domain, len(levels), design)
    open_per_domain = np.bincount(domain[open_cases], minlength=len(levels))
    rows = _rows(estimate, indicator, dims, levels, categories, settings)
    if pair:
        return _difference(rows, estimate, by[0], pair, unit, status, open_per_domain, settings)
    rows["statistic"], rows["unit"], rows["status"] = statistic, unit, status
    grade(rows, np.repeat(open_per_domain, len(categories) if categories else 1), settings)
    if not composition:  # a composition shows the missing answers as categories of their own
        unanswered = np.bincount(domain[inside & seen.unanswered(indicator.of)], minlength=len(levels))
        _note_unanswered(rows, unanswered, counted=isinstance(indicator.of, dict))
    return rows


def _difference(
    rows: pd.DataFrame,
    estimate: Estimate,
    variable: str,
    pair: Sequence[str],
    unit: str,
    status: Status,
    open_per_domain: npt.NDArray[np.int64],
    settings: Settings,
) -> pd.DataFrame:
    """The first level less the second, with the error of the difference and the test that it is 0.

    It is as reliable as the weaker of the two numbers, so it is graded by that one's cases; a coefficient of variation
    says nothing about a difference, which may well be 0.
    """
    level = f"{pair[0]}-{pair[1]}"
    places = [np.flatnonzero((rows["level1"] == one).to_numpy()) for one in pair]
    if not all(len(place) for place in places):
        absent = [one for one, place in zip(pair, places, strict=True) if not len(place)]
        note = f"nobody in the sample belongs to: {', '.join(absent)}"
        return without_value([variable], "difference", unit, status, note).assign(level1=level)
    first, second = (int(place[0]) for place in places)
    gap = cells(estimate)[[first]] - cells(estimate)[[second]]
    low, high = interval(gap, "normal" if settings.method == "normal" else "t", settings.confidence)
    both = rows.iloc[[first, second]]
    out = dimensions([variable], [[level]]).assign(
        value=gap.value, se=gap.se, ci_low=low, ci_high=high, p=t_test(gap)["p"].to_numpy(), n=both["n"].min(),
        n_weighted=both["n_weighted"].min(), cv=0.0, deff=np.nan, df=gap.df, statistic="difference", unit=unit,
        status=status,
    )  # fmt: skip
    grade(out, open_per_domain[[first, second]].sum(keepdims=True), settings)
    return out.assign(cv=np.nan)


def _note_unanswered(rows: pd.DataFrame, unanswered: npt.NDArray[np.int64], *, counted: bool) -> None:
    """Say beside each shown number how many sampled persons gave no answer, and where they went."""
    where = "are in the base, but not counted as having it" if counted else "are left out"
    for i in np.flatnonzero((unanswered > 0) & rows["value"].notna().to_numpy()):
        words = f"{unanswered[i]:,} sampled persons without a usable answer {where}"
        before = rows.loc[i, "note"]
        rows.loc[i, "note"] = words if pd.isna(before) else f"{before}; {words}"


def _answers_itself(indicator: IndicatorSpec, by: Sequence[str]) -> bool:
    """Whether a breakdown is by what the indicator tests: the share of informal jobs among informal jobs."""
    tested = set(indicator.where) | (set(indicator.of) if isinstance(indicator.of, dict) else {indicator.of})
    return bool(tested & set(by))


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
    numbers = {
        "value": value,
        "se": estimate.se.ravel(),
        "ci_low": low.ravel(),
        "ci_high": high.ravel(),
        "p": np.nan,
        "n": (estimate.n_numerator if total else estimate.n).ravel(),
        "n_weighted": value if total else estimate.n_weighted.ravel(),
        "cv": cv,
        "deff": estimate.deff.ravel(),
        "df": estimate.df.ravel(),
    }
    return dimensions(dims, cells).assign(**numbers)
