"""Small areas by the model of Fay and Herriot: direct estimates and covariates in, both estimates side by side out.

The model borrows: an area with few cases leans on the line that all areas follow, the more so the larger its sampling
variance. What comes out is a prediction for publication *beside* the direct estimate, never instead of it. It is
as good as three assumptions: the line holds; what is peculiar to areas is normal and of one variance; and the sampling
variances are known, while in truth they were estimated, often from a handful of sampled units. The last can be helped by
smoothing them (``smoothing="gvf"``), which is an assumption of its own, so it has to be asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem, raise_errors
from informality.inference.estimates.functional import require_known
from informality.inference.models.coefficients import Coefficients
from informality.inference.sampling.moments import FloatArray
from informality.inference.sampling.units import label, named
from informality.inference.small_areas.area_model import METHODS, AreaModel, Method, fit_area_model
from informality.inference.small_areas.direct import PLACE, Areas, DirectEstimates, read_areas
from informality.inference.small_areas.result import Benchmarked, SmallAreas
from informality.inference.small_areas.scales import SCALES, Scale, ScaleName

Sampling = Literal["variances", "covariance"]
Smoothing = Literal["none", "gvf"]

_NOTABLE = 0.05  # correlation of two direct estimates that a model of independent ones should not keep quiet about
_FEW = 10  # degrees of freedom: a variance with so many is off by sqrt(2/10), 45 %, as a rule


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A direct total of all areas that their estimates shall add up to: sum of size x estimate = ``total``.

    ``sizes``: of every area. For a share of persons, the persons it is a share of, and the total is the number of those
    who have it; for totals, 1.
    """

    total: float
    sizes: Mapping[str, float]


def fay_herriot(
    direct: DirectEstimates,
    covariates: pd.DataFrame,
    *,
    method: Method = "reml",
    sampling: Sampling = "variances",
    scale: ScaleName = "identity",
    smoothing: Smoothing = "none",
    benchmark: Benchmark | None = None,
) -> SmallAreas:
    """Estimates of all areas that ``covariates`` has a row for, with their root mean squared errors.

    ``covariates``: numbers, known without sampling error (a census, a register), one row for each area, whose name is
    the index; a constant is added. Areas without a direct estimate, or with one whose error cannot be measured (no
    variation among the cases, one PSU), are not in the model: they get the synthetic estimate, the line, marked as such.

    ``method``: how the variance of what is peculiar to areas is estimated, and with it the formula of the mean squared
    error (:mod:`~informality.inference.small_areas.area_model`). It can come out as 0: then the direct
    estimates count for nothing beside the line, which is more than a few areas can have shown. The result says so;
    ``adjusted`` never gives 0.

    ``sampling``: ``variances`` takes the direct estimates as independent of each other, as Fay and Herriot
    do. That is right for areas that are made of strata; groups that share PSUs (occupations, age groups), overlapping waves
    and calibrated weights make them correlated, and the result says by how much. ``covariance`` models them as they are,
    if the design has more degrees of freedom than there are areas; then an estimate need not lie between the
    direct and the synthetic one.

    ``scale``: where areas follow the line; ``logit`` and ``arcsine`` are for shares, and the result is carried
    back to shares (:mod:`~informality.inference.small_areas.scales`). ``smoothing``: ``gvf`` replaces each sampling
    variance by what a generalised variance function says of areas with as many cases (:func:`smoothed`).

    ``benchmark``: multiply all estimates by one factor, so that they add up to a direct total; off by default. The
    mean squared error grows by the square of the change (the predictor being the mean given the data, what it was off by is not
    correlated with the change); the error of the total itself is not in it.

    Raises :class:`InformalityError`: DATA and ESTIMATE as :func:`~informality.inference.small_areas.direct.read_areas`
    does; ESTIMATE for unknown names, a scale that a number cannot be put on, and a benchmark that does not fit.
    """
    require_known(method, METHODS, "way to estimate the model variance")
    require_known(sampling, ("variances", "covariance"), "way to take the sampling errors")
    require_known(scale, tuple(SCALES), "scale for areas")
    require_known(smoothing, ("none", "gvf"), "way to smooth sampling variances")
    areas = read_areas(direct, covariates)
    on = SCALES[scale]
    y = areas.value[areas.sampled]
    _require_on_scale(areas, y, on)
    psi = areas.covariance
    if smoothing == "gvf":
        factor = np.sqrt(smoothed(np.diag(psi), areas.n[areas.sampled]) / np.diag(psi))
        psi = factor[:, None] * psi * factor
    used = np.sqrt(np.diag(psi))
    slope = on.slope(y)
    psi = slope[:, None] * psi * slope
    notes = _notes_on_sampling(areas, psi, sampling, smoothing)
    given = psi if sampling == "covariance" and _correlation(psi)[0] > 0 else np.diag(psi)
    model = fit_area_model(on.there(y), given, areas.x[areas.sampled], method)
    if model.variance == 0:
        notes.append(_no_model_variance(method))
    return _result(areas, model, on, used, notes, benchmark)


def smoothed(variance: FloatArray, n: FloatArray) -> FloatArray:
    """Sampling variances (m,) by a generalised variance function: exp(a + b log n) by least squares, times one factor.

    ``n``: (m,) cases. The factor makes the smoothed variances add up to what the direct ones do, which the logarithm would
    fall short of (Dick 1995; Hidiroglou, Beaumont and Yung 2019). Raises :class:`InformalityError` (ESTIMATE)
    if the numbers of cases are not known, or are the same everywhere.
    """
    if not (n > 0).all() or np.ptp(n) == 0:
        raise InformalityError(
            Problem(PLACE, "sampling variances can only be smoothed over different numbers of cases",
                    "the cases of some areas are not known" if not (n > 0).all() else f"all areas have {n[0]:g}",
                    'give the cases of each area, or leave out smoothing="gvf"'), ExitCode.ESTIMATE
        )  # fmt: skip
    x = np.column_stack([np.ones(len(n)), np.log(n)])
    raw = np.exp(x @ np.linalg.lstsq(x, np.log(variance), rcond=None)[0])
    return np.asarray(raw * variance.sum() / raw.sum())


def _result(
    areas: Areas, model: AreaModel, on: Scale, used: FloatArray, notes: list[Problem], benchmark: Benchmark | None
) -> SmallAreas:
    """Areas in the model and those that are not, back on the scale of the direct estimates."""
    synthetic, mse, g1 = model.line(areas.x)
    eblup, gamma, residual = synthetic.copy(), np.zeros(len(areas.x)), np.full(len(areas.x), np.nan)
    model_se = np.full(len(areas.x), np.nan)
    places = areas.sampled
    eblup[places], mse[places], g1[places] = model.eblup, model.mse, model.g1
    gamma[places], residual[places], model_se[places] = model.gamma, model.residual, used
    if (mse <= 0).any():
        notes.append(_no_error(areas, mse, model.method))
    mse = np.where(mse > 0, mse, np.nan)
    value = on.mean(eblup, g1)
    without = [f"{areas.labels[i]} ({areas.why[i]})" for i in np.flatnonzero([bool(w) for w in areas.why])]
    if without:
        notes.insert(0, Problem(PLACE, f"{len(without)} of {len(areas.labels)} areas are not in the model and have the "
                                "synthetic estimate, which knows nothing of what is peculiar to them",
                                named(without), severity="warning", count=len(without)))  # fmt: skip
    result = SmallAreas(
        areas=areas,
        model=model,
        coefficients=Coefficients(areas.names, model.beta, model.beta_cov, len(places) - len(model.beta)),
        scale=on,
        value=value,
        rmse=np.sqrt(on.mean_square(eblup, mse, value)),
        synthetic=on.mean(synthetic, np.full(len(synthetic), model.variance)),
        gamma=gamma,
        residual=residual,
        on_scale=eblup,
        rmse_on_scale=np.sqrt(mse),
        used_se=model_se,
        notes=tuple(notes),
        benchmarked=None,
    )
    return result if benchmark is None else result.benchmark_to(_fitted_to(result, benchmark))


def _fitted_to(result: SmallAreas, benchmark: Benchmark) -> Benchmarked:
    """The factor, and the estimates times the factor."""
    labels, place = result.areas.labels, f"{PLACE}, benchmark"
    known = {label(area): float(size) for area, size in benchmark.sizes.items()}
    problems = []
    lacking = [area for area in labels if not np.isfinite(known.get(area, np.nan)) or known[area] < 0]
    if lacking:
        problems.append(
            Problem(place, "the size of an area is missing, infinite or negative", named(lacking),
                    "give the size of each area, from 0 on", count=len(lacking))
        )  # fmt: skip
    if stray := [area for area in known if area not in labels]:
        problems.append(Problem(place, "a size is given for an area without covariates", named(stray), "leave it out"))
    raise_errors(problems, ExitCode.DATA)
    sizes = np.array([known[area] for area in labels])
    reached = float(sizes @ result.value)
    if not (np.isfinite(benchmark.total) and reached * benchmark.total > 0):
        raise InformalityError(
            Problem(place, "no factor can make the estimates add up to the total",
                    f"they add up to {reached:,.6g}, the total is {benchmark.total:,.6g}",
                    "check the total and the sizes"), ExitCode.ESTIMATE
        )  # fmt: skip
    factor = benchmark.total / reached
    value = result.value * factor
    beyond = [f"{labels[i]} ({value[i]:.4f})" for i in np.flatnonzero((value > 1) & result.scale.bounded)]
    if beyond:
        raise InformalityError(
            Problem(place, "a share above 1 would come out", f"{named(beyond)}; the factor is {factor:.4f}",
                    "check that the total and the sizes speak of the same persons, or do not benchmark"),
            ExitCode.ESTIMATE,
        )  # fmt: skip
    rmse = np.sqrt(result.rmse**2 + (value - result.value) ** 2)
    return Benchmarked(factor=factor, total=benchmark.total, value=value, rmse=rmse)


def _require_on_scale(areas: Areas, y: FloatArray, on: Scale) -> None:
    outside = [f"{areas.labels[areas.sampled[i]]} ({y[i]:.4g})" for i in np.flatnonzero((y <= 0) | (y >= 1))]
    if on.bounded and outside:
        raise InformalityError(
            Problem(PLACE, f"the {on.name} scale is for shares, between 0 and 1", named(outside),
                    'leave out `scale`, or give shares', count=len(outside)), ExitCode.ESTIMATE
        )  # fmt: skip


def _correlation(psi: FloatArray) -> tuple[float, int, int]:
    """The largest correlation of two direct estimates, and which they are."""
    size = np.sqrt(np.diag(psi))
    between = np.abs(psi / np.outer(size, size)) - np.eye(len(psi))
    i, j = np.unravel_index(int(between.argmax()), between.shape)
    return float(between[i, j]), int(i), int(j)


def _notes_on_sampling(areas: Areas, psi: FloatArray, sampling: Sampling, smoothing: Smoothing) -> list[Problem]:
    notes = []
    largest, i, j = _correlation(psi)
    if sampling == "variances" and largest > _NOTABLE:
        pair = " and ".join(areas.labels[areas.sampled[k]] for k in (i, j))
        notes.append(Problem(PLACE, "the direct estimates are correlated, and the model takes them as independent",
                             f"the largest correlation is {largest:.2f}, between {pair}",
                             'say sampling="covariance" if the design has more degrees of freedom than areas',
                             severity="warning"))  # fmt: skip
    few = int((areas.df[areas.sampled] < _FEW).sum())
    if smoothing == "gvf":
        notes.append(Problem(PLACE, "the sampling variances are those of a generalised variance function of the cases, "
                             "not the direct ones", severity="warning"))  # fmt: skip
    elif few:
        notes.append(Problem(PLACE, f"the model takes the sampling variances as known, but in {few} of "
                             f"{len(areas.sampled)} areas they rest on fewer than {_FEW} degrees of freedom",
                             fix='say smoothing="gvf" to smooth them over areas', severity="warning", count=few))  # fmt: skip
    return notes


def _no_model_variance(method: str) -> Problem:
    return Problem(
        PLACE,
        "the variance of what is peculiar to areas is estimated as 0, so every estimate is the synthetic one and "
        "the direct estimates count for nothing; the areas were too few, or their errors too large, to show more, and "
        "the mean squared errors are not to be relied on",
        f"by {method}",
        'say method="adjusted", which keeps the variance above 0',
        severity="warning",
    )


def _no_error(areas: Areas, mse: FloatArray, method: str) -> Problem:
    bad = [areas.labels[i] for i in np.flatnonzero(mse <= 0)]
    return Problem(
        PLACE,
        f"the mean squared error, less the bias of the model variance by {method}, came out negative in some areas and "
        "is left blank",
        named(bad),
        'say method="reml" or method="adjusted"',
        severity="warning",
        count=len(bad),
    )
