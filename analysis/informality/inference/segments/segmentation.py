"""Segments of a population: how many, who is in them, how large they are, and what to call them.

Cases are placed by their characteristics (:mod:`~informality.inference.segments.embedding`) and grouped by weighted
k-means; how many groups there are is decided by what is found again in other samples
(:mod:`~informality.inference.segments.stability`). The errors of sizes and profiles **take the segmentation as given**:
they say how the size of these groups, with these borders, varies from sample to sample, not how the borders would. How
far the borders can be trusted is said beside them, by the agreement between resamples and by how well each segment was
found again.
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
from informality.inference.segments.threads import one_thread

_PLACE = "segments"
_FOLDS = 5  # of the accuracy of the assignment rule


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """K segments, the largest first.

    ``code``: (n,) the segment of each row of the file from 0, -1 outside the domain; a domain code for any other
    estimate. ``names``, ``descriptions``: (K,). ``share``: (1, K) of the domain; ``total``: (1, K) people.
    ``recovered``: (K,) mean overlap (Jaccard) with the nearest segment of the resamples. ``chosen_by``: `stability`, or
    `the caller`. ``status``: the weakest of the choices it rests on.
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

    def __str__(self) -> str:
        """The segments with their shares, 95 per cent intervals and cases, and how far they can be trusted."""
        low, high = interval(self.share)
        lines = [
            f"{k + 1}. {name}: {self.share.value[0, k]:.1%} ({low[0, k]:.1%} to {high[0, k]:.1%}), "
            f"{self.share.n_numerator[0, k]:,} cases, found again {self.recovered[k]:.2f}\n   {self.descriptions[k]}"
            for k, name in enumerate(self.names)
        ]
        trust = f"agreement between {self.stability.resamples} resamples {self.agreement:.2f}"
        rule = f"the rule puts {self.rule.accuracy.value[0, 1]:.0%} where they belong"
        return "\n".join([*lines, f"{len(self)} segments, chosen by {self.chosen_by}: {trust}; {rule}"])

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

    ``frame``: (n,) the rows of the design. ``domain``: (n,) True for the cases; never leave rows out instead. ``k``:
    the number of segments, instead of the largest stable one. ``choices``: thresholds, those of the library by default.
    ``groups`` (n,): cases drawn together, where replicate weights stand in the place of PSUs. The same ``seed`` gives the
    same segments, whatever the order of the rows or the scale of the weights.

    Raises :class:`InformalityError`: SPEC and DATA for the characteristics, ESTIMATE for an empty domain, one PSU, a
    characteristic that does not vary, more segments than different cases, and where no number of segments is stable.
    """
    chosen = choices or standard_choices()
    if k is not None and k < 2:
        raise ValueError(f"segments are at least 2, not {k}")
    cases = read_cases(design, frame, characteristics, domain, _PLACE)
    weight = cases.sums(design.weight[cases.rows])
    numbers = list(range(2, int(chosen.most_segments.value) + 1)) if k is None else [k]
    with one_thread():
        found, stability = _searched(design, cases, weight, numbers, chosen, seed)
    size = require_stable(stability, _PLACE) if k is None else k
    fold = _folds(groups_of(design, cases.rows, groups, _PLACE), seed)
    by = "stability" if k is None else "the caller"
    return _described(design, cases, found[stability.k.index(size)], stability, chosen, wording or Wording(), fold, by)


def _searched(
    design: Design, cases: Cases, weight: FloatArray, numbers: Sequence[int], choices: Choices, seed: int
) -> tuple[list[IntArray], Stability]:
    """For each number of segments those of the patterns (m,), the largest first, and how stable they are.

    Numbers beyond the different cases of a resample are left out, unless there is but one: then that is an error.
    """
    raw = RawColumns.of(cases, weight)
    rare, starts = choices.rare_level.value, int(choices.starts.value)
    tried = list(numbers)

    def clustered(w: FloatArray, where: str) -> list[IntArray]:
        places = raw.coordinates(w, rare)
        there = different(places, w, max(tried))
        if there < min(tried):
            raise too_few(min(tried), there, where, _PLACE)
        tried[:] = [number for number in tried if number <= there]
        return clusters(places, w, tried, starts, seed)

    whole = clustered(weight, "in the domain")
    assigned = [
        clustered(cases.sums(again[cases.rows]), "in one of the resamples")
        for again in resampled(design, int(choices.resamples.value), seed)
    ]
    found = [_largest_first(mine, weight) for mine in whole[: len(tried)]]
    others = [[again[i] for again in assigned] for i in range(len(tried))]
    stability = Stability(
        k=tuple(tried),
        agreement=tuple(agreements(theirs, weight) for theirs in others),
        recovered=tuple(recovered(mine, theirs, weight) for mine, theirs in zip(found, others, strict=True)),
        smallest=np.array([np.bincount(mine, weight).min() / weight.sum() for mine in found]),
        resamples=len(assigned),
        threshold=choices.stability.value,
        found_again=choices.found_again.value,
        least=choices.smallest_segment.value,
    )
    return found, stability


def _described(
    design: Design,
    cases: Cases,
    segment_: IntArray,
    stability: Stability,
    choices: Choices,
    words: Wording,
    fold: IntArray,
    chosen_by: str,
) -> Segmentation:
    """From the segment (m,) of each pattern to sizes, profiles, names and the rule."""
    size = int(segment_.max()) + 1
    code = cases.in_file(segment_[cases.pattern], -1)
    sets = contrasts(design, cases, code, size)
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
        recovered=stability.recovered[stability.k.index(size)],
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
