"""Numbers formed from estimates (differences, ratios, growth, averages), with the error that follows.

A :class:`Derived` keeps its value and its gradient with respect to the estimates it came from. Adding, dividing or
taking logarithms carries the gradient along (the chain rule), and the error is that of the linear approximation,
gradient x covariance x gradient (the delta method; Binder 1983; R ``svycontrast``). What cancels in the
gradient cancels in the error: a difference with itself is 0 with error 0.

The estimates must come from one :class:`~informality.inference.sampling.design.Design`, which knows how they move together:
domains, definitions, and waves pooled with :func:`~informality.inference.sampling.waves.pooled`. Estimates from samples that
were drawn independently may also come from designs of their own, if that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.estimates.estimate import Estimate
from informality.inference.estimates.functional import Functional
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.sampling.variance import PsuTotals, covariance_matrix

Source: TypeAlias = Estimate | Functional
Comparable: TypeAlias = "Estimate | Functional | Derived"
Operand: TypeAlias = "Comparable | ArrayLike"

# Variances of estimates are right to some 1e-15; what is left of a difference of variances below this, relative
# to the largest terms, is their rounding and stands for 0.
_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """k numbers formed from the cells of estimates. Arrays of shape (k,); NaN where a cell had no case.

    ``gradient``: (k, number of cells of all ``sources``), sparse. ``n``, ``n_weighted`` and ``df`` are the
    smallest of the cells that each number was formed from: what the weakest of them rests on.
    ``independent``: sources from different designs have covariance 0.

    Operators: ``+ - * /`` with another Derived of the same length (or of length 1) or with plain numbers, and
    ``[...]`` to pick.
    """

    statistic: str
    value: FloatArray
    n: IntArray
    n_weighted: FloatArray
    df: FloatArray
    sources: tuple[Source, ...]
    gradient: Any
    independent: bool = False

    __array_ufunc__: ClassVar[None] = None  # so that `array - derived` comes here and not to numpy

    @property
    def se(self) -> FloatArray:
        """(k,) standard errors; computed on every call."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(np.diag(self.covariance())))

    def covariance(self) -> FloatArray:
        """Covariance matrix (k, k); NaN in the rows and columns of numbers that are not known.

        Raises :class:`InformalityError` (ESTIMATE) for sources of different designs, unless ``independent``.
        """
        matrix = np.zeros((len(self.value), len(self.value)))
        ends = np.cumsum([source.value.size for source in self.sources])
        blocks = [
            self.gradient[:, end - source.value.size : end] for source, end in zip(self.sources, ends, strict=True)
        ]
        samples: dict[int, list[int]] = {}
        for place, source in enumerate(self.sources):
            samples.setdefault(id(source.units), []).append(place)
        if len(samples) > 1 and not self.independent:
            raise _not_one_design()
        for places in samples.values():
            matrix += _within_sample([self.sources[i] for i in places], [blocks[i] for i in places])
        unknown = ~np.isfinite(self.value)
        matrix[unknown], matrix[:, unknown] = np.nan, np.nan
        return matrix

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, which: Any) -> Derived:
        places = np.atleast_1d(np.arange(len(self.value))[which])
        fields = {f: getattr(self, f)[places] for f in ("value", "n", "n_weighted", "df")}
        return replace(self, gradient=self.gradient[places], **fields)

    def __neg__(self) -> Derived:
        return self * -1.0

    def __add__(self, other: Operand) -> Derived:
        return _combined("sum", self, other, lambda a, b: (a + b, 1.0, 1.0))

    __radd__ = __add__

    def __sub__(self, other: Operand) -> Derived:
        return _combined("difference", self, other, lambda a, b: (a - b, 1.0, -1.0))

    def __rsub__(self, other: ArrayLike) -> Derived:
        return self * -1.0 + other

    def __mul__(self, other: Operand) -> Derived:
        return _combined("product", self, other, lambda a, b: (a * b, b, a))

    __rmul__ = __mul__

    def __truediv__(self, other: Operand) -> Derived:
        return _combined("ratio", self, other, _quotient)

    def __rtruediv__(self, other: ArrayLike) -> Derived:
        return self.__pow__(-1.0) * other

    def __pow__(self, power: float) -> Derived:
        with np.errstate(divide="ignore", invalid="ignore"):
            value, slope = self.value**power, power * self.value ** (power - 1)
        return self._mapped("power", value, slope)

    def named(self, statistic: str) -> Derived:
        """The same numbers under another name."""
        return replace(self, statistic=statistic)

    def log(self) -> Derived:
        """Natural logarithms; NaN where the value is not positive."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(self.value > 0, np.log(self.value), np.nan)
            return self._mapped("log", value, 1 / self.value)

    def linear(self, coefficients: ArrayLike) -> Derived:
        """The contrasts ``coefficients`` @ self: (k,) for one contrast, (m, k) for m."""
        matrix = np.atleast_2d(np.asarray(coefficients, dtype=np.float64))
        if matrix.shape[1] != len(self):
            raise ValueError(f"{matrix.shape[1]} coefficients for {len(self)} numbers")
        with np.errstate(invalid="ignore"):
            value = sparse.csr_array(matrix) @ self.value
        return self._formed("contrast", value, matrix)

    def apply(self, function: Callable[[FloatArray], ArrayLike], gradient: ArrayLike | None = None) -> Derived:
        """Any smooth ``function`` from the k numbers to m numbers (the delta method).

        ``gradient``: (m, k) at the value; without it, it is found numerically, right to some 1e-10.
        """
        value = np.atleast_1d(np.asarray(function(self.value), dtype=np.float64))
        slopes = _numerical_gradient(function, self.value) if gradient is None else gradient
        return self._formed("function", value, np.atleast_2d(np.asarray(slopes, dtype=np.float64)))

    def _mapped(self, statistic: str, value: FloatArray, slope: FloatArray) -> Derived:
        """A function of each number by itself."""
        return replace(self, statistic=statistic, value=value, gradient=_times(slope, self.gradient))

    def _formed(self, statistic: str, value: FloatArray, slopes: FloatArray) -> Derived:
        """Numbers formed from all k by a Jacobian (m, k)."""
        used = slopes != 0

        def smallest(column: Any) -> FloatArray:
            return np.array([column[row].min() if row.any() else column.min() for row in used])

        return replace(
            self,
            statistic=statistic,
            value=np.asarray(value, dtype=np.float64),
            gradient=sparse.csr_array(slopes) @ self.gradient,
            n=smallest(self.n).astype(np.intp),
            n_weighted=smallest(self.n_weighted),
            df=smallest(self.df).astype(np.float64),
        )


def cells(estimate: Comparable, *, independent: bool = False) -> Derived:
    """All cells of an estimate, in the order of ``value.ravel()``, ready to be combined with others.

    ``independent``: the estimate comes from a sample drawn independently of all others it will meet.
    """
    if isinstance(estimate, Derived):
        return replace(estimate, independent=estimate.independent or independent)
    return Derived(
        statistic=estimate.statistic,
        value=estimate.value.ravel(),
        n=estimate.n.ravel(),
        n_weighted=estimate.n_weighted.ravel(),
        df=estimate.df.ravel().astype(np.float64),
        sources=(estimate,),
        gradient=sparse.eye_array(estimate.value.size, format="csr"),
        independent=independent,
    )


def joined(parts: Sequence[Comparable]) -> Derived:
    """The cells of several estimates one after the other, with their covariance."""
    derived = [cells(part) for part in parts]
    sources = _union(derived)
    fields = {f: np.concatenate([getattr(d, f) for d in derived]) for f in ("value", "n", "n_weighted", "df")}
    return Derived(
        statistic=derived[0].statistic,
        sources=sources,
        gradient=sparse.vstack([_placed(d, sources) for d in derived], format="csr"),
        independent=any(d.independent for d in derived),
        **fields,
    )


def _combined(
    statistic: str,
    a: Derived,
    b: Operand,
    function: Callable[[FloatArray, FloatArray], tuple[FloatArray, ArrayLike, ArrayLike]],
) -> Derived:
    """A function of two numbers, cell by cell; it returns value, slope in a and slope in b."""
    if isinstance(b, Estimate | Functional):
        b = cells(b)
    if not isinstance(b, Derived):
        number = np.asarray(b, dtype=np.float64)
        if number.ndim > 1 or number.size not in (1, len(a)):
            raise ValueError(f"{number.size} numbers do not fit {len(a)} estimates")
        value, slope, _ = function(a.value, number)
        return a._mapped(statistic, value, np.broadcast_to(slope, value.shape))
    if len(a) != len(b):
        if 1 not in (len(a), len(b)):
            raise ValueError(f"{len(a)} estimates cannot be combined with {len(b)}")
        size = max(len(a), len(b))
        a, b = (d[np.zeros(size, dtype=np.intp)] if len(d) == 1 else d for d in (a, b))
    sources = _union([a, b])
    value, in_a, in_b = function(a.value, b.value)
    return Derived(
        statistic=statistic,
        value=value,
        n=np.minimum(a.n, b.n),
        n_weighted=np.minimum(a.n_weighted, b.n_weighted),
        df=np.minimum(a.df, b.df),
        sources=sources,
        gradient=_times(np.broadcast_to(in_a, value.shape), _placed(a, sources))
        + _times(np.broadcast_to(in_b, value.shape), _placed(b, sources)),
        independent=a.independent or b.independent,
    )


def _quotient(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    divisor = np.where(b != 0, b, np.nan)
    return a / divisor, 1 / divisor, -a / divisor**2


def _union(parts: Sequence[Derived]) -> tuple[Source, ...]:
    """All sources, each once."""
    return tuple({id(source): source for part in parts for source in part.sources}.values())


def _placed(derived: Derived, sources: Sequence[Source]) -> Any:
    """The gradient of ``derived`` with columns for all of ``sources``."""
    ends = np.cumsum([source.value.size for source in derived.sources])
    own = {
        id(source): derived.gradient[:, end - source.value.size : end]
        for source, end in zip(derived.sources, ends, strict=True)
    }
    blank = [sparse.csr_array((len(derived), source.value.size)) for source in sources]
    blocks = [own.get(id(source), zero) for source, zero in zip(sources, blank, strict=True)]
    return sparse.hstack(blocks, format="csr")


def _times(slope: ArrayLike, gradient: Any) -> Any:
    """Rows of the gradient times a slope each."""
    return sparse.diags_array(np.nan_to_num(slope, posinf=0, neginf=0), format="csr") @ gradient


def _within_sample(sources: Sequence[Source], gradients: Sequence[Any]) -> FloatArray:
    """Covariance of gradient x cells for sources of one sample."""
    matrix = np.zeros((gradients[0].shape[0],) * 2)
    terms = np.zeros(len(matrix))
    parts = [
        _used(source.influence, gradient)
        for source, gradient in zip(sources, gradients, strict=True)
        if gradient.count_nonzero()  # all may have cancelled
    ]
    for a, in_a in parts:
        for b, in_b in parts:
            between = covariance_matrix(sources[0].units, a, b)
            matrix += (in_b @ (in_a @ between).T).T
            terms += np.diag((abs(in_b) @ (abs(in_a) @ np.abs(between)).T).T)
    cancelled = np.diag(matrix) <= _ROUNDING * terms
    matrix[cancelled], matrix[:, cancelled] = 0.0, 0.0
    return matrix


def _used(totals: PsuTotals, gradient: Any) -> tuple[PsuTotals, Any]:
    """Only the domains that the gradient speaks of: two cells of a large table need no large matrix."""
    width = totals.values.shape[1]
    used = np.unique(gradient.nonzero()[1] // width)
    place = np.full(totals.n_domains, -1)
    place[used] = np.arange(len(used))
    kept = place[totals.domain] >= 0
    columns = (used[:, None] * width + np.arange(width)).ravel()
    explained = None if totals.explained is None else totals.explained[:, columns]
    part = PsuTotals(totals.psu[kept], place[totals.domain[kept]], totals.values[kept], len(used), explained)
    return part, gradient[:, columns]


def _numerical_gradient(function: Callable[[FloatArray], ArrayLike], at: FloatArray) -> FloatArray:
    """Jacobian (m, k) by central differences, extrapolated from two steps (Richardson)."""
    columns = []
    for i, x in enumerate(at):
        step = 1e-3 * abs(x) if x != 0 else 1e-3

        def slope(h: float, i: int = i) -> FloatArray:
            moved = [at.copy(), at.copy()]
            moved[0][i] += h
            moved[1][i] -= h
            up, down = (np.atleast_1d(np.asarray(function(m), dtype=np.float64)) for m in moved)
            return np.asarray((up - down) / (moved[0][i] - moved[1][i]))

        columns.append((4 * slope(step / 2) - slope(step)) / 3)
    return np.column_stack(columns)


def _not_one_design() -> InformalityError:
    return InformalityError(
        Problem(
            place="comparison",
            what="the estimates were not made from one sample design",
            found="rows or PSUs that both share cannot be seen from two designs",
            fix="pool the files into one design and make both from it; or, if the samples were drawn "
            "independently, say so with cells(..., independent=True)",
        ),
        ExitCode.ESTIMATE,
    )
