"""From a study file to a report, in four steps that each leave one artefact.

raw → workers (harmonised, classified) → results (estimated) → report. A step is skipped when its fingerprint
(program, library, settings, hashes of what it reads) and the hashes of its outputs are those of the last run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.provenance import (
    git_state,
    package_fingerprint,
    sha256,
    versions,
    write_atomically,
    write_json,
)
from informality.foundation.schema import LIBRARY
from informality.foundation.specfile import load
from informality.study import Study, StudySpec, Workspace, read_study

if TYPE_CHECKING:
    import pandas as pd

    from informality.inference.design import Design, Lonely
    from informality.survey.harmonise import Harmonised
    from informality.survey.profile import Profile
    from informality.tabulation.tabulate import Settings, View

DOING = {
    "workers": "reading, harmonising and classifying",
    "results": "estimating",
    "report": "drawing and rendering",
}
MEANING = {
    "raw": "raw survey file",
    "workers": "persons, harmonised and classified, with the rule that decided each",
    "annex": "how the file was read and checked",
    "results": "the results table: every published number",
    "report": "the report: open it in a browser",
    "manifest": "hashes, versions, settings and durations",
}


@dataclass(frozen=True, slots=True)
class Written:
    """One file a run left, and whether this run made it."""

    path: Path
    meaning: str
    made: bool


@dataclass(slots=True)
class Run:
    """One run of a study. What it makes is staged beside ``data_clean`` and moved there when all of it is made."""

    workspace: Workspace
    study_path: Path
    clean: Path
    staging: Path
    force: bool
    tell: Callable[[str], None]
    old: dict[str, Any]
    manifest: dict[str, Any]
    _study: Study | None = None

    @property
    def study(self) -> Study:
        """The study, read when first needed: a run that skips every step reads no more than hashes."""
        if self._study is None:
            self._study = read_study(self.study_path)
        return self._study

    def file(self, name: str) -> Path:
        """An artefact as this run has it: just made, or standing from the last run."""
        return self.staging / name if (self.staging / name).is_file() else self.clean / name


def run_study(
    name: str, workspace: Workspace, *, force: bool = False, tell: Callable[[str], None] = lambda text: None
) -> list[Written]:
    """Run a study as far as it has changed; returns every file it stands on, in order of making.

    ``tell`` is called with a few words at the start of each long step. Raises :class:`InformalityError`; then
    what the last run left stands as it was.
    """
    study_path = workspace.study_path(name)
    head = load(study_path, StudySpec).spec
    clean = workspace.clean(head.id)
    staging = _staging(clean)
    try:
        run = Run(
            workspace, study_path, clean, staging, force, tell, _read_manifest(clean / "manifest.json"), {}
        )
        return _run(run, head)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _run(run: Run, head: StudySpec) -> list[Written]:
    base = _digest(
        {"package": package_fingerprint(), "study": sha256(run.study_path), "versions": versions()}
    )
    run.manifest = {"study": head.id, "steps": {}, "fingerprint": base}
    raw, raw_is_new = _raw(run, head, base)
    page = run.workspace.output(head.id) / "country.html"
    source = run.workspace.root / "reports" / "country.qmd"
    made = {raw} if raw_is_new else set()

    def step(
        name: str, reads: Mapping[str, str], outputs: Mapping[str, Path], make: Callable[[], None]
    ) -> None:
        fingerprint = _digest({"base": base, **reads})
        last = run.old.get("steps", {}).get(name, {})
        standing = {n: sha256(p) for n, p in outputs.items() if p.is_file()}
        if (
            not run.force
            and last.get("fingerprint") == fingerprint
            and last.get("outputs") == standing
            and set(standing) == set(outputs)
        ):
            run.manifest["steps"][name] = last
            return
        run.tell(DOING[name])
        started = time.perf_counter()
        make()
        seconds = round(time.perf_counter() - started, 2)
        staged = {n: run.file(n) if (run.staging / n).is_file() else p for n, p in outputs.items()}
        hashes = {n: sha256(p) for n, p in staged.items()}
        run.manifest["steps"][name] = {"fingerprint": fingerprint, "outputs": hashes, "seconds": seconds}
        made.update(outputs.values())

    files = {n: run.clean / n for n in ("workers.parquet", "annex.json", "results.parquet")}
    step(
        "workers",
        {"raw": sha256(raw)},
        {n: files[n] for n in ("workers.parquet", "annex.json")},
        lambda: _make_workers(run, raw),
    )
    reads = {n: sha256(run.file(n)) for n in ("workers.parquet", "annex.json")}
    step("results", reads, {"results.parquet": files["results.parquet"]}, lambda: _make_results(run))
    reads = {n: sha256(run.file(n)) for n in ("results.parquet", "annex.json")}
    reads["source"] = sha256(source) if source.is_file() else ""
    step("report", reads, {page.name: page}, lambda: _make_report(run, raw, source, page))

    manifest = run.clean / "manifest.json"
    if _finish(run, manifest):
        made.add(manifest)
    meanings = {
        raw: "raw",
        **dict(zip(files.values(), ("workers", "annex", "results"), strict=True)),
        page: "report",
        manifest: "manifest",
    }
    return [Written(path, MEANING[meaning], path in made) for path, meaning in meanings.items()]


def _staging(clean: Path) -> Path:
    try:
        clean.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{clean.name}-", dir=clean.parent))
    except OSError as failure:
        raise InformalityError(
            Problem(
                str(clean.parent),
                "results cannot be written here",
                str(failure.strerror or failure),
                "check that the folder may be written to and that the disk has room",
            ),
            ExitCode.OUTPUT,
        ) from None


# -- steps ---------------------------------------------------------------------------------------------


def _raw(run: Run, head: StudySpec, base: str) -> tuple[Path, bool]:
    """The raw file of the study, noted in the manifest, and whether this run wrote it."""
    last = run.old.get("raw", {})
    known = run.workspace.root / "data_raw" / str(last.get("file", ""))
    if not run.force and last.get("base") == base and known.is_file() and sha256(known) == last.get("sha256"):
        run.manifest["raw"] = last
        return known, False
    profile = run.study.profile
    path = raw_file(profile, head.wave, run.workspace, run.tell)
    run.manifest["raw"] = {"file": path.name, "sha256": sha256(path), "bytes": path.stat().st_size}
    made_up = profile.spec.waves[head.wave].made_by is not None
    if made_up:
        run.manifest["raw"]["base"] = base
    return path, made_up


def raw_file(profile: Profile, wave_name: str, workspace: Workspace, tell: Callable[[str], None]) -> Path:
    """The delivered file of a wave, its hash checked; a made-up survey is written anew.

    Raises :class:`InformalityError` (``ExitCode.DATA_FILE``) when it is missing or another file.
    """
    wave = profile.spec.waves[wave_name]
    if wave.made_by is not None:
        from informality.survey.synthetic import write_survey

        tell("writing the made-up survey")
        path = workspace.root / "data_raw" / wave.file
        write_survey(LIBRARY / "synthetic" / f"{wave.made_by}.yml", path)
        return path
    path = workspace.raw(wave.file)
    if not path.is_file():
        raise missing_raw(path, wave.file, wave.source)
    found = sha256(path)
    if wave.sha256 is not None and found != wave.sha256:
        from informality.survey.readers import describe

        describe(path)  # a broken file says so itself, which is better news than another hash
        raise InformalityError(
            Problem(
                str(path),
                "this is not the file the profile was written for",
                f"SHA-256 {found[:16]}…, the profile has {wave.sha256[:16]}…",
                f"obtain the file as published ({wave.source}), or give it its own wave in {profile.file.path.name}",
            ),
            ExitCode.DATA_FILE,
        )
    return path


def missing_raw(path: Path, file: str, source: str) -> InformalityError:
    """What to say when a raw file is not where it is looked for."""
    near = sorted(p.name for p in path.parent.glob("*") if p.is_file())[:6] if path.parent.is_dir() else []
    return InformalityError(
        Problem(
            str(path),
            "the raw data file is missing",
            f"in this folder: {', '.join(near)}" if near else "the folder is empty or does not exist",
            f"obtain {file} ({source}); see data_raw/README.md; or say where it lies with --data or INFORMALITY_DATA",
        ),
        ExitCode.DATA_FILE,
    )


def read_harmonised(profile: Profile, wave: str, raw: Path, basis: str) -> Harmonised:
    """One wave of a survey, read from its raw file and harmonised."""
    from informality.survey.harmonise import absent_columns, harmonise
    from informality.survey.readers import describe, read_raw

    absent = absent_columns(profile, describe(raw).columns)
    if absent:
        raise InformalityError(absent, ExitCode.DATA)
    file = read_raw(raw, list(profile.columns()))
    expected = profile.spec.waves[wave].rows
    if expected is not None and file.rows != expected:
        raise InformalityError(
            Problem(
                raw.name,
                "the file has another number of rows than the profile says",
                f"{file.rows:,} rows, the profile says {expected:,}",
                "obtain the complete file, or correct `rows` in the profile",
            ),
            ExitCode.DATA,
        )
    return harmonise(profile, file, basis)


def classified(study: Study, survey: Harmonised) -> pd.DataFrame:
    """The harmonised frame with the outcomes and deciding rules of every definition of the study."""
    import pandas as pd

    from informality.classification.classify import classify

    return pd.concat(
        [survey.frame, *(classify(survey.frame, d, survey.asked) for d in study.definitions)], axis=1
    )


def views(study: Study, workers: pd.DataFrame, asked: frozenset[str]) -> dict[str, View]:
    """The workers as each definition sees them."""
    from informality.tabulation.tabulate import view

    return {d.id: view(workers, d, study.schema, asked) for d in study.definitions}


def _make_workers(run: Run, raw: Path) -> None:
    from informality.classification.classify import rule_counts
    from informality.survey.quality import check_quality
    from informality.tabulation.benchmarks import compare

    study = run.study
    survey = read_harmonised(study.profile, study.spec.wave, raw, study.spec.basis)
    workers = classified(study, survey)
    employed = (workers["employed"] == "yes").to_numpy()
    counts = {d.id: rule_counts(workers, d, employed) for d in study.definitions}
    design = sample_design(study, workers)
    official = compare(
        study.profile, study.spec.wave, views(study, workers, survey.asked), survey.flags, design
    )
    quality = [
        {
            "severity": p.severity,
            "place": p.place,
            "what": p.what,
            "found": p.found,
            "fix": p.fix,
            "n": p.count,
        }
        for p in check_quality(survey, study.profile)
    ]
    write_atomically(run.staging / "workers.parquet", lambda new: workers.to_parquet(new, index=False))
    write_json(
        run.staging / "annex.json",
        {
            "asked": sorted(survey.asked),
            "mapping": _records(survey.mapping),
            "accounting": _records(survey.accounting),
            "quality": quality,
            "rule_counts": {name: _records(table) for name, table in counts.items()},
            "benchmarks": _records(official),
            "design": {
                "strata": int(workers["stratum"].nunique()),
                "psus": len(design.units.stratum),
                "df": design.df,
                "persons": len(workers),
                "weight_sum": float(workers["weight"].sum()),
            },
        },
    )


def _make_results(run: Run) -> None:
    import pandas as pd

    from informality.tabulation.tabulate import tabulate

    study = run.study
    workers = pd.read_parquet(run.file("workers.parquet"))
    asked = frozenset(_read_annex(run)["asked"])
    seen = list(views(study, workers, asked).values())
    design = sample_design(study, workers)
    parts = [tabulate(plan, seen, study.spec.headline, design, settings(study)) for plan in study.plans]
    results = pd.concat(parts, ignore_index=True)
    write_atomically(run.staging / "results.parquet", lambda new: results.to_parquet(new, index=False))


def _make_report(run: Run, raw: Path, source: Path, page: Path) -> None:
    import pandas as pd

    from informality.publication.report import build_report
    from informality.reporting import report_inputs

    annex_path, results_path = run.file("annex.json"), run.file("results.parquet")
    git = git_state(run.workspace.root)
    files = [(raw.name, run.manifest["raw"]["sha256"], run.manifest["raw"]["bytes"])]
    files += [(p.name, sha256(p), p.stat().st_size) for p in (annex_path, results_path)]
    provenance = {
        "files": files,
        "versions": versions(),
        "code": f"informality {versions().get('informality', '')}"
        + (f", commit {git.commit[:12]}" if git else ""),
        "fingerprint": run.manifest["fingerprint"][:16],
        "manifest": f"data_clean/{run.study.spec.id}/manifest.json",
    }
    inputs = report_inputs(run.study, pd.read_parquet(results_path), _read_annex(run), provenance)
    build_report(inputs, source, page.parent)


def sample_design(study: Study, workers: pd.DataFrame) -> Design:
    """The design of a study's survey, with the lonely rule of the study or else of the profile."""
    return sample_design_of(study.profile, workers, study.spec.lonely or study.profile.spec.design.lonely)


def sample_design_of(profile: Profile, workers: pd.DataFrame, lonely: Lonely) -> Design:
    """The design of a survey, over all rows of its workers frame."""
    from informality.inference.design import Design

    spec = profile.spec.design
    return Design.from_columns(
        workers["weight"],
        None if spec.stratum == "none" else workers["stratum"],
        None if spec.psu == "none" else workers["psu"],
        lonely,
    )


def settings(study: Study) -> Settings:
    """How the study wants its estimates."""
    from informality.tabulation.tabulate import Settings

    spec = study.spec
    return Settings(
        spec.id,
        spec.survey,
        spec.wave,
        study.profile.spec.status,
        spec.interval,
        spec.confidence,
        study.standard,
    )


# -- small print ---------------------------------------------------------------------------------------


def _read_annex(run: Run) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(run.file("annex.json").read_text(encoding="utf-8"))
    return content


def _read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the last run; none when it is absent or cannot be read, which only costs time."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _finish(run: Run, path: Path) -> bool:
    """Move what was staged into place, the manifest last; False when nothing had to be made."""
    if run.old.get("steps") == run.manifest["steps"] and run.old.get("raw") == run.manifest["raw"]:
        return False
    run.manifest |= {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "git": git_state(run.workspace.root),
        "settings": run.study.spec.model_dump(exclude_none=True),
    }
    for staged in sorted(run.staging.iterdir()):
        write_atomically(run.clean / staged.name, lambda new, staged=staged: os.replace(staged, new))  # type: ignore[misc]
    write_json(path, run.manifest)
    return True


def _digest(parts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as JSON knows them: numpy numbers as numbers, NaN as null."""
    return [{k: (None if v != v else v) for k, v in row.items()} for row in table.to_dict("records")]
