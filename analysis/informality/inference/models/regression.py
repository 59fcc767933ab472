"""Regression models of a weighted sample, with the covariance of its design.

A formula, a frame and a design make a :class:`~informality.inference.models.fitted.Fit`. Point estimates are those of the
weighted likelihood (:mod:`~informality.inference.models.newton`); errors are the design's
(:mod:`~informality.inference.models.sandwich`), never those a regression program prints for weights.

As in R ``svyglm``, the sandwich has the expected information (``information="observed"`` gives Stata's; the two are one for
the linear model, the logit and Poisson, and the ordered logit always has the observed one), and t tests have
the degrees of freedom of the design over the model's cases, plus one, minus the number of coefficients in one
equation (a constant and the slopes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from informality.foundation.errors import ExitCode, InformalityError, Problem, raise_errors
from informality.inference.models import newton
from informality.inference.models.fitted import Fit
from informality.inference.models.model_data import Kind, Missing, ModelData, read_model_data
from informality.inference.models.newton import Sample
from informality.inference.models.sandwich import degrees_of_freedom, sandwich, sizes
from informality.inference.models.several_outcomes import Ordered
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray

Information = Literal["expected", "observed"]


class Options(TypedDict, total=False):
    """How a model is fitted.

    ``domain``: (n,) True for the rows the model is about; never leave rows out instead. ``offset``: an
    expression with coefficient 1. ``reference``: the reference level of a factor, by its name. ``missing``:
    rows with a missing value are refused, or dropped and counted. ``collinear``: columns that follow from
    others are refused, or dropped and named. ``information``: see the module.
    """

    domain: ArrayLike | None
    offset: str | None
    reference: Mapping[str, Any]
    missing: Missing
    collinear: Literal["refuse", "drop"]
    information: Information


def fit(kind: Kind, design: Design, frame: pd.DataFrame, formula: str, **options: Unpack[Options]) -> Fit:
    """Fit a model of ``kind`` to the rows of ``frame`` (n), those of ``design``; see the functions by kind.

    Raises :class:`InformalityError`: SPEC for the formula, DATA for missing values, ESTIMATE for an empty
    domain, one PSU, factors with one level, collinear columns and perfect separation, each by name.
    """
    data = read_model_data(
        kind, design, frame, formula, options.get("domain"), options.get("offset"),
        options.get("reference", {}), options.get("missing", "refuse"),
    )  # fmt: skip
    return fit_data(data, design, options.get("collinear", "refuse"), options.get("information", "expected"))


def fit_data(
    data: ModelData,
    design: Design,
    collinear: Literal["refuse", "drop"] = "refuse",
    information: Information = "expected",
) -> Fit:
    """Fit the model of data read before, such as those of a group of the cases; errors (ESTIMATE) as of :func:`fit`."""
    weight = data.patterns.sums(design.weight)
    data, squares = independent(data, weight, collinear)
    size = sizes(data.likelihood, squares, weight)
    sample = data.sample
    solution = newton.maximise(data.likelihood, sample, weight, size)
    if not solution.converged:
        _require_finite(sample, data.place)
        raise newton.separation(data.likelihood, sample, solution, data.place)
    try:
        bread, cov = sandwich(data, design, solution.theta, size, information == "expected")
    except newton.Flat as flat:  # the steps came to rest where the slope has died away: no finite coefficient
        along = replace(solution, step=flat.direction)
        raise newton.separation(data.likelihood, sample, along, data.place) from None
    design_df = degrees_of_freedom(design, data.patterns.rows)
    names = data.likelihood.names(sample.matrix.names)
    equation = len(sample.matrix.names) + isinstance(data.likelihood, Ordered)
    return Fit(
        names=names, value=solution.theta, cov=cov, df=design_df + 1 - equation, n=len(data.patterns.rows),
        n_weighted=float(weight.sum()), design_df=design_df, iterations=solution.iterations, converged=True,
        bread=bread, size=size, design=design, data=data,
    )  # fmt: skip


def linear(design: Design, frame: pd.DataFrame, formula: str, **options: Unpack[Options]) -> Fit:
    """Weighted least squares: R ``svyglm`` as it stands."""
    return fit("linear", design, frame, formula, **options)


def logit(design: Design, frame: pd.DataFrame, formula: str, **options: Unpack[Options]) -> Fit:
    """Logit of a 0/1 outcome or share: R ``svyglm(family = quasibinomial())``."""
    return fit("logit", design, frame, formula, **options)


def probit(design: Design, frame: pd.DataFrame, formula: str, **options: Unpack[Options]) -> Fit:
    """Probit of a 0/1 outcome or share."""
    return fit("probit", design, frame, formula, **options)


def cloglog(design: Design, frame: pd.DataFrame, formula: str, **options: Unpack[Options]) -> Fit:
    """Complementary log-log model of a 0/1 outcome or share."""
    return fit("cloglog", design, frame, formula, **options)


def poisson(design: Design, frame: pd.DataFrame, formula: str, **options: Unpack[Options]) -> Fit:
    """Poisson model, log link, of counts or other outcomes that are not negative; ``offset`` for exposure."""
    return fit("poisson", design, frame, formula, **options)


def multinomial(design: Design, frame: pd.DataFrame, formula: str, **options: Unpack[Options]) -> Fit:
    """Multinomial logit of a categorical outcome, against its first level or ``reference``."""
    return fit("multinomial", design, frame, formula, **options)


def ordered(design: Design, frame: pd.DataFrame, formula: str, **options: Unpack[Options]) -> Fit:
    """Ordered logit (proportional odds) of an ordered outcome; coefficients, then cut points."""
    return fit("ordered", design, frame, formula, **options)


def independent(
    data: ModelData, weight: FloatArray, collinear: Literal["refuse", "drop"]
) -> tuple[ModelData, FloatArray]:
    """The data without columns that follow from others (or an error that names them), and X'WX."""
    sample, place = data.sample, data.place
    if not sample.matrix.names:
        raise InformalityError(Problem(place, "the model has no covariates", fix="name some"), ExitCode.SPEC)
    problems, notes = [], []
    # Columns that are independent among some of the rows are so among all of them.
    squares = newton.gram(sample, weight, all_rows=False)
    if not np.isfinite(squares).all():
        _require_finite(sample, place)
    dependent = newton.dependent_columns(squares)
    if dependent:
        squares = newton.gram(sample, weight)
        dependent = newton.dependent_columns(squares)
    names = sample.matrix.names
    for j, coefficients in dependent:
        others = [f"`{names[i]}`" for i in np.flatnonzero(np.abs(coefficients) > 1e-6)]
        if not others:
            what = f"no case has `{names[j]}`"
        elif others == ["`Intercept`"]:
            what = f"`{names[j]}` is the same for every case"
        else:
            what = f"`{names[j]}` follows from {', '.join(others[:8])}"
        problems.append(Problem(place, f"{what}, so it has no coefficient of its own (collinear)",
                                fix='take it out of the formula, or say collinear="drop"'))  # fmt: skip
        notes.append(Problem(place, f"{what}; it was left out", severity="warning"))
    if collinear == "refuse":
        raise_errors(problems, ExitCode.ESTIMATE)
    left_out = {j for j, _ in dependent}
    if isinstance(data.likelihood, Ordered):
        if "Intercept" not in names:
            raise InformalityError(
                Problem(place, "an ordered model needs the constant that `- 1` takes away",
                        "its cut points stand for it", "leave out `- 1`"), ExitCode.SPEC
            )  # fmt: skip
        left_out.add(names.index("Intercept"))
    if left_out:
        kept = [j for j in range(len(names)) if j not in left_out]
        data = replace(data, sample=sample.reduced(sample.matrix.without(left_out)), notes=(*data.notes, *notes))
        squares = squares[np.ix_(kept, kept)]
    return data, squares


def _require_finite(sample: Sample, place: str) -> None:
    problems = [
        Problem(place, f"`{name}` is not a finite number for every case",
                fix="look for a logarithm of 0 or a division by 0")
        for name in newton.not_finite(sample)
    ]  # fmt: skip
    raise_errors(problems, ExitCode.DATA)
