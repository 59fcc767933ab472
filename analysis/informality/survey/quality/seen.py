"""The survey as the checks see it: masks, groups and shares, each worked out once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.foundation.grammar import MISSING, NOT_ASKED, REASON, UNKNOWN, CellValue
from informality.foundation.rules import compile_filter
from informality.survey.account import Bools, Ints
from informality.survey.harmonise import Harmonised
from informality.survey.profile import Profile
from informality.survey.quality.findings import Level
from informality.survey.quality.spec import QualitySpec


@dataclass(frozen=True, slots=True)
class Groups:
    """Persons by one variable: ``of`` (rows,) is the group of each or -1 where it is not known, ``names`` the words."""

    title: str
    of: Ints
    names: list[str]

    def counts(self, who: Bools) -> Ints:
        """Persons of ``who`` in each group."""
        return np.bincount(self.of[who & (self.of >= 0)], minlength=len(self.names))


@dataclass(slots=True)
class Seen:
    """A harmonised survey with the limits of the checks."""

    survey: Harmonised
    profile: Profile
    spec: QualitySpec
    weight: npt.NDArray[np.float64]
    _groups: dict[str, Groups | None] = field(default_factory=dict)
    _universes: dict[str, Bools] = field(default_factory=dict)
    _masks: dict[tuple[str, str], Bools] = field(default_factory=dict)

    @property
    def frame(self) -> pd.DataFrame:
        return self.survey.frame

    def limit(self, name: str) -> float:
        return self.spec.limits[name].value

    def place(self, variable: str) -> str:
        """Where the profile says how a variable is read."""
        return self.profile.file.place("variables", variable)

    def title(self, variable: str) -> str:
        return self.survey.schema[variable].spec.title

    def mask(self, when: dict[str, CellValue]) -> Bools:
        """Who fits a condition, shape (rows,)."""
        inside = np.ones(len(self.frame), dtype=bool)
        for name, cell in when.items():
            key = (name, repr(cell))
            if key not in self._masks:
                place = self.profile.file.place
                condition, problems = compile_filter({name: cell}, self.survey.schema.grammar, place=place)
                assert not problems, problems  # the rules are checked against the schema when they are read
                self._masks[key] = condition.mask(self.frame)
            inside &= self._masks[key]
        return inside

    def universe(self, variable: str) -> Bools:
        """For whom a variable is meaningful, shape (rows,)."""
        of = self.survey.schema[variable]
        key = repr(of.spec.universe)
        if key not in self._universes:
            self._universes[key] = of.universe.mask(self.frame)
        return self._universes[key]

    def missing(self, variable: str, why: str) -> Bools:
        """Who has no answer for this reason (one of the names for missing), shape (rows,)."""
        number = self.survey.schema[variable].spec.kind == "number"
        column = self.frame[variable + REASON] if number else self.frame[variable]
        categories = list(column.cat.categories)
        if why not in categories:
            return np.zeros(len(column), dtype=bool)
        found: Bools = column.cat.codes.to_numpy() == categories.index(why)
        return found

    def asked(self, variable: str) -> tuple[Bools, Bools]:
        """Who was asked, and who of them gave no usable answer, each of shape (rows,)."""
        asked = self.universe(variable) & ~self.missing(variable, NOT_ASKED)
        return asked, asked & self.missing(variable, UNKNOWN)

    def groups(self, variable: str) -> Groups | None:
        """Persons by a category variable or by a key; None where the survey has it not, or one group only."""
        if variable not in self._groups:
            self._groups[variable] = self._by(variable)
        return self._groups[variable]

    def _by(self, variable: str) -> Groups | None:
        column = self.frame[variable]
        if isinstance(column.dtype, pd.CategoricalDtype):
            names = [str(c) for c in column.cat.categories]
            of = column.cat.codes.to_numpy().astype(np.int64)
            of[np.isin(of, [i for i, name in enumerate(names) if name in MISSING])] = -1
            label = self.survey.schema[variable].grammar.label
            names = [label(name) for name in names]
        else:
            of, values = pd.factorize(column, sort=True)
            of, names = of.astype(np.int64), [str(v) for v in values]
        if len(np.unique(of[of >= 0])) < 2:
            return None
        return Groups(self.title(variable).lower(), of, names)

    def share(self, who: Bools, among: Bools) -> float:
        """Weighted share of ``who`` among ``among``; NaN where that is nobody."""
        total = self.weight[among].sum()
        return float(self.weight[who & among].sum() / total) if total else np.nan

    def counted(self, who: Bools, among: Bools) -> str:
        """``12 of 3,400 (0.4%; weighted 0.3%)``; one or two persons are told no nearer."""
        n, of = int((who & among).sum()), int(among.sum())
        if n < self.limit("told_cases"):
            return f"fewer than {self.limit('told_cases'):g} of {of:,}"
        return f"{n:,} of {of:,} ({percent(n / of)}; weighted {percent(self.share(who, among))})"

    def count(self, who: Bools) -> int | None:
        """Persons, or None if they are so few that the number could point at somebody."""
        n = int(who.sum())
        return None if n < self.limit("told_cases") else n

    def graded(self, count: int, share: float) -> Level:
        """Severity of answers that should not occur: by the weighted share, if enough persons gave them."""
        if count < self.limit("few_cases"):
            return "note"
        if share >= self.limit("contradiction_error"):
            return "error"
        return "warning" if share >= self.limit("contradiction_warning") else "note"


def percent(share: float) -> str:
    """A share in words: two digits, never 0 for what is not nothing."""
    if share != share:
        return "–"
    decimals = 1 if abs(share) >= 0.01 or share == 0 else 2 if abs(share) >= 0.001 else 3
    return f"{100 * share:.{decimals}f}%"
