"""What is shown of numbers: a frame with a row for each, in full."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from informality.inference.estimates.derived import Derived
from informality.inference.estimates.intervals import Method, limits
from informality.inference.sampling.moments import FloatArray
from informality.tabulation.reliability import relative_error

CONFIDENCE = 0.95


def number_rows(
    numbers: Derived, index: pd.Index, unit: str, status: str, se: FloatArray | None = None
) -> pd.DataFrame:
    """What is shown of each number, in full: the columns of ``Result.to_pandas``, not graded."""
    errors = numbers.se if se is None else se
    low, high = limits(method_of(numbers), numbers.value, errors, numbers.df, numbers.n, CONFIDENCE)
    columns = {
        "value": numbers.value, "unit": unit, "se": errors, "ci_low": low, "ci_high": high, "n": numbers.n,
        "n_weighted": numbers.n_weighted, "cv": relative_error(numbers.value, errors), "deff": np.nan,
        "df": numbers.df.astype(np.float64), "grade": "", "status": status,
    }  # fmt: skip
    nothing = pd.Series([None] * len(index), index=index, dtype="str")
    return pd.DataFrame(columns, index=index).assign(note=nothing, remark=nothing)


def method_of(numbers: Derived) -> Method:
    return "logit" if numbers.statistic == "share" else "t"


def index_of(dims: Sequence[str], cells: Sequence[tuple[str, ...]]) -> pd.Index:
    """The levels of the cells as an index named by the dims."""
    if not dims:
        return pd.RangeIndex(len(cells))
    if len(dims) == 1:
        return pd.Index([cell[0] for cell in cells], name=dims[0])
    return pd.MultiIndex.from_tuples(cells, names=dims)
