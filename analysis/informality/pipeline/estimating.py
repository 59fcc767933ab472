"""From the workers to the results table: what is estimated, what may be stored of it, and what the checks found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from informality.foundation.provenance import write_atomically, write_json
from informality.pipeline.state import Run
from informality.steps import (
    WAVE,
    changes,
    focus_design,
    focus_of,
    ground,
    of_wave,
    protected,
    readings,
    sample_design,
    settings,
    views,
)

if TYPE_CHECKING:
    import pandas as pd


def make_results(run: Run, name: str) -> None:
    import pandas as pd

    from informality.tabulation.modelling import tabulate_models
    from informality.tabulation.readings import tabulate_readings
    from informality.tabulation.robustness import tabulate_robustness
    from informality.tabulation.rows import complete
    from informality.tabulation.tabulate import tabulate

    study = run.study
    workers = pd.read_parquet(run.at("workers.parquet"))
    annex = run.annex()
    asked, headline, waves = frozenset(annex["asked"]), study.spec.headline, study.spec.each_wave
    parts = []
    for wave in waves:
        rows = of_wave(workers, wave) if len(waves) > 1 else workers
        seen = views(study, rows, frozenset(annex["asked_in"][wave]))
        design, how = sample_design(study, rows), settings(study, wave)
        parts += [tabulate(plan, list(seen.values()), headline, design, how) for plan in study.plans]
    design, how = focus_design(study, workers), settings(study)
    seen = views(study, focus_of(study, workers), asked)
    if study.spec.together == "pool":
        parts += [tabulate(plan, list(seen.values()), headline, design, how) for plan in study.plans]
    others = readings(study, focus_of(study, workers), asked)
    reread_rows = [tabulate_readings(plan, list(seen.values()), others, design, how) for plan in study.plans]
    parts += [rows for rows in reread_rows if rows is not None]
    parts += [tabulate_models(models, seen[headline], design, how) for models in study.models]
    if study.spec.robustness == "yes":
        parts.append(tabulate_robustness(seen, headline, ground(study, focus_of(study, workers), asked, design)))
    if len(waves) > 1:
        parts.append(changes(study, workers, asked))
    safe = protected(study, pd.concat(parts, ignore_index=True), workers, asked)
    estimates = complete(safe.results)
    write_atomically(run.staging / name, lambda new: estimates.to_parquet(new, index=False))
    write_atomically(run.staging / "hidden.csv", lambda new: safe.log.to_csv(new, index=False))
    _write_quality(run, safe.results)


def _write_quality(run: Run, results: pd.DataFrame) -> None:
    """What the checks of the data, of the official figures and of the tables found, for programs to read."""
    import pandas as pd

    from informality.survey.quality import Quality
    from informality.tabulation.consistency import check_results

    quality = Quality.joined({part[WAVE]: Quality.read(part) for part in run.annex()["quality"]})
    indicators = [i for plan in run.study.plans for i in plan.spec.indicators.items()]
    compositions = {name: str(i.of) for name, i in indicators if i.statistic == "composition"}
    quality.add(check_results(results, compositions, run.study.schema))
    kept = quality.as_dict()
    write_json(run.staging / "quality.json", kept)
    table = pd.DataFrame(kept["findings"], columns=list(quality.COLUMNS)).astype({"n": "Int64"})
    write_atomically(run.staging / "quality.csv", lambda new: table.to_csv(new, index=False))


def put_together(run: Run, names: Sequence[str]) -> None:
    """One results table of what was estimated and what the scenarios come to."""
    import pandas as pd

    parts = [part for part in (pd.read_parquet(run.at(name)) for name in names) if len(part)]
    results = pd.concat(parts, ignore_index=True)
    write_atomically(run.staging / "results.parquet", lambda new: results.to_parquet(new, index=False))
