"""Small areas as rows of the results table: the direct estimate of each area, and that of an area-level model beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from informality.foundation.errors import InformalityError
from informality.foundation.grammar import MISSING
from informality.foundation.quantities import weakest
from informality.inference.estimates.derived import cells as cells_of
from informality.inference.estimates.estimate import Estimate
from informality.inference.estimates.intervals import interval
from informality.inference.sampling.design import Design
from informality.inference.small_areas.direct import DirectEstimates
from informality.inference.small_areas.fay_herriot import fay_herriot
from informality.tabulation.measure import Question, ask
from informality.tabulation.model_plan import ModelSet, SmallAreasSpec
from informality.tabulation.reliability import relative_error
from informality.tabulation.rows import Settings, dimensions, grade, numbers, without_value
from informality.tabulation.views import View


def small_area_rows(
    spec: SmallAreasSpec, models: ModelSet, seen: View, design: Design, settings: Settings
) -> pd.DataFrame:
    """The rows of one set of small areas; the areas are the categories of a variable, those without a case too.

    Statistics: `direct`, as any share; `model`, the prediction of Fay and Herriot with its root mean squared error in the
    column `se`; `gamma`, the weight of the direct estimate in it. A prediction rests on the cases of all areas, so it
    has no `n` of its own. Notes of the model stand on the row `model_variance`.
    """
    where = models.spec.universes[spec.among].where
    named = [*spec.of, *where, spec.areas]
    if missing := seen.lacking(named):
        return without_value([spec.areas], "model", "share", "derived", f"the survey did not ask: {'; '.join(missing)}")
    answer = ask(seen, design, Question("share", spec.of, where, (spec.areas,)))
    if answer is None:
        return without_value([spec.areas], "model", "share", "derived", "nobody in the sample belongs to the group")
    if answer.open_cases.any():
        why = f"the questions needed were not asked of {int(answer.open_cases.sum()):,} sampled persons in this group"
        return without_value([spec.areas], "model", "share", "derived", why)
    assert isinstance(answer.estimate, Estimate)
    found = [cell[0] for cell in answer.cells]
    areas = [c for c in seen.variables[spec.areas].categories if c not in MISSING]
    status = weakest("derived", *(c.status for c in spec.covariates.values()))
    covariates = pd.DataFrame(
        {name: [c.values.get(area, np.nan) for area in areas] for name, c in spec.covariates.items()}, index=areas
    )
    estimate = answer.estimate
    kept = [i for i, area in enumerate(found) if area in areas]
    try:
        direct = DirectEstimates.of(cells_of(estimate)[kept], [found[i] for i in kept])
        result = fay_herriot(direct, covariates, method=spec.method, scale=spec.scale)
    except InformalityError as failure:
        why = "; ".join(f"{p.what}: {p.found}" if p.found else p.what for p in failure.problems)
        return without_value([spec.areas], "model", "share", status, f"the model of areas cannot be fitted: {why}")
    cells = [(area,) for area in areas]
    total = int(estimate.n[kept].sum())
    low, high = result.interval(settings.confidence)
    model = dimensions([spec.areas], cells).assign(
        value=result.value, se=result.rmse, ci_low=low, ci_high=high, p=np.nan, n=total, n_weighted=np.nan,
        cv=relative_error(result.value, result.rmse), deff=np.nan, df=np.nan, statistic="model", unit="share",
    )  # fmt: skip
    grade(model, settings)
    model["n"] = pd.array([pd.NA] * len(model), dtype="Int64")  # the cases are those of all areas
    for i, why in enumerate(result.areas.why):
        if why:
            model.loc[i, "note"] = f"not in the model, from the line of all areas alone: {why}"
    gamma = numbers(dimensions([spec.areas], cells), "gamma", "share", settings, value=result.gamma, n=total)
    variance = numbers(
        dimensions([], [()]), "model_variance", "variance", settings, value=result.model.variance, n=total
    ).assign(note=pd.Series(["; ".join(note.what for note in result.notes) or None], dtype="str"))
    parts = [_direct(spec, estimate, kept, found, settings), model, gamma, variance]
    return pd.concat(parts, ignore_index=True).assign(status=status)


def _direct(
    spec: SmallAreasSpec, estimate: Estimate, kept: Sequence[int], found: Sequence[str], settings: Settings
) -> pd.DataFrame:
    low, high = interval(estimate, settings.method or "logit", settings.confidence)
    rows = dimensions([spec.areas], [(found[i],) for i in kept]).assign(
        value=estimate.value[kept], se=estimate.se[kept], ci_low=low[kept], ci_high=high[kept], p=np.nan,
        n=estimate.n[kept], n_weighted=estimate.n_weighted[kept], deff=estimate.deff[kept], df=estimate.df[kept],
        cv=relative_error(estimate.value[kept], estimate.se[kept]), statistic="direct", unit="share",
    )  # fmt: skip
    grade(rows, settings)
    return rows
