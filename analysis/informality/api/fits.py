"""A fitted model as a user sees it: a regression table with labels, and what can be asked of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from informality.api.asked import condition_words
from informality.api.cases import Cases
from informality.api.diagnostics import Diagnostics, diagnosed
from informality.api.effects import Effects
from informality.api.printing import Shown
from informality.api.regression_table import Line, lines, table_parts
from informality.api.results import Context
from informality.api.rows import CONFIDENCE
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.inference.models import margins, model_tests
from informality.inference.models.fitted import Fit as CoreFit
from informality.inference.models.margins import Errors
from informality.inference.models.quantile_regression import QuantileFit
from informality.publication.formats import MINUS
from informality.publication.table import Table
from informality.tabulation.people import People

Tests = Literal["wald", "working_wald", "likelihood_ratio"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fit(Shown):
    """A fitted model. It prints as a table: a heading for each factor, its reference level, coefficients with
    design-based errors, odds (or rate) ratios with their interval, and who is in the model and who is not.

    ``core`` holds the numbers: ``value``, ``cov``, ``names`` (k,), and all that ``inference.models`` computes from them.
    """

    core: CoreFit | QuantileFit
    title: str
    cases: Cases
    people: People
    context: Context
    notes: tuple[str, ...]
    units: Mapping[str, str]

    @property
    def n(self) -> int:
        """Sampled persons in the model."""
        return self.core.n

    @property
    def df(self) -> int:
        """Degrees of freedom of t tests of the coefficients: those of the design plus 1, less the coefficients of an equation."""
        return self.core.df

    @property
    def formula(self) -> str:
        """The formula that was fitted."""
        return self.cases.formula

    # -- asking

    def margins(
        self,
        variables: str | Sequence[str] | None = None,
        *,
        at: Mapping[str, Any] | None = None,
        over: str | None = None,
        change: Mapping[str, float] | None = None,
        errors: Errors = "unconditional",
    ) -> Effects:
        """Average marginal effects of some variables (all of the model) on the outcome, with design-based errors.

        Factors: each level against the reference, for everyone; numbers: the slope, or with ``change={"age": 10}``
        the effect of so much more. ``at`` holds other variables at values (a list makes a grid), ``over`` a category
        variable of the survey: averages within each of its groups. ``errors``: ``unconditional`` (Graubard and Korn 1999),
        or ``delta`` for these very people. See ``inference.models.margins``.

        >>> fit = inf.logit(lfs, of={"job": "informal"}, on="sex + area", among={"employed": "yes"})
        >>> fit.margins("sex", over="area").to_pandas()["in area"].tolist()
        ['Urban', 'Rural']
        """
        core = self._core("margins")
        wanted = [variables] if isinstance(variables, str) else variables
        found = margins.effects(
            core, wanted, at=self._identified(at), over=self._groups(over), change=change, errors=errors
        )
        title = f"Average marginal effects: {self.title}"
        return Effects(found, title, self._unit(effects=True), self.context, self._of, self._changes(core), self.notes)

    def predicted(
        self,
        by: str | Sequence[str] = (),
        *,
        at: Mapping[str, Any] | None = None,
        over: str | None = None,
        errors: Errors = "unconditional",
    ) -> Effects:
        """Average predictions: with ``by``, everyone is given each level of these variables in turn, all else as it is.

        That is what the groups would have in common circumstances; with ``over`` the average is within each group of the
        survey as it is. Gaps between the rows: ``.differences()``. ``at`` and ``errors`` as in :meth:`margins`.

        >>> fit = inf.logit(lfs, of={"job": "informal"}, on="sex + area", among={"employed": "yes"})
        >>> len(fit.predicted("sex"))
        2
        """
        core = self._core("predictions")
        wanted = [by] if isinstance(by, str) else list(by)
        found = margins.predicted(core, wanted, at=self._identified(at), over=self._groups(over), errors=errors)
        return Effects(
            found,
            f"Average predictions: {self.title}",
            self._unit(effects=False),
            self.context,
            self._of,
            {},
            self.notes,
        )

    def predict(self, frame: pd.DataFrame | None = None) -> pd.Series | pd.DataFrame:
        """The predicted mean of each person, or probability of each outcome; NaN for persons outside the model.

        ``frame``: other persons, with the variables of the formula. Raises :class:`InformalityError` (DATA) for blanks.

        >>> fit = inf.logit(lfs, of={"job": "informal"}, on="sex + area", among={"employed": "yes"})
        >>> int(fit.predict().notna().sum()) == fit.n
        True
        """
        core = self._core("predictions")
        found = core.predict(frame)
        index = self.cases.frame.index if frame is None else frame.index
        if core.outcomes:
            return pd.DataFrame(found, index=index, columns=list(core.outcomes))
        return pd.Series(found, index=index, name="predicted")

    def test(self, terms: str | Sequence[str], method: Tests = "wald") -> model_tests.ModelTest:
        """Are the coefficients of some terms (or some coefficients, by name) all 0?

        ``wald`` with the design's covariance; ``working_wald`` and ``likelihood_ratio`` with the working likelihood, referred
        to its distribution under the design (Rao and Scott 1984; Lumley and Scott 2014): steadier with few sampling units.

        >>> fit = inf.logit(lfs, of={"job": "informal"}, on="sex + education", among={"employed": "yes"})
        >>> fit.test("education").df
        5
        """
        if method == "wald":
            if isinstance(self.core, QuantileFit):
                return model_tests.wald(self.core, self._coefficients_of(terms))
            return model_tests.wald(self.core, terms)
        tests = {"working_wald": model_tests.working_wald, "likelihood_ratio": model_tests.likelihood_ratio}
        if method not in tests:
            raise InformalityError(
                Problem(
                    "test", f"`{method}` is not a test of coefficients", fix=did_you_mean(method, ["wald", *tests])
                ),
                ExitCode.USAGE,
            )
        return tests[method](self._core("working tests"), terms)

    def odds_ratios(self, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """exp(coefficient) under its name (odds, rate or relative risk ratio), se (delta method), p, low and high (k rows).

        >>> fit = inf.logit(lfs, of={"job": "informal"}, on="sex", among={"employed": "yes"})
        >>> fit.odds_ratios().columns.tolist()
        ['odds ratio', 'se', 'p', 'low', 'high', 'variable', 'level']
        """
        if not self._ratio:
            raise InformalityError(
                Problem("odds ratios", "the coefficients of this model are not logarithms of ratios", self.title,
                        "fit a logit, or ask for margins()"), ExitCode.USAGE,
            )  # fmt: skip
        table = self.core.table(confidence, exponentiate=True)[["value", "se", "p", "low", "high"]]
        return self._labelled(table.rename(columns={"value": self._ratio}))

    def to_pandas(self, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """All coefficients in full (k rows, by name): value, se, t, p, low, high; and the labels of variable and level.

        >>> fit = inf.logit(lfs, of={"job": "informal"}, on="sex", among={"employed": "yes"})
        >>> fit.to_pandas().loc["sex[female]", "level"]
        'Women'
        """
        return self._labelled(self.core.table(confidence))

    def diagnostics(self, groups: int = 10) -> Diagnostics:
        """Does the model hold: Archer and Lemeshow's test (2006) over ``groups``, ROC, variance inflation, influence.

        The test and the ROC are for models of a condition, and left out for others.

        >>> fit = inf.logit(lfs, of={"job": "informal"}, on="sex + education", among={"employed": "yes"})
        >>> 0.5 < float(fit.diagnostics().roc.value[0]) < 1
        True
        """
        return diagnosed(self._core("diagnostics"), groups)

    def _core(self, what: str) -> CoreFit:
        if isinstance(self.core, QuantileFit):
            raise InformalityError(
                Problem(what, "a quantile regression has none", self.title,
                        "its coefficients are the effects on the quantile themselves"), ExitCode.USAGE,
            )  # fmt: skip
        return self.core

    @property
    def _ratio(self) -> str:
        return "" if isinstance(self.core, QuantileFit) else self.core.ratio

    def _unit(self, *, effects: bool) -> str:
        """The unit of a prediction, or of a difference of two."""
        of = self.cases.of
        if isinstance(of, str) and self.people.variables[of].kind == "number":
            return self.units.get(of, "")
        return "points" if effects else "share"

    def _identified(self, at: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Values with printed labels made identifiers."""
        if at is None:
            return None

        def one(name: str, value: Any) -> Any:
            variable = self.people.variables.get(name)
            if variable is None or variable.kind != "category":
                return value
            return next((c for c in variable.categories if str(value) in (c, variable.label(c))), value)

        listed = {n: v if isinstance(v, (list, tuple, np.ndarray)) else [v] for n, v in at.items()}
        return {name: [one(name, value) for value in values] for name, values in listed.items()}

    def _groups(self, over: str | None) -> Any:
        """A variable of the model by name, or the groups of another category variable of the survey."""
        if over is None or over in self.cases.frame.columns:
            return over
        variable = self.people.variables.get(over)
        if variable is None or variable.kind != "category":
            names = [n for n, v in self.people.variables.items() if v.kind == "category"]
            raise InformalityError(
                Problem("margins, over", f"`{over}` is not a category variable", fix=did_you_mean(over, names)),
                ExitCode.USAGE,
            )
        return self.people.frame[over].rename(over)

    def _coefficients_of(self, terms: str | Sequence[str]) -> list[str]:
        wanted = [terms] if isinstance(terms, str) else list(terms)
        matrix = self.core.data.sample.matrix
        return [
            n for t in wanted for n, term in zip(matrix.names, matrix.terms, strict=True) if t in (n, term)
        ] or wanted

    def _changes(self, core: CoreFit) -> dict[tuple[str, str], str]:
        """How the changes of a margin are printed."""
        said: dict[tuple[str, str], str] = {}
        for name, variable in core.matrix.variables.items():
            if variable.levels is None:
                unit = self.units.get(name, "")
                said[name, "slope"] = f"per unit ({unit})" if unit else "per unit"
                continue
            first, *others = variable.labels
            for level in others:
                words = (self.context.label(name, level), self.context.label(name, first))
                said[name, f"{level} - {first}"] = f" {MINUS} ".join(words)
        return said

    def _lines(self) -> list[Line]:
        return lines(self.core, self.context, self._of, self.units)

    @property
    def _of(self) -> str:
        return self.cases.of if isinstance(self.cases.of, str) else ""

    def _labelled(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table of the coefficients with the printed labels of variable and level."""
        told = {line.place: (line.heading or line.label, line.label if line.heading else "") for line in self._lines()}
        pairs = [told[i] for i in range(len(table))]
        return table.assign(variable=[v for v, _ in pairs], level=[level for _, level in pairs])

    # -- showing

    @property
    def spare(self) -> tuple[str, ...]:
        return ("value", "se") if self._ratio else ("se",)

    def table(self) -> Table:
        """The regression table that is printed."""
        columns, groups = table_parts(self.core, self._lines(), self._ratio)
        title = self.title
        if self.cases.among:
            title += f", among {condition_words(self.cases.among, self.people)}"
        return Table("fit", title, columns, groups, (*self._statistics(), *self.notes), self.context.source)

    def _statistics(self) -> list[str]:
        """Cases, degrees of freedom, and how well the model fits."""
        core = self.core
        said = [
            f"{core.n:,} sampled persons standing for {core.n_weighted:,.0f}; {core.design_df:,} degrees of freedom of the "
            f"design, {core.df:,} for each coefficient.",
            f"Formula: {self.formula}.",
        ]
        if isinstance(core, CoreFit):
            name = "R squared" if core.family == "gaussian" else "Share of the deviance explained"
            said.insert(1, f"{name}: {core.explained:.3f}.")
            said += [
                f"{note.what[:1].upper()}{note.what[1:]}; {note.fix}." if note.fix else f"{note.what}."
                for note in core.notes
            ]
        if core.df <= 0:
            said.append(
                "The design has fewer degrees of freedom than the model has coefficients, so there are no tests."
            )
        return said
