"""Segments of a population: how many, who is in them, how large they are, and what to call them.

Cases are placed by their characteristics (:mod:`~informality.inference.segments.embedding`) and grouped by weighted
k-means; how many groups there are is decided by what is found again in other samples
(:mod:`~informality.inference.segments.stability`). The errors of sizes and profiles **take the segmentation as given**: they
say how the size of these groups, with these borders, varies from sample to sample, not how the borders would. How far the
borders can be trusted is said beside them, by the agreement between resamples and by how well each segment was found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from informality.foundation.quantities import Status
from informality.inference.estimates.estimate import Estimate, shares, totals
from informality.inference.estimates.intervals import interval
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.segments.assignment import AssignmentRule, assignment_rule
from informality.inference.segments.characteristics import Cases, Characteristic, read_cases
from informality.inference.segments.choices import Choices, standard_choices
from informality.inference.segments.clustering import clusters, different, too_few
from informality.inference.segments.drawing import Groups, groups_of, resampled
from informality.inference.segments.embedding import RawColumns
from informality.inference.segments.naming import Wording, description, names
from informality.inference.segments.profiles import Contrast, contrasts, profile_table
from informality.inference.segments.stability import Stability, agreements, recovered, require_stable

_PLACE = "segments"
_FOLDS = 5  # of the accuracy of the assignment rule


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """K segments, the largest first.

    ``code``: (n,) the segment of each row of the file from 0, -1 outside the domain; a domain code for any other estimate.
    ``names``, ``descriptions``: (K,). ``share``: (1, K) of the domain; ``total``: (1, K) people. ``recovered``: (K,) mean
    overlap (Jaccard) with the nearest segment of the resamples; Hennig (2007) calls a cluster below 0.5 dissolved,
    and one above 0.75 stable. ``chosen_by``: `stability`, or `the caller`. ``status``: the weakest of the choices it rests on.
    """

    code: IntArray
    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    share: Estimate
    total: Estimate
    recovered: FloatArray
    stability: Stability
    contrasts: tuple[tuple[Contrast, ...], ...]
    rule: AssignmentRule
    chosen_by: str
    status: Status

    def __len__(self) -> int:
        return len(self.names)

    @property
    def agreement(self) -> float:
        """Mean agreement between resamples for this number of segments."""
        return float(self.stability.mean[self.stability.k.index(len(self))])

    def table(self) -> pd.DataFrame:
        """Tidy: two rows for each segment, its share and its total, with error, interval and cases."""
        rows = []
        low, high = interval(self.share)
        below, above = interval(self.total)
        for k, name in enumerate(self.names):
            head = {"segment": k + 1, "name": name, "description": self.descriptions[k], "recovered": self.recovered[k]}
            share = (self.share.value[0, k], self.share.se[0, k], low[0, k], high[0, k])
            total = (self.total.value[0, k], self.total.se[0, k], below[0, k], above[0, k])
            for statistic, numbers in (("share", share), ("total", total)):
                line = dict(zip(("value", "se", "low", "high"), numbers, strict=True))
                rows.append({**head, "statistic": statistic, **line, "n": int(self.share.n_numerator[0, k])})
        return pd.DataFrame(rows)

    def profile(self) -> pd.DataFrame:
        """Tidy: each characteristic inside and outside each segment, and the difference, with errors."""
        table = profile_table([list(mine) for mine in self.contrasts])
        table.insert(1, "name", [self.names[s - 1] for s in table["segment"]])
        return table


def segment(
    design: Design,
    frame: pd.DataFrame,
    characteristics: Sequence[Characteristic],
    *,
    domain: ArrayLike | None = None,
    k: int | None = None,
    choices: Choices | None = None,
    wording: Wording | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Segmentation:
    """Segments of the cases of a domain by their characteristics.

    ``frame``: (n,) the rows of the design. ``domain``: (n,) True for the cases; never leave rows out instead. ``k``: the
    number of segments, instead of the largest stable one. ``choices``: thresholds, those of the library by
    default. ``groups`` (n,): cases drawn together, where replicate weights stand in
    the place of PSUs. The same ``seed`` gives the same segments, whatever the order of the rows or the scale of the weights.

    Raises :class:`InformalityError`: SPEC and DATA for the characteristics, ESTIMATE for an empty domain, one PSU, a
    characteristic that does not vary, more segments than different cases, and where no number of segments is stable.
    """
    chosen = choices or standard_choices()
    if k is not None and k < 2:
        raise ValueError(f"segments are at least 2, not {k}")
    cases = read_cases(design, frame, characteristics, domain, _PLACE)
    weight = cases.sums(design.weight[cases.rows])
    raw = RawColumns.of(cases, weight)
    rare, starts = chosen.rare_level.value, int(chosen.starts.value)
    coordinates = raw.coordinates(weight, rare)
    numbers = list(range(2, int(chosen.most_segments.value) + 1)) if k is None else [k]
    there = different(coordinates, weight, max(numbers))
    if k is not None and k > there:
        raise too_few(k, there, "in the domain", _PLACE)
    numbers = [number for number in numbers if number <= there]

    found = clusters(coordinates, weight, numbers, starts, seed)
    assigned = []
    for again in resampled(design, int(chosen.resamples.value), seed):
        w = cases.sums(again[cases.rows])
        places = raw.coordinates(w, rare)
        if (there := different(places, w, max(numbers))) < max(numbers):
            raise too_few(max(numbers), there, "in one of the resamples", _PLACE)
        assigned.append(clusters(places, w, numbers, starts, seed))
    smallest = np.array([np.bincount(f, weight).min() / weight.sum() for f in found])
    stability = Stability(
        tuple(numbers), agreements(assigned, weight), smallest, len(assigned), chosen.stability.value,
        chosen.smallest_segment.value,
    )  # fmt: skip
    size = k if k is not None else require_stable(stability, _PLACE)
    at = numbers.index(size)
    return _described(
        design, cases, _largest_first(found[at], weight), [a[at] for a in assigned], stability, chosen, wording,
        _folds(groups_of(design, cases.rows, groups, _PLACE), seed), "the caller" if k is not None else "stability",
    )  # fmt: skip


def _described(
    design: Design,
    cases: Cases,
    segment_: IntArray,
    others: Sequence[IntArray],
    stability: Stability,
    choices: Choices,
    wording: Wording | None,
    fold: IntArray,
    chosen_by: str,
) -> Segmentation:
    """From the segment (m,) of each pattern to sizes, profiles, names and the rule."""
    size = int(segment_.max()) + 1
    code = cases.in_file(segment_[cases.pattern], -1)
    sets = contrasts(design, cases, code, size)
    words = wording or Wording()
    called = names(sets, choices, words)
    indicators = (code[:, None] == np.arange(size)).astype(np.float64)
    rule = assignment_rule(
        design, cases, segment_, called, fold, int(choices.rule_leaves.value) * size, int(choices.rule_depth.value)
    )
    return Segmentation(
        code=code,
        names=called,
        descriptions=tuple(description(mine, words) for mine in sets),
        share=shares(design, code, size),
        total=totals(design, indicators),
        recovered=recovered(segment_, others, cases.sums(design.weight[cases.rows]), size),
        stability=stability,
        contrasts=tuple(tuple(mine) for mine in sets),
        rule=rule,
        chosen_by=chosen_by,
        status=choices.status,
    )


def _folds(groups: Groups, seed: int) -> IntArray:
    """The fold (N,) of each case; with very few PSUs a fold is one of them."""
    return groups.folds(min(_FOLDS, len(groups)), seed, _PLACE)[groups.code]


def _largest_first(segment_: IntArray, weight: FloatArray) -> IntArray:
    order = np.argsort(-np.bincount(segment_, weight), kind="stable")
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    return rank[segment_]
