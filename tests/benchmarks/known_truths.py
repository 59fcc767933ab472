"""What is asked of each simulated sample: a statistic as the package estimates it, and its true value.

A :class:`Part` pairs the two. The estimates are what a user of the package would write. The true values are worked out
from the whole population with numpy alone, by code that shares nothing with the package; those of a model
are what fitting it to the whole population gives, whether or not the model is how the population was made (it is not).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from population import EDUCATION, Workers

from informality.inference import Design, interval, means, shares, totals
from informality.inference.estimates.contrast import difference, ratio
from informality.inference.estimates.derived import cells
from informality.inference.estimates.inequality import gini, low_pay_shares
from informality.inference.estimates.intervals import Measured
from informality.inference.estimates.quantiles import Quantiles, medians, quantiles
from informality.inference.models.coefficients import Coefficients
from informality.inference.models.margins import effects
from informality.inference.models.regression import linear, logit

SMALLEST = 17  # the smallest province: 7 + 6 of 360 PSUs

Floats = NDArray[np.float64]
Lines = dict[str, tuple[float, float, float, float]]  # value, standard error, lower and upper limit
Truth = dict[str, float]


@dataclass(frozen=True, slots=True)
class Part:
    """Statistics that are computed together: ``estimate`` from a sample, ``truth`` from the population."""

    title: str
    estimate: Callable[[Design, Workers], Lines]
    truth: Callable[[Workers], Truth]


def lines(estimate: Measured, cell_of: Mapping[str, int]) -> Lines:
    """Some cells of an estimate by name, with the interval the package gives by default."""
    ends = (estimate.low, estimate.high) if isinstance(estimate, Quantiles) else interval(estimate)
    table = np.column_stack([np.ravel(a) for a in (estimate.value, estimate.se, *ends)])
    return {name: tuple(table[cell].tolist()) for name, cell in cell_of.items()}


def named(of: Coefficients, place_of: Mapping[str, int]) -> Lines:
    """The same for coefficients, margins and decompositions."""
    table = np.column_stack([of.value, of.se, *of.interval()])
    return {name: tuple(table[place].tolist()) for name, place in place_of.items()}


def only(condition: NDArray[np.bool_]) -> NDArray[np.intp]:
    """A domain: code 0 where the condition holds, outside elsewhere."""
    return np.where(condition, 0, -1)


# --- Shares and totals ------------------------------------------------------------------------------------------


def _shares(design: Design, x: Workers) -> Lines:
    sex, area = (cells(shares(design, x.informal, 2, by, 2)) for by in (x.female, x.urban))
    women_in_towns = only((x.female == 1) & (x.urban == 1))
    return {
        **lines(totals(design, x.informal), {"informal workers": 0}),
        **lines(shares(design, x.informal, 2), {"informal": 1}),
        **lines(shares(design, x.informal, 2, women_in_towns, 1), {"informal, women in towns": 1}),
        **lines(shares(design, x.informal, 2, only(x.province == SMALLEST), 1), {"informal, smallest province": 1}),
        **lines(shares(design, x.education, 3), {"tertiary education": 2}),
        **lines(shares(design, x.informal, 2, only(x.education == 2), 1), {"informal, tertiary education": 1}),
        **lines(difference(sex[3], sex[1]), {"informal, women - men": 0}),
        **lines(difference(area[3], area[1]), {"informal, towns - villages": 0}),
    }


def _true_shares(x: Workers) -> Truth:
    y, women, towns = x.informal == 1, x.female == 1, x.urban == 1
    return {
        "informal workers": float(y.sum()),
        "informal": y.mean(),
        "informal, women in towns": y[women & towns].mean(),
        "informal, smallest province": y[x.province == SMALLEST].mean(),
        "tertiary education": np.mean(x.education == 2),
        "informal, tertiary education": y[x.education == 2].mean(),
        "informal, women - men": y[women].mean() - y[~women].mean(),
        "informal, towns - villages": y[towns].mean() - y[~towns].mean(),
    }


# --- Earnings ---------------------------------------------------------------------------------------------------


def _earnings(design: Design, x: Workers) -> Lines:
    pay = x.earnings
    sex, status = (cells(means(design, pay, by, 2)) for by in (x.female, x.informal))
    middle = cells(medians(design, pay, x.female, 2))
    tenths = cells(quantiles(design, pay, [0.1, 0.9]))
    return {
        **lines(means(design, pay), {"mean": 0}),
        **lines(means(design, pay, x.informal, 2), {"mean, formal": 0, "mean, informal": 1}),
        **lines(difference(sex[1], sex[0]), {"mean, women - men": 0}),
        **lines(ratio(status[1], status[0]), {"mean, informal / formal": 0}),
        **lines(medians(design, pay), {"median": 0}),
        **lines(medians(design, pay, x.female, 2), {"median, men": 0, "median, women": 1}),
        **lines(medians(design, pay, only(x.province == SMALLEST), 1), {"median, smallest province": 0}),
        **lines(difference(middle[1], middle[0]), {"median, women - men": 0}),
        **lines(quantiles(design, pay, [0.1, 0.9]), {"10th percentile": 0, "90th percentile": 1}),
        **lines(ratio(tenths[1], tenths[0]), {"P90 / P10": 0}),
        **lines(gini(design, pay), {"Gini": 0}),
        **lines(low_pay_shares(design, pay), {"low pay": 0}),
    }


def _true_earnings(x: Workers) -> Truth:
    pay, women, informal = x.earnings, x.female == 1, x.informal == 1
    ascending = np.sort(pay)
    n = len(pay)
    # Half the mean difference over the mean: each value counts once for each value below, less once for each above.
    rank = 2 * np.arange(1, n + 1) - n - 1
    p10, p90 = quantile_by_hand(pay, p=0.1), quantile_by_hand(pay, p=0.9)
    return {
        "mean": pay.mean(),
        "mean, formal": pay[~informal].mean(),
        "mean, informal": pay[informal].mean(),
        "mean, women - men": pay[women].mean() - pay[~women].mean(),
        "mean, informal / formal": pay[informal].mean() / pay[~informal].mean(),
        "median": quantile_by_hand(pay),
        "median, men": quantile_by_hand(pay[~women]),
        "median, women": quantile_by_hand(pay[women]),
        "median, smallest province": quantile_by_hand(pay[x.province == SMALLEST]),
        "median, women - men": quantile_by_hand(pay[women]) - quantile_by_hand(pay[~women]),
        "10th percentile": p10,
        "90th percentile": p90,
        "P90 / P10": p90 / p10,
        "Gini": float(rank @ ascending / (n * n * ascending.mean())),
        "low pay": np.mean(pay < quantile_by_hand(pay) * 2 / 3),
    }


def quantile_by_hand(y: Floats, weight: Floats | None = None, p: float = 0.5) -> float:
    """The smallest value with at least the share p of all, or of their weight, at or below it."""
    order = np.argsort(y)
    below = np.arange(1, len(y) + 1) if weight is None else np.cumsum(weight[order])
    return float(y[order][np.searchsorted(below, p * below[-1])])


# --- Models -----------------------------------------------------------------------------------------------------

TERMS = ("constant", "female", "age", "age squared", "secondary", "tertiary", "urban")
LOGIT = "informal ~ female + age + I(age**2 / 1000) + education + urban"
LINEAR = "log_earnings ~ female + age + I(age**2 / 1000) + education + urban + informal"
EFFECTS = ("female", "age", "secondary", "tertiary", "urban")


def frame_of(x: Workers) -> pd.DataFrame:
    """The columns of the models."""
    education = pd.Categorical.from_codes(x.education, categories=list(EDUCATION))
    columns = {"informal": x.informal, "female": x.female, "age": x.age, "education": education, "urban": x.urban}
    return pd.DataFrame({**columns, "log_earnings": np.log(x.earnings)})


def matrix_of(x: Workers) -> Floats:
    """The design matrix of TERMS, made by hand."""
    levels = [x.education == 1, x.education == 2]
    return np.column_stack([np.ones(len(x)), x.female, x.age, x.age**2 / 1000, *levels, x.urban]).astype(np.float64)


def _models(design: Design, x: Workers) -> Lines:
    frame = frame_of(x)
    fit = logit(design, frame, LOGIT)
    places = {f"logit, {term}": i for i, term in enumerate(TERMS)}
    pay = linear(design, frame, LINEAR)
    return {
        **named(fit, places),
        **named(effects(fit), {f"effect, {name}": i for i, name in enumerate(EFFECTS)}),
        **named(pay, {"log earnings, female": 1, "log earnings, tertiary": 5, "log earnings, informal": 7}),
    }


def _true_models(x: Workers) -> Truth:
    matrix = matrix_of(x)
    b = logit_by_hand(matrix, x.informal.astype(np.float64))
    p = expit(matrix @ b)

    def change(column: int, others: tuple[int, ...] = ()) -> float:
        """Everyone with the column at 1 less everyone at 0, other levels of the factor at 0."""
        ones, zeros = matrix.copy(), matrix.copy()
        for other in (column, *others):
            ones[:, other] = zeros[:, other] = 0.0
        ones[:, column] = 1.0
        return float(np.mean(expit(ones @ b) - expit(zeros @ b)))

    slope = float(np.mean(p * (1 - p) * (b[2] + 2 * b[3] * x.age / 1000)))
    margins = (change(1), slope, change(4, (5,)), change(5, (4,)), change(6))
    pay = np.linalg.lstsq(np.column_stack([matrix, x.informal]), np.log(x.earnings), rcond=None)[0]
    return {
        **{f"logit, {term}": float(value) for term, value in zip(TERMS, b, strict=True)},
        **{f"effect, {name}": value for name, value in zip(EFFECTS, margins, strict=True)},
        "log earnings, female": float(pay[1]),
        "log earnings, tertiary": float(pay[5]),
        "log earnings, informal": float(pay[7]),
    }


def expit(eta: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-eta)))


def logit_by_hand(x: Floats, y: Floats) -> Floats:
    """Newton's method, ten steps from 0."""
    b = np.zeros(x.shape[1])
    for _ in range(10):
        p = expit(x @ b)
        b += np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x, x.T @ (y - p))
    return b


PARTS: tuple[Part, ...] = (
    Part("Shares and totals", _shares, _true_shares),
    Part("Earnings", _earnings, _true_earnings),
    Part("Models", _models, _true_models),
)
