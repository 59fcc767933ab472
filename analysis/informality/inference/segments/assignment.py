"""A rule that a reader can apply: a few questions that put a case into its segment, and how often it is right.

Segments are found in many dimensions at once; what can be asked at a counter is a short decision tree. It is grown on
the patterns and their weights (scikit-learn), and judged on cases whose PSU it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from informality.inference.estimates.estimate import Estimate, shares
from informality.inference.estimates.intervals import interval
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.segments.characteristics import Cases, Column


@dataclass(frozen=True, slots=True, eq=False)
class AssignmentRule:
    """Lines of a rule, each with the segment it leads to; every case is caught by one line.

    ``lines``: what must hold. ``leads_to``: (L,) segment of each line. ``leaf``: (n,) the line that catches each row of
    the file, -1 outside. ``caught``: shares (1, L) of the population by line; ``right``: (L, 2) share of those caught
    who are not, and who are, in its segment. ``accuracy``: (1, 2) the same for everyone, by rules that were grown
    without the PSU of the case; ``found``: (k, 2) that for the members of each segment. All take the segments as given.
    """

    names: tuple[str, ...]
    lines: tuple[str, ...]
    leads_to: IntArray
    leaf: IntArray
    caught: Estimate
    right: Estimate
    accuracy: Estimate
    found: Estimate

    def table(self) -> pd.DataFrame:
        """Tidy: for each line the share it catches and the share of these it is right about, then the accuracy."""
        rows = []
        for i, line in enumerate(self.lines):
            segment = int(self.leads_to[i])
            head = {"line": i + 1, "rule": line, "segment": segment + 1, "name": self.names[segment]}
            rows.append({**head, "measure": "caught", **_numbers(self.caught, 0, i)})
            rows.append({**head, "measure": "right", **_numbers(self.right, i, 1)})
        for k, name in enumerate(self.names):
            head = {"line": 0, "rule": "", "segment": k + 1, "name": name}
            rows.append({**head, "measure": "found", **_numbers(self.found, k, 1)})
        everyone = {"line": 0, "rule": "", "segment": 0, "name": ""}
        rows.append({**everyone, "measure": "accuracy", **_numbers(self.accuracy, 0, 1)})
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        text = [f"{line} → {self.names[k]}" for line, k in zip(self.lines, self.leads_to, strict=True)]
        return "\n".join([*text, f"right for {self.accuracy.value[0, 1]:.0%}"])


def assignment_rule(
    design: Design, cases: Cases, segment: IntArray, names: Sequence[str], fold: IntArray, leaves: int, depth: int
) -> AssignmentRule:
    """The tree of at most ``leaves`` lines and ``depth`` questions nearest to the segments.

    ``segment``: (m,) of the patterns; ``fold``: (N,) of the cases, for the accuracy.
    """
    x, asked = _questions(cases)
    weight = design.weight[cases.rows]
    tree = _grown(x, segment, cases.sums(weight), leaves, depth)
    left, right, value = tree.tree_.children_left, tree.tree_.children_right, tree.tree_.value[:, 0].argmax(axis=1)
    end = _line_ends(left, right, value)
    conditions = {0: _Condition.all_of(cases)}
    for parent in np.flatnonzero(left >= 0).tolist():
        question, threshold = asked[tree.tree_.feature[parent]], float(tree.tree_.threshold[parent])
        conditions[left[parent]] = conditions[parent].narrowed(question, threshold, below=True)
        conditions[right[parent]] = conditions[parent].narrowed(question, threshold, below=False)
    node = end[tree.apply(x)]
    ends = np.unique(node)
    caught = np.bincount(node, cases.sums(weight))[ends]
    used = ends[np.lexsort((-caught, value[ends]))]  # by segment, the largest first
    place = np.empty(len(left), dtype=np.intp)
    place[used] = np.arange(len(used))
    line = place[node]
    leads_to = value[used]
    right_there = leads_to[line] == segment

    unseen = np.empty(len(cases.rows), dtype=np.intp)
    for f in range(int(fold.max()) + 1):
        held = fold == f
        others = np.asarray(np.bincount(cases.pattern[~held], weight[~held], minlength=len(cases)), dtype=np.float64)
        unseen[held] = _grown(x, segment, others, leaves, depth).predict(x)[cases.pattern[held]]
    true = segment[cases.pattern]
    agrees = cases.in_file((unseen == true).astype(np.intp), -1)
    where, leaf = cases.in_file(true, -1), cases.in_file(line[cases.pattern], -1)
    return AssignmentRule(
        names=tuple(names),
        lines=tuple(conditions[int(n)].text() for n in used),
        leads_to=leads_to.astype(np.intp),
        leaf=leaf,
        caught=shares(design, leaf, len(used)),
        right=shares(design, cases.in_file(right_there[cases.pattern].astype(np.intp), -1), 2, leaf, len(used)),
        accuracy=shares(design, agrees, 2),
        found=shares(design, agrees, 2, where, len(names)),
    )


def _grown(x: FloatArray, segment: IntArray, weight: FloatArray, leaves: int, depth: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    held = weight > 0
    share = weight[held] / weight[held].sum()
    return DecisionTreeClassifier(max_depth=depth, max_leaf_nodes=leaves, random_state=0).fit(
        x[held], segment[held], sample_weight=share
    )


def _line_ends(left: IntArray, right: IntArray, value: IntArray) -> IntArray:
    """(nodes,) where the line of a node ends: questions whose answers lead to one segment need not be asked."""
    one = np.where(left < 0, value, -1)
    end = np.arange(len(left))
    for parent in range(len(left) - 1, -1, -1):  # children come after their parent
        if left[parent] >= 0 and one[left[parent]] == one[right[parent]]:
            one[parent] = one[left[parent]]
    for parent in range(len(left)):
        if left[parent] >= 0 and (one[parent] >= 0 or end[parent] != parent):
            end[left[parent]] = end[right[parent]] = end[parent]
    return end


@dataclass(frozen=True, slots=True)
class _Question:
    """A column of the tree: a number, the rank of a level in an order, or whether it is one level."""

    column: int
    levels: NDArray[np.float64] | None  # (L,) the value of each level; None for a number


def _questions(cases: Cases) -> tuple[FloatArray, list[_Question]]:
    """The patterns as the tree sees them (m, q), and what each column asks. Missing numbers stand above all others."""
    columns, asked = [], []
    for i, column in enumerate(cases.columns):
        values = column.values[cases.first]
        if column.what.kind == "number":
            columns.append(np.where(np.isnan(values), np.inf, values))
            asked.append(_Question(i, None))
            continue
        size = len(column.levels)
        answers = list(np.eye(size))
        if column.what.kind == "ordered":
            answers = [np.arange(size, dtype=np.float64)]
            apart = [j for j, level in enumerate(column.levels) if level in column.what.apart]
            answers += list(np.eye(size)[apart])
        for answer in answers:
            columns.append(answer[values])
            asked.append(_Question(i, answer))
    x = np.column_stack(columns)
    top = np.where(np.isinf(x), -np.inf, x).max(axis=0)
    return np.where(np.isinf(x), top + np.maximum(1.0, np.abs(top)), x), asked


@dataclass(frozen=True, slots=True, eq=False)
class _Condition:
    """What a case must be to come to a place in the tree: levels left, or limits of a number, by characteristic."""

    columns: tuple[Column, ...]
    levels: tuple[NDArray[np.bool_], ...]
    limits: tuple[tuple[float, float], ...]
    missing_above: tuple[float, ...]  # the largest known value of a number; beyond it is only what is missing

    @classmethod
    def all_of(cls, cases: Cases) -> _Condition:
        size = len(cases.columns)
        tops = [float(np.nanmax(c.values[cases.first])) if c.what.kind == "number" else np.inf for c in cases.columns]
        return cls(
            cases.columns,
            tuple(np.ones(len(c.levels), dtype=bool) for c in cases.columns),
            ((-np.inf, np.inf),) * size,
            tuple(tops),
        )

    def narrowed(self, question: _Question, threshold: float, below: bool) -> _Condition:
        at = question.column
        if question.levels is None:
            low, high = self.limits[at]
            new = (low, min(high, threshold)) if below else (max(low, threshold), high)
            return _Condition(self.columns, self.levels, _put(self.limits, at, new), self.missing_above)
        kept = question.levels <= threshold if below else question.levels > threshold
        return _Condition(self.columns, _put(self.levels, at, self.levels[at] & kept), self.limits, self.missing_above)

    def text(self) -> str:
        """``Area: rural; status: own-account, family``; what is not restricted is not said."""
        told = [self._of(i) for i in range(len(self.columns))]
        return "; ".join(t for t in told if t) or "everyone"

    def _of(self, i: int) -> str:
        column, what = self.columns[i], self.columns[i].what
        if what.kind != "number":
            kept = self.levels[i]
            if kept.all():
                return ""
            listed = [what.label(level) for level, k in zip(column.levels, kept, strict=True) if k]
            left_out = [what.label(level) for level, k in zip(column.levels, kept, strict=True) if not k]
            if len(left_out) < len(listed):
                return f"{what.printed}: not {', not '.join(left_out)}"
            return f"{what.printed}: {' or '.join(listed)}"
        low, high = self.limits[i]
        if (low, high) == (-np.inf, np.inf):
            return ""
        or_missing = f" or {what.missing}" if what.missing and np.isinf(high) else ""
        if low >= self.missing_above[i]:
            return f"{what.printed}: {what.missing}"
        if np.isinf(low):
            return f"{what.printed}: up to {high:g}" if high < self.missing_above[i] else f"{what.printed}: known"
        if np.isinf(high) or high >= self.missing_above[i]:
            return f"{what.printed}: above {low:g}{or_missing}"
        return f"{what.printed}: above {low:g}, up to {high:g}"


def _put(items: tuple[Any, ...], at: int, new: Any) -> tuple[Any, ...]:
    return (*items[:at], new, *items[at + 1 :])


def _numbers(estimate: Estimate, i: int, j: int) -> dict[str, float]:
    low, high = interval(estimate)
    parts = {"value": estimate.value, "se": estimate.se, "low": low, "high": high, "n": estimate.n}
    return {name: part[i, j] for name, part in parts.items()}
