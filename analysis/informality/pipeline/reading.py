"""The first hop: from the files as delivered to the workers, harmonised and classified, and the annex that tells how."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from informality.foundation.provenance import sha256, write_atomically, write_json
from informality.foundation.staging import check_writable
from informality.pipeline.fingerprints import digest
from informality.pipeline.state import Run
from informality.steps import (
    WAVE,
    classified,
    focus_design,
    focus_of,
    raw_file,
    read_harmonised,
    reread,
    sample_design,
    views,
)
from informality.study import Study

if TYPE_CHECKING:
    import pandas as pd

    from informality.survey.harmonise import Harmonised


def raw_files(run: Run, base: str) -> dict[str, Path]:
    """The raw file of each wave of the study, noted in the manifest: where it is now."""
    run.manifest["raw"] = {}
    return {wave: _raw_of(run, wave, base) for wave in run.head.each_wave}


def _raw_of(run: Run, wave: str, base: str) -> Path:
    head, last = run.head, run.old.get("raw", {}).get(wave, {})
    made_from = digest({"base": base, "wave": wave, "seed": head.seed})
    known = run.workspace.root / "data_raw" / str(last.get("file", ""))
    made_alike = last.get("base") == made_from and not run.force
    if made_alike and known.is_file() and sha256(known) == last.get("sha256"):
        run.manifest["raw"][wave] = last
        return known
    path = raw_file(run.study.profile, wave, run.workspace, run.tell, run.staging, head.seed)
    noted: dict[str, Any] = {"file": path.name, "sha256": sha256(path), "bytes": path.stat().st_size}
    if beside := run.study.profile.spec.waves[wave].beside:
        noted["beside"] = {name: sha256(path.parent / name) for name in beside}
    if path.parent == run.staging:
        noted["base"] = made_from
        check_writable([run.workspace.root / "data_raw"])
    run.manifest["raw"][wave] = noted
    return path


def make_workers(run: Run, raw: Mapping[str, Path]) -> None:
    import pandas as pd

    from informality.classification.classify import rule_counts

    study = run.study
    parts: list[pd.DataFrame] = []
    told: dict[str, list[dict[str, Any]]] = {}
    asked: dict[str, list[str]] = {}
    for wave, path in raw.items():
        others: dict[tuple[str, str], Harmonised] = {}
        survey = read_harmonised(study.profile, wave, path, study.spec.basis, run.progress, others)
        part = pd.concat([classified(study, survey, wave), reread(study, others)], axis=1)
        for name, records in _told_of_wave(study, wave, survey, part).items():
            told.setdefault(name, []).extend({WAVE: wave, **record} for record in records)
        asked[wave] = sorted(survey.asked)
        parts.append(part)
    workers = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    design, described = focus_design(study, workers), focus_of(study, workers)
    employed = (described["employed"] == "yes").to_numpy()
    counts = {d.id: rule_counts(described, d, employed) for d in study.definitions}
    write_atomically(run.staging / "workers.parquet", lambda new: workers.to_parquet(new, index=False))
    write_json(
        run.staging / "annex.json",
        {
            **told,
            "asked": sorted(frozenset.intersection(*map(frozenset, asked.values()))),
            "asked_in": asked,
            "rule_counts": {name: _records(table) for name, table in counts.items()},
            "design": {
                "strata": len(design.units.stratum_labels),
                "psus": len(design.units.stratum),
                "df": design.df,
                "persons": len(described),
                "weight_sum": float(design.weight.sum()),
            },
        },
    )


def _told_of_wave(
    study: Study, wave: str, survey: Harmonised, workers: pd.DataFrame
) -> dict[str, list[dict[str, Any]]]:
    """What the annex tells of one wave: how its file was read, and what the checks found."""
    from informality.survey.quality import check_quality
    from informality.tabulation.benchmarks import beside, compare
    from informality.tabulation.consistency import check_official

    profile = study.profile.of_wave(wave)
    design, seen = sample_design(study, workers), views(study, workers, survey.asked)
    official = compare(profile, wave, seen, survey.flags, design)
    elsewhere = beside(profile, wave, seen, survey.flags, design)
    quality = check_quality(survey, profile)
    check_official(quality, profile, wave, official)
    return {
        "mapping": _records(survey.mapping),
        "accounting": _records(survey.accounting),
        "files": [
            {"file": s.file, "kind": s.kind, "rows": s.rows, "columns": s.columns, "text": s.encoding.words}
            for s in survey.sources
        ],
        "quality": [quality.as_dict()],
        "benchmarks": _records(official),
        "comparisons": _records(elsewhere),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as JSON knows them: numpy numbers as numbers, NaN as null."""
    return [{k: (None if v != v else v) for k, v in row.items()} for row in table.to_dict("records")]
