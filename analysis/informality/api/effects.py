"""Margins of a model with their labels: they print as a table, compare, and go to pandas."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from informality.api.combining import ALL
from informality.api.printing import Shown, finer, number_format, p_words
from informality.api.results import Context
from informality.api.rows import CONFIDENCE
from informality.inference.models.margins import Margins
from informality.inference.sampling.moments import FloatArray
from informality.publication.formats import MINUS
from informality.publication.table import Cell, Column, RowGroup, Table

OUTCOME, VARIABLE, CHANGE, WITHIN = "outcome", "variable", "change", "in "


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Effects(Shown):
    """k margins with their covariance. Effects on a share are in points and predictions of one are fractions of 1; both
    print times 100. ``core`` holds the numbers; ``changes`` the printed words for each change of a factor.
    """

    core: Margins
    title: str
    unit: str
    context: Context
    of: str
    changes: Mapping[tuple[str, str], str]
    notes: tuple[str, ...] = ()

    @property
    def value(self) -> FloatArray:
        """(k,) the margins."""
        return self.core.value

    @property
    def se(self) -> FloatArray:
        """(k,) their standard errors."""
        return self.core.se

    @property
    def p(self) -> FloatArray:
        """(k,) probability of a t as far from 0, were the true value 0."""
        return self.core.p

    def covariance(self) -> FloatArray:
        """(k, k) their covariance."""
        return self.core.cov

    def interval(self, confidence: float = CONFIDENCE) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limits (k,), by the t distribution with the degrees of freedom of the design."""
        return self.core.interval(confidence)

    def __len__(self) -> int:
        return len(self.core.value)

    def to_pandas(self, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """Printed labels, then value, se, t, p, low, high in full; k rows."""
        numbers = self.core.table(confidence).reset_index(drop=True)
        return pd.concat([self._labels().reset_index(drop=True), numbers], axis=1)

    def differences(self, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """Every margin less every other, with the error of the difference: first, second, value, se, t, p, low, high."""
        names = self._names()
        pairs = list(itertools.combinations(range(len(names)), 2))
        core = self.core.differences([(self.core.names[i], self.core.names[j]) for i, j in pairs])
        table = core.table(confidence).reset_index(drop=True)
        table.insert(0, "first", [names[i] for i, _ in pairs])
        table.insert(1, "second", [names[j] for _, j in pairs])
        return table

    def _labels(self) -> pd.DataFrame:
        """The labels of the rows as they are printed; ``variable`` keeps its name."""
        labels = self.core.labels.copy()
        for column in labels.columns:
            if column == CHANGE:
                pairs = zip(labels[VARIABLE], labels[CHANGE], strict=True)
                labels[CHANGE] = [self.changes.get(pair, pair[1].replace(" - ", f" {MINUS} ")) for pair in pairs]
            elif column != VARIABLE:
                name = self.of if column == OUTCOME else str(column).removeprefix(WITHIN)
                labels[column] = [self.context.label(name, level) for level in labels[column]]
        return labels

    def _names(self) -> list[str]:
        """(k,) what the reader calls each margin."""
        rows = self._labels().to_dict("records")
        return [", ".join(str(v) for k, v in row.items() if k != VARIABLE and v != "") or ALL for row in rows]

    @property
    def spare(self) -> tuple[str, ...]:
        return ("se",)

    def table(self) -> Table:
        """The table that is printed: a heading per variable, a row per change or level, and its error."""
        number = number_format(self.unit, self.core.se)
        low, high = self.core.interval(CONFIDENCE)
        around = (f"{CONFIDENCE * 100:g}% interval",)
        effects = CHANGE in self.core.labels.columns
        columns = [
            Column("label", ""),
            Column("value", number.heading, number, align="right"),
            Column("se", "Std. error", finer(number, ""), align="right"),
            Column("low", "Low", number, around, "right"),
            Column("high", "High", number, around, "right"),
            *([Column("p", "p", align="right")] if effects else []),
        ]
        groups: dict[str, list[tuple[Cell, ...]]] = {}
        for i, row in enumerate(self._labels().to_dict("records")):
            heading, label = self._heading_and_label({str(k): str(v) for k, v in row.items() if v != ""})
            numbers = [Cell(float(x[i])) for x in (self.core.value, self.core.se, low, high)]
            tested = [Cell(p_words(float(self.core.p[i])))] if effects else []
            groups.setdefault(heading, []).append((Cell(label), *numbers, *tested))
        built = tuple(RowGroup(heading, tuple(rows)) for heading, rows in groups.items())
        return Table("effects", self.title, tuple(columns), built, self.notes, self.context.source)

    def _heading_and_label(self, row: dict[str, str]) -> tuple[str, str]:
        """Effects stand below their variable; predictions below their outcome or the last thing that is held or grouped."""
        variable, change, outcome = row.pop(VARIABLE, ""), row.pop(CHANGE, ""), row.pop(OUTCOME, "")
        said = [f"{self.context.title(k.removeprefix(WITHIN))}: {level}" for k, level in row.items()]
        if variable:
            return ", ".join([self.context.title(variable), *said, *([outcome] if outcome else [])]), change
        if outcome:
            return outcome, ", ".join(said) or ALL
        return "", ", ".join(said) or ALL
