"""Replicate weights: members are tied to records anew with each set, and the scenario is run with all of them at once.

Calibration makes results non-linear in the weights, so with replicate weights its numbers (intercepts, fitted coefficients,
compliance now) are found for each set, and results are totals with the weights of the set. A column of the run is a set, as it
is a draw elsewhere. What sorts people beforehand is found once from the whole sample and kept: answers that stand for unknown
earnings, the poverty line, fifths, and the median that ``log_income`` is measured from (an intercept takes up the median).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from informality.coverage.alike import forgetful, merged
from informality.coverage.calibration import (
    ANSWERS,
    compulsory_groups,
    enforced,
    level_of,
    membership_logit,
    record_of,
    said,
    scores_of,
)
from informality.coverage.engine import earning, parts_of
from informality.coverage.ground import Ground, Theta
from informality.coverage.levers import Enforcement
from informality.coverage.measures import carrier
from informality.coverage.parts import Part, PartYear
from informality.coverage.people import People
from informality.coverage.policy import Parameters
from informality.coverage.scenario import Scenario, status_quo
from informality.coverage.takeup import calibrate, shrunk
from informality.foundation.errors import InformalityError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


def sums_with_each(people: People, values: Floats) -> Floats:
    """(k, R) sums of values (k, r) of rows, times the weight, with each set of replicate weights."""
    design = people.design
    assert design.replicates is not None
    unit = design.unit[people.person]
    sums = [np.bincount(unit, people.weight * v, minlength=len(design.replicates.factors)) for v in values]
    return np.array(sums) @ design.replicates.factors


def tied_with_each(ground: Ground, scenario: Scenario, theta: Theta) -> Theta:
    """Theta of a scenario, (R,), from each set of replicate weights. ``theta``: that of the whole sample.

    Raises :class:`InformalityError` (DATA) where a record cannot be met with some set.
    """
    try:
        return _tied(ground, scenario, theta)
    except InformalityError as failure:
        problems = [replace(p, what=f"with one of the sets of replicate weights {p.what}") for p in failure.problems]
        raise InformalityError(problems, failure.code) from None


def _tied(ground: Ground, scenario: Scenario, theta: Theta) -> Theta:
    values: dict[str, Floats] = {n: v for n, v in theta.values.items() if n.startswith("alpha:")}  # those given stay
    for group, schemes in compulsory_groups(ground).items():
        says = said(ground, schemes)
        masses = sums_with_each(ground.people, np.array([says == k for k in ANSWERS], dtype=float))
        values[f"insured:{group}"] = level_of(record_of(ground, schemes), masses, group)
    tied = Theta(values, theta.cells)
    for part in parts_of(ground, status_quo(scenario.baseline)):
        if part.kind == "voluntary":
            _coefficients(ground, part, theta, values)
            _intercepts(ground, status_quo(scenario.baseline), part, tied, values)
    for placed in scenario.of(Enforcement):
        inside = enforced(ground, placed)
        answer = ground.answers[str(placed.scheme)]
        masses = sums_with_each(ground.people, np.array([inside & (answer == k) for k in ANSWERS], dtype=float))
        first = np.array([np.argmax(answer == k) for k in ANSWERS])  # masses of answers that nobody gives are 0
        chance = np.where(masses > 0, ground.insured(tied, str(placed.scheme), first), 0.0)
        values[f"now:{placed.name}"] = (chance * masses).sum(axis=0) / masses.sum(axis=0)
    return tied


def _coefficients(ground: Ground, part: Part, theta: Theta, values: dict[str, Floats]) -> None:
    """Coefficients of the survey's own logit, fitted anew."""
    people, spec = ground.people, ground.baseline.spec.takeup
    if not spec.from_survey or not spec.covariates:
        return
    assert people.design.replicates is not None
    factors, unit = people.design.replicates.factors, people.design.unit
    fit, share, varying = membership_logit(ground, part.scheme, part.rows)
    found = None if fit is None else np.array([fit.refit(people.design.weight * f[unit]) for f in factors.T])
    for i, (name, prior) in enumerate(spec.covariates.items()):
        key = f"gamma:{part.scheme}:{name}"
        values[key] = theta.values[key]
        if found is not None and i in varying:
            values[key] = shrunk(found[:, 1 + varying.index(i)], prior.value, share, 1.0)


def _intercepts(ground: Ground, scenario: Scenario, part: Part, theta: Theta, values: dict[str, Floats]) -> None:
    """Intercepts of take-up in a voluntary scheme, where there are records of its members."""
    spec, people, scheme = scenario.baseline.spec, ground.people, part.scheme
    records = [e for e in spec.administrative if scheme in e.schemes]
    if not records:
        return
    code, asked = theta.cells[scheme], forgetful(ground)
    scores_of(asked, scenario, part, theta, Parameters())
    kinds = weighed(ground, merged(ground, asked, scenario, earning(ground, scenario, [part]), theta))[0]
    score, able, p_max = scores_of(ground, scenario, kinds, theta, Parameters())
    keeps = spec.takeup.observed == "keep"
    inside = np.zeros(len(people.person), dtype=bool)
    inside[part.rows] = keeps & ground.observed(scheme, part.rows)
    observed = inside[kinds.rows]
    for i, record in enumerate(records):
        here = (code[kinds.rows] == i) & ~observed
        wanted = record.members - sums_with_each(people, ((code == i) & inside)[None, :].astype(float))[0]
        values[f"alpha:{scheme}:{i}"] = calibrate(
            score[here], kinds.weight(ground, spec.years.base)[here], np.maximum(wanted, 0.0), p_max, able[here],
            f"members on record of {scheme}",
        )  # fmt: skip


def weighed(ground: Ground, parts: Sequence[Part]) -> list[Part]:
    """Parts that know the weights of their groups with each set of replicate weights."""
    everyone = np.ones(len(ground.people.person), dtype=bool)
    return [replace(part, replicated=_weights(ground.people, part, everyone)) for part in parts]


def _weights(people: People, part: Part, inside: Bools) -> Floats:
    """(g, R) weights of the groups of a part, of the people inside, with each set."""
    design = people.design
    assert design.replicates is not None
    kept = inside[part.everybody]
    rows, into = part.everybody[kept], part.into[kept]
    shape = (len(part.aged_rows), len(design.replicates.factors))
    held = sparse.csr_array((people.weight[rows], (into, design.unit[people.person[rows]])), shape=shape)
    return np.asarray(held @ design.replicates.factors)


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Sums by level of a variable with each set of weights: ``codes`` (r,), negative outside, ``size`` levels; ``whole``: and
    before them the total.
    """

    ground: Ground
    codes: Ints
    size: int
    whole: bool = False

    @property
    def masks(self) -> list[Bools]:
        """(r,) who is inside, by level."""
        all_of_them = [np.ones(len(self.codes), dtype=bool)] if self.whole else []
        return all_of_them + [self.codes == k for k in range(self.size)]

    def of(self, part: Part) -> list[tuple[Ints, Floats]]:
        """For each level, the groups of a part that it has people in (i,), and their weights (i, R)."""
        out = []
        for inside in self.masks:
            groups = np.unique(part.into[inside[part.everybody]])
            out.append((groups, _weights(self.ground.people, part, inside)[groups]))
        return out

    def everyone(self, values: Floats) -> Floats:
        """(levels, R) sums of values (r,) of everybody, whether of a part or not."""
        return sums_with_each(self.ground.people, np.array([values * inside for inside in self.masks]))


def summed(
    found: Mapping[str, tuple[str, Floats]], levels: Sequence[tuple[Ints, Floats]], made: PartYear
) -> dict[str, Floats]:
    """Sums of the quantities of a part, (levels, R)."""
    carriers = {name: _by_group(made, name) for name in {carried for carried, _ in found.values()}}
    out = {name: np.zeros((len(levels), levels[0][1].shape[1])) for name in found}
    for k, (groups, weights) in enumerate(levels):
        weighted = {name: c[groups] * weights for name, c in carriers.items()}
        for name, (carried, factor) in found.items():
            out[name][k] = factor[groups] @ weighted[carried]
    return out


def _by_group(made: PartYear, name: str) -> Floats:
    values = carrier(made, name)
    return values if name == "rights" else made.part.aged(values)
