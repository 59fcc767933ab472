"""Tests for tables of counts: are two characteristics related, does a distribution equal a given one.

The Pearson statistic of a survey table is not chi-square distributed; to first order it is a sum of chi-squares
weighted with generalised design effects. Rao and Scott (1981, 1984) divide by their mean (first order), and
match the variance as well by fewer degrees of freedom (second order, Satterthwaite); referred to F, the
uncertainty of the covariance counts, too (Thomas and Rao 1987). The Wald tests use the covariance matrix
itself, on the counts less those expected ("pearson") or on the interactions of their logarithms ("loglinear");
they are unstable where it has few degrees of freedom, unless adjusted (Fellegi 1980; Korn and Graubard 1990).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.estimates.estimate import Estimate, shares, totals_of
from informality.inference.estimates.functional import require_known
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, IntArray, Moments

Method = Literal[
    "rao-scott-f",
    "rao-scott-chisq",
    "rao-scott-first-f",
    "rao-scott-first-chisq",
    "wald-pearson",
    "wald-pearson-adjusted",
    "wald-loglinear",
    "wald-loglinear-adjusted",
]
RAO_SCOTT = ("rao-scott-f", "rao-scott-chisq", "rao-scott-first-f", "rao-scott-first-chisq")
METHODS = (*RAO_SCOTT, "wald-pearson", "wald-pearson-adjusted", "wald-loglinear", "wald-loglinear-adjusted")
_TIED = 1e-10  # a covariance matrix with a smaller share of its size in some direction is singular


@dataclass(frozen=True, slots=True)
class HypothesisTest:
    """``statistic`` is F on ``df1`` and ``df2`` degrees of freedom, or chi-square on df1 where df2 is infinite.

    ``pearson``: the uncorrected Pearson statistic of the n cases, for Rao-Scott tests; ``mean_deff``: the mean
    generalised design effect it was divided by.
    """

    method: str
    statistic: float
    df1: float
    df2: float
    p: float
    pearson: float = np.nan
    mean_deff: float = np.nan

    def __str__(self) -> str:
        p = "p < 0.0001" if self.p < 0.0001 else f"p = {self.p:.4f}"
        if np.isinf(self.df2):
            return f"{self.method}: chi-square = {self.statistic:.4g} on {self.df1:.4g} df, {p}"
        return f"{self.method}: F = {self.statistic:.4g} on {self.df1:.4g} and {self.df2:.4g} df, {p}"


def independence(
    design: Design,
    row: ArrayLike,
    column: ArrayLike,
    method: Method = "rao-scott-f",
    *,
    inside: ArrayLike | None = None,
) -> HypothesisTest:
    """Test that two characteristics are independent; R ``svychisq``.

    ``row``, ``column``: (n,) integer codes, negative is outside; ``inside`` (n,) flags the domain. Levels without a
    case are left out of the table, as unused codes are.

    ``method``: ``rao-scott-f`` second order against F (R "F", the default), ``rao-scott-chisq`` second order against
    chi-square, ``rao-scott-first-f`` and ``rao-scott-first-chisq`` (R "Chisq") first order;
    ``wald-pearson`` (R "Wald") and ``wald-pearson-adjusted`` (R "adjWald") on the counts less those expected;
    ``wald-loglinear`` and its adjusted form on the interactions of log p_ij (Koch, Freeman and Freeman 1975).

    Raises :class:`InformalityError` (ESTIMATE) for an unknown method, fewer than two levels, a domain
    without degrees of freedom, and, for Wald tests, a covariance that does not allow one (an empty cell).
    """
    require_known(method, METHODS, "test of independence")
    codes = [np.asarray(row), np.asarray(column)]
    if any(code.dtype.kind not in "iub" for code in codes):
        raise TypeError("row and column must hold integer codes")
    kept = (codes[0] >= 0) & (codes[1] >= 0) & (design.weight != 0)
    if inside is not None:
        kept &= np.asarray(inside, dtype=bool)
    (i, rows), (j, columns) = _levels(codes[0], kept), _levels(codes[1], kept)
    if min(rows, columns) < 2:
        raise _too_few_levels("independence", rows, columns)
    cell = np.where(kept, i * columns + j, -1)
    table = shares(design, cell, rows * columns)
    p, v, n, df = _measured(table, "test of independence")
    contrasts = np.kron(_contrasts(rows), _contrasts(columns))
    if method in RAO_SCOTT:
        # Rao and Scott 1984: the hypothesis is that the interaction contrasts of log p are 0; under it the
        # Pearson statistic is a quadratic form in them. As in R, 1/p of an empty cell counts as 0.
        inverse = np.divide(1.0, p, out=np.zeros_like(p), where=p > 0)
        scaled_contrasts = inverse[:, None] * contrasts
        under_srs = contrasts.T @ scaled_contrasts / n
        by_design = scaled_contrasts.T @ v @ scaled_contrasts
        expected = np.outer(*_margins(p, rows, columns)).ravel()
        pearson = n * float(((p - expected) ** 2 / expected).sum())
        return _rao_scott(method, pearson, linalg.solve(under_srs, by_design), df)
    if method.startswith("wald-loglinear"):
        if not (p > 0).all():
            raise _empty_cells("log-linear Wald test", int((p <= 0).sum()), "use a Rao-Scott test")
        slopes = contrasts.T / p
        return _wald(method, np.asarray(contrasts.T @ np.log(p)), slopes @ v @ slopes.T, df)
    counts = _counts(design, cell, rows * columns)
    deviation, slopes = _from_independence(counts.value.ravel(), rows, columns)
    return _wald(method, deviation, slopes @ counts.covariance() @ slopes.T, df)


def goodness_of_fit(
    design: Design,
    outcome: ArrayLike,
    expected: ArrayLike,
    method: Method = "rao-scott-f",
    *,
    inside: ArrayLike | None = None,
) -> HypothesisTest:
    """Test that the shares of K categories are the ``expected`` ones (K,), which add up to 1 (Rao and Scott 1981).

    ``outcome``: (n,) codes 0..K-1, negative is outside; ``inside`` (n,) flags the domain. ``method``: a Rao-Scott
    test, or ``wald-pearson`` or its adjusted form on the differences of the shares.
    Raises :class:`InformalityError` (ESTIMATE) as :func:`independence` does.
    """
    allowed = tuple(name for name in METHODS if "loglinear" not in name)
    require_known(method, allowed, "test of goodness of fit")
    wanted = np.asarray(expected, dtype=np.float64)
    if wanted.ndim != 1 or len(wanted) < 2 or not (wanted > 0).all() or abs(wanted.sum() - 1) > 1e-9:
        raise InformalityError(
            Problem(
                place="test of goodness of fit",
                what="the expected shares must be positive and add up to 1",
                found=f"{', '.join(f'{share:g}' for share in wanted.ravel())}: sum {wanted.sum():g}",
                fix="divide counts by their sum; leave out categories that cannot occur",
            ),
            ExitCode.ESTIMATE,
        )
    codes = np.asarray(outcome)
    if inside is not None:
        codes = np.where(np.asarray(inside, dtype=bool), codes, -1)
    p, v, n, df = _measured(shares(design, codes, len(wanted)), "test of goodness of fit")
    # The last category follows from the others.
    gap, v = (p - wanted)[:-1], v[:-1, :-1]
    if method in RAO_SCOTT:
        under_srs = (np.diag(wanted) - np.outer(wanted, wanted))[:-1, :-1] / n
        pearson = n * float(((p - wanted) ** 2 / wanted).sum())
        return _rao_scott(method, pearson, linalg.solve(under_srs, v), df)
    return _wald(method, gap, v, df)


def _rao_scott(method: str, pearson: float, delta: FloatArray, df: float) -> HypothesisTest:
    """``delta``: (k, k), with the generalised design effects as eigenvalues."""
    k = len(delta)
    trace, squares = float(np.trace(delta)), float((delta * delta.T).sum())
    if not trace > 0:
        raise _singular(method)
    satterthwaite = trace**2 / squares
    first = "first" in method
    df1 = float(k) if first else satterthwaite
    statistic = pearson / trace * (k if first else df1)
    if method.endswith("chisq"):
        return HypothesisTest(method, statistic, df1, np.inf, _chi_square_tail(statistic, df1), pearson, trace / k)
    statistic, df2 = statistic / df1, df1 * df
    return HypothesisTest(method, statistic, df1, df2, f_tail(statistic, df1, df2), pearson, trace / k)


def _wald(method: str, theta: FloatArray, v: FloatArray, df: float) -> HypothesisTest:
    statistic, df1, df2 = wald_statistic(theta, v, df, method.endswith("adjusted"), method)
    return HypothesisTest(method, statistic, df1, df2, f_tail(statistic, df1, df2))


def wald_statistic(
    theta: FloatArray, v: FloatArray, df: float, adjusted: bool, what: str
) -> tuple[float, float, float]:
    """F of theta' v^-1 theta, and its degrees of freedom (k, df), or adjusted (k, df - k + 1).

    Raises :class:`InformalityError` (ESTIMATE) for a singular ``v`` (k, k), and for fewer than k degrees of freedom.
    """
    k = len(theta)
    size = np.sqrt(np.diag(v))
    if not (size > 0).all():
        raise _singular(what)
    correlation = v / np.outer(size, size)
    if linalg.eigvalsh(correlation)[0] < _TIED or k > df:
        raise _singular(what)
    z = theta / size
    wald = float(z @ linalg.solve(correlation, z, assume_a="pos"))
    if adjusted:
        return wald * (df - k + 1) / (k * df), float(k), df - k + 1
    return wald / k, float(k), df


def f_tail(statistic: float, df1: float, df2: float) -> float:
    """Probability above the statistic under F; accurate far out in the tail."""
    return float(special.fdtrc(df1, df2, statistic))


def _chi_square_tail(statistic: float, df: float) -> float:
    return float(special.chdtrc(df, statistic))


def _levels(codes: IntArray, kept: IntArray) -> tuple[IntArray, int]:
    """Codes 0, 1, ... for the levels that occur among the kept rows."""
    present = np.unique(codes[kept])
    return np.searchsorted(present, codes), len(present)


def _contrasts(levels: int) -> FloatArray:
    """(levels, levels - 1) columns orthogonal to the constant, and to each other (Helmert)."""
    return np.asarray(linalg.helmert(levels).T)


def _margins(p: FloatArray, rows: int, columns: int) -> tuple[FloatArray, FloatArray]:
    table = p.reshape(rows, columns)
    return table.sum(axis=1), table.sum(axis=0)


def _from_independence(counts: FloatArray, rows: int, columns: int) -> tuple[FloatArray, FloatArray]:
    """Counts less those expected, T_ij - T_i T_j / T, without the last row and column; and the Jacobian."""
    by_row, by_column = _margins(counts, rows, columns)
    total = counts.sum()
    i, j = (index.ravel()[:, None] for index in np.indices((rows - 1, columns - 1)))
    row, column = (index.ravel() for index in np.indices((rows, columns)))
    expected = by_row[i] * by_column[j] / total
    slopes = (i == row) * ((j == column) - by_column[j] / total) - (j == column) * by_row[i] / total
    return (counts[i * columns + j] - expected).ravel(), slopes + expected / total


def _counts(design: Design, cell: IntArray, size: int) -> Estimate:
    """Weighted counts of the cells (1, size), without a matrix of indicators."""
    instrument = None if design.calibration is None else design.calibration.instrument
    moments = Moments.from_codes(design.weight, design.unit, None, 1, cell, size, instrument)
    return totals_of(moments, design.basis)


def _measured(table: Estimate, what: str) -> tuple[FloatArray, FloatArray, int, float]:
    """Shares (K,), their covariance, cases and degrees of freedom of a one-domain table of shares."""
    n, df = int(table.n.ravel()[0]), float(table.df.ravel()[0])
    if n == 0 or df <= 0:
        nobody = n == 0
        raise InformalityError(
            Problem(
                place=what,
                what="nobody in the sample belongs to the domain"
                if nobody
                else "the domain lies in so few primary sampling units (PSUs) that there is nothing to "
                "measure the error with",
                found="0 cases" if nobody else f"{n:,} cases, {df:g} degrees of freedom",
                fix="widen the domain",
            ),
            ExitCode.ESTIMATE,
        )
    return table.value.ravel(), table.covariance(), n, df


def _too_few_levels(what: str, rows: int, columns: int) -> InformalityError:
    return InformalityError(
        Problem(
            place=f"test of {what}",
            what="both characteristics must take two values or more among the cases",
            found=f"the table has {rows} rows and {columns} columns",
            fix="widen the domain, or choose another characteristic",
        ),
        ExitCode.ESTIMATE,
    )


def _empty_cells(what: str, number: int, fix: str) -> InformalityError:
    return InformalityError(
        Problem(what, "some cells of the table have no case", f"{number} cells", fix, count=number), ExitCode.ESTIMATE
    )


def _singular(what: str) -> InformalityError:
    return InformalityError(
        Problem(
            place=what,
            what="the numbers that are tested determine each other, or there are more of them than "
            "degrees of freedom, so they cannot be tested together",
            fix="join small categories, test fewer numbers, or use a Rao-Scott test",
        ),
        ExitCode.ESTIMATE,
    )
