"""Tying the model to members on record, and what that does to sampling errors.

What is tied has no sampling error left, and what moves with it has less. Each number found here solves an equation in
weighted sums, sum w psi(theta) = known, so its influence is - w psi / (d/d theta sum w psi) (Binder 1983); the engine
says how results move with theta, and the chain rule does the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from informality.coverage.alike import forgetful, merged
from informality.coverage.baseline import Baseline, MembersSpec
from informality.coverage.eligibility import MANDATORY
from informality.coverage.engine import earning, parts_of
from informality.coverage.ground import NO, UNCLEAR, YES, Ground, Theta
from informality.coverage.levers import Enforcement
from informality.coverage.parts import Part
from informality.coverage.policy import Parameters, rules_of
from informality.coverage.scenario import Placed, Scenario, status_quo
from informality.coverage.takeup import calibrate as solve
from informality.coverage.takeup import intercept_of, shrunk, take_up
from informality.coverage.voluntary import offer_of
from informality.foundation.errors import ExitCode, InformalityError, Problem

if TYPE_CHECKING:
    from informality.inference.models.fitted import Fit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

_ENOUGH = 10.0  # members for each covariate from which the survey speaks for itself
_STEP = 1e-6  # compliance is linear in s, so any small step gives its slope


def tied(ground: Ground, baseline: Baseline, parameters: Parameters) -> Theta:
    """Theta of a baseline: in the base year, without any lever, members are those on record.

    With draws, intercepts are found anew for each draw. Influences are only made on the central path.
    """
    values: dict[str, Floats] = {}
    cells: dict[str, Ints] = {}
    influence: dict[str, Floats] = {}
    gaps: dict[str, tuple[float, float]] = {}
    _compulsory(ground, values, influence, gaps)
    _voluntary(ground, status_quo(baseline), parameters, values, cells, influence, gaps)
    return Theta(values, cells, influence, gaps)


def for_scenario(theta: Theta, ground: Ground, scenario: Scenario) -> Theta:
    """Theta with what the levers of a scenario ask of the base year: compliance now of whom they enforce."""
    values, influence = dict(theta.values), dict(theta.influence)
    _compliance_now(ground, scenario, theta, values, influence)
    return Theta(values, theta.cells, influence, theta.gaps)


def _compulsory(
    ground: Ground, values: dict[str, Floats], influence: dict[str, Floats], gaps: dict[str, tuple[float, float]]
) -> None:
    """The one number s of each group of schemes (see :meth:`Ground.insured`)."""
    weight = ground.people.weight
    for group, schemes in compulsory_groups(ground).items():
        says = said(ground, schemes)
        masses = np.array([[float(weight[says == k].sum())] for k in ANSWERS])
        record, name = record_of(ground, schemes), f"insured:{group}"
        values[name] = level_of(record, masses, group)
        yes, unclear, no = masses[:, 0]
        if record is None:
            share = values[name][0] - 1
            psi = (says == YES) - share * ((says == YES) | (says == NO))
            influence[name] = weight * psi / (yes + no) if yes + no else np.zeros(len(weight))
            continue
        gaps[group] = (yes, record.members)
        s = values[name][0]
        last = min(max(math.ceil(s) - 1, 0), len(ANSWERS) - 1)
        chance = np.where(says < last, 1.0, 0.0) * (says >= 0)
        chance = np.where(says == last, s - last, chance)
        slope = (yes, unclear, no)[last]
        influence[name] = -weight * chance / slope if slope else np.zeros(len(weight))


ANSWERS = (YES, UNCLEAR, NO)


def compulsory_groups(ground: Ground) -> dict[str, list[str]]:
    """Schemes that someone must join, by the record they share."""
    groups: dict[str, list[str]] = {}
    for scheme, code in ground.covered.items():
        if (code == MANDATORY).any():
            groups.setdefault(ground.group_of(scheme), []).append(scheme)
    return groups


def said(ground: Ground, schemes: Sequence[str]) -> Ints:
    """(r,) what those who must join one of the schemes answer, -1 for all others."""
    says = np.full(len(ground.people.person), -1)
    for scheme in schemes:
        here = ground.covered[scheme] == MANDATORY
        says[here] = ground.answers[scheme][here]
    return says


def level_of(record: MembersSpec | None, masses: Floats, group: str) -> Floats:
    """The number s of a group of schemes (k,), from the weights of those who say yes, unclear and no (3, k).

    Members on record are looked for among those who say so, then the unclear, then the others. Without a record, those whose
    answer is unclear are members as often as the others.
    """
    if record is None:
        answered = masses[0] + masses[2]
        return np.asarray(1 + np.divide(masses[0], answered, out=np.zeros(len(answered)), where=answered > 0))
    if (record.members > masses.sum(axis=0)).any():
        raise InformalityError(
            Problem(
                f"members on record of {group}",
                "there are more members on record than people who must be members",
                f"{record.members:,.0f} members, {masses.sum(axis=0).min():,.0f} workers who must join",
                "check the administrative figure and its definition, or whom the schemes cover",
            ),
            ExitCode.DATA,
        )
    rest = record.members - np.concatenate([np.zeros((1, masses.shape[1])), np.cumsum(masses, axis=0)[:-1]])
    filled = np.divide(rest, masses, out=(rest > 0).astype(float), where=masses > 0)
    return np.asarray(np.clip(filled, 0.0, 1.0).sum(axis=0))


def _voluntary(
    ground: Ground, scenario: Scenario, parameters: Parameters, values: dict[str, Floats],
    cells: dict[str, Ints], influence: dict[str, Floats], gaps: dict[str, tuple[float, float]],
) -> None:  # fmt: skip
    """Intercepts of take-up by scheme, or by cell of its records."""
    people, spec = ground.people, scenario.baseline.spec
    for part in parts_of(ground, scenario):
        if part.kind != "voluntary":
            continue
        rows, scheme = part.rows, part.scheme
        if spec.takeup.from_survey and spec.takeup.covariates:
            _fitted(ground, scheme, rows, values, influence)
        records = [e for e in spec.administrative if scheme in e.schemes]
        if not records:
            if spec.takeup.start is None:
                raise InformalityError(
                    Problem(
                        scenario.baseline.file.path.name,
                        f"nothing says how many people are voluntary members of `{scheme}` now",
                        fix="add a record of members (`administrative`), or `takeup.start`, the share who join by themselves",
                    ),
                    ExitCode.SPEC,
                )
            values[f"alpha:{scheme}:0"] = intercept_of(parameters("takeup.start", spec.takeup.start))
            continue
        code = np.full(len(people.person), -1, dtype=np.intp)
        for i, record in enumerate(records):
            code[rows[people.where(record.where)[rows]]] = i
        _require_partition(scheme, records, ground, rows, code)
        cells[scheme] = code
        keeps = spec.takeup.observed == "keep"
        known = ground.observed(scheme, rows) if keeps else np.zeros(len(rows), dtype=bool)
        weight, theta = people.weight[rows], Theta(values, cells)
        some = _kinds(ground, scenario, part, theta) if parameters.size > 1 else part
        score, able, p_max = scores_of(ground, scenario, some, theta, parameters)
        observed = ground.observed(scheme, some.rows) if keeps else np.zeros(len(some.rows), dtype=bool)
        for i, record in enumerate(records):
            name, here = f"alpha:{scheme}:{i}", (code[some.rows] == i) & ~observed
            wanted = record.members - float(weight[(code[rows] == i) & known].sum())
            alpha = solve(
                score[here], some.weight(ground, spec.years.base)[here], max(wanted, 0.0), p_max, able[here],
                f"members on record of {scheme}",
            )  # fmt: skip
            values[name] = np.atleast_1d(alpha)
            gaps[name.removeprefix("alpha:")] = (
                float(weight[(code[rows] == i) & ground.observed(scheme, rows)].sum()),
                record.members,
            )
            if parameters.size == 1:
                p = take_up(score[here, 0], values[name], p_max, able[here, 0])
                free = p < p_max
                slope = float(
                    (weight[here] * np.where(free, _slope(score[here, 0] + values[name]), 0.0) * able[here, 0]).sum()
                )
                z = np.zeros(len(people.person))
                z[rows[here]] = -weight[here] * p / slope if slope else 0.0
                fixed = (code[rows] == i) & observed
                z[rows[fixed]] = -weight[fixed] / slope if slope else 0.0
                for covariate in spec.takeup.covariates if slope else ():
                    fitted = influence.get(f"gamma:{scheme}:{covariate}")
                    if fitted is not None:  # the intercept gives way to a coefficient
                        x = ground.covariate(covariate)[rows[here]]
                        pull = _slope(score[here, 0] + values[name]) * free * able[here, 0]
                        z -= float((weight[here] * pull) @ x) / slope * fitted
                influence[name] = z


def scores_of(
    ground: Ground, scenario: Scenario, part: Part, theta: Theta, parameters: Parameters
) -> tuple[Floats, Bools, Floats]:
    """Scores of a voluntary part in the base year and who can pay, (m, draws), and the most that may join (draws,)."""
    spec = scenario.baseline.spec
    rules = rules_of(scenario, part.scheme, spec.years.base, parameters)
    offer = offer_of(ground, scenario, part, rules, parameters)
    score = ground.scores(scenario, part.scheme, part.rows, theta, parameters)
    score = score + parameters("takeup.beta_subsidy", spec.takeup.beta_subsidy) * offer.share
    p_max = parameters("takeup.p_max", spec.takeup.p_max)
    shape = np.broadcast_shapes(score.shape, offer.able.shape, (1, len(p_max)))
    return np.broadcast_to(score, shape), np.broadcast_to(offer.able, shape), p_max


def _kinds(ground: Ground, scenario: Scenario, part: Part, theta: Theta) -> Part:
    """A part with those merged whom nothing tells apart that is asked in the base year."""
    asked = forgetful(ground)
    scores_of(asked, scenario, part, theta, Parameters())
    return merged(ground, asked, scenario, earning(ground, scenario, [part]), theta)[0]


def _fitted(ground: Ground, scheme: str, rows: Ints, values: dict[str, Floats], influence: dict[str, Floats]) -> None:
    """Coefficients of who says to be a member of a voluntary scheme, by the design's own logit, drawn to their priors when few.

    Their influence is the logit's (its sandwich), by person.
    """
    fit, share, varying = membership_logit(ground, scheme, rows)
    for i, (name, prior) in enumerate(ground.baseline.spec.takeup.covariates.items()):
        key, z = f"gamma:{scheme}:{name}", np.zeros(len(ground.people.person))
        values[key] = np.array([prior.value])
        if fit is not None and i in varying:
            at = 1 + varying.index(i)
            values[key] = shrunk(fit.params[at : at + 1], prior.value, share * _ENOUGH, _ENOUGH)
            z[: len(ground.people.frame)] = share * fit.influence()[:, at]
        influence[key] = z


def membership_logit(ground: Ground, scheme: str, rows: Ints) -> tuple[Fit | None, float, list[int]]:
    """The logit of membership among those who may join and whose earnings and answer are known; how much say it has beside
    the priors; and which covariates vary there. None where nothing can be fitted.
    """
    from informality.inference.models.regression import logit

    people, names = ground.people, list(ground.baseline.spec.takeup.covariates)
    n = len(people.frame)
    inside = np.zeros(len(people.person), dtype=bool)
    inside[rows] = True
    asked = (inside & ~people.imputed & (people.earnings > 0) & (ground.answers[scheme] != UNCLEAR))[:n]
    member = (ground.answers[scheme] == YES)[:n] & asked
    columns = [ground.covariate(name)[:n] for name in names]
    varying = [i for i, x in enumerate(columns) if len(np.unique(x[asked])) > 1]
    share = min(1.0, member.sum() / max(len(varying), 1) / _ENOUGH)
    if not varying or not 0 < member.sum() < asked.sum():
        return None, share, varying
    frame = pd.DataFrame({"member": member.astype(float), **{f"x{i}": columns[i] for i in varying}})
    return logit(people.design, frame, "member ~ " + " + ".join(f"x{i}" for i in varying), domain=asked), share, varying


def _slope(score: Floats) -> Floats:
    p = expit(score)
    return np.asarray(p * (1 - p))


def enforced(ground: Ground, placed: Placed) -> Bools:
    """(r,) whom an enforcement lever is about."""
    lever = placed.lever
    assert isinstance(lever, Enforcement)
    inside = ground.covered[lever.scheme] == MANDATORY
    return np.asarray(inside & ground.people.where(lever.who) if lever.who else inside)


def _compliance_now(
    ground: Ground, scenario: Scenario, theta: Theta, values: dict[str, Floats], influence: dict[str, Floats]
) -> None:
    """Compliance in the base year of the people an enforcement lever is about."""
    weight = ground.people.weight
    for placed in scenario.of(Enforcement):
        lever, scheme = placed.lever, str(placed.scheme)
        assert isinstance(lever, Enforcement)
        inside = enforced(ground, placed)
        if not inside.any():
            raise InformalityError(
                Problem(
                    placed.place,
                    "nobody in the survey is covered by law and meets `who`",
                    fix="widen `who`, or take the lever out",
                ),
                ExitCode.DATA,
            )
        rows = np.flatnonzero(inside)
        chance = ground.insured(theta, scheme, rows)[:, 0]
        total = weight[rows].sum()
        now = float(weight[rows] @ chance) / total
        values[f"now:{placed.name}"] = np.array([now])
        group = f"insured:{ground.group_of(scheme)}"
        z = np.zeros(len(weight))
        z[rows] = weight[rows] * (chance - now) / total
        less = float(weight[rows] @ ground.insured(theta.moved(group, -_STEP), scheme, rows)[:, 0]) / total
        z += (now - less) / _STEP * influence[group]
        influence[f"now:{placed.name}"] = z


def record_of(ground: Ground, schemes: Sequence[str]) -> MembersSpec | None:
    """The record of members of just these schemes, if there is one."""
    for entry in ground.baseline.spec.administrative:
        if set(entry.schemes) == set(schemes) and not entry.where:
            return entry
    return None


def _require_partition(scheme: str, records: list[MembersSpec], ground: Ground, rows: Ints, code: Ints) -> None:
    """Each person who may join belongs to one record."""
    count = np.sum([ground.people.where(r.where)[rows] for r in records], axis=0)
    for what, bad in (("in none", count == 0), ("in more than one", count > 1)):
        if bad.any():
            raise InformalityError(
                Problem(
                    f"members on record of {scheme}",
                    f"some people who may join are {what} of the groups that members are given for",
                    f"{int(bad.sum()):,} sampled persons",
                    "give members for groups that together are everybody and do not overlap",
                    count=int(bad.sum()),
                ),
                ExitCode.DATA,
            )
