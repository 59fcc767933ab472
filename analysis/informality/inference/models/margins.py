"""What a model says about people: average marginal effects, predicted shares by group, and contrasts of them.

Everything here is a weighted average, over the cases of the model, of predictions in one or more scenarios: as
they are, with a variable set to a value for everyone, or moved by a little. A discrete change is the prediction
at one level less that at the reference, for everyone; a slope is a derivative, taken numerically to the fourth
order, in which all terms of a variable (age, age squared, interactions, splines) move together.

Two errors (Graubard and Korn 1999; Stata's ``vce(delta)`` and ``vce(unconditional)``):

- ``delta``: gradient x covariance of the coefficients x gradient. The cases and their covariates are taken as
  given, so it describes these people.
- ``unconditional``, the default: the influence of a row on the average itself, w (h - mean) / W, is added to that
  through the coefficients. The people are a sample, too, and a published sentence is about the population, so
  this is its error. For effects it is mostly a few percent larger. For predicted shares it may be all that counts:
  the average prediction of a logit is the observed share, and this is then the error of that share, of which
  ``delta`` leaves out most. (R's ``svypredmeans`` adds the two variances without their covariance.)
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.inference.models.coefficients import Labelled
from informality.inference.models.covariates import Variable
from informality.inference.models.fitted import Fit
from informality.inference.sampling.linearise import influence_covariance, replicate_covariance
from informality.inference.sampling.moments import FloatArray

Errors = Literal["unconditional", "delta"]
At = Mapping[str, Any]

# Nodes and weights of the first derivative to the fourth order, at the middle, left end and right end.
_NODES = {0: (-2, -1, 1, 2), -1: (0, 1, 2, 3, 4), 1: (-4, -3, -2, -1, 0)}
_WEIGHTS = {
    0: np.array([1, -8, 8, -1]) / 12,
    -1: np.array([-25, 48, -36, 16, -3]) / 12,
    1: np.array([3, -16, 36, -48, 25]) / 12,
}


@dataclass(frozen=True, slots=True, eq=False)
class Margins(Labelled):
    """Margins with their covariance; ``labels``: a row for each, its parts in columns; ``errors``: which kind."""

    errors: Errors


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """An average of predictions: the sum over ``nodes`` of a coefficient times the prediction in a setting.

    Settings and coefficients are one number, or one for each pattern (m,).
    """

    label: dict[str, str]
    nodes: tuple[tuple[dict[str, Any], Any], ...]


def effects(
    fit: Fit,
    variables: Sequence[str] | None = None,
    *,
    at: At | None = None,
    over: str | ArrayLike | None = None,
    change: Mapping[str, float] | None = None,
    errors: Errors = "unconditional",
) -> Margins:
    """Average marginal effects of ``variables`` (all of the model) on the mean or on each outcome's probability.

    Factors: each level against the reference, for everyone. Numbers that are only 0 and 1: 1 against 0. Other
    numbers: the slope, or with ``change={"age": 10}`` the effect of that much more. ``at`` holds other
    variables at representative values, a list of values makes a grid. ``over``: a variable of the model, or
    groups (n,): averages within each group.
    """
    changes = change or {}
    known = fit.matrix.variables
    wanted = list(known) if variables is None else list(variables)
    _require([*wanted, *changes], known, fit)
    questions = []
    for name, (where, setting) in itertools.product(wanted, _grid(fit, at)):
        variable = known[name]
        if name in setting:
            continue
        if variable.levels is not None:
            texts = variable.labels
            for code in range(1, len(texts)):
                label = {"variable": name, "change": f"{texts[code]} - {texts[0]}"}
                pair = (({**setting, name: code}, 1.0), ({**setting, name: 0}, -1.0))
                questions.append(_Question({**label, **where}, pair))
            continue
        x = variable.values[fit.data.sample.first].astype(np.float64)
        nodes: tuple[tuple[dict[str, Any], Any], ...]
        if name in changes:
            label = {"variable": name, "change": f"{changes[name]:+g}"}
            nodes = (({**setting, name: x + changes[name]}, 1.0), (setting, -1.0))
        elif np.isin(x, (0.0, 1.0)).all():
            label = {"variable": name, "change": "1 - 0"}
            nodes = (({**setting, name: 1.0}, 1.0), ({**setting, name: 0.0}, -1.0))
        else:
            label = {"variable": name, "change": "slope"}
            nodes = tuple(({**setting, name: moved}, weight) for moved, weight in _derivative(x))
        questions.append(_Question({**label, **where}, nodes))
    if not questions:
        raise InformalityError(
            Problem(f"margins of `{fit.formula}`", "there is no effect to show: every variable asked for is held at a value",
                    ", ".join(wanted), "leave it out of `at`, or ask for another"), ExitCode.ESTIMATE
        )  # fmt: skip
    return _answer(fit, questions, over, errors)


def predicted(
    fit: Fit,
    variables: Sequence[str] = (),
    *,
    at: At | None = None,
    over: str | ArrayLike | None = None,
    errors: Errors = "unconditional",
) -> Margins:
    """Average predictions: shares for 0/1 and categorical outcomes, means for others.

    With ``variables`` (factors) everyone is given each combination of their levels in turn, all else as it is:
    what the groups would have in common circumstances (the values of R ``svypredmeans``). With ``over`` the average is
    within each group as it is. ``at`` as in :func:`effects`. For gaps use ``differences`` of the result.
    """
    _require(variables, fit.matrix.variables, fit)
    factors = {}
    for name in variables:
        variable = fit.matrix.variables[name]
        if variable.levels is None:
            values = np.unique(variable.values[fit.data.sample.first]).tolist()
            if len(values) > 12:
                raise InformalityError(
                    Problem(f"margins of `{fit.formula}`", f"`{name}` has {len(values):,} values",
                            fix=f'choose some: at={{"{name}": [20, 40, 60]}}'), ExitCode.ESTIMATE
                )  # fmt: skip
            factors[name] = values
        else:
            factors[name] = list(variable.levels)
    questions = [_Question(where, ((setting, 1.0),)) for where, setting in _grid(fit, {**factors, **(at or {})})]
    return _answer(fit, questions, over, errors)


def predictions(fit: Fit, frame: pd.DataFrame) -> Margins:
    """Predicted mean, or probability of each outcome, of each row of a frame; the rows are not a sample, so delta."""
    likelihood = fit.data.likelihood
    x, offset = fit.matrix_of(frame)
    eta = likelihood.predictor(fit.value, x, offset)
    mean = likelihood.mean(eta)
    gradient = np.stack(
        [likelihood.rows(likelihood.mean_score(eta, c), x) for c in range(mean.shape[1])], axis=1
    ).reshape(mean.size, -1)
    labels = pd.DataFrame(
        list(itertools.product(map(str, frame.index), fit.outcomes or ("",))), columns=["row", "outcome"]
    )
    cov = gradient @ fit.cov @ gradient.T
    return Margins(_names(labels), mean.ravel(), cov, fit.design_df, labels, "delta")


def _require(names: Sequence[str], known: Mapping[str, Variable], fit: Fit) -> None:
    problems = [
        Problem(f"margins of `{fit.formula}`", f"`{name}` is not a covariate of the model",
                fix=did_you_mean(name, known))
        for name in names if name not in known
    ]  # fmt: skip
    if problems:
        raise InformalityError(problems, ExitCode.ESTIMATE)


def _grid(fit: Fit, at: At | None) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Each combination of the values asked for, as it is printed and as it is set."""
    at = at or {}
    known = fit.matrix.variables
    _require(list(at), known, fit)
    choices = []
    for name, values in at.items():
        variable = known[name]
        listed = list(values) if isinstance(values, (list, tuple, np.ndarray)) else [values]
        place = f"margins of `{fit.formula}`"
        if variable.levels is None:
            choices.append([(name, f"{v:g}", float(v)) for v in listed])
        else:
            codes = [variable.code(v, place) for v in listed]
            choices.append([(name, variable.labels[code], code) for code in codes])
    return [
        ({name: text for name, text, _ in combination}, {name: value for name, _, value in combination})
        for combination in itertools.product(*choices)
    ]


def _derivative(x: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Values near each x (m,) and their weights in the derivative there, never leaving the range of x."""
    low, high, spread = x.min(), x.max(), x.std()
    # small against x too, so that logarithms near 0 are followed; but not so small that digits are lost
    step = 2e-3 * np.clip(np.abs(x), 0.05 * spread, spread)
    side = np.where(x - 2 * step < low, -1, np.where(x + 2 * step > high, 1, 0))
    moved = np.tile(x[:, None], 5)
    weight = np.zeros_like(moved)
    for where, nodes in _NODES.items():
        rows, count = np.flatnonzero(side == where), len(nodes)
        moved[rows, :count] += step[rows, None] * np.array(nodes)
        weight[rows, :count] = _WEIGHTS[where] / step[rows, None]
    return [(moved[:, i], weight[:, i]) for i in range(5)]


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Groups of the model's rows: ``inside`` (N, G) True for members."""

    labels: tuple[dict[str, str], ...]
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, fit: Fit, over: str | ArrayLike | None) -> _Groups:
        rows = fit.data.patterns.rows
        if over is None:
            return cls(({},), np.ones((len(rows), 1), dtype=bool))
        if isinstance(over, str):
            variables = fit.data.variables
            _require([over], variables, fit)
            variable, name = variables[over], over
            values = variable.values[rows]
            codes = np.unique(values)
            texts = [variable.labels[c] if variable.levels is not None else f"{c:g}" for c in codes]
        else:
            groups = pd.Series(over)
            if len(groups) != fit.data.n_file:
                raise ValueError("over must have a value for each row of the file")
            name = str(groups.name or "group")
            values, levels = pd.factorize(groups.iloc[rows], sort=True)
            codes, texts = np.arange(len(levels)), [str(level) for level in levels]
        labels = tuple({f"in {name}": text} for text in texts)
        return cls(labels, np.asarray(values)[:, None] == codes)


def _answer(fit: Fit, questions: Sequence[_Question], over: str | ArrayLike | None, errors: Errors) -> Margins:
    """Averages, in the order question, group, outcome, with the errors asked for."""
    if errors not in ("unconditional", "delta"):
        raise ValueError(f"errors must be unconditional or delta, not {errors!r}")
    groups, design, patterns = _Groups.of(fit, over), fit.design, fit.data.patterns
    value, gradient, predictions_ = _averages(fit, questions, groups, fit.value, design.weight)
    if errors == "delta":
        cov = gradient @ fit.cov @ gradient.T
    elif design.replicates is not None:
        cov = replicate_covariance(
            design, lambda w: _averages(fit, questions, groups, fit.refit(w), w, gradient=False)[0]
        )
    else:
        weight = design.weight[patterns.rows]
        own = np.empty((len(weight), len(value)))
        shares = groups.inside * weight[:, None] / (weight @ groups.inside)
        column = 0
        for prediction in predictions_:
            spread = patterns.spread(prediction)
            for g, outcome in itertools.product(range(shares.shape[1]), range(spread.shape[1])):
                own[:, column] = shares[:, g] * (spread[:, outcome] - value[column])
                column += 1
        influence = fit.influence() @ gradient.T
        influence[patterns.rows] += own
        inside = np.zeros(len(influence), dtype=bool)
        inside[patterns.rows] = True
        cov = influence_covariance(design, influence, inside=inside)
    outcomes = [{"outcome": outcome} for outcome in fit.outcomes] or [{}]
    parts = itertools.product([q.label for q in questions], groups.labels, outcomes)
    labels = pd.DataFrame([{**a, **b, **c} for a, b, c in parts]).fillna("")
    return Margins(_names(labels), value, cov, fit.design_df, labels, errors)


def _averages(
    fit: Fit,
    questions: Sequence[_Question],
    groups: _Groups,
    theta: FloatArray,
    weight: FloatArray,
    gradient: bool = True,
) -> tuple[FloatArray, FloatArray, list[FloatArray]]:
    """Averages (q,), their gradient (q, k) in theta, and the predictions (m, C) behind each question."""
    patterns, sample, likelihood = fit.data.patterns, fit.data.sample, fit.data.likelihood
    mine = weight[patterns.rows]
    by_group = [patterns.sums(_in_file(mine * inside, patterns.rows, len(weight))) for inside in groups.inside.T]
    shares = np.column_stack([w / w.sum() for w in by_group])
    count = max(1, len(fit.outcomes))
    values, gradients, kept = [], [], []
    for question in questions:
        prediction = np.zeros((len(patterns), count))
        slope = np.zeros((shares.shape[1], count, len(theta)))
        for rows in sample.slices():
            for setting, coefficient in question.nodes:
                set_here = {k: v[rows] if np.ndim(v) else v for k, v in setting.items()}
                factor = coefficient[rows] if np.ndim(coefficient) else coefficient
                x = sample.matrix.block(sample.first[rows], set_here) if setting else sample.block(rows)
                eta = likelihood.predictor(theta, x, sample.offset_of(rows))
                prediction[rows] += likelihood.mean(eta) * np.reshape(factor, (-1, 1))
                for outcome in range(count) if gradient else ():
                    score = likelihood.mean_score(eta, outcome)
                    for g in range(shares.shape[1]):
                        part = shares[rows, g] * factor
                        slope[g, outcome] += likelihood.pull(score * part.reshape(-1, *[1] * (score.ndim - 1)), x)
        values.append((shares.T @ prediction).ravel())
        gradients.append(slope.reshape(-1, len(theta)))
        kept.append(prediction)
    return np.concatenate(values), np.vstack(gradients), kept


def _in_file(values: FloatArray, rows: NDArray[np.intp], n: int) -> FloatArray:
    out = np.zeros(n)
    out[rows] = values
    return out


def _names(labels: pd.DataFrame) -> tuple[str, ...]:
    """One name for each row of labels: ``sex: female - male, in area = urban, informal``."""
    names = []
    for row in labels.to_dict("records"):
        text = {str(k): v for k, v in row.items() if v != ""}
        parts = [f"{text.pop('variable')}: {text.pop('change')}"] if "variable" in text else []
        last = [text.pop("outcome")] if "outcome" in text else []
        parts += [f"{k} = {v}" for k, v in text.items()] + last
        names.append(", ".join(parts) or "all")
    return tuple(names)
