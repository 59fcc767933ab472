"""The sample design: who was drawn, from which stratum, in which primary sampling unit (PSU).

Two objects, because they live at two levels. :class:`PrimaryUnits` is the list of PSUs and their strata:
all that the variance needs, small whatever the number of rows. :class:`Design` adds the rows:
the weight and the PSU of each. PSUs are always nested in strata: number 7 in stratum 1 and number 7 in
stratum 2 are two PSUs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem, raise_errors
from informality.inference.moments import FloatArray, IntArray, compact

Lonely = Literal["fail", "certainty", "adjust", "average"]

_NAMED_IN_MESSAGE = 12
_WEIGHT = "sample design, weight"


@dataclass(frozen=True, slots=True, eq=False)
class PrimaryUnits:
    """The P sampled PSUs and the H strata they were drawn from.

    ``stratum``: (P,) stratum code of each PSU. ``stratum_labels`` (H,) and ``psu_labels`` (P,) are for
    messages. ``lonely`` says what a stratum with one PSU adds to the variance, as in R survey 4.5:

    - ``fail``: refuse such a design (the default);
    - ``certainty``: nothing, the PSU was taken with certainty;
    - ``adjust``: its squared distance from the mean PSU total of all strata, an upper guess;
    - ``average``: the average of what the other strata add.

    Raises :class:`InformalityError` (ESTIMATE) for lonely strata under ``fail`` and, under every rule,
    for a sample that is one PSU.
    """

    stratum: IntArray
    stratum_labels: NDArray[Any]
    psu_labels: NDArray[Any]
    lonely: Lonely = "fail"

    def __post_init__(self) -> None:
        if len(self.stratum) == 1:
            raise InformalityError(
                Problem(
                    place="sample design",
                    what="the whole sample is one primary sampling unit (PSU), so no standard error can be computed",
                    found=f"PSU {_label(self.psu_labels[0])}",
                    fix="name the column that tells the sampled areas apart, "
                    "or leave the PSU out if persons were drawn one by one",
                ),
                ExitCode.ESTIMATE,
            )
        lonely_psu = np.flatnonzero(self.psus_per_stratum[self.stratum] == 1)
        if self.lonely == "fail" and len(lonely_psu):
            named = [
                f"stratum {_label(self.stratum_labels[self.stratum[i]])} (PSU {_label(self.psu_labels[i])})"
                for i in lonely_psu[:_NAMED_IN_MESSAGE]
            ]
            more = len(lonely_psu) - len(named)
            one = len(lonely_psu) == 1
            raise InformalityError(
                Problem(
                    place="sample design",
                    what=f"{len(lonely_psu)} {'stratum has' if one else 'strata have'} only one "
                    "primary sampling unit (PSU), so the sampling error there cannot be measured",
                    found=", ".join(named) + (f" and {more} more" if more else ""),
                    fix="set the lonely rule to `adjust` (errs on the large side), `average`, or `certainty` "
                    "(if these PSUs were sure to be drawn), or join each such stratum with a similar one",
                ),
                ExitCode.ESTIMATE,
            )

    @property
    def psus_per_stratum(self) -> IntArray:
        """(H,) number of sampled PSUs in each stratum."""
        return np.bincount(self.stratum, minlength=len(self.stratum_labels))


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The rows of a sample: ``weight`` (n,) and ``psu`` (n,), a code into ``units``.

    Build with :meth:`from_columns`, from the whole file: a domain is named when estimating, never by
    leaving out rows, because PSUs without a member of the domain count in its variance, too.
    """

    weight: FloatArray
    psu: IntArray
    units: PrimaryUnits

    @classmethod
    def from_columns(cls, weight: Any, stratum: Any = None, psu: Any = None, lonely: Lonely = "fail") -> Design:
        """A design from columns (n,) of any type; pandas or numpy.

        Without ``psu`` every row is its own PSU; without ``stratum`` there is one stratum. Weights may be 0
        (such a row counts as nothing but its PSU still counts, as in R), but not missing, infinite or
        negative. Raises :class:`InformalityError` with all problems: DATA for the columns, ESTIMATE for
        lonely PSUs.
        """
        if lonely not in ("fail", "certainty", "adjust", "average"):
            raise ValueError(f"lonely must be fail, certainty, adjust or average, not {lonely!r}")
        weights = np.asarray(pd.to_numeric(pd.Series(weight), errors="coerce"), dtype=np.float64)
        n = len(weights)
        problems = _weight_problems(weights)
        stratum_of_row, stratum_labels = np.zeros(n, dtype=np.intp), np.array(["all"])
        psu_of_row, psu_labels = np.arange(n), np.arange(n)
        if stratum is not None:
            stratum_of_row, stratum_labels = _factorise("stratum", stratum, n, problems)
        if psu is not None:
            psu_of_row, psu_labels = _factorise("psu", psu, n, problems)
        raise_errors(problems, ExitCode.DATA)

        size = len(psu_labels)
        code, nested = compact(stratum_of_row * size + psu_of_row, len(stratum_labels) * size)
        units = PrimaryUnits(nested // size, stratum_labels, psu_labels[nested % size], lonely)
        return cls(weights, code, units)

    @property
    def df(self) -> int:
        """Degrees of freedom: PSUs minus strata, among rows with a positive weight (R's ``degf``)."""
        drawn = np.unique(self.psu[self.weight > 0])
        return len(drawn) - len(np.unique(self.units.stratum[drawn]))


def _factorise(name: str, column: Any, n: int, problems: list[Problem]) -> tuple[IntArray, NDArray[Any]]:
    """Codes (n,) of a column and the labels behind them; what is wrong is added to ``problems``."""
    place = f"sample design, {name}"
    codes, labels = pd.factorize(pd.Series(column))
    if len(codes) != n:
        problems.append(
            Problem(
                place,
                "the column has another length than the weights",
                f"{len(codes):,} rows, but {n:,} weights",
                "give one value for each row",
            )
        )
    missing = _row_problem(
        place,
        f"the {name} is missing in some rows",
        codes < 0,
        f"every row needs a {name}; find it, or give such rows one of their own",
    )
    if missing:
        problems.append(missing)
    return codes.astype(np.intp), np.asarray(labels)


def _weight_problems(weight: FloatArray) -> list[Problem]:
    if not len(weight):
        return [Problem("sample design", "there are no rows", fix="check the filter and the data file")]
    if not weight.any():
        return [Problem(_WEIGHT, "all weights are 0", fix="check which column holds the weight")]
    faults = (
        _row_problem(_WEIGHT, "a weight is missing or not a number", np.isnan(weight),
                     "leave out rows without a weight, or give them the weight 0"),
        _row_problem(_WEIGHT, "a weight is infinite", np.isinf(weight), "correct the weight"),
        _row_problem(_WEIGHT, "a weight is negative", weight < 0,
                     "correct the weight; 0 is allowed, less is not"),
    )  # fmt: skip
    return [problem for problem in faults if problem]


def _row_problem(place: str, what: str, bad: NDArray[np.bool_], fix: str) -> Problem | None:
    """One problem for all the rows it concerns, or None."""
    count = int(bad.sum())
    if not count:
        return None
    found = f"{count:,} of {len(bad):,} rows, the first is row {int(bad.argmax()) + 1:,}"
    return Problem(place, what, found, fix, count=count)


def _label(value: Any) -> str:
    """A label as the survey prints it: SPSS stores the code 101 as 101.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
