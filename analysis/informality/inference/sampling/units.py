"""The sampled units and the stages in which they were drawn: all that the variance knows of a design.

:class:`PrimaryUnits` is the list of primary sampling units (PSUs) and their strata, small whatever the
number of rows; with it go, where they are known, the share of each stratum that was drawn (the finite
population correction) and the units of the second stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.sampling.moments import FloatArray, IntArray

Lonely = Literal["fail", "certainty", "adjust", "average"]

_NAMED_IN_MESSAGE = 12


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One drawing: U units in G groups, PSUs in strata or second-stage units in PSUs.

    ``group``: (U,) group of each unit. ``drawn``: (G,) units drawn in each group. ``scale``: (G,) what the
    squared deviations of a group's units are multiplied by: 0 for a group taken whole.
    """

    group: IntArray
    drawn: IntArray
    scale: FloatArray
    lonely: Lonely

    @classmethod
    def of(cls, group: IntArray, drawn: IntArray, weight: FloatArray, lonely: Lonely) -> Stage:
        """``weight`` (G,): 1 - f for the first stage, f (1 - f2) for the second."""
        return cls(group, drawn, weight * drawn / np.maximum(drawn - 1.0, 1.0), lonely)

    @property
    def alone(self) -> NDArray[np.bool_]:
        """(G,) groups with one unit, whose scatter is unknown and not 0 by design."""
        return np.asarray((self.drawn == 1) & (self.scale > 0))


@dataclass(frozen=True, slots=True, eq=False)
class SecondaryUnits:
    """The S second-stage units (households, say): ``psu`` (S,) and ``fraction`` (P,) drawn in each PSU."""

    psu: IntArray
    fraction: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class KnownTotals:
    """What calibrated weights explain (:mod:`~informality.inference.sampling.calibration`), by the finest unit.

    ``auxiliary``: (P or S, p) totals by unit of the calibrated auxiliary. ``solve``: (p, p), from sums
    of influence times instruments to the coefficients on ``auxiliary`` that are known without error.
    """

    auxiliary: FloatArray
    solve: FloatArray

    def explained(self, crossed: FloatArray) -> FloatArray:
        """Coefficients (p, k) from sums (p, k) over the rows of influence times instruments."""
        return np.asarray(self.solve @ crossed)


@dataclass(frozen=True, slots=True, eq=False)
class PrimaryUnits:
    """The P sampled PSUs and the H strata they were drawn from.

    ``stratum``: (P,) stratum code of each PSU. ``stratum_labels`` (H,) and ``psu_labels`` (P,) are for
    messages. ``fraction``: (H,) share of the PSUs of a stratum that was drawn, 0 where they were drawn with
    replacement (everywhere, without it), 1 where all were taken. ``second``: what was drawn
    in the PSUs; it only counts where ``fraction`` is above 0. ``known``: what calibration explains.

    ``lonely`` says what a stratum with one PSU adds to the variance, as in R survey 4.5:

    - ``fail``: refuse such a design (the default);
    - ``certainty``: nothing, the PSU was taken with certainty;
    - ``adjust``: its squared distance from the mean PSU total of all strata, an upper guess;
    - ``average``: the average of what the other strata add.

    A PSU with one second-stage unit is treated in the same way among all PSUs. (There R has no answer
    for `average`, NaN; and R 4.1 measures the distance of `adjust` from 0, which is the same for means.)

    Raises :class:`InformalityError` (ESTIMATE) for lonely units under ``fail`` and, under every rule,
    for a sample that is one PSU.
    """

    stratum: IntArray
    stratum_labels: NDArray[Any]
    psu_labels: NDArray[Any]
    lonely: Lonely = "fail"
    fraction: FloatArray | None = None
    second: SecondaryUnits | None = None
    known: KnownTotals | None = None

    def __post_init__(self) -> None:
        stages = self.stages()
        if len(self.stratum) == 1 and (self.second is None or stages[0].scale[0] > 0):
            raise InformalityError(
                Problem(
                    place="sample design",
                    what="the whole sample is one primary sampling unit (PSU), so no standard error can be computed",
                    found=f"PSU {label(self.psu_labels[0])}",
                    fix="name the column that tells the sampled areas apart, "
                    "or leave the PSU out if persons were drawn one by one",
                ),
                ExitCode.ESTIMATE,
            )
        if self.lonely == "fail":
            problems = [self._lonely_problem(k, stage) for k, stage in enumerate(stages) if stage.alone.any()]
            if problems:
                raise InformalityError(problems, ExitCode.ESTIMATE)

    def _lonely_problem(self, k: int, stage: Stage) -> Problem:
        if k == 0:
            psus = np.flatnonzero(stage.alone[self.stratum])
            one, many, unit = "stratum has", "strata have", "primary sampling unit (PSU)"
        else:
            psus = np.flatnonzero(stage.alone)
            one, many, unit = "PSU has", "PSUs have", "second-stage unit"
        found = [
            f"stratum {label(self.stratum_labels[self.stratum[i]])} (PSU {label(self.psu_labels[i])})" for i in psus
        ]
        return Problem(
            place="sample design",
            what=f"{len(psus)} {one if len(psus) == 1 else many} only one {unit}, "
            "so the sampling error there cannot be measured",
            found=named(found),
            fix="set the lonely rule to `adjust` (errs on the large side), `average`, or `certainty` "
            "(if these PSUs were sure to be drawn), or join each such stratum with a similar one",
        )

    @property
    def psus_per_stratum(self) -> IntArray:
        """(H,) number of sampled PSUs in each stratum."""
        return np.bincount(self.stratum, minlength=len(self.stratum_labels))

    def stages(self) -> list[Stage]:
        """The drawings that add to the variance, the first one first."""
        drawn = self.psus_per_stratum
        fraction = np.zeros(len(drawn)) if self.fraction is None else self.fraction
        stages = [Stage.of(self.stratum, drawn, 1 - fraction, self.lonely)]
        if self.second is not None:
            drawn = np.bincount(self.second.psu, minlength=len(self.stratum))
            weight = fraction[self.stratum] * (1 - self.second.fraction)
            stages.append(Stage.of(self.second.psu, drawn, weight, self.lonely))
        return stages

    def psu_of(self, unit: IntArray) -> IntArray:
        """The PSU of codes of the finest unit: themselves, or those of second-stage units."""
        return unit if self.second is None else self.second.psu[unit]


def label(value: Any) -> str:
    """A label as the survey prints it: SPSS stores the code 101 as 101.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def named(labels: list[str]) -> str:
    """The first labels, and how many more there are."""
    more = len(labels) - _NAMED_IN_MESSAGE
    return ", ".join(labels[:_NAMED_IN_MESSAGE]) + (f" and {more} more" if more > 0 else "")
