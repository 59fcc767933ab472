"""From a formula to a design matrix, a block of rows at a time.

patsy decides the coding of factors and remembers the knots of splines. The columns are then made here, block by
block, so that a model on millions of rows never holds its whole matrix, and a margin can ask for the matrix of people
as they are not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import patsy  # type: ignore[import-untyped]
from numpy.typing import NDArray
from patsy.categorical import categorical_to_int  # type: ignore[import-untyped]

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.models.covariates import Variable
from informality.inference.models.formula import FUNCTIONS, Parsed, display
from informality.inference.sampling.moments import FloatArray, IntArray

_CHUNK = 1 << 16

Settings = Mapping[str, Any]  # values given to variables instead of those of the rows


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """The right side of a formula for k columns: makes any block of rows of the design matrix.

    ``names`` (k,) of the columns, ``terms`` (k,) the term each belongs to; ``keep`` (k,) their places among
    all columns of the formula; ``plan`` (k,) what is multiplied to make each.
    """

    info: patsy.DesignInfo
    variables: Mapping[str, Variable]
    names: tuple[str, ...]
    terms: tuple[str, ...]
    keep: tuple[int, ...]
    plan: tuple[tuple[tuple[Any, Any], ...], ...]

    @classmethod
    def of(cls, info: patsy.DesignInfo, variables: Mapping[str, Variable], keep: tuple[int, ...]) -> Matrix:
        """The matrix of some columns of a designed formula."""
        return cls(info, variables, *_titles(info, keep), keep, _plan(info, keep))

    @classmethod
    def design(cls, parsed: Parsed, variables: Mapping[str, Variable], rows: IntArray) -> Matrix:
        """Fix coding and spline knots by the rows of the model."""

        def chunks() -> Iterable[_Data]:
            for start in range(0, len(rows), _CHUNK):
                yield _Data(variables, rows[start : start + _CHUNK], {})

        try:
            with np.errstate(all="ignore"):  # what is not finite is looked for, and named, later
                info = patsy.design_matrix_builders(
                    [parsed.description.rhs_termlist], chunks, patsy.EvalEnvironment([FUNCTIONS])
                )[0]
        except (patsy.PatsyError, ValueError, TypeError) as error:
            raise InformalityError(
                Problem(f"model `{parsed.text}`", "the formula cannot be worked out on the data",
                        str(error).splitlines()[0], "check the arguments of its functions"), ExitCode.SPEC
            ) from error  # fmt: skip
        # patsy puts factors before numbers; the reader expects them as written, interactions last
        terms = parsed.description.rhs_termlist
        written = {term: (len(term.factors), i) for i, term in enumerate(terms)}
        columns = [(written[term], i) for i, (term, *_) in enumerate(_columns(info))]
        keep = tuple(i for _, i in sorted(columns))
        return cls.of(info, variables, keep)

    @property
    def parts(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """(k,) for each column what is multiplied in it: names of variables or expressions, each with its level.

        The level is that of a factor, the number of the column of a spline, or empty; the constant has no part.
        """
        columns = list(_columns(self.info))
        found = []
        for _, subterm, which in (columns[i] for i in self.keep):
            pieces = zip(subterm.factors, which, strict=True)
            found.append(tuple((display(f.code), _level(_suffixes(f, self.info, subterm)[j])) for f, j in pieces))
        return tuple(found)

    def without(self, columns: Iterable[int]) -> Matrix:
        """The matrix without these columns (by place in ``names``)."""
        gone = set(columns)
        keep = tuple(place for i, place in enumerate(self.keep) if i not in gone)
        return Matrix.of(self.info, self.variables, keep)

    def centred(self) -> Matrix:
        """The same model with levels of factors coded against their average, not against one of them.

        A coefficient is then the distance of its level from the unweighted mean of all levels, and the constant
        is that mean (deviation coding). The fit and its predictions do not change; ``names`` keep those of before.
        """
        return replace(self, plan=_plan(self.info, self.keep, centred=True))

    def block(self, rows: IntArray, settings: Settings | None = None) -> FloatArray:
        """Rows of the design matrix (len(rows), k), column by column in memory.

        ``settings`` puts other values (one, or one for each row; codes for factors) into variables.
        """
        data = _Data(self.variables, rows, settings or {})
        out = np.empty((len(rows), len(self.names)), order="F")
        values: dict[Any, NDArray[Any]] = {}
        for column, pieces in zip(out.T, self.plan, strict=True):
            for i, (factor, which) in enumerate(pieces):
                if len(pieces) == 1 and which is None and data.fill(factor.code, column):
                    break  # a number as it stands
                if factor not in values:
                    values[factor] = _evaluate(factor, self.info.factor_infos[factor], data)
                value = values[factor][:, which or 0] if np.ndim(which) == 0 else which[values[factor]]
                np.copyto(column, value) if i == 0 else np.multiply(column, value, out=column)
            if not pieces:
                column[:] = 1.0
        return out


class _Data(dict[str, Any]):
    """Variables of some rows, made when they are asked for."""

    def __init__(self, variables: Mapping[str, Variable], rows: IntArray, settings: Settings) -> None:
        super().__init__()
        self._variables, self._rows, self._settings = variables, rows, settings

    def fill(self, name: str, out: FloatArray) -> bool:
        """Put a variable that is numbers into a column, with no more than one copy; False if it is not one."""
        variable = self._variables.get(name)
        if variable is None or name in self._settings or variable.levels is not None:
            return False
        if variable.values.dtype == np.float64:
            np.take(variable.values, self._rows, out=out, mode="clip")
        else:
            out[:] = variable.values.take(self._rows)
        return True

    def codes(self, name: str) -> NDArray[Any]:
        """Codes of a factor."""
        if name in self._settings:
            return np.broadcast_to(np.asarray(self._settings[name]), len(self._rows))
        return self._variables[name].values[self._rows]

    def __missing__(self, name: str) -> Any:
        self[name] = self._variables[name].take(self._rows, self._settings.get(name))
        return self[name]


def evaluate(code: str, variables: Mapping[str, Variable], rows: IntArray) -> Any:
    """An outcome or offset written as an expression, for these rows; numbers, or a pandas Categorical."""
    data = _Data(variables, rows, {})
    names = {"I": lambda x: x, "Q": data.__getitem__, "C": lambda x: x, **FUNCTIONS}
    with np.errstate(all="ignore"):
        return eval(compile(code, "<formula>", "eval"), {"__builtins__": {}, **names}, data)


def _evaluate(factor: Any, info: Any, data: _Data) -> NDArray[Any]:
    """Codes (rows,) of a categorical factor, numbers (rows, columns) of any other."""
    plain = factor.code.isidentifier()
    if info.type == "categorical" and plain:
        return data.codes(factor.code)
    value = data[factor.code] if plain else factor.eval(info.state, data)
    if info.type == "categorical":
        if isinstance(value, pd.Categorical):
            return np.asarray(value.codes)
        return np.asarray(categorical_to_int(value, info.categories, patsy.NAAction(NA_types=[])))
    array = np.asarray(value, dtype=np.float64)
    return array[:, None] if array.ndim == 1 else array


def _columns(info: patsy.DesignInfo) -> Iterable[tuple[Any, Any, tuple[int, ...]]]:
    """For each column its term, its subterm, and which column of each factor is multiplied into it."""
    for term in info.terms:
        for subterm in info.term_codings[term]:
            sizes = [len(_suffixes(factor, info, subterm)) for factor in subterm.factors]
            for reversed_combination in itertools.product(*(range(size) for size in reversed(sizes))):
                yield term, subterm, reversed_combination[::-1]  # the first factor runs fastest, as in R


def _titles(info: patsy.DesignInfo, keep: Sequence[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of columns, and of the terms they belong to."""
    columns = list(_columns(info))
    names, terms = [], []
    for term, subterm, which in (columns[i] for i in keep):
        parts = [
            display(factor.code) + _suffixes(factor, info, subterm)[j]
            for factor, j in zip(subterm.factors, which, strict=True)
        ]
        names.append(":".join(parts) or "Intercept")
        terms.append(":".join(display(factor.code) for factor in term.factors) or "Intercept")
    return tuple(names), tuple(terms)


def _plan(
    info: patsy.DesignInfo, keep: Sequence[int], centred: bool = False
) -> tuple[tuple[tuple[Any, Any], ...], ...]:
    """For each column its factors, each with the contrast of its levels, or the column of a numeric one."""
    columns = list(_columns(info))
    plan: list[tuple[tuple[Any, Any], ...]] = []
    for _, subterm, which in (columns[i] for i in keep):
        pieces: list[tuple[Any, Any]] = []
        for factor, j in zip(subterm.factors, which, strict=True):
            what = info.factor_infos[factor]
            if what.type == "categorical":
                contrast = np.asarray(subterm.contrast_matrices[factor].matrix, dtype=float)
                size = len(contrast)
                if centred and contrast.shape[1] < size:  # a column for each level stays as it is
                    contrast = np.vstack([-np.ones(size - 1), np.eye(size - 1)])
                pieces.append((factor, contrast[:, j]))
            else:
                pieces.append((factor, None if what.num_columns == 1 else j))
        plan.append(tuple(pieces))
    return tuple(plan)


def _suffixes(factor: Any, info: patsy.DesignInfo, subterm: Any) -> list[str]:
    what = info.factor_infos[factor]
    if what.type == "categorical":
        return [s.replace("[T.", "[") for s in subterm.contrast_matrices[factor].column_suffixes]
    return [""] if what.num_columns == 1 else [f"[{i + 1}]" for i in range(what.num_columns)]


def _level(suffix: str) -> str:
    return suffix.removeprefix("[").removesuffix("]")
