"""The people of a survey as the model needs them: earnings, households, means, and who belongs to which group.

Earnings that are not known are not guessed one by one: such a person is stood for by the answers of similar
people, five equally likely ones (fractional hot-deck imputation at quantiles; Kim and Fuller 2004). That keeps expected
values free of random draws, of the order of rows, and of how rows are split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE, column
from informality.classification.definition import Definition
from informality.coverage.baseline import WelfareSpec
from informality.coverage.distribution import line_at_headcount, quantile_groups
from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.grammar import NOT_APPLICABLE, UNKNOWN, CellValue, Variable
from informality.foundation.rules import compile_filter
from informality.foundation.schema import Schema
from informality.inference.sampling.design import Design

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

ANSWERS = 5
_DONORS = 20
QUINTILES = ("q1", "q2", "q3", "q4", "q5")
BANDS = ("poor", "near_poor", "other")

MADE = {
    "quintile": Variable("quintile", "category", (*QUINTILES, UNKNOWN), "Fifth of people by household means per head"),
    "welfare_band": Variable("welfare_band", "category", (*BANDS, UNKNOWN), "Poor, near poor or neither"),
    "earns": Variable("earns", "category", ("yes", "no", UNKNOWN, NOT_APPLICABLE), "Has earnings of one's own"),
}


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """``frame`` (n persons) with the variables rules may test. The rest by row (r >= n): ``person`` is whose row it is,
    ``share`` its part of the person, ``earnings`` a month in money of the survey year (NaN: no work, or unknown and no
    donors); ``age`` in years (NaN: unknown). ``household``, ``who`` (n,): codes of
    households and persons (split rows share one); ``means`` (n,): means per head; ``line``: the poverty line on their scale.
    """

    frame: pd.DataFrame
    variables: Mapping[str, Variable]
    design: Design
    person: Ints
    share: Floats
    earnings: Floats
    imputed: Bools
    working: Bools
    age: Floats
    female: Bools
    hours: Floats
    household: Ints
    who: Ints
    size: Floats
    means: Floats
    line: float
    notes: tuple[Mapping[str, Any], ...]
    """What is not known of them, as records: ``of`` earnings (counts) or means (a share of people)."""
    weight: Floats
    """(r,) weights of the survey."""
    answer: Ints
    """(imputed rows,) which answer of which person each is; split rows of one person and one answer are one answer."""
    whose: Ints
    """(answers,) whose each answer is."""
    _masks: dict[str, Bools] = field(default_factory=dict)

    def where(self, condition: Mapping[str, CellValue]) -> Bools:
        """(r,) rows that fit a condition; found once."""
        key = repr(sorted(condition.items()))
        if key in self._masks:
            return self._masks[key]
        compiled, problems = compile_filter(condition, self.variables, place=lambda *loc: str(loc))
        if problems:
            raise InformalityError(problems, ExitCode.SPEC)
        self._masks[key] = np.asarray(compiled.mask(self.frame)[self.person])
        return self._masks[key]

    def levels(self, name: str) -> tuple[Ints, list[str]]:
        """(r,) code of a category variable and its levels in order; for breakdowns."""
        if name not in self.variables or self.variables[name].kind != "category":
            raise InformalityError(
                Problem("breakdown", f"`{name}` is not a category of these workers", fix="see the schema for names"),
                ExitCode.SPEC,
            )
        values = self.frame[name]
        return values.cat.codes.to_numpy()[self.person].astype(np.intp), [str(c) for c in values.cat.categories]


def grammar(schema: Schema, definition: Definition | None) -> dict[str, Variable]:
    """What rules of schemes, baselines and scenarios may test."""
    outcomes: dict[str, Variable] = {}
    if definition is not None:
        outcomes = {
            n: Variable(n, "category", (*v.categories, NOT_DETERMINABLE, NOT_APPLICABLE), v.title, v.labels)
            for n, v in definition.outcomes.items()
        }
    return {**schema.grammar, **outcomes, **MADE}


def people_of(
    workers: pd.DataFrame,
    design: Design,
    schema: Schema,
    definition: Definition | None = None,
    welfare: WelfareSpec | None = None,
) -> People:
    """Prepare the classified workers frame (n) of a survey; ``design`` is over the same rows. Nothing is changed in place."""
    if len(workers) != len(design.weight):
        raise ValueError(f"{len(workers):,} workers, but the design has {len(design.weight):,} rows")
    frame = workers.reset_index(drop=True)
    working = (frame["employed"] == "yes").to_numpy()
    status = frame["status"].astype(str).to_numpy()
    own = np.where(status == "employee", frame["earnings_employee"], frame["income_self"]).astype(float)
    own = np.where(status == "contributing_family", 0.0, own)
    own = np.where(working, own, np.nan)
    notes: list[Mapping[str, Any]] = []
    lacking = working & np.isnan(own)
    weight = design.weight
    person, share, earnings = np.arange(len(frame)), np.ones(len(frame)), own.copy()
    imputed = np.zeros(len(frame), dtype=bool)
    if lacking.any():
        answers = _answers(frame, status, own, weight, lacking)
        known = ~np.isnan(answers[:, 0])
        rows = np.flatnonzero(lacking)[known]
        share[rows], earnings[rows], imputed[rows] = 1 / ANSWERS, answers[known, 0], True
        person = np.concatenate([person, np.repeat(rows, ANSWERS - 1)])
        share = np.concatenate([share, np.full(len(rows) * (ANSWERS - 1), 1 / ANSWERS)])
        earnings = np.concatenate([earnings, answers[known, 1:].ravel()])
        imputed = np.concatenate([imputed, np.ones(len(rows) * (ANSWERS - 1), dtype=bool)])
        counts = {"lacking": lacking.sum(), "workers": working.sum(), "answers": ANSWERS, "without": (~known).sum()}
        notes.append({"of": "earnings"} | {name: int(n) for name, n in counts.items()})
    expected = np.bincount(person, np.nan_to_num(earnings) * share, minlength=len(frame))
    codes, _ = pd.factorize(frame["household_id"])
    alone = codes < 0  # whose household is not known stands alone, and has no means
    if welfare is not None and alone.all():
        raise InformalityError(
            Problem(
                "capacity.welfare",
                "the file of the survey has no households, so means per head cannot be worked out",
                fix="take `welfare` out of the baseline, or use a file with households",
            ),
            ExitCode.DATA,
        )
    codes = np.where(alone, codes.max() + np.cumsum(alone), codes)
    who, _ = pd.factorize(frame["person_id"])
    part = 1 / np.bincount(who)[who]  # a person may be split into several rows
    size = np.bincount(codes, part)[codes]
    means, line = np.full(len(frame), np.nan), np.nan
    if welfare is not None:
        means = np.bincount(codes, expected * part)[codes] / size
        means = _settled(
            np.where((means > 0) & ~alone, means, np.nan)
        )  # a household that sells nothing is not one without means
        line = line_at_headcount(means, weight, welfare.headcount.value)
        notes.append({"of": "means", "unknown": float(weight[np.isnan(means)].sum() / weight.sum())})
    outcomes = {n: frame[column(definition.id, n)] for n in definition.outcomes} if definition is not None else {}
    band = np.full(len(frame), -1)
    if welfare is not None:
        band = np.select([np.isnan(means), means < line, means < line * welfare.near_poor.value], [-1, 0, 1], 2)
    earns = np.select([~working, lacking, own > 0], [3, 2, 0], 1)
    made = {
        "quintile": pd.Categorical.from_codes(
            np.where((q := quantile_groups(means, weight)) < 0, 5, q), categories=[*QUINTILES, UNKNOWN]
        ),
        "welfare_band": pd.Categorical.from_codes(np.where(band < 0, 3, band), categories=[*BANDS, UNKNOWN]),
        "earns": pd.Categorical.from_codes(earns, categories=["yes", "no", UNKNOWN, NOT_APPLICABLE]),
    }
    hours = frame["hours_usual"].to_numpy(dtype=float) if "hours_usual" in frame else np.full(len(frame), np.nan)
    pairs = np.column_stack([who[person[imputed]], earnings[imputed]])
    distinct, answer = np.unique(pairs, axis=0, return_inverse=True)
    return People(
        frame=frame.assign(**outcomes, **made),
        variables=grammar(schema, definition),
        design=design,
        person=person,
        share=share,
        earnings=earnings,
        imputed=imputed,
        working=working[person],
        age=frame["age"].to_numpy(dtype=float)[person],
        female=(frame["sex"] == "female").to_numpy()[person],
        hours=hours[person],
        household=codes.astype(np.intp),
        who=who.astype(np.intp),
        size=size,
        means=means,
        line=float(line),
        notes=tuple(notes),
        weight=np.asarray(weight[person] * share),
        answer=answer.ravel().astype(np.intp),
        whose=np.unique(distinct[:, 0], return_inverse=True)[1].ravel().astype(np.intp),
    )


def _settled(means: Floats) -> Floats:
    """Means without their last digits, which depend on the order of summing: equal means must stay equal."""
    mantissa, exponent = np.frexp(means)
    return np.asarray(np.ldexp(np.round(mantissa * 2.0**40) / 2.0**40, exponent))


def _answers(frame: pd.DataFrame, status: npt.NDArray[np.str_], own: Floats, weight: Floats, lacking: Bools) -> Floats:
    """(lacking, answers) equally likely earnings of each, from the nearest group of workers with enough donors."""
    kind = (status == "employee").astype(str)
    parts = [
        kind,
        frame["sex"].astype(str).to_numpy(),
        frame["agriculture"].astype(str).to_numpy(),
        frame["area"].astype(str).to_numpy(),
    ]
    donors = ~np.isnan(own) & (own > 0) & (weight > 0)
    who = pd.factorize(frame["person_id"])[0]
    out = np.full((int(lacking.sum()), ANSWERS), np.nan)
    for depth in range(len(parts), 0, -1):
        key = pd.factorize(pd.Series(["|".join(x) for x in zip(*parts[:depth], strict=True)]))[0]
        wanted = np.isnan(out[:, 0])
        for group in np.unique(key[lacking][wanted]):
            here = donors & (key == group)
            if len(np.unique(who[here])) >= _DONORS or (depth == 1 and here.any()):
                out[wanted & (key[lacking] == group)] = _quantiles(own[here], weight[here])
    return out


def _quantiles(values: Floats, weight: Floats) -> Sequence[float]:
    """The middle values of five equal parts of the donors."""
    distinct, place = np.unique(values, return_inverse=True)
    reached = np.cumsum(np.bincount(place, weight)) / weight.sum()
    p = (np.arange(ANSWERS) + 0.5) / ANSWERS
    return list(distinct[np.searchsorted(reached, p, side="left").clip(0, len(distinct) - 1)])
