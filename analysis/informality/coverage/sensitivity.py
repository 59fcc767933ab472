"""Which of the numbers nobody has measured matters most: one at a time, and the draws themselves, kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from informality.coverage.calibration import for_scenario, tied
from informality.coverage.outcome import Outcome
from informality.coverage.policy import Parameters
from informality.coverage.uncertainty import quantile

LOW, HIGH = 0.1, 0.9


def tornado(
    outcome: Outcome, indicator: str, year: int, *, scheme: str = "all", against: Outcome | None = None
) -> pd.DataFrame:
    """parameter, at_low, at_high, low, high, width: the indicator with each number by itself at its 10th and 90th percentile.

    All others stay at their value and intercepts are tied anew. ``against``: the difference from another scenario of the same
    baseline. Widest first; numbers that move nothing are left out.
    """
    return tornadoes(outcome, [indicator], year, scheme=scheme, against=against)[indicator]


def tornadoes(
    outcome: Outcome, indicators: Sequence[str], year: int, *, scheme: str = "all", against: Outcome | None = None
) -> dict[str, pd.DataFrame]:
    """The same for several indicators, run once."""
    numbers = outcome.scenario.uncertain() | (against.scenario.uncertain() if against is not None else {})
    names = list(numbers)
    ends = {name: quantile(n, [LOW, HIGH]) for name, n in numbers.items()}
    drawn = {name: np.full(2 * len(names), numbers[name].value) for name in names}
    for i, name in enumerate(names):
        drawn[name][2 * i : 2 * i + 2] = ends[name]
    under = [_under(o, Parameters(drawn)) for o in (outcome, against) if o is not None]
    found = {}
    for indicator in indicators:
        figures = [o.figure(indicator, year, scheme=scheme) for o in under]
        figure = figures[0] if against is None else figures[0] - figures[1]
        values = figure.draws
        assert values is not None
        rows = [(name, *values[0, 2 * i : 2 * i + 2], *ends[name]) for i, name in enumerate(names)]
        out = pd.DataFrame(rows, columns=["parameter", "at_low", "at_high", "low", "high"])
        out["width"] = (out["at_high"] - out["at_low"]).abs()
        out["centre"] = float(figure.value[0])
        out = out[out["width"] > 1e-9 * max(abs(float(figure.value[0])), 1.0)]
        found[indicator] = out.sort_values("width", ascending=False, ignore_index=True)
    return found


def _under(outcome: Outcome, parameters: Parameters) -> Outcome:
    theta = for_scenario(tied(outcome.ground, outcome.scenario.baseline, parameters), outcome.ground, outcome.scenario)
    return Outcome(
        outcome.ground,
        outcome.scenario,
        outcome.theta,
        parameters,
        theta,
        status_of=outcome.status_of,
        movable=outcome.movable,
    )


def draws_of(outcome: Outcome) -> pd.DataFrame:
    """The draw table, one column for each uncertain number and one row for each draw: kept beside the results."""
    return pd.DataFrame({name: values for name, values in sorted(outcome.parameters.drawn.items())})
