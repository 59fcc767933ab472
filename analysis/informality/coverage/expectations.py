"""What a scenario says must come out: checked with every run, and failing it."""

from __future__ import annotations

from collections.abc import Mapping

from informality.coverage.measures import Key
from informality.coverage.outcome import Outcome
from informality.foundation.errors import ExitCode, InformalityError, Problem

_ROUNDING = 1e-9
_OF = {
    "members": "members",
    "contributions": "contributions",
    "state_cost": "state_cost",
    "formal_jobs": "newly_insured",
}


def unmet(outcome: Outcome, others: Mapping[str, Outcome]) -> list[Problem]:
    """A problem for each expectation that does not hold in some year; ``others`` by the id of a scenario, or `baseline`."""
    file = outcome.scenario.file
    problems = []
    for key, other in (file.spec.expects if file is not None else {}).items():
        name, _, direction = key.rpartition("_not_")
        for year in outcome.years:
            here = outcome.total(Key(_OF[name]), year)
            there = others[other].total(Key(_OF[name]), year)
            slack = _ROUNDING * max(abs(here), abs(there), 1.0)
            if (direction == "below" and here < there - slack) or (direction == "above" and here > there + slack):
                what = name.replace("_", " ")
                problems.append(
                    Problem(
                        file.place("expects", key) if file is not None else outcome.scenario.id,
                        f"the scenario expects {what} not {direction} those of `{other}`, and in {year} they are",
                        f"{here:,.0f}, `{other}` {there:,.0f}",
                        "look at the levers: one of them works against the others; or take the expectation out",
                    )
                )
                break
    return problems


def require(outcome: Outcome, others: Mapping[str, Outcome]) -> None:
    """Raise (BENCHMARK) naming every expectation that does not hold."""
    if found := unmet(outcome, others):
        raise InformalityError(found, ExitCode.BENCHMARK)
