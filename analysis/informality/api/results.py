"""Estimates with their labels: they print as a table, are picked by level, subtract with covariance, go to pandas."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from informality.api import units
from informality.api.combining import ALL, SIGNS, combine
from informality.api.printing import Shown
from informality.api.result_table import table_of
from informality.api.rows import CONFIDENCE, index_of, method_of, number_rows
from informality.classification.classify import NOT_DETERMINABLE
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import Variable
from informality.foundation.quantities import weakest
from informality.inference.estimates.association import HypothesisTest
from informality.inference.estimates.comparisons import Correction, pairwise, wald_test
from informality.inference.estimates.derived import Derived
from informality.inference.estimates.intervals import Method, limits
from informality.inference.sampling.moments import FloatArray
from informality.publication.formats import MINUS
from informality.publication.table import Table
from informality.tabulation.reliability import Standard


@dataclass(frozen=True, slots=True)
class Context:
    """What the results of a survey are printed with: its name, words of its variables, its reliability standard."""

    survey: str
    variables: Mapping[str, Variable]
    standard: Standard | None
    made_up: str = ""

    @property
    def source(self) -> str:
        return f"{self.survey}. {self.made_up}".strip() if self.made_up else self.survey

    def with_survey_of(self, other: Context) -> Context:
        """The same for results of two surveys."""
        made_up = " ".join(dict.fromkeys(filter(None, (self.made_up, other.made_up))))
        return replace(self, survey=f"{self.survey}; {other.survey}", made_up=made_up)

    def title(self, name: str) -> str:
        if name in self.variables:
            return self.variables[name].title
        return name.replace("_", " ").capitalize() if name.isidentifier() else name

    def label(self, name: str, level: str) -> str:
        return self.variables[name].label(level) if name in self.variables else level


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Result(Shown):
    """k numbers with their errors, and the levels they are for; or one number, picked out or not broken down.

    ``value``, ``se``, ``n`` and the like are arrays (k,), and plain numbers where the result is one number. Shares are
    fractions of 1 and print as per cent. A number that is not determinable is NaN, and prints as such with the
    reason. ``n`` counts sampled persons: those counted for a total of persons, those in the group for all else, and
    for what was computed from several numbers the smallest of theirs.

    ``rate["female"]`` picks by level or by its printed label, in the order of ``dims``; fewer levels than dims leave
    a table of the others. ``+ - * /`` work between results of one survey, cell by cell where they have the same cells,
    and with plain numbers; the error keeps what the numbers share (the delta method; Binder 1983), so a difference
    with itself is 0 with error 0. Results of different surveys are refused: see :func:`informality.difference`.

    ``numbers`` holds what the errors are made of; ``rows`` what :meth:`to_pandas` gives.
    """

    title: str
    dims: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    unit: str
    numbers: Derived
    rows: pd.DataFrame
    context: Context
    notes: tuple[str, ...] = ()
    name: str = ""

    __array_ufunc__: ClassVar[None] = None  # so that `array - result` comes here and not to numpy

    # -- numbers

    @property
    def single(self) -> bool:
        """Whether this is one number, and not a table that happens to have one row."""
        return not self.dims

    @property
    def value(self) -> Any:
        """The estimates, in their unit."""
        return self._column("value")

    @property
    def se(self) -> Any:
        """Standard errors under the sample design."""
        return self._column("se")

    @property
    def n(self) -> Any:
        """Sampled persons each number rests on."""
        return self._column("n")

    @property
    def cv(self) -> Any:
        """Coefficients of variation, se / |value|; NaN where the value is 0 or does not vary."""
        return self._column("cv")

    @property
    def df(self) -> Any:
        """Degrees of freedom: sampling units minus strata with a person of the group (the smallest of several)."""
        return self._column("df")

    def _column(self, name: str) -> Any:
        return self._plain(self.rows[name].to_numpy())

    def _plain(self, numbers: Any) -> Any:
        return numbers[0].item() if self.single else numbers.copy()

    def interval(self, method: Method | None = None, confidence: float = CONFIDENCE) -> tuple[Any, Any]:
        """Lower and upper confidence limits, by the t distribution with the degrees of freedom of each number.

        ``method``: ``logit`` (the default for shares), ``wilson``, ``beta`` (Korn and Graubard 1998), ``likelihood`` or
        ``asin`` for shares; ``t`` (the default for all else); ``normal``. See ``inference.estimates.intervals`` for the
        formulas. Quantiles print the ends of Woodruff's interval, which need not be symmetric; another
        method or confidence is worked out from the standard error.

        >>> rate = inf.share(lfs, of={"job": "informal"}, among={"employed": "yes"}, by="sex")
        >>> low, high = rate["female"].interval(confidence=0.9)
        >>> low < float(rate["female"]) < high
        True
        """
        if method is None and confidence == CONFIDENCE:
            return self._column("ci_low"), self._column("ci_high")
        value, se, df, n = (self.rows[c].to_numpy() for c in ("value", "se", "df", "n"))
        low, high = limits(method or method_of(self.numbers), value, se, df, n, confidence)
        return self._plain(low), self._plain(high)

    def covariance(self) -> FloatArray:
        """Covariance matrix (k, k) of the numbers; NaN in the rows and columns of those that are not determinable."""
        return self.numbers.covariance()

    def __float__(self) -> float:
        if len(self) != 1:
            raise TypeError(f"a result of {len(self)} numbers is not one number: pick one by its level")
        return float(self.rows["value"].iloc[0])

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else str(self)

    # -- cells

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Result]:
        return (self.pick([i], len(self.dims)) for i in range(len(self)))

    def __getitem__(self, key: Any) -> Result:
        wanted = key if isinstance(key, tuple) else (key,)
        if len(wanted) > len(self.dims):
            raise self._problem(
                f"{len(wanted)} levels are asked for, and the result has {len(self.dims)} dimensions",
                ", ".join(map(str, wanted)),
                f"name levels of {', '.join(self.dims)}" if self.dims else "estimate with by=, then pick by level",
            )
        kept = list(range(len(self)))
        for place, level in enumerate(wanted):
            found = self._level(place, level, [self.cells[i][place] for i in kept])
            kept = [i for i in kept if self.cells[i][place] == found]
        return self.pick(kept, len(wanted))

    def _level(self, place: int, wanted: object, present: Sequence[str]) -> str:
        """The level that is meant, by identifier or by printed label, among those present."""
        dim, levels = self.dims[place], list(dict.fromkeys(present))
        labels = [self.context.label(dim, level) for level in levels]
        for level, label in zip(levels, labels, strict=True):
            if str(wanted) in (level, label):
                return level
        found = f"there are {', '.join(levels[:12])}" + (f" and {len(levels) - 12} more" if len(levels) > 12 else "")
        if dim in self.context.variables and str(wanted) in self.context.variables[dim].categories:
            raise self._problem(f"no sampled person here has `{dim}` = {wanted}", found)
        near = did_you_mean(wanted, [*levels, *labels])
        raise self._problem(f"there is no `{wanted}` of `{dim}`", found, near if near.startswith("did") else "")

    def _problem(self, what: str, found: str = "", fix: str = "") -> InformalityError:
        place = f"result by {', '.join(self.dims)}" if self.dims else "result"
        return InformalityError(Problem(place, what, found, fix), ExitCode.ESTIMATE)

    def pick(self, places: Sequence[int], depth: int) -> Result:
        """Some cells, without their first ``depth`` dimensions, in which they have one level each."""
        cells = tuple(self.cells[i][depth:] for i in places)
        picked = zip(self.dims[:depth], self.cells[places[0]][:depth], strict=True)
        names = [self.name, *(self.context.label(dim, level) for dim, level in picked)]
        return replace(
            self,
            dims=self.dims[depth:],
            cells=cells,
            numbers=self.numbers[list(places)],
            rows=self.rows.iloc[list(places)].set_axis(index_of(self.dims[depth:], cells)),
            name=", ".join(filter(None, names)),
        )

    @property
    def labels(self) -> list[str]:
        """(k,) what the reader calls each number."""
        return [
            ", ".join(self.context.label(d, level) for d, level in zip(self.dims, cell, strict=True))
            or self.name
            or ALL
            for cell in self.cells
        ]

    # -- arithmetic

    def __add__(self, other: Any) -> Result:
        return self._with(other, "+", operator.add)

    def __radd__(self, other: Any) -> Result:
        return self._with(other, "+", operator.add, reverse=True)

    def __sub__(self, other: Any) -> Result:
        return self._with(other, "-", operator.sub)

    def __rsub__(self, other: Any) -> Result:
        return self._with(other, "-", operator.sub, reverse=True)

    def __mul__(self, other: Any) -> Result:
        return self._with(other, "*", operator.mul)

    def __rmul__(self, other: Any) -> Result:
        return self._with(other, "*", operator.mul, reverse=True)

    def __truediv__(self, other: Any) -> Result:
        return self._with(other, "/", operator.truediv)

    def __rtruediv__(self, other: Any) -> Result:
        return self._with(other, "/", operator.truediv, reverse=True)

    def __neg__(self) -> Result:
        return self.formed(-self.numbers, f"{MINUS}({self.full_title})", "", self.unit, [self])

    @property
    def full_title(self) -> str:
        return f"{self.title}: {self.name}" if self.name else self.title

    def _with(
        self, other: Any, sign: str, operation: Callable[[Any, Any], Derived], *, reverse: bool = False
    ) -> Result:
        """This result and a plain number, or another result."""
        if isinstance(other, Result):
            return combine(self, other, sign, operation)
        number = np.asarray(other)
        if number.ndim or number.dtype.kind not in "iuf":
            return NotImplemented  # type: ignore[no-any-return]
        pair = (float(number), self.numbers) if reverse else (self.numbers, float(number))
        words = (f"{number:g}", f"({self.full_title})" if self.name else self.title)
        title = f" {SIGNS[sign]} ".join(words if reverse else words[::-1])
        return self.formed(operation(*pair), title, "", units.shifted(self.unit, sign, reverse=reverse), [self])

    def formed(self, numbers: Derived, title: str, name: str, unit: str, parts: Sequence[Result]) -> Result:
        """Numbers for the cells of this result that were formed from those of some results."""
        rows = number_rows(numbers, self.rows.index, unit, weakest(*(p.rows["status"].iloc[0] for p in parts)))
        for part in parts:  # what was not determinable stays so, with its reason
            for column in ("grade", "note"):
                open_cells = np.resize((part.rows["grade"] == NOT_DETERMINABLE).to_numpy(), len(rows))
                rows.loc[open_cells, column] = np.resize(part.rows[column].to_numpy(), len(rows))[open_cells]
        notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
        return replace(self, numbers=numbers, title=title, name=name, unit=unit, rows=rows, notes=notes)

    # -- comparing and exporting

    def pairwise(self, correction: Correction = "holm") -> pd.DataFrame:
        """All pairs of cells compared: first, second, difference, se, t, df, p, p_corrected; a row for each pair.

        ``correction`` for the number of comparisons: ``holm`` (Holm 1979), ``benjamini-hochberg`` (Benjamini and Hochberg
        1995) or ``none``. Raises :class:`InformalityError` (ESTIMATE) naming cells without a number.

        >>> rate = inf.share(lfs, of={"job": "informal"}, among={"employed": "yes"}, by="area")
        >>> rate.pairwise()[["first", "second"]].iloc[0].tolist()
        ['Urban', 'Rural']
        """
        if len(self) < 2:
            raise self._problem("comparing takes two numbers or more", fix="estimate with by=")
        return pairwise(self.numbers, self.labels, correction)

    def joint_test(self, *, adjusted: bool = False) -> HypothesisTest:
        """Wald test that all numbers are 0 together, with the covariance of the design: F on k and df degrees of freedom.

        ``adjusted`` takes the few degrees of freedom of the covariance into account (Korn and Graubard 1990). Raises
        :class:`InformalityError` (ESTIMATE) for numbers that determine each other, as all shares of a whole do: pick some.

        >>> rate = inf.share(lfs, of={"job": "informal"}, among={"employed": "yes"}, by=["area", "sex"])
        >>> (rate["rural"] - rate["urban"]).joint_test().df1
        2.0
        """
        return wald_test(self.numbers, adjusted=adjusted)

    def to_pandas(self) -> pd.DataFrame:
        """All numbers in full, a row per cell with its levels in the index; a copy.

        Columns: value, unit, se, ci_low, ci_high (95 %), n, n_weighted, cv, deff, df, grade, status, note (the reason for
        the grade), remark (persons without an answer).

        >>> rate = inf.share(lfs, of={"job": "informal"}, among={"employed": "yes"}, by="sex")
        >>> bool(rate.to_pandas().loc["female", "value"] == rate["female"].value)
        True
        """
        return self.rows.copy()

    # -- showing

    @property
    def spare(self) -> tuple[str, ...]:
        return ("cv", "se", "n")

    def table(self) -> Table:
        """The table that is printed: labels, estimates with their flag, interval, standard error, n, CV or p."""
        return table_of(self)
