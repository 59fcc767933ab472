"""The coverage step of a study: every scenario run, checked against its gates and what it expects, and put down.

Leaves four artefacts: the rows for the results table, what stands beside them (:mod:`informality.coverage.facts`), the parameter
draws, and the entrants that an actuarial model can be keyed from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.provenance import write_atomically, write_json
from informality.pipeline.state import Run
from informality.steps import focus_design, focus_of, settings
from informality.study import Study

if TYPE_CHECKING:
    import pandas as pd

    from informality.coverage.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Covered:
    """``rows`` of the results table; ``facts`` beside them; ``draws``: a row for each draw; ``entrants``."""

    rows: pd.DataFrame
    facts: dict[str, Any]
    draws: pd.DataFrame
    entrants: pd.DataFrame


def make_coverage(run: Run, estimates: str) -> None:
    """Run the scenarios; ``estimates`` names the finished results of the survey itself."""
    import pandas as pd

    workers, surveyed = pd.read_parquet(run.at("workers.parquet")), pd.read_parquet(run.at(estimates))
    made = cover(run.study, workers, surveyed, frozenset(run.annex()["asked"]), run.tell)
    write_atomically(run.staging / "coverage.parquet", lambda new: made.rows.to_parquet(new, index=False))
    write_atomically(run.staging / "coverage_draws.parquet", lambda new: made.draws.to_parquet(new, index=False))
    write_json(run.staging / "coverage.json", made.facts)
    write_atomically(run.staging / "coverage_entrants.csv", lambda new: made.entrants.to_csv(new, index=False))


def cover(
    study: Study, workers: pd.DataFrame, surveyed: pd.DataFrame, asked: frozenset[str], tell: Callable[[str], None]
) -> Covered:
    """Run the scenarios of a study over its classified workers; ``surveyed``: results that are published beside them.

    Raises :class:`InformalityError`: BENCHMARK when a validation gate or an expectation of a scenario fails, naming all that
    do; DATA where records and survey cannot be reconciled. Then nothing is written.
    """
    import pandas as pd

    from informality.coverage.expectations import unmet
    from informality.coverage.facts import facts_of
    from informality.coverage.gates import all_gates
    from informality.coverage.published import rows_of_all
    from informality.coverage.request import STATUS_QUO
    from informality.coverage.results import entrants
    from informality.coverage.scenario import status_quo
    from informality.coverage.sensitivity import draws_of
    from informality.coverage.simulate import simulate, study_of
    from informality.tabulation.scenarios import graded_scenarios

    spec = study.spec.coverage
    if spec is None:
        raise ValueError("this study has no coverage")
    how = settings(study)
    definitions = sorted(study.definitions, key=lambda d: d.id != study.spec.headline)
    ready = study_of(
        focus_of(study, workers).reset_index(drop=True),
        focus_design(study, workers),
        study.schema,
        definitions=definitions,
        asked=asked,
        status=how.status,
    )
    outcomes: dict[str, Outcome] = {
        s.id: simulate(ready, scenario=s, draws=spec.draws, seed=spec.seed) for s in study.scenarios
    }
    still = next((o for o in outcomes.values() if not o.scenario.levers and not o.scenario.changed), None)
    quo = still or simulate(ready, scenario=status_quo(study.scenarios[0].baseline), draws=spec.draws, seed=spec.seed)
    problems: list[Problem] = []
    gates = {}
    for name, outcome in outcomes.items():
        tell(f"checking scenario {name}")
        gates[name] = all_gates(ready, outcome)
        problems += [
            Problem(
                name,
                f"validation gate {gate.number} failed: {gate.title[:1].lower()}{gate.title[1:]}",
                "; ".join(gate.evidence),
                "the scenario is not published until it passes",
            )
            for gate in gates[name]
            if not gate.passed
        ]
        problems += unmet(outcome, {**outcomes, STATUS_QUO: quo})
    if problems:
        raise InformalityError(problems, ExitCode.BENCHMARK)
    focus = outcomes[spec.focus or study.scenarios[-1].id]
    tell("drawing the numbers nobody has measured")
    rows = rows_of_all(outcomes, quo, [d.id for d in definitions], study.spec.confidence)
    facts = _without_nan(facts_of(outcomes, quo, focus, gates, spec.seed))
    years = sorted({y for o in outcomes.values() for y in o.detail_years})
    return Covered(
        graded_scenarios(rows, how, study.disclosure.fewest_cases, surveyed),
        facts,
        _draws([draws_of(o) for o in outcomes.values()]),
        pd.concat(
            {(name, year): entrants(o, year) for name, o in outcomes.items() for year in years},
            names=["scenario", "year"],
        ).reset_index(level=[0, 1]),
    )


def _draws(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """A row for each draw, a column for each number drawn; a number has the same draws in every scenario."""
    import pandas as pd

    together = pd.concat(tables, axis=1)
    return together.loc[:, ~together.columns.duplicated()].rename_axis("draw").reset_index()


def _without_nan(value: Any) -> Any:
    """The same with null where a number is not known: JSON has no other word for it."""
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    number = getattr(value, "item", lambda: value)()
    return None if isinstance(number, float) and not math.isfinite(number) else number
