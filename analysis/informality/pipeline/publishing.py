"""The last hop: from the results table to documents, store, workbook, explorer page, and files for other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import Language, speaking, spoken
from informality.foundation.provenance import git_state, sha256, versions, write_json
from informality.pipeline.artefacts import ANONYMISED
from informality.pipeline.state import Run
from informality.publication.translated import name_in
from informality.steps import anonymised

if TYPE_CHECKING:
    import pandas as pd

    from informality.publication.inputs import ReportInputs
    from informality.publication.material import Material


def make_report(
    run: Run, raw: Mapping[str, Path], sources: Mapping[str, Path], language: Language, key: str = ""
) -> None:
    """``key``: what the documents rest on beside their words."""
    from informality.publication.kept import Kept
    from informality.publication.report import build_reports

    build = run.workspace.output(run.head.id) / name_in("_build.", language.code).rstrip(".")
    kept = Kept(None if run.force else build, key)
    try:
        with speaking(language):
            material, _ = _material(run, raw)
            build_reports(material, list(sources.values()), run.staging / "report", run.head.formats, kept, run.quarto)
    except OSError as failure:
        raise InformalityError(
            Problem(
                str(run.staging.parent), "the report cannot be written", str(failure), "check that the disk has room"
            ),
            ExitCode.OUTPUT,
        ) from None


def make_products(run: Run, raw: Mapping[str, Path], language: Language) -> None:
    import pandas as pd

    from informality.publication.products import write_products
    from informality.tabulation.scenarios import hidden_scenarios

    with speaking(language):
        material, results = _material(run, raw)
        hidden = pd.concat([pd.read_csv(run.at("hidden.csv")), hidden_scenarios(results)], ignore_index=True)
        write_products(material, results, hidden, run.staging, run.staging / "report")


def make_exchange(run: Run, raw: Mapping[str, Path], long: Sequence[Path]) -> None:
    """Files for other programs, and the file of workers that may leave the office. ``long``: ``figures.csv`` in each language."""
    import pandas as pd

    from informality.pipeline.documenting import codebook
    from informality.publication.ddi import write_codebook
    from informality.publication.exchanged import write_exchange
    from informality.publication.labelled import what_was_done, write_labelled

    material, results = _material(run, raw)
    entrants = ["coverage_entrants.csv"] if run.head.coverage is not None else []
    beside = [run.at(name) for name in ("hidden.csv", "quality.csv", *entrants)]
    write_exchange(material.inputs, results, run.staging, run.staging / "report", long, beside)
    study, workers = run.study, pd.read_parquet(run.at("workers.parquet"))
    write_codebook(codebook(study, workers, results, run.annex()["design"]), run.staging / "codebook.xml")
    made = anonymised(study, workers)
    if made is not None:
        for name in ANONYMISED[:2]:
            write_labelled(made, study.spec.title, run.staging / name)
        lonely = study.spec.lonely or study.profile.spec.design.lonely
        write_json(run.staging / ANONYMISED[2], {**what_was_done(made), "lonely": lonely})


def _material(run: Run, raw: Mapping[str, Path]) -> tuple[Material, pd.DataFrame]:
    """What everything published in the language being spoken is made from, put together once; the results of all waves."""
    from informality.publication.material import Material

    code = spoken().code
    if code not in run.material:
        inputs, results = _inputs(run, raw)
        facts: dict[str, Any] | None = None
        if run.head.coverage is not None:
            facts = json.loads(run.at("coverage.json").read_text(encoding="utf-8"))
        run.material[code] = Material(inputs, facts), results
    return run.material[code]


def _inputs(run: Run, raw: Mapping[str, Path]) -> tuple[ReportInputs, pd.DataFrame]:
    """What everything published is made from, of the wave the report describes; and the results of all waves."""
    import pandas as pd

    from informality.reporting import report_inputs

    annex_path, results_path = run.at("annex.json"), run.at("results.parquet")
    git = git_state(run.workspace.root)
    files = []
    for wave, path in raw.items():
        noted = run.manifest["raw"][wave]
        files.append((path.name, noted["sha256"], noted["bytes"]))
        files += [(n, h, (path.parent / n).stat().st_size) for n, h in noted.get("beside", {}).items()]
    files += [(p.name, sha256(p), p.stat().st_size) for p in (annex_path, results_path)]
    provenance = {
        "files": files,
        "how_the_files_were_read": _how_read(run.annex()["files"]),
        **({"engine": run.quarto.words} if run.quarto else {}),
        "versions": versions(),
        "code": f"informality {versions().get('informality', '')}" + (f", commit {git.commit[:12]}" if git else ""),
        "fingerprint": run.manifest["fingerprint"][:16],
        "manifest": f"data_clean/{run.head.id}/manifest.json",
    }
    annex = run.annex() | {"quality": json.loads(run.at("quality.json").read_text(encoding="utf-8"))}
    results = pd.read_parquet(results_path)
    hidden = pd.read_csv(run.at("hidden.csv"), dtype=str, keep_default_na=False)  # a rule may be called 1, or nothing
    return report_inputs(run.study, results, annex, provenance, hidden), results


def _how_read(files: Sequence[Mapping[str, Any]]) -> str:
    """``persons.sav: SPSS, 24 rows, 10 columns, text in UTF-8 (as the file itself says)`` for each file."""
    return "; ".join(
        f"{f['file']}: {f['kind']}, {f['rows']:,} rows, {f['columns']:,} columns, text in {f['text']}" for f in files
    )
