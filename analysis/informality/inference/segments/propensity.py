"""Propensities: for each case the probability of an outcome, from a model that has not seen its PSU.

Cross-fitting: the PSUs are dealt into folds; the cases of a fold are scored by a model learned from the other folds.
All that is chosen on the way (rounds of boosting, strength of a penalty, the curve of calibration) is chosen inside the
other folds, by folds of their own. So every score is one the survey could have given to people in places it did not go
to, and what is measured with the scores (:mod:`~informality.inference.segments.scores`) is not flattered by the
likeness of neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.estimates.functional import require_known
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.segments.characteristics import Cases, Characteristic, distinct, read_cases
from informality.inference.segments.drawing import Groups, groups_of
from informality.inference.segments.learners import Boosting, Coded, Learner, Predict
from informality.inference.segments.recalibration import CALIBRATIONS, Calibration, Curve, recalibrated
from informality.inference.segments.threads import one_thread

_PLACE = "propensity"


@dataclass(frozen=True, slots=True, eq=False)
class FoldModel:
    """What was learned without one fold: a learner's prediction, corrected by a curve. ``tuning``: what was chosen."""

    predict: Predict
    curve: Curve
    tuning: float

    def __call__(self, x: FloatArray) -> FloatArray:
        """Probabilities (r,) of rows x (r, v) of codes and numbers."""
        return self.curve(self.predict(x))


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Cases alike in the same group are one unit, with the sum of their weights: what is learned from.

    ``of_case``: (N,) the unit of each case. ``pattern``, ``y``, ``weight``, ``fold``: (U,). ``group``: (U,).
    """

    of_case: IntArray
    pattern: IntArray
    group: IntArray
    y: FloatArray
    weight: FloatArray
    fold: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Propensity:
    """Scores of the cases, out of fold.

    ``value``: (n,) probability of the outcome for each row of the file, NaN outside the domain. ``outcome``: (n,) 0 or
    1, NaN outside. ``fold``: (n,) -1 outside. ``models``: (folds,) each learned without its fold. ``groups``: how many
    PSUs (or groups) were kept together.
    """

    learner: str
    what: str
    value: FloatArray
    outcome: FloatArray
    fold: IntArray
    groups: int
    calibration: Calibration
    design: Design
    cases: Cases
    coded: Coded
    units: Units
    models: tuple[FoldModel, ...]

    def table(self) -> pd.DataFrame:
        """A row for each fold: its cases and PSUs, and what was chosen without it."""
        rows = []
        for f, model in enumerate(self.models):
            mine = self.units.fold == f
            rows.append(
                {
                    "fold": f + 1,
                    "n": int((self.fold == f).sum()),
                    "groups": len(np.unique(self.units.group[mine])),
                    "learner": self.learner,
                    "tuning": model.tuning,
                }
            )
        return pd.DataFrame(rows)


def propensity(
    design: Design,
    frame: pd.DataFrame,
    outcome: ArrayLike,
    characteristics: Sequence[Characteristic],
    *,
    domain: ArrayLike | None = None,
    learner: Learner | None = None,
    calibration: Calibration = "platt",
    folds: int = 10,
    inner_folds: int = 5,
    groups: ArrayLike | None = None,
    what: str = "outcome",
    seed: int = 0,
) -> Propensity:
    """Probability of an outcome for each case, by cross-fitting.

    ``outcome``: (n,) True or False, or 1 and 0; rows outside the domain may hold anything. ``learner``: boosted trees by
    default. ``groups``: (n,) what is kept together in folds, the PSUs of the design by default. ``what``: what the
    outcome is called. The same ``seed`` gives the same scores bit for bit, and whatever the order of the rows the same
    but for rounding; another learner with the same seed has the same folds.

    Raises :class:`InformalityError`: SPEC and DATA for the characteristics and the outcome, ESTIMATE for an empty
    domain, one PSU, an outcome or a characteristic that does not vary, and fewer PSUs than folds.
    """
    require_known(calibration, CALIBRATIONS, "way to calibrate probabilities")
    learned = learner or Boosting()
    cases = read_cases(design, frame, characteristics, domain, _PLACE)
    y = _outcome(outcome, cases, what)
    together = groups_of(design, cases.rows, groups, _PLACE)
    fold_of_group = together.folds(folds, seed, _PLACE)
    units = _units(design, cases, y, together, fold_of_group)
    coded = Coded.of(cases, cases.sums(design.weight[cases.rows]))
    value, models = np.empty(len(units.y)), []
    with one_thread():
        for f in range(folds):
            held, others = np.flatnonzero(units.fold == f), np.flatnonzero(units.fold != f)
            _require_both(units.y[others], f"without fold {f + 1}", what)
            model = _learned(learned, coded, units, others, together, inner_folds, calibration, seed, what)
            value[held] = model(coded.x[units.pattern[held]])
            models.append(model)
    return Propensity(
        learner=learned.name,
        what=what,
        value=cases.in_file(value[units.of_case], np.nan),
        outcome=cases.in_file(y, np.nan),
        fold=cases.in_file(units.fold[units.of_case], -1),
        groups=len(together),
        calibration=calibration,
        design=design,
        cases=cases,
        coded=coded,
        units=units,
        models=tuple(models),
    )


def _learned(
    learner: Learner,
    coded: Coded,
    units: Units,
    among: IntArray,
    together: Groups,
    folds: int,
    calibration: Calibration,
    seed: int,
    what: str,
) -> FoldModel:
    """A model of some units, its tuning and calibration chosen by folds within them."""
    x, y, w = coded.x[units.pattern[among]], units.y[among], units.weight[among]
    tuning, curve = learner.tunings[0], recalibrated("none", y, y, w)
    if len(learner.tunings) > 1 or calibration != "none":
        inner = together.folds(folds, seed + 1, _PLACE, np.unique(units.group[among]))[units.group[among]]
        scores = np.empty((len(learner.tunings), len(among)))
        for g in range(folds):
            held = inner == g
            _require_both(y[~held], "in a part of the folds", what)
            scores[:, held] = learner.path(coded, x[~held], y[~held], w[~held], x[held], seed)
        best = int(np.argmin([w @ log_loss(y, p) for p in scores]))
        tuning, curve = learner.tunings[best], recalibrated(calibration, scores[best], y, w)
    return FoldModel(learner.fit(coded, x, y, w, tuning, seed), curve, tuning)


def log_loss(y: FloatArray, p: FloatArray) -> FloatArray:
    """-log of the probability given to what happened, case by case; a certain error counts as one in 10^15."""
    given = np.where(y == 1, p, 1 - p)
    return -np.log(np.maximum(given, 1e-15))


def _outcome(outcome: ArrayLike, cases: Cases, what: str) -> FloatArray:
    """(N,) 0 or 1 for the cases."""
    column: Any = pd.Series(outcome)
    if len(column) != cases.n_file:
        raise ValueError(f"{len(column):,} outcomes for {cases.n_file:,} rows")
    mine = column.iloc[cases.rows]
    if gone := int(mine.isna().sum()):
        raise InformalityError(
            Problem(_PLACE, f"{what}: the outcome is missing in some rows of the domain", f"{gone:,} of {len(mine):,} rows",
                    "narrow the domain to the cases whose outcome is known, and report how many that leaves out",
                    count=gone), ExitCode.DATA
        )  # fmt: skip
    values: FloatArray = np.asarray(pd.to_numeric(mine, errors="coerce"), dtype=np.float64)
    if not np.isin(values, (0.0, 1.0)).all():
        other = ", ".join(str(v) for v in pd.unique(mine[~np.isin(values, (0.0, 1.0))])[:6])
        raise InformalityError(
            Problem(_PLACE, f"{what}: the outcome must be 0 or 1, or True or False", other,
                    "write a condition, such as frame['job'] == 'informal'"), ExitCode.DATA
        )  # fmt: skip
    _require_both(values, "in the domain", what)
    return values


def _require_both(y: FloatArray, where: str, what: str) -> None:
    if (y != y[0]).any():
        return
    raise InformalityError(
        Problem(_PLACE, f"{what}: the outcome is the same for every case {where}",
                f"it is {y[0]:g}",
                "widen the domain, or ask for fewer folds if few PSUs hold all cases of one kind"), ExitCode.ESTIMATE
    )  # fmt: skip


def _units(design: Design, cases: Cases, y: FloatArray, together: Groups, fold_of_group: IntArray) -> Units:
    of_case, first = distinct([together.code, cases.pattern, y.astype(np.intp)])
    weight = np.asarray(np.bincount(of_case, design.weight[cases.rows]), dtype=np.float64)
    group = together.code[first]
    return Units(of_case, cases.pattern[first], group, y[first], weight, fold_of_group[group])
