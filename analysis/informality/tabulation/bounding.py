"""What rests on answers that are missing, as rows: the lowest and the highest rate, and the share under assumed rules.

``lower`` counts the workers who are informal whatever the missing answers are, ``upper`` those who are for some.
Both are shares like any other, so each has its error from the sample. Between them the rate can be anything, and
``interval_low`` to ``interval_high`` holds it with the stated confidence all the same (Imbens and Manski 2004).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE
from informality.classification.flows import assumed
from informality.classification.reach import reachable
from informality.inference.estimates.estimate import means
from informality.inference.estimates.identified import identified_interval
from informality.tabulation.comparing import own_base, standing
from informality.tabulation.people import Bools, Codes
from informality.tabulation.robustness import Ground, Rated
from informality.tabulation.rows import dimensions, estimated, numbers, without_value

SCOPE = "unanswered"
"""Dimension that says which missing answers may be anything."""
ASSUMPTION = "assumption"
DIRECT, ON_THE_WAY = "direct", "on_the_way"


def bound_rows(one: Rated, ground: Ground) -> pd.DataFrame:
    """Table ``bounds``: statistics point, lower, upper, interval_low and interval_high, for each scope and breakdown."""
    inside = ground.employed(one.seen)
    rows, scopes = [], ground.spec.scopes
    if not inside.any():
        rows = [without_value([SCOPE], "lower", "share", "derived", "nobody in the sample belongs to the group")]
    flags = {scope: np.stack(worker_bounds(one, meant.words, ground), axis=1) for scope, meant in scopes.items()}
    for by in ground.spec.by if inside.any() else ():
        if one.seen.lacking(by):
            continue
        group, levels = one.seen.groups(by, inside)
        rows.append(_points(one, by, group, levels, ground))
        for scope in scopes:
            rows += _bounds(scope, flags[scope], by, group, levels, ground)
    table = pd.concat(rows, ignore_index=True)
    return table.assign(table="bounds", indicator=one.name, definition=one.id, status=standing(one, ground))


def worker_bounds(one: Rated, completed: Sequence[str], ground: Ground) -> tuple[Bools, Bools]:
    """(n,) who is informal under every completion of the missing answers, and who is under some.

    A worker whom the definition leaves open even then may be either.
    """
    outcomes = list(one.definition.step(one.step).outcomes)
    possible = reachable(one.seen.frame, one.definition, one.step, ground.asked, completed)
    informal = possible[:, outcomes.index(one.spec.outcome)]
    surely = informal & (possible.sum(axis=1) == 1)
    if NOT_DETERMINABLE in outcomes:
        informal = informal | possible[:, outcomes.index(NOT_DETERMINABLE)]
    return surely, informal


def _points(
    one: Rated, by: Sequence[str], group: Codes, levels: Sequence[tuple[str, ...]], ground: Ground
) -> pd.DataFrame:
    """The rate as the definition has it; not determinable where it leaves somebody open."""
    left = (group >= 0) & one.open_cases
    unsettled = left & one.unsettled
    return estimated(
        dimensions([SCOPE, *by], [(None, *level) for level in levels]),
        means(ground.design, one.counted.astype(float), group, len(levels)),
        "point",
        "share",
        ground.settings,
        open_cases=np.bincount(group[left], minlength=len(levels)),
        left_open=np.bincount(group[unsettled], minlength=len(levels)),
    )


def _bounds(
    scope: str, flags: Bools, by: Sequence[str], group: Codes, levels: Sequence[tuple[str, ...]], ground: Ground
) -> list[pd.DataFrame]:
    dims = dimensions([SCOPE, *by], [(scope, *level) for level in levels])
    lower, upper = (means(ground.design, flags[:, k].astype(float), group, len(levels)) for k in (0, 1))
    settings = ground.settings
    low, high = identified_interval(lower.value, upper.value, lower.se, upper.se, settings.confidence)
    cases = {"n": lower.n, "n_weighted": lower.n_weighted}
    # a share is never less than nothing and never more than all
    ends = (("interval_low", np.maximum(low, 0)), ("interval_high", np.minimum(high, 1)))
    return [
        estimated(dims, lower, "lower", "share", settings),
        estimated(dims, upper, "upper", "share", settings),
        *(numbers(dims, name, "share", settings, value=value, **cases) for name, value in ends),
    ]


def assumed_rows(one: Rated, ground: Ground) -> pd.DataFrame:
    """Table ``assumed``: the share whom an assumed rule decided, in this step itself or anywhere on the way."""
    inside = ground.employed(one.seen)
    own = own_base(one, inside)
    direct, somewhere = assumed(ground.workers, one.definition, one.step)
    if not own.any():
        rows = without_value([ASSUMPTION], "assumed", "share", "derived", "nobody in the sample belongs to the group")
    else:
        flags = np.stack([direct, somewhere], axis=1).astype(float)
        share = means(ground.design, flags, np.where(own, 0, -1), 1)
        rows = estimated(
            dimensions([ASSUMPTION], [(DIRECT,), (ON_THE_WAY,)]), share, "assumed", "share", ground.settings
        )
    return rows.assign(table="assumed", indicator=one.name, definition=one.id, status=standing(one, ground))
