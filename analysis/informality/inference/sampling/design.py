"""The sample design: who was drawn, from which stratum, in which primary sampling unit (PSU).

:class:`Design` is what a sample's rows know: the weight and the PSU of each, and how errors are found. That is
either by linearisation, from the :class:`~informality.inference.sampling.units.PrimaryUnits`, or from
:class:`~informality.inference.sampling.replicates.Replicates`; both are the ``basis`` of an estimate's error. PSUs
are always nested in strata: number 7 in stratum 1 and number 7 in stratum 2 are two PSUs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from informality.foundation.errors import ExitCode, InformalityError, Problem, raise_errors
from informality.inference.sampling import calibration as calibrating
from informality.inference.sampling import replicates as replicating
from informality.inference.sampling.calibration import Auxiliary, Bounds, Calibration, CalibrationMethod, Control
from informality.inference.sampling.columns import drawn_fraction, factorised, weights_of
from informality.inference.sampling.moments import FloatArray, IntArray, compact
from informality.inference.sampling.replicates import Kind, Replicates
from informality.inference.sampling.units import Lonely, PrimaryUnits, SecondaryUnits

__all__ = ["Control", "Design", "Lonely", "PrimaryUnits"]


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The rows of a sample: ``weight`` (n,) and ``psu`` (n,), a code into ``units``.

    Build with :meth:`from_columns` or :meth:`from_replicates`, from the whole file: a domain is named when
    estimating, never by leaving out rows, because PSUs without a member of the domain count in its variance,
    too. ``second``: (n,) code of the second-stage unit, where there is one that matters. ``replicates``: None
    for a linearised design. ``calibration``: what the weights were calibrated to, if the errors need it.
    """

    weight: FloatArray
    psu: IntArray
    units: PrimaryUnits
    second: IntArray | None = None
    replicates: Replicates | None = None
    calibration: Calibration | None = None

    @classmethod
    def from_columns(
        cls,
        weight: Any,
        stratum: Any = None,
        psu: Any = None,
        lonely: Lonely = "fail",
        *,
        fpc: Any = None,
        psu2: Any = None,
        fpc2: Any = None,
    ) -> Design:
        """A design from columns (n,) of any type; pandas or numpy.

        Without ``psu`` every row is its own PSU; without ``stratum`` there is one stratum. Weights may be 0
        (such a row counts as nothing but its PSU still counts, as in R), but not missing, infinite or
        negative.

        ``fpc``, a column or one number, corrects for a finite population: the number of PSUs in the
        stratum, or the share of them that was drawn (all values must be of one kind; values up to 1 are
        shares). A share of 0 stands for drawing with replacement, 1 for a stratum all of whose PSUs were taken.
        ``psu2`` is the second-stage unit within the PSU (household, segment) and ``fpc2`` the
        number, or drawn share, of these in the PSU; they only add to the variance where ``fpc`` is known.
        PSUs that were sure to be drawn are strata with an ``fpc`` share of 1 (the others may have 0),
        and the scatter of their ``psu2`` (``fpc2`` 0) is then their variance.

        Raises :class:`InformalityError` with all problems: DATA for the columns, ESTIMATE for lonely PSUs.
        """
        if lonely not in ("fail", "certainty", "adjust", "average"):
            raise ValueError(f"lonely must be fail, certainty, adjust or average, not {lonely!r}")
        weights, problems = weights_of(weight)
        n = len(weights)
        second: IntArray | None = None
        if stratum is not None:
            stratum_of_row, stratum_labels = factorised("stratum", stratum, n, problems)
        else:
            stratum_of_row, stratum_labels = np.zeros(n, dtype=np.intp), np.array(["all"])
        if psu is not None:
            psu_of_row, psu_labels = factorised("psu", psu, n, problems)
        else:
            psu_of_row, psu_labels = np.arange(n), np.arange(n)
        if psu2 is not None:
            second, _ = factorised("psu2", psu2, n, problems)
        problems.extend(_stage_problems(fpc, psu2, fpc2))
        raise_errors(problems, ExitCode.DATA)

        code, nested = _nested(stratum_of_row, psu_of_row, len(psu_labels))
        stratum_of_psu, psu_labels = nested // len(psu_labels), psu_labels[nested % len(psu_labels)]
        fraction, second_units = None, None
        if fpc is not None:
            drawn = np.bincount(stratum_of_psu, minlength=len(stratum_labels))
            named = ("fpc", "stratum", "PSUs", stratum_labels)
            fraction = drawn_fraction(fpc, stratum_of_row, drawn, *named, problems)
        if fpc is not None and second is not None:
            second, pair = _nested(code, second, int(second.max()) + 1)
            psu_of_second = code[_first_rows(second, len(pair))]
            drawn = np.bincount(psu_of_second, minlength=len(stratum_of_psu))
            named = ("fpc2", "PSU", "second-stage units", psu_labels)
            second_units = SecondaryUnits(psu_of_second, drawn_fraction(fpc2, code, drawn, *named, problems))
        raise_errors(problems, ExitCode.DATA)
        units = PrimaryUnits(stratum_of_psu, stratum_labels, psu_labels, lonely, fraction, second_units)
        return cls(weights, code, units, None if second_units is None else second)

    @classmethod
    def from_replicates(
        cls,
        weight: Any,
        replicates: Any,
        kind: Kind,
        *,
        scale: float | None = None,
        rscales: Any = None,
        rho: float | None = None,
        mse: bool = False,
    ) -> Design:
        """A design from columns (n, R) of replicate weights, as statistical offices publish them.

        ``kind``: BRR, Fay, JK1, JKn, bootstrap or SDR. The variance is ``scale`` x sum of ``rscales`` x squared
        deviations from the mean of the replicates, or from the estimate itself with ``mse``. Where the
        kind settles the scale it may be left out (BRR 1/R, Fay 1/(R (1 - rho)^2), JK1 (R-1)/R, SDR 4/R);
        JKn needs ``rscales``, bootstrap ``scale``. Raises :class:`InformalityError` (DATA) with all problems.
        """
        weights, problems = weights_of(weight)
        raise_errors(problems, ExitCode.DATA)
        n = len(weights)
        made = replicating.from_weights(weights, replicates, kind, scale, rscales, rho, mse)
        units = PrimaryUnits(np.zeros(n, dtype=np.intp), np.array(["all"]), np.arange(n))
        return cls(weights, np.arange(n), units, replicates=made)

    def to_replicates(
        self, kind: Kind, *, number: int | None = None, seed: int = 0, rho: float = 0.5, mse: bool = False
    ) -> Design:
        """The same sample with replicates made from its strata and PSUs.

        ``JKn``: one for each PSU, equal to linearisation for totals. ``bootstrap``: ``number`` (500) rescaled
        bootstrap replicates from ``seed``. ``BRR``, ``Fay`` (with ``rho``): two PSUs in each stratum.
        Raises :class:`InformalityError` (ESTIMATE) where the design does not allow it.
        """
        if self.calibration is not None or self.replicates is not None:
            raise InformalityError(
                Problem(
                    "sample design, replicate weights",
                    "replicates are made before weights are calibrated, and once",
                    "the design is calibrated" if self.calibration else "the design has replicate weights",
                    "make the replicates from the design as it was drawn, then calibrate the result",
                ),
                ExitCode.ESTIMATE,
            )
        return replace(self, replicates=replicating.made(self.units, kind, number, seed, rho, mse))

    def calibrate(
        self,
        controls: Sequence[Control],
        method: CalibrationMethod = "linear",
        *,
        bounds: Bounds | None = None,
        within: Any = None,
        allow_negative: bool = False,
    ) -> Design:
        """A design whose weighted totals are the known ones, and whose errors take that into account.

        ``controls``: categories with their counts, or a number with its sum (:class:`Control`); one
        control is post-stratification. ``method``: linear (GREG), raking or logit; ``bounds`` limit how
        much a weight may change, as factors around 1. ``within``: (n,) rows with one value (the members of
        a household) have their weights changed alike. Replicate weights are calibrated one by one.
        Raises :class:`InformalityError`: DATA for columns and totals, ESTIMATE for totals that
        cannot be met and for negative weights, unless they are allowed.
        """
        aux = calibrating.auxiliary(controls, len(self.weight))
        if within is not None:
            problems: list[Problem] = []
            group, labels = factorised("within", within, len(self.weight), problems)
            raise_errors(problems, ExitCode.DATA)
            aux = calibrating.averaged(aux, self.weight, group, len(labels))
        weight, missed = calibrating.calibrated(self.weight, aux, method, bounds)
        calibrating.require_met(missed, aux, bounds)
        if not allow_negative:
            calibrating.require_positive(weight, self.weight)
        if self.replicates is not None:
            new = self._calibrated_replicates(self.replicates, weight, aux, method, bounds)
            return replace(self, weight=weight, replicates=new)
        made = Calibration.after(aux.x, self.weight, weight, self.calibration)
        size = len(self.units.stratum if self.units.second is None else self.units.second.psu)
        units = replace(self.units, known=made.known(self.unit, size))
        return replace(self, weight=weight, units=units, calibration=made)

    def _calibrated_replicates(
        self, old: Replicates, weight: FloatArray, aux: Auxiliary, method: CalibrationMethod, bounds: Bounds | None
    ) -> Replicates:
        if (dead := (weight == 0) & (self.weight > 0)).any():
            raise InformalityError(
                Problem(
                    "calibration",
                    "weights that are cut to 0 cannot carry replicate weights",
                    f"{int(dead.sum()):,} rows",
                    "set the lower bound above 0",
                ),
                ExitCode.ESTIMATE,
            )
        factors = np.zeros((len(weight), len(old)))
        failed = []
        for r in range(len(old)):
            new, missed = calibrating.calibrated(self.weight * old.factors[self.unit, r], aux, method, bounds)
            if not (np.abs(missed) < calibrating.MET).all():
                failed.append(r + 1)
            np.divide(new, weight, out=factors[:, r], where=weight != 0)
        if failed:
            raise InformalityError(
                Problem(
                    "calibration",
                    "some replicate weights cannot meet the known totals",
                    f"{len(failed)} of {len(old)} replicates, the first is number {failed[0]}",
                    "join small categories, or widen the bounds",
                ),
                ExitCode.ESTIMATE,
            )
        return replace(old, factors=factors, by_row=True)

    @property
    def unit(self) -> IntArray:
        """(n,) code of the finest unit by which sums must be kept for the errors: what moments take."""
        if self.replicates is not None and self.replicates.by_row:
            return np.arange(len(self.weight))
        return self.psu if self.second is None else self.second

    @property
    def basis(self) -> PrimaryUnits | Replicates:
        """What errors are computed from: what estimates from moments take."""
        return self.units if self.replicates is None else self.replicates

    @property
    def df(self) -> int:
        """Degrees of freedom among rows with a weight (R's ``degf``): PSUs minus strata, or of replicates."""
        if self.replicates is not None:
            return self.replicates.df(np.unique(self.unit[self.weight != 0]))
        drawn = np.unique(self.psu[self.weight != 0])
        return len(drawn) - len(np.unique(self.units.stratum[drawn]))


def _nested(outer: IntArray, inner: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Codes (n,) of pairs of codes, and the pairs behind them as outer * size + inner."""
    return compact(outer * size + inner, (int(outer.max(initial=-1)) + 1) * size)


def _first_rows(code: IntArray, size: int) -> IntArray:
    """(size,) a row of each code."""
    rows = np.empty(size, dtype=np.intp)
    rows[code] = np.arange(len(code))
    return rows


def _stage_problems(fpc: Any, psu2: Any, fpc2: Any) -> list[Problem]:
    place = "sample design, fpc2"
    if fpc2 is not None and (psu2 is None or fpc is None):
        return [
            Problem(
                place,
                "a correction at the second stage needs the second-stage unit and the correction at the first",
                fix="name psu2 and fpc, or leave out fpc2",
            )
        ]
    if psu2 is not None and fpc is not None and fpc2 is None:
        return [
            Problem(
                place,
                "with a correction at the first stage the second stage adds to the variance, "
                "but how much of each PSU was drawn is not said",
                fix="name fpc2 (0: drawn with replacement, 1: all were taken), or leave out psu2",
            )
        ]
    return []
