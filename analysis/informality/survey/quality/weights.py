"""Weights and sample: how unequal, what they add up to, strata with one PSU, sizes of PSUs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.survey.quality.findings import Finding
from informality.survey.quality.seen import Seen, percent

BLOCK = "weights"


@dataclass(frozen=True, slots=True)
class WeightFacts:
    """``kish``: persons of equal weight who would tell as much; ``cv``: standard deviation over mean."""

    n: int
    total: float
    smallest: float
    median: float
    largest: float
    cv: float
    kish: float

    @property
    def ratio(self) -> float:
        """Largest over smallest weight."""
        return self.largest / self.smallest

    @property
    def effect(self) -> float:
        """Kish's design effect of unequal weights, 1 + cv², for what does not vary with the weights."""
        return self.n / self.kish


def weight_facts(weight: npt.NDArray[np.float64]) -> WeightFacts:
    """Facts on positive weights, shape (persons,). Kish (1965): (sum of w)² / sum of w²."""
    total = float(weight.sum())
    return WeightFacts(
        len(weight),
        total,
        float(weight.min()),
        float(np.median(weight)),
        float(weight.max()),
        float(weight.std() / weight.mean()),
        total**2 / float((weight**2).sum()),
    )


def check_weights(seen: Seen) -> Iterator[Finding]:
    """Weights that are zero, negative or blank have stopped the harmoniser already."""
    facts = weight_facts(seen.weight)
    at = seen.profile.file.place("design", "weight")
    words = (
        f"largest {facts.largest:,.1f}, smallest {facts.smallest:,.1f}, ratio {facts.ratio:,.0f}; the {facts.n:,} persons carry "
        f"the information of about {facts.kish:,.0f} equally weighted ones (Kish)"
    )
    unequal = facts.effect > seen.limit("weight_effect")
    if unequal or facts.ratio > seen.limit("weight_ratio"):
        yield Finding(
            BLOCK,
            "unequal",
            "warning" if unequal else "note",
            at,
            "the weights are very unequal" if unequal else "a few weights are very small or very large",
            words,
            "standard errors take this into account; look at the largest weights",
        )
    if facts.n >= seen.limit("few_cases") and abs(facts.total / facts.n - 1) < seen.limit("weight_scaled"):
        yield Finding(
            BLOCK,
            "scaled",
            "warning",
            at,
            "the weights add up to the number of persons in the file, not to the population",
            f"sum {facts.total:,.1f} for {facts.n:,} persons",
            "shares and means are right; totals are not: obtain the factors that expand to the population",
        )
    if facts.n >= seen.limit("few_cases") and facts.smallest == facts.largest:
        yield Finding(
            BLOCK, "equal", "note", at, "all weights are the same", f"{facts.largest:,.6g} for each of {facts.n:,} persons",
            "fine for a sample that weights itself; otherwise the wrong column",
        )  # fmt: skip
    yield from _lonely(seen)
    yield from _psus(seen)


def _lonely(seen: Seen) -> Iterator[Finding]:
    """Strata with one PSU, whose variance cannot be estimated from the sample."""
    psus = seen.frame[["stratum", "psu"]].drop_duplicates().groupby("stratum").size()
    lonely = psus[psus == 1].index.tolist()
    if lonely:
        inside = seen.frame["stratum"].isin(lonely).to_numpy()
        yield Finding(
            BLOCK,
            "lonely",
            "warning",
            seen.profile.file.place("design", "lonely"),
            f"{len(lonely)} of {len(psus)} strata have only one PSU",
            ", ".join(map(str, lonely[:8])) + (f" and {len(lonely) - 8} more" if len(lonely) > 8 else ""),
            f"their variance cannot be measured; the rule in force is `{seen.profile.spec.design.lonely}`",
            len(lonely),
            seen.share(inside, np.ones(len(inside), dtype=bool)),
        )


def psu_sizes(seen: Seen) -> npt.NDArray[np.int64]:
    """Persons in each PSU."""
    return np.bincount(pd.factorize(seen.frame["psu"])[0])


def _psus(seen: Seen) -> Iterator[Finding]:
    """PSUs that look like persons, or like several taken for one."""
    if seen.profile.spec.design.psu == "none":
        return
    size = psu_sizes(seen)
    if len(size) < seen.limit("few_cases"):
        return
    at = seen.profile.file.place("design", "psu")
    single, median = float((size == 1).mean()), float(np.median(size))
    if single > seen.limit("psu_single"):
        yield Finding(
            BLOCK, "psu_single", "warning", at, "many PSUs hold one person only",
            f"{int((size == 1).sum()):,} of {len(size):,} ({percent(single)})",
            "see whether the column numbers persons or households: then errors come out too small", int((size == 1).sum()),
        )  # fmt: skip
    large = size > seen.limit("psu_times") * median
    if large.any() and single <= seen.limit("psu_single"):
        yield Finding(
            BLOCK, "psu_large", "note", at, "some PSUs are far larger than the others",
            f"{int(large.sum()):,} of {len(size):,}; largest {int(size.max()):,} persons, median {median:,.0f}",
            "see whether units that bear the same number are taken for one", int(large.sum()),
        )  # fmt: skip
