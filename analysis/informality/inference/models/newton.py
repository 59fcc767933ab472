"""Finding the maximum of a weighted likelihood, block by block, and saying why when there is none.

Small samples start from ``statsmodels`` GLM (``var_weights``), large ones from our own fit of every so-manieth
row; all end in Newton steps of our own until the step is nothing. statsmodels stops on the deviance, which
leaves standard errors right to 1e-6 only, and would hold some twenty copies of the matrix; a block of rows
needs a few megabytes whatever the size of the file. Its covariance is never used.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.models.design_matrix import Matrix
from informality.inference.models.likelihoods import Likelihood, Logit, OnePredictor, Poisson
from informality.inference.sampling.moments import FloatArray, IntArray

_BLOCK = 1 << 18  # numbers of the matrix worked on at once: 2 MB, what a processor keeps near
_KEPT = 1 << 22  # numbers of the matrix kept between passes: 32 MB
_STATSMODELS_UP_TO = 20_000
_SAMPLE = 20_000
_STEPS = 40
_STILL = 1e-7  # a step (in units of a covariate's size) after which the next would be its square: nothing
_NOTHING = 1e-11  # the same units: a step that moves no standard error in its ninth digit
_COLLINEAR = 1e-11  # share of a column's square that is not explained by those before it, as in R's glm


Part = Callable[[slice, FloatArray, "FloatArray | float"], tuple[Any, ...]]


@dataclass(slots=True, eq=False)
class Sample:
    """The m patterns a model is fitted on: outcome (m,), offset (m,) or 0, and the matrix by blocks."""

    matrix: Matrix
    first: IntArray
    y: FloatArray
    offset: FloatArray | float
    _kept: dict[int, FloatArray] = field(default_factory=dict)

    def slices(self) -> list[slice]:
        """The blocks of rows in which all work is done."""
        step = max(256, _BLOCK // max(1, len(self.matrix.names)))
        return [slice(start, start + step) for start in range(0, len(self.first), step)]

    def block(self, rows: slice) -> FloatArray:
        """Rows of the design matrix; small matrices are kept between passes."""
        if rows.start in self._kept:
            return self._kept[rows.start]
        with np.errstate(all="ignore"):
            x = self.matrix.block(self.first[rows])
        if len(self.first) * x.shape[1] <= _KEPT:
            self._kept[rows.start] = x
        return x

    def each(self, part: Part) -> Iterator[tuple[Any, ...]]:
        """What ``part(rows, x, offset)`` gives for each block, always in the same order."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for rows in self.slices():
                yield part(rows, self.block(rows), self.offset_of(rows))

    def over(self, part: Part) -> list[Any]:
        """Sums over blocks of what ``part`` gives."""
        sums: list[Any] = []
        for terms in self.each(part):
            sums = [a + b for a, b in zip(sums, terms, strict=True)] if sums else list(terms)
        return sums

    def offset_of(self, rows: slice) -> FloatArray | float:
        return self.offset[rows] if isinstance(self.offset, np.ndarray) else self.offset

    def every(self, step: int) -> Sample:
        """Each so-manieth pattern."""
        pick = slice(None, None, step)
        return Sample(self.matrix, self.first[pick], self.y[pick], self.offset_of(pick))

    def reduced(self, matrix: Matrix) -> Sample:
        """The same rows with fewer columns."""
        return Sample(matrix, self.first, self.y, self.offset)


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Where Newton's method ended; ``step`` (k,) is its last step."""

    theta: FloatArray
    iterations: int
    converged: bool
    step: FloatArray


def gram(sample: Sample, weight: FloatArray, all_rows: bool = True) -> FloatArray:
    """X'WX (q, q), of all rows or of some 20,000 of them."""
    step = 1 if all_rows else max(1, len(sample.first) // _SAMPLE)
    if step > 1:
        return gram(sample.every(step), weight[::step]) * step
    return np.asarray(sample.over(lambda rows, x, _: ((x * weight[rows, None]).T @ x,))[0])


def dependent_columns(squares: FloatArray) -> list[tuple[int, FloatArray]]:
    """Columns that follow from those before them, each with its coefficients (q,) on those, from X'WX."""
    size = np.sqrt(np.diag(squares))
    scale = np.where(size > 0, size, 1.0)
    scaled = squares / np.outer(scale, scale)
    kept: list[int] = []
    found = []
    for j in range(len(size)):
        # the columns kept so far are independent, so this is solvable
        line = linalg.solve(scaled[np.ix_(kept, kept)], scaled[kept, j], assume_a="pos") if kept else np.zeros(0)
        if size[j] == 0 or scaled[j, j] - line @ scaled[kept, j] < _COLLINEAR:
            coefficients = np.zeros(len(size))
            coefficients[kept] = line
            found.append((j, coefficients))
        else:
            kept.append(j)
    return found


def maximise(
    likelihood: Likelihood, sample: Sample, weight: FloatArray, size: FloatArray, start: FloatArray | None = None
) -> Solution:
    """The maximum of the likelihood under weights (m,) of any scale.

    ``size`` (k,): the size of what each parameter multiplies, from X'WX. ``start``: a place to begin, such as
    the full-sample parameters when only the weights have changed.
    """
    weight = weight / weight.mean()
    if start is not None:  # replicates are about small differences of fits: to the last digit
        return _newton(likelihood, sample, weight, size, start, 0.0)
    return _newton(likelihood, sample, weight, size, _start(likelihood, sample, weight, size), _NOTHING)


def _start(likelihood: Likelihood, sample: Sample, weight: FloatArray, size: FloatArray) -> FloatArray:
    start = likelihood.start(sample.y, weight, len(sample.matrix.names))
    if len(sample.first) > 5 * _SAMPLE:
        near = _from_a_few(likelihood, sample, weight, size)
        if near is not None:
            return near
    if start is not None:
        return start
    if len(sample.first) <= _STATSMODELS_UP_TO:
        near = _from_statsmodels(likelihood, sample, weight)
        if near is not None:
            return near
    assert isinstance(likelihood, OnePredictor)  # the others know where to start
    first = likelihood.first_eta(sample.y, weight)

    def part(rows: slice, x: FloatArray, offset: FloatArray | float) -> tuple[Any, ...]:
        """Working response and weights of the first step of iterated least squares."""
        y, eta = sample.y[rows], first[rows]
        curvature = likelihood.curvature(y, eta, True) * weight[rows]
        line = curvature * (eta - offset) + likelihood.score(y, eta) * weight[rows]
        return likelihood.pull(line, x), likelihood.gram(curvature, x)

    right, information = sample.over(part)
    return _solve(information, right)


def _from_a_few(likelihood: Likelihood, sample: Sample, weight: FloatArray, size: FloatArray) -> FloatArray | None:
    """The parameters of some 20,000 of the rows, near enough that few passes over all are left."""
    step = len(sample.first) // _SAMPLE
    few = sample.every(step)
    try:
        solution = maximise(likelihood, few, weight[::step] + 0.0, size)
    except (linalg.LinAlgError, InformalityError):
        return None
    return solution.theta if solution.converged else None


def _from_statsmodels(likelihood: Likelihood, sample: Sample, weight: FloatArray) -> FloatArray | None:
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    links = {"logit": families.links.Logit, "probit": families.links.Probit, "cloglog": families.links.CLogLog}
    if isinstance(likelihood, Logit):
        family = families.Binomial(links[likelihood.link]())
    else:
        family = families.Poisson() if isinstance(likelihood, Poisson) else families.Gaussian()
    offset = sample.offset if isinstance(sample.offset, np.ndarray) else None
    x = np.vstack([sample.block(rows) for rows in sample.slices()])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fit = GLM(sample.y, x, family, offset=offset, var_weights=weight).fit(maxiter=25, scale=1.0)
        except (ValueError, linalg.LinAlgError, np.linalg.LinAlgError, FloatingPointError):
            return None  # separation: our own steps will say where
    params = np.asarray(fit.params, dtype=np.float64)
    return params if np.isfinite(params).all() and fit.converged else None


def _newton(
    likelihood: Likelihood, sample: Sample, weight: FloatArray, size: FloatArray, theta: FloatArray, nothing: float
) -> Solution:
    """Newton's steps from ``theta``, up to one that foretells another below ``nothing``."""

    def slope(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        def part(rows: slice, x: FloatArray, offset: FloatArray | float) -> tuple[Any, ...]:
            y, eta = sample.y[rows], likelihood.predictor(theta, x, offset)
            w = weight[rows]
            score, curvature = likelihood.score(y, eta), likelihood.curvature(y, eta, False)
            w_score = score * w.reshape(-1, *[1] * (score.ndim - 1))
            w_curvature = curvature * w.reshape(-1, *[1] * (curvature.ndim - 1))
            return likelihood.pull(w_score, x), likelihood.gram(w_curvature, x)

        gradient, information = sample.over(part)
        return gradient, information

    gradient, information = slope(theta)
    before, step = np.inf, np.zeros(len(theta))
    for iteration in range(1, _STEPS + 1):
        try:
            step = _solve(information, gradient)
        except linalg.LinAlgError:  # the curvature has gone: far out where the outcome is certain
            return Solution(theta, iteration, False, step)
        length = float(np.abs(step * size).max(initial=0.0))
        # Steps shrink quadratically, so two of them foretell the next. Rounding ends the way of badly conditioned
        # models: the step is next to nothing, and shrinks no more.
        following = length * (length / before) ** 2 if np.isfinite(before) else np.inf
        if length < _STILL or following < nothing or (length < 1e-5 and length > before / 4):
            return Solution(theta + step, iteration, True, step)
        before, uphill, reach = length, gradient @ step, 1.0
        while True:
            trial = theta + reach * step
            gradient, information = slope(trial)
            # Concave: past the top the slope turns down, and as steep as it was uphill is too far.
            if np.isfinite(information).all() and gradient @ step > -uphill:
                break
            reach /= 2
            if reach < 1e-9:
                return Solution(theta, iteration, False, step)
        theta = trial
    return Solution(theta, _STEPS, False, step)


def _solve(information: FloatArray, right: FloatArray) -> FloatArray:
    """Solve a symmetric positive system; :class:`scipy.linalg.LinAlgError` when it is singular."""
    size = np.sqrt(np.diag(information))
    if not (np.isfinite(size).all() and (size > 0).all()):
        raise linalg.LinAlgError("the information is not positive")
    factor = linalg.cho_factor(information / np.outer(size, size))
    return np.asarray(linalg.cho_solve(factor, right / size) / size)


class Flat(np.linalg.LinAlgError):
    """The likelihood does not bend along ``direction`` (k,): there is no finite maximum along it."""

    def __init__(self, direction: FloatArray) -> None:
        super().__init__("the information is not positive")
        self.direction = direction


def inverse(information: FloatArray) -> FloatArray:
    """Inverse of the information (k, k). Raises :class:`Flat` where it is singular."""
    try:
        return np.column_stack([_solve(information, column) for column in np.eye(len(information))])
    except linalg.LinAlgError:
        size = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
        _, vectors = linalg.eigh(information / np.outer(size, size))
        raise Flat(np.asarray(vectors[:, 0] / size)) from None


def not_finite(sample: Sample) -> list[str]:
    """Names of columns with a value that is not a finite number, such as the logarithm of 0."""
    bad = sample.over(lambda rows, x, _: ((~np.isfinite(x)).sum(axis=0),))[0]
    return [name for name, count in zip(sample.matrix.names, bad, strict=True) if count]


def separation(likelihood: Likelihood, sample: Sample, solution: Solution, place: str) -> InformalityError:
    """Why the steps did not end: cases whose outcome is certain, named by level or covariate (ESTIMATE).

    On such data the likelihood rises for ever along a line (Albert and Anderson 1984); the last step points
    along it, and the cases it moves are the certain ones.
    """
    x = np.vstack([sample.block(rows) for rows in sample.slices()])
    still = likelihood.predictor(0 * solution.step, x, 0.0)
    moved = np.abs(likelihood.predictor(solution.step, x, 0.0) - still)
    moved = moved.max(axis=1) if moved.ndim == 2 else moved
    certain = moved > moved.max(initial=0.0) / 2
    who = _levels(sample, certain) or _columns(sample, solution, np.abs(x[certain]))
    values = np.unique(sample.y[certain])
    if len(values) == 1:
        outcome = likelihood.outcomes[int(values[0])] if likelihood.outcomes else f"{values[0]:g}"
        who += f": all these cases have the outcome {outcome}"
    elif never := [text for i, text in enumerate(likelihood.outcomes) if i not in values]:
        who += f": none of these cases has the outcome {' or '.join(never)}"
    return InformalityError(
        Problem(
            place,
            "some covariates foretell the outcome of some cases with certainty (perfect separation), "
            "so their coefficients have no finite value",
            who,
            "join the level with another, or leave the covariate or these cases out",
        ),
        ExitCode.ESTIMATE,
    )


def _columns(sample: Sample, solution: Solution, size: FloatArray) -> str:
    """The columns that move the certain cases, from their absolute values (rows, q) there."""
    q = len(sample.matrix.names)
    steps = np.abs(solution.step[: len(solution.step) // q * q]).reshape(-1, q).max(axis=0)
    share = steps * size.mean(axis=0)
    named = [i for i in np.argsort(-share) if sample.matrix.names[i] != "Intercept"]
    top = share[named[0]] if named else 0.0
    return " and ".join(f"`{sample.matrix.names[i]}`" for i in named[:4] if share[i] > top / 4)


def _levels(sample: Sample, chosen: NDArray[np.bool_]) -> str:
    """The levels of one factor that are these rows and no others."""
    for name, variable in sample.matrix.variables.items():
        if variable.levels is None:
            continue
        code = variable.values[sample.first]
        held = np.unique(code[chosen])
        if np.array_equal(np.isin(code, held), chosen):
            return f"{name} = {', '.join(variable.labels[i] for i in held[:6])}"
    return ""
