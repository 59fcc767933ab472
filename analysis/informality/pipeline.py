"""From a study file to a report, in four steps that each leave one artefact.

raw → workers (harmonised, classified) → results (estimated) → report. A step is skipped when its fingerprint
(program, library, settings, hashes of what it reads) and the hashes of its outputs are those of the last run.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import ENGLISH, Language, language_of, speaking, spoken
from informality.foundation.library import LIBRARY, find
from informality.foundation.provenance import (
    git_state,
    package_fingerprint,
    sha256,
    versions,
    write_atomically,
    write_json,
)
from informality.foundation.specfile import SpecFile, load
from informality.foundation.staging import check_writable, put, staged
from informality.publication.render import ENDINGS
from informality.publication.translated import name_in
from informality.steps import (
    WAVE,
    Progress,
    anonymised,
    changes,
    classified,
    focus_design,
    focus_of,
    ground,
    of_wave,
    protected,
    raw_file,
    read_harmonised,
    readings,
    reread,
    sample_design,
    settings,
    views,
)
from informality.study import Study, Workspace, named_files, read_study
from informality.study_spec import StudySpec
from informality.survey.like import files_of

if TYPE_CHECKING:
    import pandas as pd

    from informality.publication.inputs import ReportInputs
    from informality.publication.material import Material
    from informality.publication.quarto import Quarto
    from informality.survey.harmonise import Harmonised

EMBEDDED = "embedded"
"""The renderer that is part of the program."""
DOING = {
    "workers": "reading, harmonising and classifying",
    "results": "estimating",
    "report": "drawing and rendering",
    "products": "writing store, workbook and explorer",
    "exchange": "writing files for other programs",
}
COVERING = {"coverage": "running the coverage scenarios", "table": "putting the results together"}
"""Steps of a study that has scenarios."""
REPORTS = {
    "country": "the report",
    "brief": "the brief on two pages",
    "coverage": "the coverage report",
    "methods": "the methods annex",
    "compendium": "the compendium of all tables",
}
FORMS = {
    "html": "to open in a browser",
    "pdf": "as a PDF, to print or to send",
    "docx": "for Word",
    "review": "for a workshop: lines and paragraphs numbered, sheets for comments",
}
MEANING = {
    "workers.parquet": "persons, harmonised and classified, with the rule that decided each",
    "annex.json": "how the file was read and checked",
    "estimates.parquet": "what was estimated from the survey",
    "coverage.parquet": "what the scenarios come to",
    "coverage.json": "rules, gates, assumptions and sensitivities of the scenarios",
    "coverage_draws.parquet": "the values drawn for every uncertain number",
    "coverage_entrants.csv": "members by age, sex, earnings and density, to key actuarial models from",
    "results.parquet": "the results table: every published number",
    "quality.json": "what the checks of data and tables found",
    "quality.csv": "the same findings as a table",
    "hidden.csv": "what is not shown so that no small cell can be worked out, and why",
    **{
        f"report/{report}{ENDINGS[form]}": f"{title} {how}"
        for report, title in REPORTS.items()
        for form, how in FORMS.items()
    },
    "report/explorer.html": "every figure to choose from, in one page that needs no network",
    "report/tables.xlsx": "every table, for Excel or LibreOffice",
    "report/figures.csv": "every figure in words, one row each",
    "report/exchange/sdmx.csv": "the estimates as SDMX-CSV, with codes of the ILO",
    "report/exchange/sdmx.json": "their structure, for programs that read SDMX",
    "report/exchange/codes.csv": "what each code is, and which are the ILO's",
    "report/exchange/README.md": "what is in this folder, and what was left out",
    "report/datapackage.json": "what stands in each column of the CSV files there",
    "summary.sqlite": "the same as a database, for `informality query`",
    "figures.parquet": "every figure in words, for R, Python and DuckDB",
    "datapackage.json": "what stands in each column of the CSV files here",
    "codebook.xml": "every variable of workers.parquet, as a DDI codebook",
    "anonymised.dta": "the workers without identifiers, k-anonymous, for Stata: see the licence before you pass it on",
    "anonymised.sav": "the same for SPSS",
    "anonymised.json": "the rule of anonymisation, and what was done how often",
    "manifest.json": "hashes, versions, settings and durations",
}
COVERAGE = ("coverage.parquet", "coverage.json", "coverage_draws.parquet", "coverage_entrants.csv")

QUALITY = ("quality.json", "quality.csv")


TAKEN_AWAY = ("report/tables.xlsx", "report/explorer.html", "report/figures.csv")
PRODUCTS = ("summary.sqlite", *TAKEN_AWAY)
EXCHANGE = (
    "figures.parquet", "datapackage.json", "codebook.xml", "report/datapackage.json",
    "report/exchange/sdmx.csv", "report/exchange/sdmx.json", "report/exchange/codes.csv", "report/exchange/README.md",
)  # fmt: skip
ANONYMISED = ("anonymised.dta", "anonymised.sav", "anonymised.json")
"""Made unless the study says ``microdata: none``."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file a run left, and whether this run made it."""

    path: Path
    meaning: str
    made: bool


COSMETIC = frozenset({"title", "subtitle", "reports", "formats", "language", "microdata"})
LATER = {
    "workers": COSMETIC
    | {
        "id",
        "headline",
        "tables",
        "models",
        "robustness",
        "reliability",
        "reliability_limits",
        "interval",
        "confidence",
        "coverage",
    },
    "results": COSMETIC | {"coverage"},
    "coverage": COSMETIC | {"tables", "models", "robustness", "interval"},
    "table": COSMETIC,
    "report": frozenset({"language", "microdata"}),
    "products": frozenset({"language", "microdata"}),
    "exchange": frozenset({"language"}),
}
"""Settings of a study that a step does not look at; all others make it run again when they change. Each language has a step
of its own."""


@dataclass(slots=True)
class Run:
    """One run of a study. What it makes is staged beside ``data_clean`` and put in place when all of it is made."""

    workspace: Workspace
    file: SpecFile[StudySpec]
    clean: Path
    staging: Path
    force: bool
    tell: Callable[[str], None]
    old: dict[str, Any]
    manifest: dict[str, Any]
    progress: Progress
    language: str | None = None
    """A language asked for besides those of the study."""
    quarto: Quarto | None = None
    _study: Study | None = None
    material: dict[str, tuple[Material, pd.DataFrame]] = field(default_factory=dict)
    """What is published, by the language it is told in."""

    @property
    def head(self) -> StudySpec:
        return self.file.spec

    @property
    def study(self) -> Study:
        """The study, read when first needed: a run that skips every step reads no more than hashes."""
        if self._study is None:
            self._study = read_study(self.file.path, self.workspace)
        return self._study

    def at(self, name: str) -> Path:
        """An artefact as this run has it: just made, or standing from the last run."""
        return self.staging / name if (self.staging / name).is_file() else self.clean / name


def run_study(
    name: str,
    workspace: Workspace,
    *,
    force: bool = False,
    language: str | None = None,
    engine: str = EMBEDDED,
    tell: Callable[[str], None] = lambda text: None,
    progress: Progress = lambda name, done, total: None,
) -> list[Written]:
    """Run a study as far as it has changed; returns every file it stands on, in order of making.

    ``language``: publish in this one, too, beside those the study names. ``engine``: ``quarto`` has that program render.
    ``tell`` is called with a few words at the start of each long step, ``progress`` while a file is read (its name,
    rows read, rows in all). Raises :class:`InformalityError`; then what the last run left stands as it was.
    """
    file = load(workspace.study_path(name), StudySpec)
    clean = workspace.clean(file.spec.id)
    check_writable([clean, workspace.output(file.spec.id)])
    quarto = _quarto(engine, file.spec.formats)
    with staged(clean.parent, file.spec.id) as staging:
        last = _read_manifest(clean / "manifest.json")
        return _run(Run(workspace, file, clean, staging, force, tell, last, {}, progress, language, quarto))


def _quarto(engine: str, formats: Sequence[str]) -> Quarto | None:
    """The program that is asked for, found before anything else is done; None for the embedded renderer."""
    if engine == EMBEDDED:
        return None
    from informality.publication.quarto import check_formats, find_quarto

    check_formats(formats)
    return find_quarto()


def _run(run: Run) -> list[Written]:
    languages, kept = _languages(run)
    settings, files = _foundations(run.file, run.workspace)
    base = _base()
    run.manifest = {
        "study": run.head.id,
        "steps": {},
        "fingerprint": _digest({"base": base, "files": files, "settings": settings["report"]}),
        "package": package_fingerprint(),
        "files": files,
    }
    raw = _raw(run, _digest({"base": base, "profile": files[f"surveys/{run.head.survey}"]}))
    raw_places = {
        path: run.workspace.root / "data_raw" / path.name if path.parent == run.staging else path
        for path in raw.values()
    }
    output = run.workspace.output(run.head.id)
    covering, reports = run.head.coverage is not None, run.head.each_report
    estimated = "estimates.parquet" if covering else "results.parquet"
    pages = [f"report/{report}{ENDINGS[f]}" for report in reports for f in dict.fromkeys(run.head.formats)]
    sources: dict[str, Path] = {report: run.workspace.root / "reports" / f"{report}.qmd" for report in reports}
    not_asked = {f"report/{report}{end}" for report in REPORTS for end in ENDINGS.values()} - set(pages)
    released = ANONYMISED if run.head.microdata != "none" else ()
    left_out = not_asked | (set() if covering else {"estimates.parquet", *COVERAGE}) | (set(ANONYMISED) - set(released))
    places = {
        n: output / n.removeprefix("report/") if n.startswith("report/") else run.clean / n
        for n in MEANING
        if n not in left_out
    }
    meanings = {n: MEANING[n] for n in places}
    for code, language in languages.items():
        translated = {name_in(n, code): n for n in [*pages, *TAKEN_AWAY]} if code != ENGLISH else {}
        meanings |= {n: f"{MEANING[of]}, in {language.name}" for n, of in translated.items()}
        places |= {n: output / n.removeprefix("report/") for n in translated}
    made = {place for path, place in raw_places.items() if path.parent == run.staging}

    def step(name: str, reads: Mapping[str, Any], outputs: Sequence[str], make: Callable[[], None] | None) -> None:
        rests_on = _digest({"settings": settings[name.partition(".")[0]], **reads})
        fingerprint = _digest({"base": base, "rests_on": rests_on})
        last = run.old.get("steps", {}).get(name, {})
        standing = {n: sha256(places[n]) for n in outputs if places[n].is_file()}
        same = last.get("fingerprint") == fingerprint and last.get("outputs") == standing
        if same and len(standing) == len(outputs) and not run.force:
            run.manifest["steps"][name] = last
        if name in run.manifest["steps"] or make is None:
            return
        doing, _, code = name.partition(".")
        run.tell((DOING | COVERING)[doing] + (f", {languages[code].name}" if code else ""))
        started = time.perf_counter()
        make()
        seconds = round(time.perf_counter() - started, 2)
        hashes = {n: sha256(run.staging / n) for n in outputs}
        run.manifest["steps"][name] = {
            "fingerprint": fingerprint,
            "rests_on": rests_on,
            "outputs": hashes,
            "seconds": seconds,
        }
        made.update(places[n] for n in outputs)

    reads = _of_survey(files, run.manifest["raw"])
    step("workers", reads, ["workers.parquet", "annex.json"], lambda: _make_workers(run, raw))
    reads = files | {n: sha256(run.at(n)) for n in ("workers.parquet", "annex.json")}
    step("results", reads, [estimated, "hidden.csv", *QUALITY], lambda: _make_results(run, estimated))
    if covering:
        step("coverage", reads, COVERAGE, lambda: _make_coverage(run))
        parts = {n: sha256(run.at(n)) for n in (estimated, *COVERAGE)}
        step("table", parts, ["results.parquet"], lambda: _put_together(run, [estimated, "coverage.parquet"]))
        reads |= parts
    reads |= {n: sha256(run.at(n)) for n in ("results.parquet", "hidden.csv", "quality.json")}
    shared = {path.stem: path for path in sorted((run.workspace.root / "reports").glob("_*.md"))}
    written = {f"source/{n}": sha256(path) if path.is_file() else "" for n, path in (sources | shared).items()}
    with_source = reads | written | ({"engine": run.quarto.words} if run.quarto else {})
    for code, language in languages.items():
        own = (
            {} if code == ENGLISH else {"language": sha256(find("languages", code, run.workspace.folder("languages")))}
        )
        tail = "" if code == ENGLISH else f".{code}"
        key = _digest({"base": base, "settings": settings["report"], "reads": reads, **own})
        make_report = partial(_make_report, run, raw, sources, language, key)
        make_products = partial(_make_products, run, raw, language)
        outputs = [name_in(n, code) for n in pages]
        step(f"report{tail}", with_source | own, outputs, None if code in kept else make_report)
        outputs = [name_in(n, code) for n in TAKEN_AWAY] if tail else [*PRODUCTS]
        step(f"products{tail}", reads | own, outputs, None if code in kept else make_products)
    vouched = {n for of in run.manifest["steps"].values() for n in of["outputs"]}
    named = [n for n in (name_in("report/figures.csv", code) for code in languages) if n in vouched]
    long = {n: made_now if (made_now := run.staging / n).is_file() else places[n] for n in named}
    reads |= {n: sha256(path) for n, path in long.items()}
    step("exchange", reads, (*EXCHANGE, *released), lambda: _make_exchange(run, raw, list(long.values())))

    if _finish(run):
        made.add(run.clean / "manifest.json")
    builds = {f"report/{n}": output / n for n in (name_in("_build.", code).rstrip(".") for code in languages)}
    moved = {**{path.name: place for path, place in raw_places.items()}, **builds, **places}
    for name, place in moved.items():  # the manifest last: it vouches for the others
        if (run.staging / name).exists():
            put(run.staging / name, place)
    standing = {n for of in run.manifest["steps"].values() for n in of["outputs"]}
    earlier = {
        n for of in run.old.get("steps", {}).values() for n in of["outputs"] if n.startswith("report/")
    } - standing
    for name in not_asked | earlier:  # a report of an earlier run would stand beside other numbers
        (output / name.removeprefix("report/")).unlink(missing_ok=True)
    for name in set(ANONYMISED) - set(released):  # nor may a file stay that the study wants no more
        (run.clean / name).unlink(missing_ok=True)
    return [Written(place, "raw survey file", place in made) for place in raw_places.values()] + [
        Written(places[name], meaning, places[name] in made)
        for name, meaning in meanings.items()
        if name in standing or name == "manifest.json"
    ]


def _languages(run: Run) -> tuple[dict[str, Language], set[str]]:
    """The languages to publish in, English first, which the others are translated from and which is always made; and those
    that only an earlier run was asked for, whose files are kept as long as they would come out the same.

    Raises :class:`InformalityError` (``ExitCode.SPEC``) for one that has no catalogue.
    """
    own = run.workspace.folder("languages")
    said = [run.head.language] if isinstance(run.head.language, str) else run.head.language
    asked = dict.fromkeys([ENGLISH, *said, *([run.language] if run.language else [])])
    before = {name.partition(".")[2] for name in run.old.get("steps", {})} - {"", *asked}
    known = {path.stem for folder in (own, LIBRARY / "languages") for path in folder.glob("*.yml")}
    kept = sorted(before & known)
    return {code: language_of(code, own) for code in [*asked, *kept]}, set() if run.force else set(kept)


def _base() -> str:
    """What every step rests on: the program, its library, and the versions of what touches the numbers."""
    return _digest({"package": package_fingerprint(), "versions": versions()})


def _foundations(file: SpecFile[StudySpec], workspace: Workspace) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The settings each step of a study looks at, and the hashes of the files the study names."""
    named, problems = named_files(file, workspace)
    if problems:
        read_study(file.path, workspace)  # tells them together with whatever else is wrong
    settings = {name: file.spec.model_dump(exclude=set(fields)) for name, fields in LATER.items()}
    files = {f"{kind}/{name}": sha256(path) for kind, paths in named.items() for name, path in paths.items()}
    for name, path in named["surveys"].items():  # a profile may take over from others
        files |= {f"surveys/{name}/{other.stem}": sha256(other) for other in files_of(path)[1:]}
    if file.spec.coverage is not None:  # all of the project's own: a scenario names others, and they name more
        own = [p for folder in workspace.policies for p in sorted(folder.glob("*.yml"))]
        members = file.spec.coverage.members
        own += [workspace.root / "data_raw" / members.file] if members is not None else []
        files |= {f"coverage/{p.parent.name}/{p.name}": sha256(p) for p in own if p.is_file()}
    return settings, files


def _of_survey(files: Mapping[str, str], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Hashes of what the workers rest on: the raw files and those beside them, the profile and the definitions."""
    hashes = {"raw": {wave: (entry.get("sha256", ""), entry.get("beside", {})) for wave, entry in raw.items()}}
    later = ("tables/", "models/", "coverage/")
    return {name: value for name, value in files.items() if not name.startswith(later)} | hashes


def workers_of_last_run(study: Study, workspace: Workspace) -> Path:
    """``workers.parquet`` of a study, with ``annex.json`` beside it, whole and made from what the study says now.

    Raises :class:`InformalityError` (``ExitCode.DATA_FILE``) when the study has to be run first.
    """
    clean = workspace.clean(study.spec.id)
    path = clean / "workers.parquet"
    manifest = _read_manifest(clean / "manifest.json")
    last = manifest.get("steps", {}).get("workers", {})
    settings, files = _foundations(study.file, workspace)
    reads = _of_survey(files, manifest.get("raw", {}))
    if not path.is_file():
        what, found = "this study has not been run yet", f"{path} does not exist"
    elif last.get("fingerprint") != _digest(
        {"base": _base(), "rests_on": _digest({"settings": settings["workers"], **reads})}
    ):
        what, found = (
            "this study has changed since it was run",
            "its settings, its profile, its definitions, or the program and its library",
        )
    elif any(not (clean / n).is_file() or sha256(clean / n) != h for n, h in last["outputs"].items()):
        what, found = "the files of the last run were changed", f"in {clean}"
    else:
        return path
    raise InformalityError(Problem(study.spec.id, what, found, f"informality run {study.spec.id}"), ExitCode.DATA_FILE)


# -- steps ---------------------------------------------------------------------------------------------


def _raw(run: Run, base: str) -> dict[str, Path]:
    """The raw file of each wave of the study, noted in the manifest: where it is now."""
    run.manifest["raw"] = {}
    return {wave: _raw_of(run, wave, base) for wave in run.head.each_wave}


def _raw_of(run: Run, wave: str, base: str) -> Path:
    head, last = run.head, run.old.get("raw", {}).get(wave, {})
    made_from = _digest({"base": base, "wave": wave, "seed": head.seed})
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


def _make_workers(run: Run, raw: Mapping[str, Path]) -> None:
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


def _make_results(run: Run, name: str) -> None:
    import pandas as pd

    from informality.tabulation.modelling import tabulate_models
    from informality.tabulation.readings import tabulate_readings
    from informality.tabulation.robustness import tabulate_robustness
    from informality.tabulation.rows import complete
    from informality.tabulation.tabulate import tabulate

    study = run.study
    workers = pd.read_parquet(run.at("workers.parquet"))
    annex = _read_annex(run)
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

    quality = Quality.joined({part[WAVE]: Quality.read(part) for part in _read_annex(run)["quality"]})
    indicators = [i for plan in run.study.plans for i in plan.spec.indicators.items()]
    compositions = {name: str(i.of) for name, i in indicators if i.statistic == "composition"}
    quality.add(check_results(results, compositions, run.study.schema))
    kept = quality.as_dict()
    write_json(run.staging / "quality.json", kept)
    table = pd.DataFrame(kept["findings"], columns=list(quality.COLUMNS)).astype({"n": "Int64"})
    write_atomically(run.staging / "quality.csv", lambda new: table.to_csv(new, index=False))


def _make_coverage(run: Run) -> None:
    import pandas as pd

    from informality.covering import cover

    workers = pd.read_parquet(run.at("workers.parquet"))
    made = cover(run.study, workers, frozenset(_read_annex(run)["asked"]), run.tell)
    write_atomically(run.staging / "coverage.parquet", lambda new: made.rows.to_parquet(new, index=False))
    write_atomically(run.staging / "coverage_draws.parquet", lambda new: made.draws.to_parquet(new, index=False))
    write_json(run.staging / "coverage.json", made.facts)
    write_atomically(run.staging / "coverage_entrants.csv", lambda new: made.entrants.to_csv(new, index=False))


def _put_together(run: Run, names: Sequence[str]) -> None:
    """One results table of what was estimated and what the scenarios come to."""
    import pandas as pd

    parts = [part for part in (pd.read_parquet(run.at(name)) for name in names) if len(part)]
    results = pd.concat(parts, ignore_index=True)
    write_atomically(run.staging / "results.parquet", lambda new: results.to_parquet(new, index=False))


def _make_report(
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


def _make_products(run: Run, raw: Mapping[str, Path], language: Language) -> None:
    import pandas as pd

    from informality.publication.products import write_products

    hidden = pd.read_csv(run.at("hidden.csv"))
    with speaking(language):
        material, results = _material(run, raw)
        write_products(material, results, hidden, run.staging, run.staging / "report")


def _make_exchange(run: Run, raw: Mapping[str, Path], long: Sequence[Path]) -> None:
    """Files for other programs, and the file of workers that may leave the office. ``long``: ``figures.csv`` in each language."""
    import pandas as pd

    from informality.documenting import codebook
    from informality.publication.ddi import write_codebook
    from informality.publication.exchanged import write_exchange
    from informality.publication.labelled import what_was_done, write_labelled

    material, results = _material(run, raw)
    entrants = ["coverage_entrants.csv"] if run.head.coverage is not None else []
    beside = [run.at(name) for name in ("hidden.csv", "quality.csv", *entrants)]
    write_exchange(material.inputs, results, run.staging, run.staging / "report", long, beside)
    study, workers = run.study, pd.read_parquet(run.at("workers.parquet"))
    write_codebook(codebook(study, workers, results, _read_annex(run)["design"]), run.staging / "codebook.xml")
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
        "how_the_files_were_read": _how_read(_read_annex(run)["files"]),
        **({"engine": run.quarto.words} if run.quarto else {}),
        "versions": versions(),
        "code": f"informality {versions().get('informality', '')}" + (f", commit {git.commit[:12]}" if git else ""),
        "fingerprint": run.manifest["fingerprint"][:16],
        "manifest": f"data_clean/{run.head.id}/manifest.json",
    }
    annex = _read_annex(run) | {"quality": json.loads(run.at("quality.json").read_text(encoding="utf-8"))}
    results = pd.read_parquet(results_path)
    return report_inputs(run.study, results, annex, provenance), results


def _how_read(files: Sequence[Mapping[str, Any]]) -> str:
    """``persons.sav: SPSS, 24 rows, 10 columns, text in UTF-8 (as the file itself says)`` for each file."""
    return "; ".join(
        f"{f['file']}: {f['kind']}, {f['rows']:,} rows, {f['columns']:,} columns, text in {f['text']}" for f in files
    )


# -- small print ---------------------------------------------------------------------------------------


def _read_annex(run: Run) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(run.at("annex.json").read_text(encoding="utf-8"))
    return content


def _read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the last run; none when it is absent, unreadable or misshapen, which only costs time."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not (isinstance(found, dict) and isinstance(found.get("raw"), dict) and isinstance(found.get("steps"), dict)):
        return {}
    whole = all(isinstance(s, dict) and isinstance(s.get("outputs"), dict) for s in found["steps"].values())
    whole &= all(isinstance(entry, dict) for entry in found["raw"].values())
    return found if whole else {}


def _finish(run: Run) -> bool:
    """Stage the manifest; False when nothing had to be made."""
    if run.old.get("steps") == run.manifest["steps"] and run.old.get("raw") == run.manifest["raw"]:
        return False
    run.manifest |= {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "git": git_state(run.workspace.root),
        "settings": run.head.model_dump(exclude_none=True),
    }
    write_json(run.staging / "manifest.json", run.manifest)
    return True


def _digest(parts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as JSON knows them: numpy numbers as numbers, NaN as null."""
    return [{k: (None if v != v else v) for k, v in row.items()} for row in table.to_dict("records")]
