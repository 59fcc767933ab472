"""What learns a propensity: boosted trees, a logit that is held back, and the plain logit they are compared with.

Each learns from weighted cases, has one number to be tuned (rounds of boosting, strength of the penalty), and gives
probabilities that are not yet calibrated. scikit-learn does the work. Weights are scaled to a sum of 1 or a mean of 1
first, so their scale changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.sampling.moments import FloatArray
from informality.inference.segments.characteristics import Cases

Predict = Callable[[FloatArray], FloatArray]

_MOST_LEVELS = 255  # of a category in scikit-learn's boosted trees
_NEARLY_NONE = 1e-8  # penalty of the plain logit, in units of its mean loss: it only keeps separated cases finite


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Cases as numbers. ``x``: (m, v) codes of levels, or numbers, NaN where missing. ``levels``: (v,) how many, 0 of a
    number. ``ordered``: (v,) whether codes are ranks. ``middle``, ``spread``: (v,) of the numbers, of all cases: they
    are no more than the unit in which a logit sees a number, and hold nothing of the outcome."""

    x: FloatArray
    names: tuple[str, ...]
    levels: tuple[int, ...]
    ordered: NDArray[np.bool_]
    middle: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, cases: Cases, weight: FloatArray) -> Coded:
        """The patterns of the cases (m, v); ``weight`` (m,)."""
        x = np.column_stack([c.values[cases.first].astype(np.float64) for c in cases.columns])
        middle, spread = np.zeros(x.shape[1]), np.ones(x.shape[1])
        for i, column in enumerate(cases.columns):
            if column.what.kind == "number":
                known = ~np.isnan(x[:, i])
                middle[i] = np.average(x[known, i], weights=weight[known])
                spread[i] = np.sqrt(np.average((x[known, i] - middle[i]) ** 2, weights=weight[known])) or 1.0
        ordered = np.array([c.what.kind == "ordered" for c in cases.columns])
        names = tuple(c.what.name for c in cases.columns)
        return cls(x, names, tuple(len(c.levels) for c in cases.columns), ordered, middle, spread)

    def columns(self, x: FloatArray) -> FloatArray:
        """(r, q) what a logit sees of rows x (r, v): 0 and 1 for each level, numbers standardised and squared, 0 and 1
        for a missing number."""
        parts = []
        for i, size in enumerate(self.levels):
            if size:
                parts.append((x[:, i, None] == np.arange(size)).astype(np.float64))
                continue
            gone = np.isnan(x[:, i])
            z = np.where(gone, 0.0, (x[:, i] - self.middle[i]) / self.spread[i])
            parts.append(np.column_stack([z, z**2, gone]))
        return np.hstack(parts)


class Learner(Protocol):
    """``tunings``: the values its number may take. ``path``: probabilities (T, r) of new rows for each of them."""

    @property
    def name(self) -> str: ...
    @property
    def tunings(self) -> tuple[float, ...]: ...
    def path(
        self, coded: Coded, x: FloatArray, y: FloatArray, w: FloatArray, new: FloatArray, seed: int
    ) -> FloatArray: ...
    def fit(self, coded: Coded, x: FloatArray, y: FloatArray, w: FloatArray, tuning: float, seed: int) -> Predict: ...


@dataclass(frozen=True, slots=True)
class Boosting:
    """Gradient-boosted trees (scikit-learn's HistGradientBoostingClassifier); tuned: the number of rounds.

    ``rounds``: the most rounds, ``step``: how far apart the numbers tried are. The others are scikit-learn's:
    ``learning_rate``, ``leaves`` of a tree, ``least`` cases in a leaf, ``shrinkage`` of the leaves (l2).
    """

    rounds: int = 150
    step: int = 10
    learning_rate: float = 0.1
    leaves: int = 15
    least: int = 20
    shrinkage: float = 1.0

    @property
    def name(self) -> str:
        return "boosted trees"

    @property
    def tunings(self) -> tuple[float, ...]:
        return tuple(float(r) for r in range(self.step, self.rounds + 1, self.step))

    def path(self, coded: Coded, x: FloatArray, y: FloatArray, w: FloatArray, new: FloatArray, seed: int) -> FloatArray:
        model = self._model(coded, self.rounds, seed).fit(x, y, sample_weight=w / w.mean())
        staged = enumerate(model.staged_predict_proba(new), 1)
        return np.stack([p[:, 1] for i, p in staged if i % self.step == 0])

    def fit(self, coded: Coded, x: FloatArray, y: FloatArray, w: FloatArray, tuning: float, seed: int) -> Predict:
        model = self._model(coded, int(tuning), seed).fit(x, y, sample_weight=w / w.mean())
        return lambda new: np.asarray(model.predict_proba(new)[:, 1])

    def _model(self, coded: Coded, rounds: int, seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        many = [f"`{name}` has {n}" for name, n in zip(coded.names, coded.levels, strict=True) if n > _MOST_LEVELS]
        if many:
            raise InformalityError(
                Problem("boosted trees", f"a characteristic has more than {_MOST_LEVELS} levels", ", ".join(many),
                        "group its levels, or order them"), ExitCode.ESTIMATE
            )  # fmt: skip
        return HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=rounds,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least,
            l2_regularization=self.shrinkage,
            early_stopping=False,  # it would look at cases chosen without regard to PSUs
            categorical_features=(np.array(coded.levels) > 0) & ~coded.ordered,
            random_state=seed,
        )


@dataclass(frozen=True, slots=True)
class PenalisedLogit:
    """Logit with a quadratic penalty (ridge; le Cessie and van Houwelingen 1992); tuned: its strength.

    What is minimised is the weighted mean loss plus half the penalty times the sum of squared coefficients, of 0 and 1 for
    every level and of standardised numbers and their squares.
    """

    penalties: tuple[float, ...] = (1e-2, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 1e-6)

    @property
    def name(self) -> str:
        return "penalised logit"

    @property
    def tunings(self) -> tuple[float, ...]:
        return self.penalties

    def path(self, coded: Coded, x: FloatArray, y: FloatArray, w: FloatArray, new: FloatArray, seed: int) -> FloatArray:
        seen, unseen = coded.columns(x), coded.columns(new)
        return np.stack([_logit(seen, y, w, penalty)(unseen) for penalty in self.penalties])

    def fit(self, coded: Coded, x: FloatArray, y: FloatArray, w: FloatArray, tuning: float, seed: int) -> Predict:
        fitted = _logit(coded.columns(x), y, w, tuning)
        return lambda new: fitted(coded.columns(new))


@dataclass(frozen=True, slots=True)
class PlainLogit:
    """The weighted logit without a penalty: the point estimates of a design-based logit of all characteristics.

    Numbers come with their squares. A group without a contrary case has no finite coefficient; a penalty too small to
    move any other keeps its prediction within a hair of 0 or 1.
    """

    @property
    def name(self) -> str:
        return "plain logit"

    @property
    def tunings(self) -> tuple[float, ...]:
        return (_NEARLY_NONE,)

    def path(self, coded: Coded, x: FloatArray, y: FloatArray, w: FloatArray, new: FloatArray, seed: int) -> FloatArray:
        return _logit(coded.columns(x), y, w, _NEARLY_NONE)(coded.columns(new))[None]

    def fit(self, coded: Coded, x: FloatArray, y: FloatArray, w: FloatArray, tuning: float, seed: int) -> Predict:
        fitted = _logit(coded.columns(x), y, w, tuning)
        return lambda new: fitted(coded.columns(new))


def _logit(columns: FloatArray, y: FloatArray, w: FloatArray, penalty: float) -> Predict:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-10, max_iter=200)
    model.fit(columns, y, sample_weight=w / w.sum())
    return lambda new: np.asarray(model.predict_proba(new)[:, 1])
