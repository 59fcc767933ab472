"""A pension out of taxes: who gets it, what it costs the State. It covers persons, not workers, so it is part of no scheme."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from informality.coverage.finance import MONTHS
from informality.coverage.ground import Ground
from informality.coverage.levers import TaxPillar
from informality.coverage.policy import Parameters, index_growth, strength
from informality.coverage.scenario import Scenario
from informality.foundation.errors import ExitCode, InformalityError, Problem

Floats = npt.NDArray[np.float64]


def recipients(
    ground: Ground, scenario: Scenario, year: int, parameters: Parameters
) -> list[tuple[Floats, Floats, Floats]]:
    """For each pillar in force: who is entitled (r,), 0 or 1; the share of them who get it (draws,); its cost a year
    for each recipient, administration included (draws,).
    """
    out = []
    people = ground.people
    for placed in scenario.of(TaxPillar):
        lever = placed.lever
        assert isinstance(lever, TaxPillar)
        part = strength(lever, year)
        if part == 0:
            continue
        entitled = (np.nan_to_num(people.age, nan=-1) >= lever.age).astype(float)
        if lever.test == "poverty":
            if scenario.baseline.spec.capacity.welfare is None:
                raise InformalityError(
                    Problem(
                        placed.place,
                        "a poverty test needs a measure of means, and the baseline has none",
                        fix="use `test: none`, or add `capacity.welfare`",
                    ),
                    ExitCode.SPEC,
                )
            entitled = entitled * people.where({"welfare_band": "poor"})
        share = parameters(f"{placed.name}.take_up", lever.take_up) * part
        if lever.without_pension is not None:
            share = share * parameters(f"{placed.name}.without_pension", lever.without_pension)
        growth = index_growth(scenario.baseline, lever.index, lever.begins, year, 0)
        amount = parameters(f"{placed.name}.amount", lever.amount) * growth
        out.append((entitled, share, amount * MONTHS * (1 + parameters(f"{placed.name}.admin", lever.admin))))
    return out
