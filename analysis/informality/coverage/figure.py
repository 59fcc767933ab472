"""Numbers with their sampling error, and beside it the range of what nobody has measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from informality.coverage.uncertainty import Uncertainty, imputation_variance
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.quantities import Status, weakest
from informality.inference.estimates.derived import Derived

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """k numbers: ``levels`` name them, ``estimate`` has their values and sampling errors, ``draws`` (k, draws) or None.

    ``answers`` (k, a): what each imputed answer adds to each number, ``persons`` (a,) whose answers they are.
    ``status``: the weakest of what they rest on.
    """

    name: str
    unit: str
    levels: tuple[str, ...]
    estimate: Derived
    draws: Floats | None
    answers: Floats
    persons: Ints
    status: Status
    _by: Callable[[str], Figure] | None = None
    _se: Floats | None = None
    """Standard errors where they are known without the covariance of its parts."""

    @property
    def value(self) -> Floats:
        return self.estimate.value

    @property
    def se(self) -> Floats:
        """Sampling error; what is tied to a record has none."""
        return self.estimate.se if self._se is None else self._se

    @property
    def imputation(self) -> Floats:
        """(k,) variance because some earnings are imputed (Rubin's term, without random draws)."""
        return np.array([imputation_variance(row, self.persons) for row in self.answers])

    def range(self, share: float = 0.8) -> tuple[Floats, Floats]:
        """The middle ``share`` of the parameter draws, (k,) and (k,); NaN without draws."""
        if self.draws is None:
            return np.full(len(self.value), np.nan), np.full(len(self.value), np.nan)
        low, high = np.quantile(self.draws, [(1 - share) / 2, (1 + share) / 2], axis=1)
        return low, high

    @property
    def median(self) -> Floats:
        return np.full(len(self.value), np.nan) if self.draws is None else np.median(self.draws, axis=1)

    def uncertainty(self, which: int = 0) -> Uncertainty:
        """The variance by source of one of the numbers."""
        spread = 0.0 if self.draws is None else float(self.draws[which].var(ddof=1))
        return Uncertainty(float(np.nan_to_num(self.se[which])) ** 2, spread, float(self.imputation[which]))

    def by(self, variable: str) -> Figure:
        """The same by a category variable of the workers (``province`` is the schema's ``region``)."""
        if self._by is None:
            raise ValueError("a combined figure cannot be broken down: break down its parts")
        return self._by(variable)

    def __getitem__(self, level: str) -> Figure:
        if level not in self.levels:
            raise InformalityError(
                Problem(self.name, f"`{level}` is not one of its groups", fix=did_you_mean(level, self.levels)),
                ExitCode.SPEC,
            )
        i = self.levels.index(level)
        draws = None if self.draws is None else self.draws[i : i + 1]
        known = None if self._se is None else self._se[i : i + 1]
        return replace(
            self, levels=(level,), estimate=self.estimate[i], draws=draws, answers=self.answers[i : i + 1], _by=None,
            _se=known,
        )  # fmt: skip

    def __add__(self, other: Figure) -> Figure:
        answers = self.answers + other.answers
        name = f"{self.name} and {other.name}"
        return self._with(other, self.estimate + other.estimate, lambda a, b: a + b, answers, name, self.unit)

    def times(self, factor: float, unit: str) -> Figure:
        """All of it, errors and draws, times a number that is known: per cent of GDP, a month instead of a year."""
        draws = None if self.draws is None else self.draws * factor
        known = None if self._se is None else self._se * abs(factor)
        return replace(
            self, unit=unit, estimate=self.estimate * factor, draws=draws, answers=self.answers * factor, _by=None,
            _se=known,
        )  # fmt: skip

    def __sub__(self, other: Figure) -> Figure:
        answers = self.answers - other.answers
        name = f"{self.name} less {other.name}"
        return self._with(other, self.estimate - other.estimate, _difference, answers, name, self.unit)

    def __truediv__(self, other: Figure) -> Figure:
        share = _ratio(self.value, other.value)[:, None]
        answers = (self.answers - share * other.answers) / other.value[:, None]  # to first order, as the sampling error
        name = f"{self.name} per {other.name}"
        return self._with(other, self.estimate / other.estimate, _ratio, answers, name, "share")

    def _with(
        self,
        other: Figure,
        estimate: Derived,
        function: Callable[[Floats, Floats], Floats],
        answers: Floats,
        name: str,
        unit: str,
    ) -> Figure:
        if len(other.levels) not in (1, len(self.levels)) or (len(other.levels) > 1 and other.levels != self.levels):
            raise ValueError(f"{self.name} and {other.name} are not of the same groups")
        draws = None
        if self.draws is not None and other.draws is not None:
            draws = function(self.draws, other.draws)
        status = weakest(self.status, other.status)
        return Figure(name, unit, self.levels, estimate, draws, answers, self.persons, status)


def _difference(a: Floats, b: Floats) -> Floats:
    """a - b; what is left of two sums that were added up in another order is their rounding, and stands for 0."""
    return np.where(np.abs(a - b) <= _ROUNDING * np.maximum(np.abs(a), np.abs(b)), 0.0, a - b)


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.divide(a, b, out=np.full(np.broadcast(a, b).shape, np.nan), where=b != 0))
