"""Decompositions as rows of the results table: what both groups have, the gap, its parts, and each covariate's share of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from informality.foundation.errors import InformalityError
from informality.inference.decomposition import gaps
from informality.inference.decomposition.result import Decomposition
from informality.inference.decomposition.reweighting import Reweighted, reweighted
from informality.inference.sampling.design import Design
from informality.tabulation.model_frame import OUTCOME, model_frame, readable
from informality.tabulation.model_plan import DecompositionSpec, ModelSet
from informality.tabulation.rows import Settings, dimensions, numbers, without_value
from informality.tabulation.views import View

PART = "part"
"""Dimension of the results table that names the parts of a gap."""


def decomposition_rows(
    spec: DecompositionSpec, models: ModelSet, seen: View, design: Design, settings: Settings
) -> pd.DataFrame:
    """The rows of one decomposition. A row `cases` counts the persons and says who is left out.

    Statistics: `observed` (of each group, by the variable that makes them), `gap`, and each part of the gap (`explained`,
    `unexplained`, ...) with a row for the whole and, where the method has them, one for each covariate (dim1).
    For `reweighting` the dimension `statistic` says of what (mean, a quantile). A gap in logarithms is told as a ratio, and so
    are its parts, which multiply to it; what both groups have is then a geometric mean.
    """
    ((variable, (first, second)),) = spec.between.items()
    data = model_frame(spec, models.spec.universes[spec.among].where, seen, (variable, (first, second)))
    unit = "points" if isinstance(spec.of, dict) else "ratio" if spec.log else "units"
    if isinstance(data, str):
        return without_value([], "gap", unit, "derived", data)
    formula = f"{OUTCOME} ~ {' + '.join(data.covariates)}"
    groups = (variable, first, second)
    try:
        if spec.method == "reweighting":
            result: Decomposition | Reweighted = reweighted(
                design, data.frame, formula, groups, ["mean", *spec.quantiles], domain=data.inside, missing="drop"
            )
        elif spec.method == "threefold":
            result = gaps.threefold(design, data.frame, formula, groups, domain=data.inside, missing="drop")
        else:
            method = gaps.yun if spec.method == "yun" else gaps.oaxaca
            result = method(
                design, data.frame, formula, groups, spec.reference, domain=data.inside, missing="drop", normalise=True
            )
    except InformalityError as failure:
        why = "; ".join(f"{p.what}: {p.found}" if p.found else p.what for p in failure.problems)
        return without_value(
            [], "gap", unit, "derived", f"the gap cannot be taken apart: {_told(why, variable, groups[1:], seen)}"
        )
    told = [_told(note.what, variable, groups[1:], seen) for note in result.notes]
    told = [text for text in told if "left out because a value is missing" not in text]
    told = [text for text in told if not text.startswith("no case has")]
    of_terms = [text for text in told if text.startswith("the terms of")]
    notes = "; ".join(
        [*([spec.note.rstrip(".")] if spec.note else []), *data.notes, *(text for text in told if text not in of_terms)]
    )
    cases = numbers(dimensions([], [()]), "cases", "persons", settings, value=sum(result.n_weighted), n=sum(result.n))
    cases = cases.assign(note=pd.Series([notes or None], dtype="str"))
    parts = _parts(spec, result, variable, unit, settings)
    terms = (parts["statistic"] == "unexplained") & parts["dim1"].notna() & parts["note"].isna()
    parts.loc[terms, "note"] = "; ".join(of_terms) or None
    return pd.concat([cases, parts], ignore_index=True)


def _told(text: str, variable: str, groups: Sequence[str], seen: View) -> str:
    """A note in the words of the survey, the groups by their labels."""
    text = readable(text, seen)
    for group in groups:
        text = re.sub(rf"\b{re.escape(group)}\b", f"“{seen.variables[variable].label(group)}”", text)
    return text.replace("; ", ", ")


def _parts(
    spec: DecompositionSpec, result: Decomposition | Reweighted, variable: str, unit: str, settings: Settings
) -> pd.DataFrame:
    labels = result.labels
    low, high = result.interval(settings.confidence)
    part = labels["part"].to_numpy(dtype=str)
    group = labels["group"].to_numpy(dtype=str)
    term = labels["term"].to_numpy(dtype=str) if "term" in labels else np.full(len(part), "")
    of = labels["statistic"].to_numpy(dtype=str) if "statistic" in labels else np.full(len(part), "")
    cells = []
    for g, x, s in zip(group, term, of, strict=True):
        dims = [(variable, g)] if g else [(x, None)] if x else []
        dims += [("statistic", s)] if s else []
        cells.append(dims)
    rows = dimensions([], [()] * len(part))
    for d in (1, 2):
        rows[f"dim{d}"] = pd.Series([c[d - 1][0] if len(c) >= d else None for c in cells], dtype="str")
        rows[f"level{d}"] = pd.Series([c[d - 1][1] if len(c) >= d else None for c in cells], dtype="str")
    by_group = dict(zip(result.groups, result.n, strict=True))
    n = [by_group.get(g, min(result.n)) for g in group]
    own = "share" if isinstance(spec.of, dict) else "geometric mean" if spec.log else unit
    at = "currency" if spec.log else own  # a quantile of logarithms is the logarithm of a quantile
    units = [
        unit if p not in ("observed", "counterfactual") else at if s.startswith("quantile") else own
        for p, s in zip(part, of, strict=True)
    ]
    value, se = result.value, result.se
    if spec.log:  # back from logarithms: the parts multiply
        value, low, high = np.exp(value), np.exp(low), np.exp(high)
        se = value * se
    out = numbers(
        rows, "", unit, settings, value=value, se=se, low=low, high=high,
        p=np.where(np.isin(part, ["observed", "counterfactual"]), np.nan, result.p), df=result.df, n=n,
    )  # fmt: skip
    return out.assign(statistic=part, unit=units)
