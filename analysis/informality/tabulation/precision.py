"""What a reliability standard may test of a number: each measure in one place, from the columns of its row.

Agencies measure precision in different ways (coefficient of variation, effective cases, width of a Korn and Graubard
interval, an error allowed for a share), and a standard names the measures it uses. A measure that a number does not have is
not applicable, never a convenient value.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.foundation.grammar import NOT_APPLICABLE, REASON, Variable
from informality.inference.estimates.intervals import limits

Floats = npt.NDArray[np.float64]

FIGURES = {"share": "Share", "count": "Number of persons", "effect": "Difference or effect", "other": "Mean or other"}
MEASURES = {
    "n": "Cases",
    "cases": "Cases counted",
    "n_effective": "Effective cases",
    "persons": "Persons in the population",
    "df": "Degrees of freedom",
    "deff": "Design effect",
    "cv": "Coefficient of variation",
    "log_cv": "Coefficient of variation of -log(p)",
    "width": "Width of the confidence interval",
    "exact_width": "Width of the Korn and Graubard interval",
    "relative_width": "Width of the interval over the estimate",
    "error_ratio": "Standard error over the one allowed for a share",
}
"""Numbers that a standard may test. ``n``: sampled cases, of the group for a share or a mean, of those counted for a number
of persons; ``cases``: those counted, of shares and numbers; ``n_effective``: p (1 - p) / se², or n over the design effect, no
more than n; ``persons``: the sum of weights behind ``n``; ``cv``: se over estimate, not applicable where that is 0 or does not
vary, and 0 for effects, which may well be 0; ``log_cv``: se / (q |log q|) of a share, q being the smaller of it and its
complement, so that both get the same verdict; ``width``: of the published interval of a share; ``exact_width``: of the 95 %
interval of Korn and Graubard (1998) with ``n_effective``, of a share; ``relative_width``: the exact width over the share, or
that of the published interval over any other estimate; ``error_ratio``: see :func:`measured`."""

VARIABLES = {
    "figure": Variable("figure", "category", tuple(FIGURES), "Kind of figure", FIGURES),
    **{name: Variable(name, "number", (NOT_APPLICABLE,), title) for name, title in MEASURES.items()},
}


def measured(rows: pd.DataFrame, exponent: float = 2 / 3, divisor: float = 9.0) -> pd.DataFrame:
    """(rows, ``figure`` and :data:`MEASURES`) of rows with value, unit, se, ci_low, ci_high, n and cv.

    The columns df, deff, n_weighted and cases are used where they are there. ``exponent`` and ``divisor`` are those of the
    error allowed for a share p, min(p, 1 - p)^exponent / divisor.
    """

    def column(name: str) -> Floats:
        if name not in rows:
            return np.full(len(rows), np.nan)
        return np.asarray(rows[name].to_numpy(dtype=float, na_value=np.nan))

    value, se, n, cv, deff, df = (column(name) for name in ("value", "se", "n", "cv", "deff", "df"))
    published = column("ci_high") - column("ci_low")
    share, count = (rows["unit"] == "share").to_numpy(), (rows["unit"] == "persons").to_numpy()
    effect = cv == 0
    share = share & ~effect
    p = np.where(share, value, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_share = np.where(se > 0, p * (1 - p) / se**2, np.nan)
        effective = np.minimum(np.where(share, of_share, n / deff), n)
        # nobody or everybody in the sample: no design effect can be seen, and the cases count as they are
        effective = np.where(share & ((p == 0) | (p == 1)), n, effective)
        exact = _exact_width(p, effective, n, df)
        smaller = np.fmin(p, 1 - p)
        log_cv = np.where((smaller > 0) & (se > 0), se / (smaller * np.abs(np.log(smaller))), np.nan)
        allowed = smaller**exponent / divisor
        ratio = np.where(allowed > 0, se / allowed, np.nan)
        relative = np.where(share, exact, published) / np.where(value != 0, np.abs(value), np.nan)
    made = {
        "n": n, "cases": column("cases"), "n_effective": np.where(effect, np.nan, effective),
        "persons": column("n_weighted"), "df": df, "deff": deff, "cv": cv, "log_cv": log_cv,
        "width": np.where(rows["unit"] == "share", published, np.nan), "exact_width": exact,
        "relative_width": np.where(effect, np.nan, relative), "error_ratio": ratio,
    }  # fmt: skip
    figure = np.select([effect, share, count], ["effect", "share", "count"], "other")
    return pd.DataFrame({"figure": pd.Categorical(figure, categories=list(FIGURES)), **made}, index=rows.index)


def _exact_width(p: Floats, effective: Floats, n: Floats, df: Floats) -> Floats:
    """Width of the 95 % interval of Korn and Graubard with effective cases that are no more than the cases."""
    inside = np.where((p > 0) & (p < 1) & (effective > 0), p, np.nan)
    low, high = limits("beta", inside, np.sqrt(inside * (1 - inside) / effective), df, n, 0.95)
    ends = np.where(((p == 0) | (p == 1)) & (n > 0), 1 - 0.025 ** (1 / np.fmax(n, 1)), np.nan)
    return np.where(np.isnan(ends), high - low, ends)


def with_reasons(frame: pd.DataFrame) -> pd.DataFrame:
    """The measures as the grammar reads them: beside each number why it is missing. An absent measure is not applicable."""
    out: dict[str, object] = {"figure": frame["figure"] if "figure" in frame else _other(len(frame))}
    for name in MEASURES:
        numbers = frame[name].to_numpy(dtype=float) if name in frame else np.full(len(frame), np.nan)
        out[name] = numbers
        codes = np.where(np.isnan(numbers), 0, -1)
        out[name + REASON] = pd.Categorical.from_codes(codes, categories=[NOT_APPLICABLE])
    return pd.DataFrame(out)


def _other(rows: int) -> pd.Categorical:
    return pd.Categorical(["other"] * rows, categories=list(FIGURES))
