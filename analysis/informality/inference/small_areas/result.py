"""What comes out of an area-level model: the direct estimate and the model's beside it, and whether the model fits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from informality.foundation.errors import Problem
from informality.inference.models.coefficients import Coefficients
from informality.inference.sampling.moments import FloatArray
from informality.inference.small_areas.area_model import AreaModel
from informality.inference.small_areas.direct import Areas
from informality.inference.small_areas.scales import Scale


@dataclass(frozen=True, slots=True, eq=False)
class Benchmarked:
    """Estimates (A,) times one ``factor``, so that they add up to ``total``, and their root mean squared errors (A,)."""

    factor: float
    total: float
    value: FloatArray
    rmse: FloatArray


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Whether the model fits.

    ``covered``: share of the areas in the model whose direct 95 % interval holds the model's estimate; a model that
    has lost touch with the data shows here, and one that follows them closely covers nearly all. ``largest_residual``: the
    largest standardised residual and whose it is: among m areas one beyond the normal quantile of 1 - 1/(2m) is
    rare. ``skewness`` and ``kurtosis`` (less 3) of the residuals are near 0 under the model.
    """

    in_model: int
    covered: float
    largest_residual: float
    largest_residual_of: str
    skewness: float
    kurtosis: float
    model_variance: float
    model_variance_se: float
    smallest_gamma: float
    largest_gamma: float
    log_likelihood: float
    aic: float


@dataclass(frozen=True, slots=True, eq=False)
class SmallAreas:
    """Estimates of A areas (A,), in the order of the covariates and on the scale of the direct estimates.

    ``value``: the model's (EBLUP; carried back from ``scale``), ``rmse``: its root mean squared error, NaN where that cannot
    be estimated. ``synthetic``: the line alone. ``gamma``: the weight of the area's own direct estimate,
    0 for areas that are not in the model; ``residual``: standardised, NaN for these. ``on_scale``, ``rmse_on_scale``: value and
    error where the line was fitted. ``used_se``: the standard error of the direct estimate that the model was
    given. ``notes``: what the reader has to know. ``benchmarked``: None unless asked for.
    """

    areas: Areas
    model: AreaModel
    coefficients: Coefficients
    scale: Scale
    value: FloatArray
    rmse: FloatArray
    synthetic: FloatArray
    gamma: FloatArray
    residual: FloatArray
    on_scale: FloatArray
    rmse_on_scale: FloatArray
    used_se: FloatArray
    notes: tuple[Problem, ...]
    benchmarked: Benchmarked | None

    @property
    def in_model(self) -> NDArray[np.bool_]:
        """(A,) True for areas whose direct estimate is in the model."""
        return np.array([not why for why in self.areas.why])

    def interval(self, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limits (A,): normal on the scale of the model, carried back; not benchmarked.

        With few areas they cover somewhat less than they say, because the error of the model variance is in the rmse but not in
        the shape of the distribution.
        """
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
        half = special.ndtri((1 + confidence) / 2) * self.rmse_on_scale
        return self.scale.back(self.on_scale - half), self.scale.back(self.on_scale + half)

    def diagnostics(self) -> Diagnostics:
        """Numbers that tell whether to believe the model."""
        inside = self.areas.sampled
        residual, value = self.residual[inside], self.value[inside]
        low, high = self.areas.low[inside], self.areas.high[inside]
        known = np.isfinite(low) & np.isfinite(high)
        covered = (low <= value) & (value <= high)
        centred = residual - residual.mean()
        spread = np.sqrt((centred**2).mean())
        worst = int(np.abs(residual).argmax())
        return Diagnostics(
            in_model=len(inside),
            covered=float(covered[known].mean()) if known.any() else np.nan,
            largest_residual=float(residual[worst]),
            largest_residual_of=self.areas.labels[inside[worst]],
            skewness=float((centred**3).mean() / spread**3),
            kurtosis=float((centred**4).mean() / spread**4 - 3),
            model_variance=self.model.variance,
            model_variance_se=self.model.variance_se,
            smallest_gamma=float(self.gamma[inside].min()),
            largest_gamma=float(self.gamma[inside].max()),
            log_likelihood=self.model.log_likelihood,
            aic=self.model.aic,
        )

    def table(self) -> pd.DataFrame:
        """A row for each area: direct estimate, se and cv beside the model's estimate, rmse and cv.

        ``basis`` is ``model`` or ``synthetic``, ``why`` says why not in the model; direct numbers are NaN where there
        are none or, for se and cv, where they cannot be measured.
        """
        areas = self.areas
        columns: dict[str, object] = {
            "n": areas.n,
            "df": areas.df,
            "direct": areas.value,
            "direct_se": areas.se,
            "direct_cv": _cv(areas.value, areas.se),
            "estimate": self.value,
            "rmse": self.rmse,
            "cv": _cv(self.value, self.rmse),
            "gamma": self.gamma,
            "synthetic": self.synthetic,
            "residual": self.residual,
        }
        if not np.array_equal(self.used_se, areas.se, equal_nan=True):
            columns["smoothed_se"] = self.used_se
        if self.benchmarked is not None:
            columns |= {"benchmarked": self.benchmarked.value, "benchmarked_rmse": self.benchmarked.rmse}
        columns |= {"basis": np.where(self.in_model, "model", "synthetic"), "why": list(areas.why)}
        return pd.DataFrame(columns, index=pd.Index(areas.labels, name="area"))

    def benchmark_to(self, benchmarked: Benchmarked) -> SmallAreas:
        """The same with benchmarked estimates beside the others, and a note."""
        note = Problem(
            "small areas",
            f"the benchmarked estimates are the others times {benchmarked.factor:.5f}, so that they add up to the "
            f"direct total of {benchmarked.total:,.6g}",
            severity="warning",
        )
        return replace(self, benchmarked=benchmarked, notes=(*self.notes, note))

    def __str__(self) -> str:
        model, d = self.model, self.diagnostics()
        head = [
            f"{len(self.areas.labels)} areas, {d.in_model} in the model (Fay-Herriot, {model.method}, {self.scale.name} scale)",
            f"variance between areas {model.variance:.4g} (se {model.variance_se:.2g}); AIC {model.aic:.2f}; "
            f"{d.covered:.0%} of the direct 95% intervals hold the model's estimate",
            "",
            self.coefficients.format(),
            "",
            self.table().to_string(float_format=lambda v: f"{v:.4g}", na_rep=""),
            "",
        ]
        notes = [f"Note: {'; '.join(part for part in (n.what, n.found, n.fix) if part)}." for n in self.notes]
        return "\n".join([*head, *notes]).rstrip()


def _cv(value: FloatArray, error: FloatArray) -> FloatArray:
    size = np.abs(value)
    return np.asarray(np.divide(error, size, out=np.full(len(value), np.nan), where=size > 0))
