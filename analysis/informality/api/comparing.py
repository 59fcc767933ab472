"""Comparing results: differences of surveys, averages, tests that numbers are 0, and whether two things go together."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from informality.api import units
from informality.api.asked import Checked, Condition
from informality.api.combining import combine, in_order_of, require_one_sample
from informality.api.results import Result
from informality.api.survey import Survey
from informality.foundation.grammar import MISSING
from informality.inference.estimates.association import HypothesisTest, Method, independence
from informality.inference.estimates.comparisons import Correction, corrected, t_test
from informality.inference.estimates.contrast import weighted_mean


def difference(a: Result, b: Result, *, independent: bool = False) -> Result:
    """a - b, cell by cell, or one number less each of the other's; ``a - b`` is the same for results of one survey.

    ``independent``: the results come from samples that were drawn independently of each other (two countries, two
    surveys), so their errors add up: se = sqrt(se_a^2 + se_b^2). Without it, results of different surveys are refused
    (ESTIMATE), because what their samples share cannot be seen: pool the waves instead.

    >>> rate = inf.share(lfs, of={"job": "informal"}, among={"employed": "yes"}, by="sex")
    >>> gap = inf.difference(rate["female"], rate["male"])
    >>> gap.value == (rate["female"] - rate["male"]).value
    True
    """
    return combine(a, b, "-", operator.sub, independent=independent)


def average(results: Sequence[Result], weights: Sequence[float] | None = None) -> Result:
    """Weighted mean of results with the same cells, in their unit: the year from its quarters.

    ``weights``: a fixed number for each, not negative; equal without it. The error knows what the results share.

    >>> rate = inf.share(lfs, of={"job": "informal"}, among={"employed": "yes"}, by="sex")
    >>> middle = inf.average([rate["female"], rate["male"]])
    >>> middle.unit, bool(abs(float(middle) - rate.value.mean()) < 1e-15)
    ('share', True)
    """
    if not results:
        raise ValueError("an average takes at least one result")
    require_one_sample(results)
    wide = max(results, key=len)
    parts = [in_order_of(wide, part) if len(part) > 1 else part for part in results]
    for part in parts:
        units.combined(wide.unit, part.unit, "+")
    numbers = weighted_mean([part.numbers for part in parts], weights)
    names = list(dict.fromkeys(part.name for part in parts if part.name))
    titles = list(dict.fromkeys(part.title for part in parts))
    return wide.formed(numbers, f"Average of {' and '.join(titles)}", " and ".join(names), wide.unit, parts)


def test(result: Result, correction: Correction = "none", *, df: float | None = None) -> pd.DataFrame:  # noqa: PT028
    """Test of each number that it is 0, two-sided: value, se, t, df, p, p_corrected; a row per cell, its levels the index.

    For a difference this is the test that two numbers are equal; to test against another value subtract it first.
    ``correction`` for the number of tests: ``holm`` (Holm 1979), ``benjamini-hochberg`` (1995), or ``none``. ``df``:
    degrees of freedom to use instead of those of each number. All together: ``Result.joint_test``.

    >>> rate = inf.share(lfs, of={"job": "informal"}, among={"employed": "yes"}, by=["area", "sex"])
    >>> gaps = rate["rural"] - rate["urban"]
    >>> bool((inf.test(gaps, "holm")["p_corrected"] < 0.05).all())
    True
    """
    tested = t_test(result.numbers, df).set_axis(result.rows.index)
    return tested.assign(p_corrected=corrected(tested["p"], correction))


@dataclass(frozen=True, slots=True)
class Association:
    """A test that two characteristics are independent: ``test``, on ``n`` persons; ``left_out`` without usable answers."""

    first: str
    second: str
    test: HypothesisTest
    n: int
    left_out: int

    def __str__(self) -> str:
        lost = f"; {self.left_out:,} without a usable answer on both are left out" if self.left_out else ""
        return f"{self.first} and {self.second}: {self.test}\n{self.n:,} sampled persons{lost}."

    def __repr__(self) -> str:
        return str(self)


def association(
    survey: Survey, first: str, second: str, among: Condition | None = None, *, method: Method = "rao-scott-f"
) -> Association:
    """Do two category variables go together? A test of the table of both; by default Rao and Scott's second order F.

    ``method``: see ``inference.estimates.association`` (Rao and Scott 1981, 1984; Koch, Freeman and Freeman 1975; R
    ``svychisq``). Persons without a usable answer on both, or to whom one does not apply, are left out and
    counted. Raises :class:`InformalityError`: USAGE, or ESTIMATE for fewer than two levels among the cases.

    >>> found = inf.association(lfs, "sex", "job", among={"employed": "yes"})
    >>> found.n, 0 <= found.test.p <= 1
    (8872, True)
    """
    asked = Checked("association", survey)
    pair = [asked.of(part, name, "category") for part, name in (("first", first), ("second", second))]
    universe = asked.condition("among", among)
    if pair[0] == pair[1]:
        asked.problem("second", f"`{second}` is compared with itself", "", "name another variable")
    asked.finish()
    people = survey.people
    inside = people.mask(universe)
    if not inside.any():
        raise asked.nobody(universe)
    if people.undetermined(asked.names, universe).any():
        raise asked.undetermined(people.undetermined(asked.names, universe))
    codes, usable = [], inside.copy()
    for name in map(str, pair):
        column = people.frame[name]
        codes.append(column.cat.codes.to_numpy())
        usable &= ~column.isin(MISSING).to_numpy()
    titles = [people.variables[str(name)].title for name in pair]
    found = independence(survey.design, codes[0], codes[1], method, inside=usable)
    return Association(titles[0], titles[1], found, int(usable.sum()), int((inside & ~usable).sum()))
