"""The persons of a survey as conditions and groups see them: who is in, in which group, and what is not known of whom.

A universe is a mask and a group a code, both over all rows of the file: nobody is taken out, because the sample
design counts the sampling units of those outside, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE
from informality.foundation.grammar import MISSING, NOT_APPLICABLE, NOT_ASKED, REASON, UNKNOWN, CellValue, Variable
from informality.foundation.rules import compile_filter
from informality.foundation.schema import Schema

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
Of = Mapping[str, CellValue] | str
"""What is measured: a condition, or the name of a variable."""


@dataclass(frozen=True, slots=True)
class People:
    """A frame of persons (n rows) and what may be asked of it.

    ``variables``: what conditions and groups may name; ``asked``: those the survey has an answer for at all;
    ``decided``: those that a definition decides, and whose outcome may be not determinable. ``left_open``: of these, the
    persons (n,) whom a rule of the definition leaves open, because an answer it needs was not given.
    """

    frame: pd.DataFrame
    variables: Mapping[str, Variable]
    asked: frozenset[str]
    schema: Schema
    decided: frozenset[str]
    left_open: Mapping[str, Bools] = field(default_factory=dict, kw_only=True)

    def questions(self, name: str) -> list[str]:
        """Titles of the questions a survey would have to ask for a variable, as far as this one lacks them."""
        variable = self.schema.variables.get(name)
        if variable is None or variable.derived is None:
            return [self.variables[name].title if name in self.variables else name]
        lacking = [a.variable.name for a in variable.derived.axes if a.variable.name not in self.asked]
        return [title for n in lacking for title in self.questions(n)] or [variable.spec.title]

    def lacking(self, names: Sequence[str]) -> list[str]:
        """Titles of the questions that some variables need and the survey did not ask, each once."""
        titles = [title for name in names if name not in self.asked for title in self.questions(name)]
        return list(dict.fromkeys(titles))

    def mask(self, where: Mapping[str, CellValue]) -> Bools:
        """(n,) True for the persons that fit a condition, which has been checked before."""
        condition, problems = compile_filter(where, self.variables, place=lambda *loc: str(loc))
        assert not problems, problems
        return condition.mask(self.frame)

    def undetermined(self, names: Sequence[str], where: Mapping[str, CellValue]) -> Bools:
        """(n,) persons of a universe, as far as it does not rest on a definition, of whom an outcome is not determinable."""
        plain = {name: cell for name, cell in where.items() if name not in self.decided}
        open_cases = np.zeros(len(self.frame), dtype=bool)
        for name in names:
            if name in self.decided:
                open_cases |= (self.frame[name] == NOT_DETERMINABLE).to_numpy()
        return open_cases & self.mask(plain) if open_cases.any() else open_cases

    def unsettled(self, names: Sequence[str]) -> Bools:
        """(n,) persons whom a rule leaves open in one of these outcomes."""
        unsettled = np.zeros(len(self.frame), dtype=bool)
        for name in names:
            if name in self.left_open:
                unsettled |= self.left_open[name]
        return unsettled

    def unanswered(self, of: Of, inside: Bools) -> Bools:
        """(n,) persons inside with no usable answer on what is measured, unless it asks for just these."""
        return inside & self.missing(of, (UNKNOWN, NOT_ASKED))

    def inapplicable(self, of: Of, inside: Bools) -> Bools:
        """(n,) persons inside to whom what is measured does not apply, unless it asks for just these."""
        return inside & self.missing(of, (NOT_APPLICABLE,))

    def missing(self, of: Of, words: Sequence[str]) -> Bools:
        """(n,) persons whose answer on what is measured is missing for one of these reasons.

        A condition on several variables that one of them settles (an answer that does not fit) is not missing.
        """
        condition: Mapping[str, CellValue] = {of: []} if isinstance(of, str) else of
        missing, settled = np.zeros((2, len(self.frame)), dtype=bool)
        for name, cell in condition.items():
            asked_for = cell if isinstance(cell, list) else [cell]
            reason = self.frame[name if self.variables[name].kind == "category" else name + REASON]
            missing |= reason.isin([word for word in words if word not in asked_for]).to_numpy()
            if len(condition) > 1:
                settled |= ~self.mask({name: cell}) & ~reason.isin(MISSING).to_numpy()
        return missing & ~settled

    def groups(self, by: Sequence[str], inside: Bools, *, whole: bool = False) -> tuple[Codes, list[tuple[str, ...]]]:
        """A code per person (-1 outside) and the levels found inside, in the order of the schema.

        With ``whole`` a group holds all its persons, also those outside the universe: a total of persons is the
        total of an indicator over the group, so that its design effect compares with drawing from the group.
        """
        if not by:
            return np.where(inside | whole, 0, -1), [()]
        key = np.zeros(len(self.frame), dtype=np.int64)
        sizes = []
        for name in by:
            categories = self.frame[name].cat.categories
            sizes.append(len(categories))
            key = key * len(categories) + self.frame[name].cat.codes.to_numpy()
        present, code = np.unique(key[inside], return_inverse=True)
        group = np.full(len(self.frame), -1, dtype=np.int64)
        group[inside] = code
        if whole:
            place = np.minimum(np.searchsorted(present, key), len(present) - 1)
            group = np.where(present[place] == key, place, -1)
        positions = np.unravel_index(present, sizes)
        names = [[str(c) for c in self.frame[n].cat.categories] for n in by]
        return group, [tuple(names[d][p[i]] for d, p in enumerate(positions)) for i in range(len(present))]
