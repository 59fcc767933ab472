"""On what a propensity rests: how much is lost when one characteristic is shuffled.

Within the cases of a fold, scored by the model that has not seen them, the values of one characteristic are dealt out
anew at random, which cuts its tie to the outcome and to all else (Breiman 2001; Fisher, Rudin and Dominici 2019). The
mean rise of the log loss is the importance. Characteristics that say the same share what they say: each alone may look
unimportant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from informality.inference.estimates.estimate import Estimate, means
from informality.inference.estimates.intervals import interval
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.segments.propensity import Propensity, log_loss
from informality.inference.segments.threads import one_thread


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """``estimate``: means (1, v), the rise of the log loss per person for each characteristic, over ``repeats`` shuffles.

    Its error and interval are the design's, for these models and the average of these shuffles: how the rise would vary
    over other samples of people to score. ``shuffling``: (v,) the standard error that comes from the number of
    shuffles alone; more of them make it smaller.
    """

    model: str
    names: tuple[str, ...]
    titles: tuple[str, ...]
    estimate: Estimate
    shuffling: FloatArray
    repeats: int

    def table(self) -> pd.DataFrame:
        """Tidy, the most important first."""
        low, high = interval(self.estimate)
        numbers = {"value": self.estimate.value, "se": self.estimate.se, "low": low, "high": high, "n": self.estimate.n}
        frame = pd.DataFrame(
            {
                "model": self.model,
                "characteristic": self.names,
                "title": self.titles,
                **{name: np.ravel(part) for name, part in numbers.items()},
                "shuffling_se": self.shuffling,
            }
        )
        return frame.sort_values("value", ascending=False, kind="stable").reset_index(drop=True)


def importance(propensity: Propensity, repeats: int = 10, seed: int = 0) -> Importance:
    """Importance of each characteristic for the propensities, out of fold."""
    if repeats < 2:
        raise ValueError(f"importance takes at least 2 shuffles, not {repeats}")
    units, coded = propensity.units, propensity.coded
    rng = np.random.default_rng(seed)
    size = coded.x.shape[1]
    rise = np.zeros((len(units.y), size))
    by_repeat = np.zeros((repeats, size))
    with one_thread():
        for f, model in enumerate(propensity.models):
            held = np.flatnonzero(units.fold == f)
            x, y, w = coded.x[units.pattern[held]], units.y[held], units.weight[held]
            before = log_loss(y, model(x))
            for r in range(repeats):
                for i in range(size):
                    shuffled = x.copy()
                    shuffled[:, i] = x[dealt_out(w, rng), i]
                    more = log_loss(y, model(shuffled)) - before
                    rise[held, i] += more / repeats
                    by_repeat[r, i] += w @ more
    values = np.full((len(propensity.value), size), np.nan)
    values[propensity.cases.rows] = rise[units.of_case]
    titles = tuple(c.what.printed for c in propensity.cases.columns)
    spread = (by_repeat / units.weight.sum()).std(axis=0, ddof=1) / np.sqrt(repeats)
    return Importance(propensity.learner, coded.names, titles, means(propensity.design, values), spread, repeats)


def dealt_out(weight: FloatArray, rng: np.random.Generator) -> IntArray:
    """(m,) for each case the case whose value it is given: a shuffle of people, not of rows.

    All people stand in a row, and again in a random order of the cases; each case takes the value of whoever stands, in
    that order, where its own middle stands. With equal weights it is a permutation.
    """
    order = rng.permutation(len(weight))
    ends = np.cumsum(weight[order])
    middle = np.cumsum(weight) - weight / 2
    return order[np.minimum(np.searchsorted(ends, middle, side="right"), len(order) - 1)]
