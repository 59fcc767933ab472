"""The parts of a gap between two groups, with their errors: one construction for every decomposition of means.

Every part is a sum over groups g and sets of coefficients s of a_g b_s mean_g F(x beta_s). With u = sum of a_g xbar_g
and v = sum of b_s beta_s, the column c of the formula has the share u_c v_c / u'v of the part (Yun 2004, Economics
Letters 82: 275-280). In a linear model the part is u'v itself, and what a column contributes is u_c v_c (Oaxaca
1973; Blinder 1973; Jann 2008, Stata Journal 8: 453-479). Columns of one term of the formula are added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from informality.foundation.errors import Problem
from informality.inference.decomposition.groups import Compared
from informality.inference.decomposition.result import Decomposition, named
from informality.inference.decomposition.states import Models, Moved, State
from informality.inference.models.sandwich import degrees_of_freedom
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray

_ROUNDING = 1e-13  # a sum this small against its terms is 0
_DOUBTFUL = 2.0  # at a t below this, a sum that others are divided by cannot be told from 0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the gap: ``people`` a (2,) of each group, ``coefficients`` b (3,) of each set, as in the module."""

    name: str
    people: tuple[float, float]
    coefficients: tuple[float, float, float]

    def total(self, p: FloatArray) -> FloatArray:
        """The part from mean predictions (..., 2, 3)."""
        return np.asarray(np.einsum("...gs,g,s->...", p, self.people, self.coefficients))


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The order of the numbers of a decomposition, and how parts become them."""

    parts: tuple[Part, ...]
    terms: tuple[str, ...]
    detailed: bool
    reproduces: bool  # the model gives each group its observed mean

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.name for part in self.parts))

    def shown(self, name: str) -> list[int]:
        """Places of the terms shown for a part; a constant adds nothing to a difference of characteristics."""
        if not self.detailed:
            return []
        differences = all(sum(part.people) == 0 for part in self.parts if part.name == name)
        return [i for i, term in enumerate(self.terms) if not (differences and term == "constant")]

    def labels(self, groups: tuple[str, str]) -> pd.DataFrame:
        """A row for each number."""
        rows = [("observed", group, "") for group in groups] + [("gap", "", "")]
        for name in self.names:
            rows += [(name, "", "")] + [(name, "", self.terms[i]) for i in self.shown(name)]
        if not self.reproduces:
            rows.append(("not fitted", "", ""))
        return pd.DataFrame(rows, columns=["part", "group", "term"])

    def ordered(self, y: FloatArray, totals: FloatArray, terms: FloatArray) -> FloatArray:
        """``y`` (..., 2), ``totals`` (..., parts) and ``terms`` (..., parts, terms) as the numbers of the labels.

        All of it is addition, so it takes values and their influences (with rows in front) alike.
        """
        gap = y[..., :1] - y[..., 1:]
        pieces = [y, gap]
        for name in self.names:
            mine = [i for i, part in enumerate(self.parts) if part.name == name]
            pieces.append(totals[..., mine].sum(axis=-1, keepdims=True))
            pieces.append(terms[..., mine, :].sum(axis=-2)[..., self.shown(name)])
        if not self.reproduces:
            pieces.append(gap - totals.sum(axis=-1, keepdims=True))
        return np.concatenate(pieces, axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """A part over the k columns: u_c v_c times ``factor``, which is ``total`` over ``divisor`` = u'v.

    ``relative``: (k,) u_c v_c / u'v, by which the factor's own movements reach a column; 0 where it is fixed.
    """

    total: float
    u: FloatArray
    v: FloatArray
    divisor: float
    factor: float
    relative: FloatArray

    @classmethod
    def of(cls, part: Part, state: State, linear: bool, constant: int) -> _Split:
        a, b = np.array(part.people), np.array(part.coefficients)
        u, v = a @ state.x, b @ state.theta
        total, divisor = float(part.total(state.p)), float(u @ v)
        if linear:
            return cls(total, u, v, divisor, 1.0, np.zeros_like(u))
        if abs(divisor) > _ROUNDING * (np.abs(a) @ np.abs(state.x) @ np.abs(v)):
            return cls(total, u, v, divisor, total / divisor, u * v / divisor)
        # Nothing to share out. In the limit the factor is the average density of the predictions.
        used = np.abs(np.outer(a, b))
        factor = float((used * state.slope[:, :, constant]).sum() / used.sum())
        return cls(total, u, v, divisor, factor, np.zeros_like(u))


def decompose(
    compared: Compared, design: Design, parts: Sequence[Part], reference: str, title: str, detailed: bool = True
) -> Decomposition:
    """The observed means, the gap and its parts, with a line for each term where ``detailed``."""
    models = Models.fit(compared, design, reference)
    linear, link = models.linear, models.both.likelihood.link
    layout = Layout(tuple(parts), compared.terms, detailed, linear or link == "logit")
    state = State.under(models, models.values(), design.weight)
    value, divisors = _numbers(layout, state, compared, linear)

    def again(weight: FloatArray) -> FloatArray:
        there = State.under(models, models.refit(weight), weight)
        return np.concatenate(_numbers(layout, there, compared, linear))

    cov = compared.covariance(design, again, lambda: _influence(layout, state, models))
    notes = list(compared.data.notes)
    if detailed and not linear:
        notes += _doubts(parts, divisors, np.sqrt(np.diag(cov)[len(value) :]), compared.place)
    members = [fit.data.patterns.rows for fit in models.fits[:2]]
    labels = layout.labels(compared.labels)
    return Decomposition(
        names=named(labels), value=value, cov=cov[: len(value), : len(value)],
        df=min(degrees_of_freedom(design, rows) for rows in members), labels=labels, title=title,
        groups=compared.labels, n=(len(members[0]), len(members[1])),
        n_weighted=(float(state.size[0]), float(state.size[1])), notes=tuple(notes),
    )  # fmt: skip


def _numbers(layout: Layout, state: State, compared: Compared, linear: bool) -> tuple[FloatArray, FloatArray]:
    """The numbers in the order of the labels, and what the terms of each part were divided by."""
    splits = [_Split.of(part, state, linear, compared.constant) for part in layout.parts]
    terms = np.stack([(s.u * s.v * s.factor) @ compared.by_term for s in splits])
    totals = np.array([s.total for s in splits])
    return layout.ordered(state.y, totals, terms), np.array([s.divisor for s in splits])


def _influence(layout: Layout, state: State, models: Models) -> FloatArray:
    """How the numbers and the divisors (q,) move for one bit of weight on each pattern (m, q)."""
    compared = models.compared
    splits = [_Split.of(part, state, models.linear, compared.constant) for part in layout.parts]
    blocks = []
    for rows in models.both.sample.slices():
        moved = Moved.of(models, state, rows)
        totals, terms, divisors = [], [], []
        for part, split in zip(layout.parts, splits, strict=True):
            products = np.where(moved.first, *part.people)[:, None] * moved.x * split.v
            for b, theta in zip(part.coefficients, moved.theta, strict=True):
                if b:
                    products += b * theta * split.u
            total, divisor = part.total(moved.p), products.sum(axis=1)
            factor = total - split.factor * divisor  # how the factor moves, times u'v
            shares = split.factor * products + np.outer(factor, split.relative)
            totals.append(total)
            terms.append(shares @ compared.by_term)
            divisors.append(divisor)
        numbers = layout.ordered(moved.y, np.stack(totals, axis=-1), np.stack(terms, axis=-2))
        blocks.append(np.column_stack([numbers, *divisors]))
    return np.vstack(blocks)


def _doubts(parts: Sequence[Part], divisors: FloatArray, se: FloatArray, place: str) -> list[Problem]:
    """A note for each part whose terms are shares of a sum that may as well be 0."""
    weakest: dict[str, float] = {}
    for part, divisor, error in zip(parts, divisors, se, strict=True):
        t = abs(divisor) / error if error > 0 else np.inf if divisor else 0.0
        weakest[part.name] = min(t, weakest.get(part.name, np.inf))
    return [
        Problem(
            place,
            f"the terms of the {name} part are shares of a sum that cannot be told from 0 (t = {t:.1f}), so single "
            "terms and their errors can be far off; the part as a whole is not touched by this",
            severity="warning",
        )
        for name, t in weakest.items()
        if t < _DOUBTFUL
    ]
