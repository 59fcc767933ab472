"""Answers of one person that contradict each other, by the rules of ``library/quality.yml``."""

from __future__ import annotations

import numpy as np

from informality.survey.account import Bools
from informality.survey.quality.findings import LEVELS, Finding, Quality
from informality.survey.quality.seen import Seen
from informality.survey.quality.spec import ContradictionSpec

BLOCK = "plausible"


def check_contradictions(seen: Seen, quality: Quality) -> None:
    """Every rule whose questions the survey has; the others are noted as not made."""
    for id, rule in seen.spec.contradictions.items():
        lacking = [n for n in rule.variables if n not in seen.survey.asked]
        if lacking:
            quality.not_made.append((rule.what, f"the survey does not ask {', '.join(f'`{n}`' for n in lacking)}"))
        else:
            quality.add(_contradiction(seen, id, rule))


def _contradiction(seen: Seen, id: str, rule: ContradictionSpec) -> Finding | None:
    among = seen.mask(rule.among)
    hit = among & seen.mask(rule.when) & _beyond(seen, rule)
    n = int(hit.sum())
    if not n or (n < seen.limit("told_cases") and among.sum() < seen.limit("few_cases")):
        return None  # one or two of a handful of persons: that would point at them
    share = seen.share(hit, among)
    severity = max(seen.graded(n, share), rule.worst, key=LEVELS.index)
    variable = next(v for v in [*rule.plus, *rule.when] if v in seen.profile.spec.variables)
    count = seen.count(hit)
    return Finding(
        BLOCK,
        id,
        severity,
        seen.place(variable),
        rule.what,
        seen.counted(hit, among),
        rule.fix or "left as answered",
        count,
        None if count is None else share,
    )


def _beyond(seen: Seen, rule: ContradictionSpec) -> Bools:
    """Whether the numbers of a rule, taken together, lie beyond its limit; unknown ones never do."""
    if not rule.plus:
        return np.ones(len(seen.frame), dtype=bool)
    first, *more = (seen.frame[name].to_numpy(dtype=float) for name in rule.plus)
    value = first + sum(np.nan_to_num(x) for x in more)
    for name in rule.minus:
        value = value - seen.frame[name].to_numpy(dtype=float)
    beyond: Bools = value > rule.above if rule.above is not None else value < rule.below
    return beyond
