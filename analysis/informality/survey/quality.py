"""Quality checks on a harmonised survey, all shown at once, each with a severity.

Errors in the data stop the harmoniser; what is left here is what a careful reader would want to know
before trusting a figure: how much is missing and where, how unequal the weights are, which strata have a
single PSU, and which answers contradict each other. Limits are in ``library/quality.yml``.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from informality.foundation.errors import Problem
from informality.foundation.grammar import NOT_ASKED, REASON, UNKNOWN, CellValue
from informality.foundation.library import LIBRARY
from informality.foundation.quantities import QuantitySpec
from informality.foundation.rules import compile_filter
from informality.foundation.schema import Schema
from informality.foundation.specfile import SpecModel, Words, load
from informality.survey.harmonise import Harmonised
from informality.survey.profile import Profile


class ContradictionSpec(SpecModel):
    when: dict[str, CellValue]
    what: Words


class QualitySpec(SpecModel):
    """Limits and contradictions, as data."""

    limits: dict[str, QuantitySpec]
    contradictions: list[ContradictionSpec]


@functools.cache
def read_quality_rules() -> QualitySpec:
    """The shipped limits and contradictions, checked against the schema."""
    return load(LIBRARY / "quality.yml", QualitySpec).spec


def check_quality(survey: Harmonised, profile: Profile) -> list[Problem]:
    """What a reader should know about the data, as warnings; empty when there is nothing to say."""
    spec = read_quality_rules()
    limit = {name: item.value for name, item in spec.limits.items()}
    found = list(survey.warnings)
    found += _missing(survey.frame, survey.schema, profile, limit["missing_share"])
    found += _weights(survey.frame, profile, limit["weight_ratio"])
    found += _lonely(survey.frame, profile)
    found += _contradictions(survey.frame, survey.schema, spec, profile)
    return found


def _missing(frame: pd.DataFrame, schema: Schema, profile: Profile, limit: float) -> list[Problem]:
    """Item non-response: answers not known, of those who were asked."""
    found = []
    for name in schema.measured():
        if profile.spec.variables.get(name) == "not_asked":
            continue
        numeric = schema[name].spec.kind == "number"
        column = frame[name + REASON] if numeric else frame[name]
        unknown = (column == UNKNOWN).to_numpy()
        universe = schema[name].universe.mask(frame) & (column != NOT_ASKED).to_numpy()
        asked = int(universe.sum())
        share = unknown[universe].sum() / asked if asked else 0.0
        if share > limit:
            found.append(
                Problem(
                    profile.file.place("variables", name),
                    f"{share:.1%} of those asked gave no usable answer on `{name}`",
                    f"{int(unknown[universe].sum()):,} of {asked:,}",
                    "results by this variable show them as not known",
                    severity="warning",
                    count=int(unknown[universe].sum()),
                )
            )
    return found


def _weights(frame: pd.DataFrame, profile: Profile, limit: float) -> list[Problem]:
    weight = frame["weight"].to_numpy()
    ratio = float(weight.max() / weight.min())
    if ratio <= limit:
        return []
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    return [
        Problem(
            profile.file.place("design", "weight"),
            "the weights are very unequal",
            f"largest {weight.max():,.1f}, smallest {weight.min():,.1f}, ratio {ratio:,.0f}; the {len(frame):,} persons carry "
            f"the information of about {effective:,.0f} equally weighted ones (Kish)",
            "standard errors take this into account; look at the largest weights",
            severity="warning",
        )
    ]


def _lonely(frame: pd.DataFrame, profile: Profile) -> list[Problem]:
    """Strata with one PSU, whose variance cannot be estimated from the sample."""
    psus = frame[["stratum", "psu"]].drop_duplicates().groupby("stratum").size()
    lonely = psus[psus == 1].index.tolist()
    if not lonely:
        return []
    rule = profile.spec.design.lonely
    return [
        Problem(
            profile.file.place("design", "lonely"),
            f"{len(lonely)} of {len(psus)} strata have only one PSU",
            ", ".join(lonely[:8]),
            f"their variance cannot be measured; the rule in force is `{rule}`",
            severity="warning",
            count=len(lonely),
        )
    ]


def _contradictions(frame: pd.DataFrame, schema: Schema, spec: QualitySpec, profile: Profile) -> list[Problem]:
    found = []
    for item in spec.contradictions:
        condition, problems = compile_filter(item.when, schema.grammar, place=lambda *loc: "quality.yml")
        assert not problems, problems
        count = int(np.count_nonzero(condition.mask(frame)))
        if count:
            found.append(
                Problem(
                    profile.file.path.name,
                    item.what,
                    f"{count:,} persons",
                    "left as answered",
                    severity="warning",
                    count=count,
                )
            )
    return found
