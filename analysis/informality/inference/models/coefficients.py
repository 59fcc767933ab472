"""Named numbers with a covariance matrix: coefficients, margins, contrasts. They print as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.inference.sampling.moments import FloatArray

# Variances are right to some 1e-15; what is left of a sum of them below this, relative to its largest terms, is rounding.
_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """``value`` (k,) with covariance ``cov`` (k, k) and degrees of freedom ``df`` for t tests and intervals.

    With no degrees of freedom left, tests and intervals are NaN: there is no measure of error.
    """

    names: tuple[str, ...]
    value: FloatArray
    cov: FloatArray
    df: int

    @property
    def se(self) -> FloatArray:
        """(k,) standard errors."""
        return np.asarray(np.sqrt(np.diag(self.cov)))

    @property
    def t(self) -> FloatArray:
        """(k,) value over standard error; NaN for a value without error."""
        se = self.se
        return np.asarray(np.divide(self.value, se, out=np.full(len(se), np.nan), where=se > 0))

    @property
    def p(self) -> FloatArray:
        """(k,) probability of a t as far from 0, were the true value 0."""
        return np.asarray(2 * special.stdtr(self.df if self.df > 0 else np.nan, -np.abs(self.t)))

    def interval(self, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limits (k,) of the confidence interval, by the t distribution."""
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
        half = special.stdtrit(self.df if self.df > 0 else np.nan, (1 + confidence) / 2) * self.se
        return self.value - half, self.value + half

    def __getitem__(self, name: str) -> float:
        return float(self.value[self.place(name)])

    def place(self, name: str) -> int:
        """Place of a name; an error with the nearest spelling if there is none."""
        if name not in self.names:
            raise InformalityError(
                Problem("coefficients", f"there is no `{name}`", fix=did_you_mean(name, self.names)), ExitCode.ESTIMATE
            )
        return self.names.index(name)

    def contrast(self, weights: Mapping[str, Mapping[str, float]]) -> Coefficients:
        """Sums of the values with weights: ``{"gap": {"women": 1, "men": -1}}``, with their errors."""
        matrix = np.zeros((len(weights), len(self.names)))
        for row, of in zip(matrix, weights.values(), strict=True):
            for name, weight in of.items():
                row[self.place(name)] += weight
        return Coefficients(tuple(weights), matrix @ self.value, carried(matrix, self.cov), self.df)

    def differences(self, pairs: Sequence[tuple[str, str]]) -> Coefficients:
        """The first less the second of each pair of names."""
        return self.contrast({f"{a} - {b}": ({a: 1.0, b: -1.0} if a != b else {a: 0.0}) for a, b in pairs})

    def table(self, confidence: float = 0.95, exponentiate: bool = False) -> pd.DataFrame:
        """One row for each value: value, se, t, p and limits. Exponentiated, value and limits are ratios."""
        low, high = self.interval(confidence)
        value, se = self.value, self.se
        if exponentiate:
            value, low, high = np.exp(value), np.exp(low), np.exp(high)
            se = value * se  # delta method; the limits are those of the logarithm
        columns = {"value": value, "se": se, "t": self.t, "p": self.p, "low": low, "high": high}
        return pd.DataFrame(columns, index=pd.Index(self.names, name="name"))

    def format(self, ratio: str = "") -> str:
        """The table as text; with ``ratio`` also exp(value) under that name."""
        table = self.table()
        heads = ["", "value", "se", "t", "p", "95% from", "to", *([ratio] if ratio else [])]
        rows = [heads]
        for name, line in table.iterrows():
            numbers = [_shown(line[c]) for c in ("value", "se")]
            limits = [_shown(line[c]) for c in ("low", "high")]
            p = "<0.0001" if line["p"] < 0.0001 else f"{line['p']:.4f}"
            exponent = [f"{np.exp(line['value']):.4f}"] if ratio else []
            rows.append([str(name), *numbers, f"{line['t']:.2f}", p, *limits, *exponent])
        widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
            for row in rows
        ]
        return "\n".join(line.rstrip() for line in lines)

    def __str__(self) -> str:
        return self.format()


@dataclass(frozen=True, slots=True, eq=False)
class Labelled(Coefficients):
    """Numbers whose names have parts: ``labels`` has a row for each, its parts in columns."""

    labels: pd.DataFrame

    def to_frame(self, confidence: float = 0.95) -> pd.DataFrame:
        """The labels beside value, se, t, p and limits."""
        numbers = self.table(confidence).reset_index(drop=True)
        return pd.concat([self.labels.reset_index(drop=True), numbers], axis=1)


def carried(matrix: FloatArray, cov: FloatArray) -> FloatArray:
    """Covariance (q, q) of ``matrix`` (q, k) times values with ``cov`` (k, k); where variances cancel it is 0."""
    out = np.asarray(matrix @ cov @ matrix.T)
    size = (np.abs(matrix) @ np.sqrt(np.diag(cov))) ** 2
    nothing = np.diag(out) <= _ROUNDING * size
    out[nothing], out[:, nothing] = 0.0, 0.0
    return out


def _shown(number: float) -> str:
    """Four decimals, or four digits where these would show nothing or too much."""
    return f"{number:.4f}" if number == 0 or 1e-2 <= abs(number) < 1e4 else f"{number:.4g}"
