"""The two groups of a decomposition: who is in each, and the data of every model that compares them.

Formula and domain are read once for both groups together, so levels, reference levels and spline knots are the same
in each. The groups enter that reading as one more covariate, +1/2 for the first and -1/2 for the second: with it
the matrix is that of the pooled model with a term for the group (Jann 2008), without it that of each group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import patsy  # type: ignore[import-untyped]
from numpy.typing import ArrayLike, NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean, raise_errors
from informality.inference.models import formula as formulas
from informality.inference.models.covariates import read_variable
from informality.inference.models.design_matrix import Matrix
from informality.inference.models.formula import Parsed
from informality.inference.models.model_data import Kind, Missing, ModelData, domain_rows, read_model_data
from informality.inference.sampling.design import Design
from informality.inference.sampling.linearise import influence_covariance, replicate_covariance
from informality.inference.sampling.moments import FloatArray, IntArray

Groups: TypeAlias = "tuple[str, Any, Any] | Mapping[str, ArrayLike]"


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Both groups of a decomposition, read from one sample.

    ``labels``: of the first and the second group; ``by``: the variable that makes them, "" for masks. ``data``: of
    both together, its matrix with the column ``side`` for the group. ``first``: (m,) True for the patterns of the
    first group. ``terms``: the t terms of the formula, the constant last; ``by_term``: (k, t) 1 for the columns of
    each, without that of the group. ``centred``: levels of factors are coded against their average.
    """

    place: str
    text: str
    labels: tuple[str, str]
    by: str
    data: ModelData
    side: int
    first: NDArray[np.bool_]
    terms: tuple[str, ...]
    by_term: FloatArray
    centred: bool

    @property
    def matrix(self) -> Matrix:
        """The columns (k,) of a group's own model."""
        return self._coded(self.data.sample.matrix.without([self.side]))

    @property
    def constant(self) -> int:
        """The place of the constant among the k columns."""
        return int(self.by_term[:, -1].argmax())

    @property
    def rows(self) -> IntArray:
        """(N,) the rows of the file in either group."""
        return self.data.patterns.rows

    @property
    def title(self) -> str:
        """What is compared, in words."""
        return f"`{self.text}`{f' by {self.by}' if self.by else ''}, {self.labels[0]} less {self.labels[1]}"

    def covariance(
        self, design: Design, statistic: Callable[[FloatArray], FloatArray], influence: Callable[[], FloatArray]
    ) -> FloatArray:
        """Covariance (q, q) of numbers about the groups, in the way of the design.

        With replicate weights from ``statistic``, which takes weights (n,) and gives the numbers (q,). Otherwise from
        their ``influence`` (m, q): how they move for one bit of weight on each pattern.
        """
        if design.replicates is not None:
            return replicate_covariance(design, statistic)
        by_pattern = influence()
        z = np.zeros((len(design.weight), by_pattern.shape[1]))
        z[self.rows] = self.data.patterns.spread(by_pattern)
        z *= design.weight[:, None]
        inside = np.zeros(len(z), dtype=bool)
        inside[self.rows] = True
        return influence_covariance(design, z, inside=inside)

    def _coded(self, matrix: Matrix) -> Matrix:
        return matrix.centred() if self.centred else matrix

    def group(self, which: int) -> ModelData:
        """The data of one group: 0 the first, 1 the second."""
        chosen = self.first if which == 0 else ~self.first
        place = f"model `{self.text}`, {self.labels[which]}"
        return replace(self.data.among(chosen, self.matrix), place=place)

    def pooled(self, with_groups: bool) -> ModelData:
        """The data of both groups, with or without the column for the group."""
        matrix = self._coded(self.data.sample.matrix) if with_groups else self.matrix
        place = f"model `{self.text}`, {self.labels[0]} and {self.labels[1]} together"
        return replace(self.data.among(np.ones(len(self.first), dtype=bool), matrix), place=place)


def compare(
    kind: Kind,
    design: Design,
    frame: pd.DataFrame,
    text: str,
    groups: Groups,
    domain: ArrayLike | None,
    missing: Missing,
    centred: bool,
) -> Compared:
    """Read two groups and the formula that compares them.

    ``groups``: ``("sex", "male", "female")`` for a variable of the frame and two of its levels, which must be the only
    ones in the domain; or two named masks (n,) of rows, ``{"formal": ..., "informal": ...}``, and who is in neither is
    outside. ``centred``: levels of factors are coded against their average. Raises :class:`InformalityError`: SPEC,
    DATA and ESTIMATE, as models do, and for groups that cannot be compared.
    """
    place = f"decomposition of `{text}`"
    parsed = formulas.parse(text, [str(c) for c in frame.columns])
    rows = domain_rows(design, frame, domain, place)
    name, labels, side, notes = _sides(groups, frame, rows, missing, place)
    problems = []
    if name in parsed.variables:
        problems.append(
            Problem(place, f"`{name}`, which makes the groups, is also in the formula",
                    "within a group it does not vary", "leave it out of the formula")
        )  # fmt: skip
    if patsy.INTERCEPT not in parsed.description.rhs_termlist:
        problems.append(
            Problem(place, "a decomposition needs the constant that `- 1` takes away",
                    "without it a model does not reproduce the mean of its group", "leave out `- 1`")
        )  # fmt: skip
    raise_errors(problems, ExitCode.SPEC)
    columns = {v: frame[v] for v in parsed.variables}
    both = pd.DataFrame({**columns, name: side}, index=frame.index)
    more = name if name.isidentifier() else f"Q({name!r})"
    inside = np.zeros(len(frame), dtype=bool)
    inside[rows] = ~np.isnan(side[rows])
    if not inside.any():
        raise _empty(labels, place)
    data = read_model_data(kind, design, both, f"{text} + {more}", inside, None, {}, missing)
    data = replace(data, place=place, parsed=parsed, notes=(*notes, *data.notes))
    first = side[data.patterns.first] > 0
    _require_comparable(design, data, parsed, first, labels, kind, place)
    names, terms = data.sample.matrix.names, data.sample.matrix.terms
    at = names.index(name)
    own = [term for i, term in enumerate(terms) if i != at]
    order = [*dict.fromkeys(term for term in own if term != "Intercept"), "Intercept"]
    by_term = (np.array(own)[:, None] == np.array(order)).astype(np.float64)
    return Compared(
        place,
        text,
        labels,
        "" if isinstance(groups, Mapping) else name,
        data,
        at,
        first,
        (*order[:-1], "constant"),
        by_term,
        centred,
    )


def _sides(
    groups: Groups, frame: pd.DataFrame, rows: IntArray, missing: Missing, place: str
) -> tuple[str, tuple[str, str], FloatArray, list[Problem]]:
    """Name of the groups' column, their labels, and for each row of the file +1/2, -1/2 or NaN."""
    if isinstance(groups, Mapping):
        return *_masks(groups, len(frame), rows, place), []
    name, *wanted = groups
    if name not in frame.columns:
        raise InformalityError(
            Problem(place, f"`{name}`, which makes the groups, is not a variable of the data",
                    fix=did_you_mean(name, [str(c) for c in frame.columns])), ExitCode.SPEC
        )  # fmt: skip
    variable = read_variable(name, frame[name], True, place)
    code = np.asarray(variable.values)[rows]
    first, second = (variable.code(level, place) for level in wanted)
    labels = (variable.labels[first], variable.labels[second])
    if first == second:
        raise InformalityError(
            Problem(place, "the two groups are the same", f"{name} = {labels[0]}", "name two levels"), ExitCode.SPEC
        )
    counts = np.bincount(code[code >= 0], minlength=len(variable.labels))
    others = [f"{variable.labels[i]} ({n:,} rows)" for i, n in enumerate(counts) if n and i not in (first, second)]
    if others:
        raise InformalityError(
            Problem(place, f"`{name}` has more than the two levels {labels[0]} and {labels[1]} in the domain",
                    ", ".join(others[:12]), "narrow the domain to the two groups, or give each group as a mask"),
            ExitCode.ESTIMATE,
        )  # fmt: skip
    unknown = int((code < 0).sum())
    notes = []
    if unknown:
        found = f"{unknown:,} of {len(rows):,} rows"
        if missing != "drop":
            raise InformalityError(
                Problem(place, f"`{name}`, which makes the groups, is missing in some rows of the domain", found,
                        'narrow the domain, or say missing="drop" to leave such rows out', count=unknown),
                ExitCode.DATA,
            )  # fmt: skip
        what = f"{found} were left out because `{name}` is missing"
        notes.append(Problem(place, what, severity="warning", count=unknown))
    side = np.full(len(frame), np.nan)
    side[rows] = np.select([code == first, code == second], [0.5, -0.5], np.nan)
    return name, labels, side, notes


def _masks(
    groups: Mapping[str, ArrayLike], n: int, rows: IntArray, place: str
) -> tuple[str, tuple[str, str], FloatArray]:
    masks = {str(label): np.asarray(mask) for label, mask in groups.items()}
    if len(masks) != 2 or any(mask.dtype != bool or mask.shape != (n,) for mask in masks.values()):
        raise ValueError("groups given as masks are two, each True or False for each row, without missing values")
    (first, a), (second, b) = masks.items()
    twice = int((a & b)[rows].sum())
    if twice:
        raise InformalityError(
            Problem(place, "some rows are in both groups", f"{twice:,} rows", "let the groups exclude each other",
                    count=twice), ExitCode.ESTIMATE
        )  # fmt: skip
    return f"{first} rather than {second}", (first, second), np.select([a, b], [0.5, -0.5], np.nan)


def _require_comparable(
    design: Design,
    data: ModelData,
    parsed: Parsed,
    first: NDArray[np.bool_],
    labels: tuple[str, str],
    kind: Kind,
    place: str,
) -> None:
    """Each group has cases, in two PSUs or more, of every level, and with an outcome that varies; or an error."""
    parts = [data.patterns.among(chosen) for chosen in (first, ~first)]
    if not all(len(part) for part in parts):
        raise _empty([text for text, part in zip(labels, parts, strict=True) if not len(part)], place)
    problems = []
    for text, part, chosen in zip(labels, parts, (first, ~first), strict=True):
        psu = design.psu[part.rows]
        if design.replicates is None and (psu == psu[0]).all():
            problems.append(
                Problem(place, f"all cases of the group {text} lie in one primary sampling unit (PSU), "
                        "so no standard error can be computed", f"{len(part.rows):,} cases", "widen the domain")
            )  # fmt: skip
        y = data.sample.y[chosen]
        if kind != "linear" and y.min() == y.max():
            problems.append(
                Problem(place, f"the outcome `{formulas.display(parsed.outcome)}` is the same for every case of {text}",
                        f"it is {y[0]:g} for {len(part.rows):,} cases", "widen the domain, or compare means instead")
            )  # fmt: skip
    for name in (name for name in data.variables if name in parsed.covariates):
        variable = data.variables[name]
        if variable.levels is None:
            continue
        counts = [np.bincount(variable.values[p.rows], minlength=len(variable.levels)) for p in parts]
        for level, *n in zip(variable.labels, *counts, strict=True):
            if 0 in n:
                who, other = (labels[0], labels[1]) if n[0] else (labels[1], labels[0])
                problems.append(
                    Problem(place, f"only {who} have `{name}` = {level}", f"{max(n):,} cases, and none of {other}",
                            "join the level with another, or narrow the domain to cases that both groups have")
                )  # fmt: skip
    raise_errors(problems, ExitCode.ESTIMATE)


def _empty(labels: list[str] | tuple[str, ...], place: str) -> InformalityError:
    problems = [
        Problem(place, f"nobody in the domain belongs to the group {text}",
                fix="check the condition that defines the domain, and the groups")
        for text in labels
    ]  # fmt: skip
    return InformalityError(problems, ExitCode.ESTIMATE)
