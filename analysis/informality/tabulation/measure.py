"""One question put to a survey: a statistic of something, among some, by groups; and its answer with its error.

Published tables and the Python API both ask here, so that one number has one way to come about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from informality.foundation.grammar import CellValue
from informality.inference.estimates.estimate import Estimate, means, ratios, shares, totals
from informality.inference.estimates.functional import Functional
from informality.inference.estimates.inequality import gini
from informality.inference.estimates.quantiles import quantiles
from informality.inference.sampling.design import Design
from informality.tabulation.people import Bools, Codes, Of, People

Statistic = Literal["share", "total", "composition", "mean", "ratio", "quantile", "gini"]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. All names and conditions have been checked before.

    ``of``: a condition (share, total), a category variable (composition), a number (mean, total, quantile, Gini), or
    either of the first and last (ratio). A ratio is of the part of ``of`` that fits ``where``, to ``to``, which is
    ``of`` again when it is left out.
    """

    statistic: Statistic
    of: Of
    among: Mapping[str, CellValue]
    by: tuple[str, ...] = ()
    where: Mapping[str, CellValue] = field(default_factory=dict)
    to: Of | None = None
    probabilities: tuple[float, ...] = ()

    @property
    def variables(self) -> list[str]:
        """Every variable that is tested or summed, each once; not those it is broken down by."""
        parts = [self.of, self.where, *([] if self.to is None else [self.to]), self.among]
        return list(dict.fromkeys(name for part in parts for name in ([part] if isinstance(part, str) else part)))

    @property
    def counts_persons(self) -> bool:
        """Whether the answer is a number of persons: the total of a condition."""
        return self.statistic == "total" and not isinstance(self.of, str)

    @property
    def dims(self) -> tuple[str, ...]:
        """The variables whose levels name a cell."""
        return (str(self.of), *self.by) if self.statistic == "composition" else self.by


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The estimate, and for each of its cells (k,), in the order of ``estimate.value.ravel()``, whom it is about.

    ``cells``: the levels of the dims of the question (for several quantiles, the probability first). ``open_cases``:
    sampled persons of the group of whom what was asked is not determinable; where there are any, the value
    means nothing. ``left_open``: those among them whom a rule leaves open for want of an answer. ``unanswered``: those
    without a usable answer on what is measured; ``inapplicable``: those to whom it does not apply.
    """

    question: Question
    estimate: Estimate | Functional
    cells: tuple[tuple[str, ...], ...]
    open_cases: Counts
    left_open: Counts
    unanswered: Counts
    inapplicable: Counts

    @property
    def cases(self) -> Counts:
        """(k,) sampled persons a number rests on: those counted for a total of persons, else those in the group."""
        if self.question.counts_persons and isinstance(self.estimate, Estimate):
            return self.estimate.n_numerator.ravel()
        return self.estimate.n.ravel()

    def remarks(self) -> list[str]:
        """(k,) what to say beside each number of sampled persons without an answer; empty where there is nothing."""
        return [self._remark(*counts) for counts in zip(self.unanswered, self.inapplicable, strict=True)]

    def remark(self) -> str:
        """The same for all groups together."""
        repeated = max(1, len(self.question.probabilities))
        return self._remark(self.unanswered.sum() // repeated, self.inapplicable.sum() // repeated)

    def _remark(self, unanswered: np.int64, inapplicable: np.int64) -> str:
        in_base = not isinstance(self.question.of, str)
        where = "in the base, but not counted as having it" if in_base else "left out"
        who = ((unanswered, "without a usable answer"), (inapplicable, "to whom it does not apply"))
        return "; ".join(
            f"{n:,} sampled {'person' if n == 1 else 'persons'} {words} {'is' if n == 1 else 'are'} {where}"
            for n, words in who
            if n
        )


def ask(people: People, design: Design, question: Question) -> Answer | None:
    """Put a question to a survey whose ``design`` is that of all rows of ``people``; None when nobody is in its universe.

    What was not asked must be found out before, by ``people.lacking``. Outcomes that are not determinable are
    counted in ``open_cases``, group by group.
    """
    composition = question.statistic == "composition"
    inside = people.mask(question.among)
    decided = [name for name in question.variables if not (composition and name == question.of)]
    open_cases = people.undetermined(decided, question.among)
    if not (inside | open_cases).any():
        return None
    group, levels = people.groups(question.by, inside | open_cases, whole=question.counts_persons)
    estimate, first = _estimate(people, design, question, inside, group, len(levels))

    def count(persons: Bools) -> Counts:
        return np.repeat(np.bincount(group[persons & (group >= 0)], minlength=len(levels)), max(1, len(first)))

    cells = [(f, *level) for level in levels for f in first] if first else levels
    # a composition shows the missing answers as categories of their own
    measured = [] if composition else [question.of, *([] if question.to is None else [question.to])]
    nobody = np.zeros(len(people.frame), dtype=bool)
    unanswered = np.logical_or.reduce([nobody, *(people.unanswered(of, inside) for of in measured)])
    inapplicable = np.logical_or.reduce([nobody, *(people.inapplicable(of, inside) for of in measured)])
    left_open = open_cases & people.unsettled(decided)
    return Answer(
        question, estimate, tuple(cells), count(open_cases), count(left_open), count(unanswered), count(inapplicable)
    )


def _estimate(
    people: People, design: Design, question: Question, inside: Bools, group: Codes, n_groups: int
) -> tuple[Estimate | Functional, Sequence[str]]:
    """The estimate, and the categories or probabilities it runs over within each group, if any."""
    cells = np.where(inside, group, -1)
    of, statistic = question.of, question.statistic
    if not isinstance(of, str) and statistic == "share":
        return means(design, people.mask(of).astype(float), cells, n_groups), ()
    if not isinstance(of, str) and statistic == "total":
        return totals(design, (people.mask(of) & inside).astype(float), group, n_groups), ()
    if statistic == "composition":
        column = people.frame[of].cat
        codes = column.codes.to_numpy()
        occurs = np.bincount(codes[inside], minlength=len(column.categories)) > 0
        number = np.cumsum(occurs) - 1
        names = [str(c) for c, here in zip(column.categories, occurs, strict=True) if here]
        return shares(design, np.where(inside, number[codes], -1), len(names), cells, n_groups), names
    values = _values(people, of)
    if statistic == "ratio":
        part = np.where(people.mask(question.where), values, values * 0.0)
        return ratios(
            design, part, values if question.to is None else _values(people, question.to), cells, n_groups
        ), ()
    if statistic == "total":
        return totals(design, values, cells, n_groups), ()
    if statistic == "quantile":
        several = question.probabilities if len(question.probabilities) > 1 else ()
        return quantiles(design, values, question.probabilities, cells, n_groups), [f"{p:g}" for p in several]
    if statistic == "gini":
        return gini(design, values, cells, n_groups), ()
    return means(design, values, cells, n_groups), ()


def _values(people: People, of: Of) -> npt.NDArray[np.float64]:
    """(n,) numbers of a variable, NaN where there is none; or 1 and 0 for a condition."""
    if isinstance(of, str):
        return np.asarray(people.frame[of].to_numpy(dtype=float))
    return people.mask(of).astype(float)
