"""What a decomposition gives back: its parts with their covariance, and how they are to be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from informality.foundation.errors import Problem
from informality.inference.models.coefficients import Labelled, carried

READING = (
    "Explained: what the gap would be if the characteristics in the formula counted alike in both groups. It is not "
    "thereby justified: the characteristics may themselves come of unequal chances.",
    "Unexplained: what is left between people alike in these characteristics. It is not proof of discrimination, "
    "for the survey does not ask everything; nor would its absence prove that there is none.",
)

_THREEFOLD = "Endowments are read as explained, coefficients as unexplained; the interaction belongs to both."


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Labelled):
    """Numbers about two groups and the gap between them. ``df``: the smaller of the groups'.

    ``title``: formula and method. ``groups``: labels of the first and the second; ``n`` and ``n_weighted``: cases of
    each and the people they stand for. ``notes``: what the reader should know.
    """

    title: str
    groups: tuple[str, str]
    n: tuple[int, int]
    n_weighted: tuple[float, float]
    notes: tuple[Problem, ...]

    @property
    def reading(self) -> tuple[str, ...]:
        """How the parts are to be read, and how they are not."""
        return (_THREEFOLD, *READING) if (self.labels["part"] == "endowments").any() else READING

    def __str__(self) -> str:
        counts = [
            f"{text}: {n:,} cases standing for {weight:,.0f}"
            for text, n, weight in zip(self.groups, self.n, self.n_weighted, strict=True)
        ]
        freedom = f"{self.df} degrees of freedom"
        notes = [f"Note: {note.what}." for note in self.notes]
        return "\n".join([self.title, "; ".join([*counts, freedom]), "", self.format(), "", *notes, *self.reading])


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition(Comparison):
    """A gap, first group less second, and the parts that add up to it.

    Names are ``observed: male``, ``gap``, ``explained``, ``explained: education`` and so on; ``labels`` has the same
    in the columns ``part``, ``group`` and ``term``, of which those that do not apply are empty.
    """

    def as_shares(self) -> Labelled:
        """The gap and each part of it over the gap, with delta-method errors; NaN where the gap is 0.

        Where the gap is small against its own error the shares mean little, and their errors understate it.
        """
        gap = self.place("gap")
        kept = np.flatnonzero((self.labels["part"] != "observed").to_numpy())
        total = self.value[gap] if self.value[gap] != 0 else np.nan
        share = self.value[kept] / total
        gradient = np.zeros((len(kept), len(self.value)))
        gradient[np.arange(len(kept)), kept] = 1 / total
        gradient[:, gap] -= share / total
        names = tuple(self.names[i] for i in kept)
        labels = self.labels.iloc[kept].reset_index(drop=True)
        return Labelled(names, share, carried(gradient, self.cov), self.df, labels)


def named(labels: pd.DataFrame) -> tuple[str, ...]:
    """One name for each row of labels: ``observed: male``, ``explained: education``."""
    return tuple(": ".join(text for text in row if text) for row in labels.itertuples(index=False, name=None))
