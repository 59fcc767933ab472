"""A fitted model: its numbers, what it predicts, and what later questions need of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from informality.foundation.errors import ExitCode, Problem, raise_errors
from informality.inference.models import sandwich
from informality.inference.models.coefficients import Coefficients
from informality.inference.models.covariates import Variable, missing, read_variable
from informality.inference.models.design_matrix import Matrix, evaluate
from informality.inference.models.model_data import ModelData
from informality.inference.models.several_outcomes import Multinomial
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Fit(Coefficients):
    """A fitted model: k parameters with their covariance, and what later questions need.

    ``df``: degrees of freedom of t tests of coefficients; ``design_df``: those of the design over the cases.
    ``n``: cases; ``n_weighted``: their weights; ``dropped``: rows left out for missing values. ``deviance`` and
    ``null_deviance`` (of the model with a constant only) are of weights scaled to a mean of 1, as R's.
    ``dispersion``: weighted variance of the Pearson residuals; NaN for models without. ``bread``: (k, k) the
    inverse information for these weights. ``size``: (k,) of what each parameter multiplies.
    """

    n: int
    n_weighted: float
    design_df: int
    iterations: int
    converged: bool
    bread: FloatArray
    size: FloatArray
    design: Design
    data: ModelData

    @property
    def formula(self) -> str:
        return self.data.parsed.text

    @property
    def family(self) -> str:
        return self.data.likelihood.family

    @property
    def link(self) -> str:
        return self.data.likelihood.link

    @property
    def ratio(self) -> str:
        """What exp(coefficient) is: odds ratio, rate ratio, ...; empty where it has no name."""
        return self.data.likelihood.ratio

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The categories of the outcome of a multinomial or ordered model."""
        return self.data.likelihood.outcomes

    @property
    def dropped(self) -> int:
        return self.data.dropped

    @property
    def notes(self) -> tuple[Problem, ...]:
        return self.data.notes

    @property
    def matrix(self) -> Matrix:
        return self.data.sample.matrix

    @property
    def terms(self) -> tuple[str, ...]:
        """(k,) the term of the formula each parameter belongs to."""
        terms = self.matrix.terms
        if isinstance(self.data.likelihood, Multinomial):
            return terms * (len(self.outcomes) - 1)
        return terms + ("cut point",) * (len(self.names) - len(terms))

    @property
    def deviance(self) -> float:
        """Deviance under weights scaled to a mean of 1 over the cases (R: over the design's rows)."""
        return sandwich.deviance(self.data, self.design, self.data.sample, self.value)

    @property
    def null_deviance(self) -> float:
        """Deviance of the model with a constant (and the offset) only."""
        return sandwich.null_deviance(self.data, self.design)

    @property
    def dispersion(self) -> float:
        """Weighted variance of the Pearson residuals (R's dispersion); NaN for several predictors."""
        sample, likelihood = self.data.sample, self.data.likelihood
        weight, n = self.data.patterns.sums(self.design.weight), self.n

        def part(rows: slice, x: FloatArray, offset: FloatArray | float) -> tuple[Any, ...]:
            residual = likelihood.pearson(sample.y[rows], likelihood.predictor(self.value, x, offset))
            return weight[rows] @ residual, weight[rows] @ residual**2

        first, second = (total / weight.sum() for total in sample.over(part))
        return float((second - first**2) * n / (n - 1))

    @property
    def explained(self) -> float:
        """1 - deviance / null deviance: R squared of a linear model, McFadden's for a logit."""
        return 1 - self.deviance / self.null_deviance

    @property
    def params(self) -> FloatArray:
        """(k,) the parameters, ``value`` by its other name."""
        return self.value

    def influence(self) -> FloatArray:
        """Weighted influence (n, k) of each row of the file on the parameters, 0 outside the model.

        Its total over rows is 0; its totals by PSU are what the covariance is made of. Add it to the
        influence of other statistics for joint covariances (decompositions do).
        """
        return sandwich.influence(self.data, self.design, self.value, self.bread)

    def refit(self, weight: FloatArray) -> FloatArray:
        """The parameters (k,) under other weights (n,), such as a set of replicate weights."""
        return sandwich.refit(self.data, weight, self.size, self.value)

    def predict(self, frame: pd.DataFrame | None = None) -> FloatArray:
        """Predicted means (n,), or probabilities (n, C) of the outcomes, for the rows of a frame.

        Without a frame for those of the sample; rows outside the model are NaN. Errors of
        predictions: ``margins.predictions``.
        """
        if frame is None:
            rows, sample = self.data.patterns.rows, self.data.sample
            mean = np.vstack([self._mean(sample.block(s), sample.offset_of(s)) for s in sample.slices()])
            out = np.full((self.data.n_file, mean.shape[1]), np.nan)
            out[rows] = self.data.patterns.spread(mean)
        else:
            x, offset = self.matrix_of(frame)
            out = self._mean(x, offset)
        return out if self.outcomes else out[:, 0]

    def _mean(self, x: FloatArray, offset: FloatArray | float) -> FloatArray:
        likelihood = self.data.likelihood
        return likelihood.mean(likelihood.predictor(self.value, x, offset))

    def matrix_of(self, frame: pd.DataFrame) -> tuple[FloatArray, FloatArray | float]:
        """Design matrix (n, q) and offset of new rows, coded as those of the model."""
        variables, rows = self._variables_of(frame), np.arange(len(frame))
        matrix = Matrix.of(self.matrix.info, variables, self.matrix.keep)
        offset: FloatArray | float = 0.0
        if self.data.offset:
            offset = np.asarray(evaluate(self.data.offset, variables, rows), dtype=np.float64)
        return matrix.block(rows), offset

    def _variables_of(self, frame: pd.DataFrame) -> dict[str, Variable]:
        place, rows = f"prediction from `{self.formula}`", np.arange(len(frame))
        needed = [name for name in self.data.variables if name in self.data.parsed.predictors]
        problems, variables = [], {}
        for name in needed:
            old = self.data.variables[name]
            if name not in frame.columns:
                problems.append(Problem(place, f"`{name}` is not a variable of the data"))
                continue
            new = read_variable(name, frame[name], old.levels is not None, place)
            if missing(new, rows, place).any():
                problems.append(Problem(place, f"`{name}` is missing in some rows"))
            elif old.levels is not None:
                codes = np.array([old.code(level, place) for level in _present(new)], dtype=np.intp)
                new = Variable(name, codes[np.unique(new.values, return_inverse=True)[1]], old.levels)
            variables[name] = new
        raise_errors(problems, ExitCode.DATA)
        return variables

    def __str__(self) -> str:
        title = f"{self.formula}   ({self.family}, {self.link} link)"
        counts = f"{self.n:,} cases standing for {self.n_weighted:,.0f}; {self.design_df} degrees of freedom"
        left, null = self.deviance, self.null_deviance
        fit = f"deviance {left:,.4g} of {null:,.4g} ({1 - left / null:.1%} explained)"
        notes = [f"Note: {note.what}." for note in self.notes]
        if self.df <= 0:
            notes.append("Note: the design has fewer degrees of freedom than the model has coefficients.")
        return "\n".join([title, f"{counts}; {fit}", "", self.format(self.ratio), *notes])


def _present(variable: Variable) -> list[Any]:
    return [(variable.levels or ())[i] for i in np.unique(variable.values)]
