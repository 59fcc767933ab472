"""Two definitions on one file, as rows: who flows where, which rules move whom, and what the rates differ by.

Both rates come from one sample, so the error of their difference holds their covariance. Definitions meant for
different bases of employment are never pooled: each is held to its own base, or the comparison is refused in words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from informality.classification.flows import CLASSES, classes, ways
from informality.foundation.grammar import NO_RULE, NOT_APPLICABLE
from informality.foundation.quantities import Status, weakest
from informality.inference.estimates.derived import cells
from informality.inference.estimates.estimate import Estimate, means, shares, totals
from informality.tabulation.people import Bools
from informality.tabulation.robustness import Ground, Rated
from informality.tabulation.rows import differing, dimensions, estimated, without_value

NO_WAY = "no_rule"
"""Level of a mover whom no rule decided: the definition does not apply, or lacks the questions."""
DIRECTION = "direction"
COMPARED = "compared_with"
NOBODY = (np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Base:
    """Whom two definitions are compared on: a mask (n,) and what has to be said of it; or why they are not compared."""

    inside: Bools
    note: str = ""
    refused: str = ""


def comparison_rows(a: Rated, b: Rated, ground: Ground) -> pd.DataFrame:
    """Tables ``flows``, ``movers`` and ``definition_gaps`` for one rate of two definitions.

    ``definition_gaps`` is the rate under ``b`` less that under ``a``, each among those in its own base: whom the
    definition covers and does not itself put outside of employment.
    """
    status = weakest("derived", ground.settings.status, a.definition.status, b.definition.status)
    base = base_of(a, b, ground)
    if base.refused or not base.inside.any():
        why = base.refused or "nobody in the sample belongs to the group"
        rows = without_value([COMPARED], "rate_difference", "points", status, why).assign(
            table="definition_gaps", level1=a.id
        )
        return rows.assign(indicator=a.name, definition=b.id).astype({"level1": "str"})
    parts = [_flows(a, b, base, ground), _movers(a, b, base, ground), _gap(a, b, base, ground)]
    return pd.concat([part for part in parts if len(part)], ignore_index=True).assign(indicator=a.name, status=status)


def base_of(a: Rated, b: Rated, ground: Ground) -> Base:
    """The persons two definitions are compared on, given the bases each is meant for and those the survey can tell."""
    meant = [set(r.definition.spec.bases) for r in (a, b)]
    common = meant[0] & meant[1]
    inside = ground.employed(a.seen)
    if not common:
        words = "; ".join(f"{r.definition.spec.title}: {_bases(r)}" for r in (a, b))
        return Base(inside, refused=f"the two definitions are meant for different bases of employment ({words})")
    if ground.basis in common:
        return Base(inside)
    narrow = " and ".join(
        r.definition.spec.title for r, bases in zip((a, b), meant, strict=True) if ground.basis not in bases
    )
    other = min(common)
    if other in ground.bases:
        return Base(
            a.seen.mask({f"employed_{other}": "yes"}),
            f"among persons employed on the {other}th ICLS basis, the only one that {narrow} is meant for",
        )
    return Base(
        inside,
        f"{narrow} is meant for employment on the {other}th ICLS basis, which this survey cannot tell from the "
        f"{ground.basis}th: persons it does not itself put outside of employment are counted",
    )


def _bases(one: Rated) -> str:
    return " and ".join(f"{basis}th ICLS" for basis in one.definition.spec.bases)


def own_base(one: Rated, inside: Bools) -> Bools:
    """(n,) those inside whom a definition covers and does not itself put outside of employment."""
    return np.asarray(inside & ~one.outcome.isin([NOT_APPLICABLE, *one.spec.outside]))


def rate(one: Rated, inside: Bools, ground: Ground, *, with_open: bool = False) -> Estimate:
    """The rate under one definition, one cell, among those in its own base; ``with_open`` counts whom it leaves open."""
    counted = one.counted | one.open_cases if with_open else one.counted
    return means(ground.design, counted.astype(float), np.where(own_base(one, inside), 0, -1), 1)


def rate_rows(one: Rated, inside: Bools, dims: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """The rate under one definition; where it leaves workers open also ``lower`` and ``upper``, none or all of them counted."""
    settings, left = ground.settings, left_open(inside, one)
    found = rate(one, inside, ground)
    parts = [estimated(dims, found, "rate", "share", settings, open_cases=left[0], left_open=left[1])]
    if left[0].any():
        most = rate(one, inside, ground, with_open=True)
        parts += [estimated(dims, e, name, "share", settings) for name, e in (("lower", found), ("upper", most))]
    return pd.concat(parts, ignore_index=True)


def _flows(a: Rated, b: Rated, base: Base, ground: Ground) -> pd.DataFrame:
    """Every pair of outcomes that occurs: per cent of the persons compared, and persons; n are those of the pair."""
    columns = [one.outcome.cat for one in (a, b)]
    key = columns[0].codes.to_numpy().astype(np.int64) * len(columns[1].categories) + columns[1].codes.to_numpy()
    present, code = np.unique(key[base.inside], return_inverse=True)
    pair = np.full(len(key), -1, dtype=np.int64)
    pair[base.inside] = code
    levels = [
        (
            str(columns[0].categories[p // len(columns[1].categories)]),
            str(columns[1].categories[p % len(columns[1].categories)]),
        )
        for p in present
    ]
    dims = dimensions([a.variable, b.variable], levels)
    share = shares(ground.design, pair, len(levels), np.where(base.inside, 0, -1), 1)
    count = totals(ground.design, np.ones(len(pair)), pair, len(levels))
    n = count.n.ravel()
    parts = [
        estimated(dims, share, "flow_share", "share", ground.settings, n=n),
        estimated(dims, count, "flow_total", "persons", ground.settings, n=n),
    ]
    note = base.note or None
    return pd.concat(parts, ignore_index=True).assign(table="flows", definition=a.id, note=note)


def _movers(a: Rated, b: Rated, base: Base, ground: Ground) -> pd.DataFrame:
    """Workers who come to different classes, and by which pairs of ways of rules, those with most persons first."""
    before, after = (classes(one.outcome, one.spec.outcome) for one in (a, b))
    moved = base.inside & (before != after)
    if not moved.any():
        return pd.DataFrame()
    dims = [DIRECTION, f"{a.variable}.rule", f"{b.variable}.rule"]
    way = [ways(ground.workers, one.definition, one.step) for one in (a, b)]
    keys = np.stack([before, after, way[0].code, way[1].code], axis=1)
    parts = []
    for columns in (2, 4):  # in each direction all together, then by the ways
        present, code = np.unique(keys[moved, :columns], axis=0, return_inverse=True)
        pair = np.full(len(keys), -1, dtype=np.int64)
        pair[moved] = code.ravel()
        count = totals(ground.design, np.ones(len(pair)), pair, len(present))
        levels: list[tuple[str | None, ...]] = [
            (
                f"{CLASSES[c]}>{CLASSES[d]}",
                *(w.names[i] if i != NO_RULE else NO_WAY for w, i in zip(way, rules, strict=False)),
                *(() if rules else (None, None)),
            )
            for c, d, *rules in present.tolist()
        ]
        rows = estimated(dimensions(dims, levels), count, "moved", "persons", ground.settings)
        parts.append(rows.iloc[np.lexsort((-count.value.ravel(), present[:, 1], present[:, 0]))])
    return pd.concat(parts, ignore_index=True).assign(table="movers", definition=a.id)


def _gap(a: Rated, b: Rated, base: Base, ground: Ground) -> pd.DataFrame:
    """Both rates, and that of ``b`` less that of ``a`` with its error.

    Where somebody's outcome is open it is not determinable; ``difference_lower`` and ``difference_upper`` then hold it.
    """
    inside, settings, dims = base.inside, ground.settings, dimensions([COMPARED], [(a.id,)])
    ends = [[cells(rate(one, inside, ground, with_open=w)) for w in (False, True)] for one in (a, b)]
    left = left_open(inside, a, b)
    gaps = [differing(dims, ends[1][0] - ends[0][0], settings, *left)]
    if left[0].any():
        bounds = {"difference_lower": ends[1][0] - ends[0][1], "difference_upper": ends[1][1] - ends[0][0]}
        gaps += [differing(dims, gap, settings, *NOBODY).assign(statistic=name) for name, gap in bounds.items()]
    said = "; ".join(filter(None, [base.note, *_bases_differ(a, b, inside)]))
    gaps[0]["note"] = "; ".join(filter(None, [*gaps[0]["note"].dropna(), said])) or None
    rates = [
        rate_rows(one, inside, dimensions([COMPARED], [(other.id,)]), ground).assign(definition=one.id)
        for one, other in ((a, b), (b, a))
    ]
    return pd.concat([*rates, *(g.assign(definition=b.id) for g in gaps)], ignore_index=True).assign(
        table="definition_gaps"
    )


def left_open(inside: Bools, *several: Rated) -> tuple[np.ndarray, np.ndarray]:
    """(1,) sampled persons of the base whom one of the definitions does not determine; of them, left open by a rule."""
    open_cases = inside & np.logical_or.reduce([one.open_cases for one in several])
    unsettled = open_cases & np.logical_or.reduce([one.unsettled for one in several])
    return np.array([open_cases.sum()]), np.array([unsettled.sum()])


def _bases_differ(a: Rated, b: Rated, inside: Bools) -> list[str]:
    """What to say where the two rates are not of the same persons."""
    own = [own_base(one, inside) for one in (a, b)]
    return [
        f"{int((other & ~mine).sum()):,} sampled persons are not in the base of {one.definition.spec.title}"
        for one, mine, other in ((a, own[0], own[1]), (b, own[1], own[0]))
        if (other & ~mine).any()
    ]


def standing(one: Rated, ground: Ground) -> Status:
    """The standing of a row that rests on one definition."""
    return weakest("derived", ground.settings.status, one.definition.status)
