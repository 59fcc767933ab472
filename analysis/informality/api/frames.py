"""Any frame of a user's own as a survey: plain categories and numbers, and a sample design from its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from informality.api.survey import Survey
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import MISSING, REASON, UNKNOWN, Variable
from informality.foundation.schema import Schema
from informality.inference.models.covariates import label
from informality.inference.sampling.design import Design, Lonely
from informality.inference.sampling.replicates import Kind
from informality.tabulation.people import People
from informality.tabulation.reliability import read_standard

MISSING_LABELS = {"unknown": "Not known", "not_asked": "Not asked", "not_applicable": "Not applicable"}


def from_frame(
    frame: pd.DataFrame,
    *,
    weight: Any,
    stratum: Any = None,
    psu: Any = None,
    lonely: Lonely = "fail",
    fpc: Any = None,
    psu2: Any = None,
    fpc2: Any = None,
    replicates: Sequence[str] | pd.DataFrame | None = None,
    kind: Kind = "bootstrap",
    scale: float | None = None,
    rscales: Any = None,
    rho: float | None = None,
    mse: bool = False,
    labels: Mapping[str, Mapping[Any, str]] | None = None,
    titles: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    title: str = "Survey data",
    reliability: str | None = None,
) -> Survey:
    """A survey from a frame of persons (n rows), whatever its columns, with its sample design.

    ``weight``, ``stratum``, ``psu``, ``fpc``, ``psu2``, ``fpc2``: names of columns, or columns (n,); ``lonely``: the rule
    for strata with one sampling unit. They mean what they do in ``Design.from_columns``; give all rows of the
    sample, and name a universe with ``among`` when estimating. ``replicates``: names of the columns of replicate weights,
    or a table (n, R), of a ``kind`` with ``scale``, ``rscales``, ``rho`` and ``mse`` as in ``Design.from_replicates``;
    then there is no stratum or psu.

    Text, categories and truth values are category variables, numbers are number variables. ``labels`` names the
    codes of a variable and makes it a category variable, its levels in this order: ``{"sex": {1: "Men", 2: "Women"}}``.
    A blank is ``unknown``; categories that are themselves called ``unknown``, ``not_asked`` or ``not_applicable`` keep
    that meaning. ``titles`` and ``units`` (of numbers) are printed; ``reliability`` names a standard to grade results by.
    The frame is not changed. Raises :class:`InformalityError`: USAGE for unknown names, DATA and ESTIMATE for the design.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"w": [10, 20, 20, 10], "village": [1, 1, 2, 2], "pay": [3.0, 5.0, None, 2.0]})
    >>> survey = inf.from_frame(people, weight="w", psu="village", units={"pay": "USD"})
    >>> float(inf.mean(survey, of="pay"))
    3.75
    """
    rows = frame.reset_index(drop=True).rename(columns=str)
    problems: list[Problem] = []

    def column(part: str, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if given in rows.columns:
            return rows[given]
        problems.append(_absent(part, given, rows.columns))
        return None

    drawn = {
        part: column(part, given)
        for part, given in {
            "weight": weight,
            "stratum": stratum,
            "psu": psu,
            "fpc": fpc,
            "psu2": psu2,
            "fpc2": fpc2,
        }.items()
        if given is not None
    }
    if replicates is not None and len(drawn) > 1:
        given = ", ".join(name for name in drawn if name != "weight")
        what = "a design has replicate weights, or strata and sampling units"
        problems.append(Problem("from_frame, replicates", what, f"beside replicates: {given}", "give one of the two"))
    named = [] if replicates is None or isinstance(replicates, pd.DataFrame) else list(replicates)
    problems += [_absent("replicates", name, rows.columns) for name in named if name not in rows.columns]
    for part, words in (("labels", labels), ("titles", titles), ("units", units)):
        problems += [_absent(part, str(name), rows.columns) for name in words or {} if str(name) not in rows.columns]
    if problems:
        raise InformalityError(problems, ExitCode.USAGE)
    if replicates is None:
        design = Design.from_columns(lonely=lonely, **drawn)
    else:
        table = replicates if isinstance(replicates, pd.DataFrame) else rows[named]
        design = Design.from_replicates(drawn["weight"], table, kind, scale=scale, rscales=rscales, rho=rho, mse=mse)
        drawn = {}
    made: dict[str, pd.Series] = {}
    variables: dict[str, Variable] = {}
    for name in [n for n in rows.columns if n not in named]:
        heading = str((titles or {}).get(name, name.replace("_", " ")))
        columns, variable = _variable(name, rows[name], heading, (labels or {}).get(name))
        made |= columns
        if variable is not None:
            variables[name] = variable
    people = People(pd.DataFrame(made, copy=False), variables, frozenset(variables), Schema({}, {}, {}), frozenset())
    standard = None if reliability is None else read_standard(reliability)
    return Survey(title, people, design, drawn, standard=standard, units=dict(units or {}))


def _absent(part: str, name: str, columns: pd.Index) -> Problem:
    return Problem(
        f"from_frame, {part}", f"the frame has no column `{name}`", fix=did_you_mean(name, [str(c) for c in columns])
    )


def _variable(
    name: str, column: pd.Series, title: str, labels: Mapping[Any, str] | None
) -> tuple[dict[str, pd.Series], Variable | None]:
    """A column as the grammar reads it, and what may be asked of it; other kinds (dates) stay as they are."""
    dtype = column.dtype
    if labels is None and pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        values = pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan), name=name)
        reason = np.where(values.isna(), MISSING.index(UNKNOWN), -1)
        blank = pd.Series(pd.Categorical.from_codes(reason, categories=list(MISSING)))
        return {name: values, name + REASON: blank}, Variable(name, "number", MISSING, title, MISSING_LABELS)
    text = isinstance(dtype, pd.CategoricalDtype) or any(
        check(dtype)
        for check in (pd.api.types.is_bool_dtype, pd.api.types.is_string_dtype, pd.api.types.is_object_dtype)
    )
    if labels is None and not text:
        return {name: column}, None
    if isinstance(dtype, pd.CategoricalDtype):
        values, codes = list(column.cat.categories), column.cat.codes.to_numpy()
    else:
        codes, found = pd.factorize(column, sort=True)
        values = list(found)
    said = {label(value): str(words) for value, words in (labels or {}).items()}
    if labels is None and pd.api.types.is_bool_dtype(dtype):
        said = {"False": "No", "True": "Yes"}
    names = [label(value) for value in values]
    categories = list(dict.fromkeys([*(s for s in said if labels), *names, *([UNKNOWN] if (codes < 0).any() else [])]))
    place = np.array([*(categories.index(n) for n in names), categories.index(UNKNOWN) if UNKNOWN in categories else 0])
    made = pd.Series(pd.Categorical.from_codes(place[codes], categories=categories), name=name)
    return {name: made}, Variable(name, "category", tuple(categories), title, {**MISSING_LABELS, **said})
