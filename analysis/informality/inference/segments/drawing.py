"""PSUs drawn again, and dealt into folds, in an order that depends on their names and not on the rows of the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.models import covariates
from informality.inference.sampling import replicates as replicating
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.sampling.units import PrimaryUnits


def resampled(design: Design, number: int, seed: int) -> Iterator[FloatArray]:
    """``number`` times the weights (n,) of a sample of whole PSUs drawn from the sample, within its strata.

    The rescaled bootstrap of Rao and Wu (1988), n_h - 1 PSUs with replacement; a stratum with one PSU, or taken whole,
    stays as it is. Of a design with replicate weights only bootstrap ones are samples of this kind, and are used.
    Raises :class:`InformalityError` (ESTIMATE) for other replicates, or too few.
    """
    if design.replicates is not None:
        given = design.replicates
        if given.kind != "bootstrap" or len(given) < number:
            raise InformalityError(
                Problem("stability of segments", f"it takes {number} samples drawn from the sample, "
                        "and the replicate weights are not such",
                        f"{len(given):,} {given.kind} replicates",
                        "build the design from its strata and PSUs, or from bootstrap replicates"),
                ExitCode.ESTIMATE,
            )  # fmt: skip
        for factors in given.factors.T[:number]:
            yield design.weight * factors[design.unit]
        return
    units, place = _in_order_of_names(design.units)
    factors = replicating.made(units, "bootstrap", number, seed, 0.0, False).factors[place]
    for r in range(number):
        yield design.weight * factors[design.psu, r]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """What is kept together in cross-validation, PSUs as a rule: ``code`` (N,) of the cases, ``stratum`` (G,) of the groups."""

    code: IntArray
    stratum: IntArray
    name: str

    def __len__(self) -> int:
        return len(self.stratum)

    def folds(self, number: int, seed: int, place: str, among: IntArray | None = None) -> IntArray:
        """The fold (G,), 0 to ``number`` - 1, of each group; -1 for groups that are not ``among`` these.

        The groups of each stratum, shuffled, are dealt out one to a fold, the next stratum going on where the last
        one stopped: each fold is a sample of the same design (Wieczorek, Guerin and McMahon 2022, Stat 11, e454).
        Raises :class:`InformalityError` (ESTIMATE) for fewer groups than folds.
        """
        if number < 2:
            raise ValueError(f"cross-validation takes at least 2 folds, not {number}")
        among = np.arange(len(self)) if among is None else among
        if len(among) < number:
            raise InformalityError(
                Problem(place, f"the cases lie in fewer {self.name} than there are folds",
                        f"{len(among)}, for {number} folds", "ask for fewer folds, or widen the domain"),
                ExitCode.ESTIMATE,
            )  # fmt: skip
        shuffled = among[np.random.default_rng(seed).permutation(len(among))]
        dealt = shuffled[np.argsort(self.stratum[shuffled], kind="stable")]
        fold = np.full(len(self), -1, dtype=np.intp)
        fold[dealt] = np.arange(len(dealt)) % number
        return fold


def groups_of(design: Design, rows: IntArray, given: ArrayLike | None, place: str) -> Groups:
    """The PSUs of some rows, or the groups ``given`` (n,) where the file does not have PSUs.

    Raises :class:`InformalityError`: DATA for groups that are missing, ESTIMATE for replicate weights without groups.
    """
    if given is not None:
        codes, _ = pd.factorize(pd.Series(given), sort=True)
        if len(codes) != len(design.weight):
            raise ValueError(f"{len(codes):,} groups for {len(design.weight):,} rows")
        if gone := int((codes[rows] < 0).sum()):
            raise InformalityError(
                Problem(place, "the group is missing in some rows", f"{gone:,} of {len(rows):,} rows",
                        "give such rows a group of their own", count=gone), ExitCode.DATA
            )  # fmt: skip
        used, code = np.unique(codes[rows], return_inverse=True)
        return Groups(code, np.zeros(len(used), dtype=np.intp), "groups")
    if design.replicates is not None:
        raise InformalityError(
            Problem(place, "replicate weights do not say which cases were drawn together, so they cannot be kept "
                    "together in cross-validation", fix="give groups=, a column of PSUs, or of households at least"),
            ExitCode.ESTIMATE,
        )  # fmt: skip
    units, order = _in_order_of_names(design.units)
    used, code = np.unique(order[design.psu[rows]], return_inverse=True)
    return Groups(code, units.stratum[used], "primary sampling units (PSUs)")


def _in_order_of_names(units: PrimaryUnits) -> tuple[PrimaryUnits, IntArray]:
    """The same PSUs sorted by the names of stratum and PSU, and the new place (P,) of each."""
    strata = np.argsort([covariates.label(x) for x in units.stratum_labels.tolist()], kind="stable")
    rank = np.empty(len(strata), dtype=np.intp)
    rank[strata] = np.arange(len(strata))
    stratum = rank[units.stratum]
    names = np.array([covariates.label(x) for x in units.psu_labels.tolist()])
    order = np.lexsort((names, stratum))
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    made = PrimaryUnits(
        stratum[order],
        units.stratum_labels[strata],
        units.psu_labels[order],
        "certainty",
        None if units.fraction is None else units.fraction[strata],
    )
    return made, place
