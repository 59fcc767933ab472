"""From a set of models to rows of the results table: coefficients, effects, adjusted shares, and how well they fit.

A row for each level of each covariate, the reference levels too, so that a table built from the rows is complete. Who
is left out, and why, stands in the note of the row that counts the cases. A covariate that the survey did not ask, or
that has one level among the cases, is left out and named; an outcome that was not asked, or a model that cannot be
fitted, gives one row that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from informality.foundation.errors import InformalityError
from informality.foundation.quantities import weakest
from informality.inference.estimates.intervals import Method, limits
from informality.inference.models import diagnostics, margins, model_tests, quantile_regression, regression
from informality.inference.models.coefficients import Coefficients
from informality.inference.models.fitted import Fit
from informality.inference.models.quantile_regression import QuantileFit
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray
from informality.tabulation.model_frame import OUTCOME, model_frame, readable
from informality.tabulation.model_plan import BINARY, ModelSet, ModelSpec
from informality.tabulation.rows import Settings, dimensions, finished, numbers, without_value
from informality.tabulation.views import View


def tabulate_models(models: ModelSet, seen: View, design: Design, settings: Settings) -> pd.DataFrame:
    """All models of a set, seen by the study's headline definition, as rows of the results table, in file order.

    Decompositions, segments and small areas follow the models. The status of a row is the weakest of those of the
    survey, of the definition where one is used, and of what the analysis itself assumes.
    """
    from informality.tabulation.decomposing import decomposition_rows
    from informality.tabulation.segmenting import segment_rows
    from informality.tabulation.small_areas import small_area_rows

    spec = models.spec
    made: list[tuple[str, str, Sequence[str], pd.DataFrame]] = []
    for name, model in spec.models.items():
        made.append((name, model.among, [*model.tested, *model.on], _model(model, seen, models, design, settings)))
    for name, gap in spec.decompositions.items():
        rows = decomposition_rows(gap, models, seen, design, settings)
        made.append((name, gap.among, [*gap.tested, *gap.on, *gap.between], rows))
    for name, segments in spec.segments.items():
        made.append((name, segments.among, [*segments.by], segment_rows(segments, models, seen, design, settings)))
    for name, areas in spec.small_areas.items():
        made.append(
            (name, areas.among, [*areas.of, areas.areas], small_area_rows(areas, models, seen, design, settings))
        )
    parts = []
    for name, among, named, rows in made:
        decided = any(n in seen.decided for n in [*named, *spec.universes[among].where])
        standing = [settings.status, *([seen.definition.status] if decided else [])]
        own = rows["status"] if "status" in rows else pd.Series(["derived"] * len(rows))
        rows = rows.assign(
            table=name, indicator=name, universe=among, definition=seen.definition.id,
            status=[weakest("derived", *standing, s) for s in own],
        )  # fmt: skip
        parts.append(rows)
    return finished(parts, settings)


def _model(model: ModelSpec, seen: View, models: ModelSet, design: Design, settings: Settings) -> pd.DataFrame:
    data = model_frame(model, models.spec.universes[model.among].where, seen)
    if isinstance(data, str):
        return without_value([], "coefficient", "coefficient", "derived", data)
    formula = f"{OUTCOME} ~ {' + '.join(data.covariates)}"
    reference: dict[str, Any] = {n: level for n, level in model.reference.items() if n in data.covariates}
    present = {
        n: set(data.frame.loc[data.inside & data.frame.notna().all(axis=1).to_numpy(), n].unique()) for n in reference
    }
    reference = {n: level for n, level in reference.items() if level in present[n]}
    if model.kind == "multinomial":
        reference[OUTCOME] = model.outcomes[0]
    options: regression.Options = {
        "domain": data.inside, "reference": reference, "missing": "drop", "collinear": "drop",
    }  # fmt: skip
    try:
        if model.kind == "quantile":
            fit: Fit | QuantileFit = quantile_regression.quantile(design, data.frame, formula, model.tau, **options)
        else:
            fit = regression.fit(model.kind, design, data.frame, formula, **options)
        rows = _Rows(model, seen, fit, settings)
        parts = [rows.cases(data.notes), *rows.coefficients(), *rows.tests()]
        if isinstance(fit, Fit):
            parts += [*rows.effects(fit), *rows.adjusted(fit), *rows.quality(fit)]
    except InformalityError as failure:
        why = "; ".join(f"{p.what}: {p.found}" if p.found else p.what for p in failure.problems)
        return without_value(
            [], "coefficient", "coefficient", "derived", f"the model cannot be fitted: {readable(why, seen)}"
        )
    return pd.concat(parts, ignore_index=True)


class _Rows:
    """The rows of one fitted model."""

    def __init__(self, model: ModelSpec, seen: View, fit: Fit | QuantileFit, settings: Settings) -> None:
        self.model, self.seen, self.fit, self.settings = model, seen, fit, settings
        data = fit.data
        self.rows = data.patterns.rows
        self.weight = fit.design.weight[self.rows]
        self.factors = {n: v for n, v in data.variables.items() if v.levels is not None and n != OUTCOME}
        self.numbers = [n for n, v in data.variables.items() if v.levels is None and n != OUTCOME]
        self.covariates = [n for n in model.on if n in data.variables]
        self.counts = {
            n: (
                np.bincount(v.values[self.rows], minlength=len(v.labels)),
                np.bincount(v.values[self.rows], self.weight, minlength=len(v.labels)),
            )
            for n, v in self.factors.items()
        }
        self.outcomes: tuple[str, ...] = fit.outcomes if isinstance(fit, Fit) else ()
        self.unit = "points" if isinstance(fit, Fit) and (self.outcomes or model.kind in BINARY) else self._own_unit()

    def levels(self, variable: str) -> list[str]:
        """The levels of a factor that have cases, in the order of the schema."""
        return sorted(self.factors[variable].labels, key=self.seen.variables[variable].categories.index)

    def _own_unit(self) -> str:
        if self.model.log:
            return "log points"
        assert isinstance(self.model.of, str)
        spec = self.seen.schema.variables[self.model.of].spec
        return spec.unit or "units"

    def _made(
        self,
        statistic: str,
        unit: str,
        cells: Sequence[tuple[str, str | None, str | None]],
        value: FloatArray,
        se: FloatArray,
        low: FloatArray,
        high: FloatArray,
        p: FloatArray,
        df: float,
    ) -> pd.DataFrame:
        """Graded rows of cells (variable, level, outcome); the cases are those of the level."""
        dims = ["", ""] if self.outcomes else [""]
        rows = dimensions(dims, [(level, outcome)[: len(dims)] for _, level, outcome in cells])
        rows["dim1"] = pd.Series([variable for variable, *_ in cells], dtype="str")
        if self.outcomes:
            rows["dim2"] = str(self.model.of)
        n, weighted = zip(*(self._cases(variable, level) for variable, level, _ in cells), strict=True)
        return numbers(
            rows, statistic, unit, self.settings, value=value, se=se, low=low, high=high, p=p, df=df, n=n,
            n_weighted=weighted,
        )  # fmt: skip

    def _cases(self, variable: str, level: str | None) -> tuple[int, float]:
        if level is None or variable not in self.factors:
            return len(self.rows), float(self.weight.sum())
        code = self.factors[variable].labels.index(level)
        counts, weights = self.counts[variable]
        return int(counts[code]), float(weights[code])

    def _limits(self, result: Coefficients) -> tuple[FloatArray, FloatArray]:
        return result.interval(self.settings.confidence)

    def cases(self, notes: Sequence[str]) -> pd.DataFrame:
        """How many persons the model rests on, and who was left out."""
        more = [note.what for note in self.fit.data.notes if "left out because a value is missing" not in note.what]
        more = [m for m in more if not m.startswith("no case has")]
        own = [self.model.note.rstrip(".")] if self.model.note else []
        rows = self._made("cases", "persons", [(self.covariates[0], None, None)], *_alone(self.weight.sum()), np.nan)
        rows[["dim1", "level1"]] = pd.Series([None, None], dtype="str").to_numpy()
        rows["note"] = pd.Series([readable("; ".join([*own, *notes, *more]), self.seen) or None], dtype="str")
        return rows

    def coefficients(self) -> list[pd.DataFrame]:
        """Coefficients, and where they have a name or the outcome is a logarithm, their exponentials; references too."""
        fit = self.fit
        value, se, p = fit.value, fit.se, fit.p
        low, high = self._limits(fit)
        places: list[int] = []
        cells: list[tuple[str, str | None, str | None]] = []
        for outcome in self.outcomes[1:] if self.model.kind == "multinomial" else [None]:
            head = f"{outcome} | " if outcome is not None else ""
            for variable in self.covariates:
                if variable in self.numbers:
                    places.append(_place(fit.names, f"{head}{variable}"))
                    cells.append((variable, None, outcome))
                    continue
                base = self.factors[variable].labels[0]
                for label in self.levels(variable):
                    places.append(-2 if label == base else _place(fit.names, f"{head}{variable}[{label}]"))
                    cells.append((variable, label, outcome))
        at = np.array(places)
        known, reference = at >= 0, at == -2
        pick = np.maximum(at, 0)

        def column(numbers: FloatArray, base: float) -> FloatArray:
            return np.where(known, numbers[pick], np.where(reference, base, np.nan))

        parts = [("coefficient", "coefficient", value, se, low, high, 0.0)]
        ratio = fit.data.likelihood.ratio if isinstance(fit, Fit) else ""
        if ratio or self.model.log:
            parts.append(("ratio", ratio or "ratio", np.exp(value), np.exp(value) * se, np.exp(low), np.exp(high), 1.0))
        out = []
        for statistic, unit, v, s, lo, hi, zero in parts:
            rows = self._made(
                statistic, unit, cells, column(v, zero), column(s, np.nan), column(lo, np.nan), column(hi, np.nan),
                column(p, np.nan), float(fit.df),
            )  # fmt: skip
            rows.loc[reference & rows["value"].notna().to_numpy(), "note"] = "reference"
            out.append(rows)
        return out

    def effects(self, fit: Fit) -> list[pd.DataFrame]:
        """Average marginal effects: each level against the reference, for everyone; a unit more of a number."""
        result = margins.effects(fit, self.covariates)
        low, high = self._limits(result)
        outcomes = self.outcomes or [None]
        cells: list[tuple[str, str | None, str | None]] = []
        places: list[int] = []
        first = 0  # place of the variable's first effect: its levels but the reference, each with all outcomes
        for variable in self.covariates:
            labels = self.factors[variable].labels if variable in self.factors else ("", "")
            for label in self.levels(variable) if variable in self.factors else [None]:
                code = 1 if label is None else labels.index(label)
                for o, outcome in enumerate(outcomes):
                    cells.append((variable, label, outcome))
                    places.append(-1 if code == 0 else first + (code - 1) * len(outcomes) + o)
            first += (len(labels) - 1) * len(outcomes)
        which = np.array(places)
        known, pick = which >= 0, np.maximum(which, 0)
        se, low, high, p = (np.where(known, x[pick], np.nan) for x in (result.se, low, high, result.p))
        value = np.where(known, result.value[pick], 0.0)
        rows = self._made("effect", self.unit, cells, value, se, low, high, p, result.df)
        rows.loc[~known & rows["value"].notna().to_numpy(), "note"] = "reference"
        return [rows]

    def adjusted(self, fit: Fit) -> list[pd.DataFrame]:
        """The shares (or means) that groups would have if all else were alike: everyone given each level in turn."""
        out = []
        for variable in self.model.adjusted:
            if variable not in self.factors:
                continue
            result = margins.predicted(fit, [variable])
            method: Method = "logit" if self.unit == "points" else "t"
            low, high = limits(method, result.value, result.se, result.df, fit.n, self.settings.confidence)
            outcomes = self.outcomes or [None]
            labels = self.factors[variable].labels
            cells = [(variable, label, o) for label in self.levels(variable) for o in outcomes]
            at = [
                labels.index(label) * len(outcomes) + o for label in self.levels(variable) for o in range(len(outcomes))
            ]
            unit = "share" if self.unit == "points" else self.unit
            none = np.full(len(cells), np.nan)
            value, se = result.value[at], result.se[at]
            out.append(self._made("adjusted", unit, cells, value, se, low[at], high[at], none, result.df))
        return out

    def tests(self) -> list[pd.DataFrame]:
        """For each covariate the test that it adds nothing: F with its p; not made where the design has no room for it."""
        cells: list[tuple[str, str | None, str | None]] = []
        statistic, p = [], []
        for variable in self.covariates:
            names = [n for n in self.fit.names if n.rpartition(" | ")[2].partition("[")[0] == variable]
            if not names:
                continue
            try:
                test = model_tests.wald(self.fit, names)
            except InformalityError:
                continue
            if np.isnan(test.p):
                continue
            cells.append((variable, None, None))
            statistic.append(test.statistic)
            p.append(test.p)
        if not cells:
            return []
        none = np.full(len(cells), np.nan)
        rows = self._made("joint_test", "F", cells, np.array(statistic), none, none, none, np.array(p), self.fit.df)
        return [rows.assign(dim2=pd.Series([None] * len(rows), dtype="str"))] if self.outcomes else [rows]

    def quality(self, fit: Fit) -> list[pd.DataFrame]:
        """How well the model tells cases apart (area under the ROC curve) and fits groups of risk; explained share."""
        out = []
        cell = [(self.covariates[0], None, None)]
        if self.model.kind in BINARY:
            area = diagnostics.roc(fit)
            low, high = limits("logit", area.value, area.se, area.df, fit.n, self.settings.confidence)
            out.append(self._made("auc", "area", cell, area.value, area.se, low, high, np.array([np.nan]), area.df))
            fits = diagnostics.archer_lemeshow(fit)
            numbers = _alone(fits.statistic)
            out.append(self._made("goodness_of_fit", "F", cell, *numbers[:-1], np.array([fits.p]), float(fits.ddf)))
        elif self.model.kind == "linear":
            out.append(self._made("r_squared", "share", cell, *_alone(fit.explained), np.nan))
        for rows in out:
            rows[["dim1", "level1"]] = pd.Series([None, None], dtype="str").to_numpy()
            if self.outcomes:
                rows[["dim2", "level2"]] = pd.Series([None, None], dtype="str").to_numpy()
        return out


def _alone(value: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """A number without an error: value, se, limits and p."""
    none = np.array([np.nan])
    return np.array([float(value)]), none, none, none, none


def _place(names: Sequence[str], name: str) -> int:
    """Place of a coefficient; -1 for one that was left out as collinear."""
    return names.index(name) if name in names else -1
