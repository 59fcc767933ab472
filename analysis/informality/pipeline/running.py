"""Running a study: which steps are up to date, which are made again, and all that is made put in place at once.

raw → workers (harmonised, classified) → results (estimated) → report. A step is skipped when its fingerprint
(program, library, settings, hashes of what it reads) and the hashes of its outputs are those of the last run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from informality.foundation.language import ENGLISH, Language, language_of
from informality.foundation.library import LIBRARY, find
from informality.foundation.provenance import git_state, package_fingerprint, sha256, versions, write_json
from informality.foundation.specfile import load
from informality.foundation.staging import check_writable, put, staged
from informality.pipeline import covering, estimating, publishing, reading
from informality.pipeline.artefacts import (
    ANONYMISED,
    COVERAGE,
    EXCHANGE,
    PRODUCTS,
    QUALITY,
    TAKEN_AWAY,
    Artefacts,
    Written,
    artefacts_of,
)
from informality.pipeline.fingerprints import digest, foundations, of_survey, program
from informality.pipeline.last_run import read_manifest
from informality.pipeline.state import Run
from informality.publication.translated import name_in
from informality.steps import Progress
from informality.study import Workspace
from informality.study_spec import StudySpec

if TYPE_CHECKING:
    from informality.publication.quarto import Quarto

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
        last = read_manifest(clean / "manifest.json")
        return _run(Run(workspace, file, clean, staging, force, tell, last, {}, progress, language, quarto))


def _quarto(engine: str, formats: Sequence[str]) -> Quarto | None:
    """The program that is asked for, found before anything else is done; None for the embedded renderer."""
    if engine == EMBEDDED:
        return None
    from informality.publication.quarto import check_formats, find_quarto

    check_formats(formats)
    return find_quarto()


@dataclass(slots=True)
class Steps:
    """The steps of one run. ``settings``: those each step looks at; ``made``: what this run has made, by where it will stand."""

    run: Run
    base: str
    settings: Mapping[str, Mapping[str, Any]]
    languages: Mapping[str, Language]
    places: Mapping[str, Path]
    made: set[Path] = field(default_factory=set)

    def take(
        self, name: str, reads: Mapping[str, Any], outputs: Sequence[str], make: Callable[[], None] | None
    ) -> None:
        """Make the outputs of a step unless they stand as it would make them; ``make`` of None: then they go.

        ``name`` may end in the code of a language. What is up to date is noted in the manifest as the last run noted it.
        """
        run = self.run
        doing, _, code = name.partition(".")
        rests_on = digest({"settings": self.settings[doing], **reads})
        fingerprint = digest({"base": self.base, "rests_on": rests_on})
        last = run.old.get("steps", {}).get(name, {})
        standing = {n: sha256(self.places[n]) for n in outputs if self.places[n].is_file()}
        same = last.get("fingerprint") == fingerprint and last.get("outputs") == standing
        if same and len(standing) == len(outputs) and not run.force:
            run.manifest["steps"][name] = last
        if name in run.manifest["steps"] or make is None:
            return
        run.tell((DOING | COVERING)[doing] + (f", {self.languages[code].name}" if code else ""))
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
        self.made.update(self.places[n] for n in outputs)


def _run(run: Run) -> list[Written]:
    languages, kept = _languages(run)
    settings, files = foundations(run.file, run.workspace)
    base = program()
    run.manifest = {
        "study": run.head.id,
        "steps": {},
        "fingerprint": digest({"base": base, "files": files, "settings": settings["report"]}),
        "package": package_fingerprint(),
        "files": files,
    }
    raw = reading.raw_files(run, digest({"base": base, "profile": files[f"surveys/{run.head.survey}"]}))
    raw_places = {
        path: run.workspace.root / "data_raw" / path.name if path.parent == run.staging else path
        for path in raw.values()
    }
    output = run.workspace.output(run.head.id)
    artefacts = artefacts_of(run.head, languages, run.clean, output)
    made = {place for path, place in raw_places.items() if path.parent == run.staging}
    steps = Steps(run, base, settings, languages, artefacts.places, made)
    reads = _estimate(steps, raw, files)
    _publish(steps, raw, reads, artefacts, kept)
    if _finish(run):
        made.add(run.clean / "manifest.json")
    builds = {f"report/{n}": output / n for n in (name_in("_build.", code).rstrip(".") for code in languages)}
    _put_in_place(run, {path.name: place for path, place in raw_places.items()} | builds | artefacts.places)
    _take_away(run, artefacts, output)
    standing = _outputs(run.manifest)
    return [Written(place, "raw survey file", place in made) for place in raw_places.values()] + [
        Written(artefacts.places[name], meaning, artefacts.places[name] in made)
        for name, meaning in artefacts.meanings.items()
        if name in standing or name == "manifest.json"
    ]


def _estimate(steps: Steps, raw: Mapping[str, Path], files: dict[str, str]) -> dict[str, str]:
    """From the raw files to the results table; returns the hashes of all that what is published rests on."""
    run = steps.run
    has_scenarios = run.head.coverage is not None
    estimated = "estimates.parquet" if has_scenarios else "results.parquet"
    of_raw = of_survey(files, run.manifest["raw"])
    steps.take("workers", of_raw, ["workers.parquet", "annex.json"], lambda: reading.make_workers(run, raw))
    reads = files | {n: sha256(run.at(n)) for n in ("workers.parquet", "annex.json")}
    outputs = [estimated, "hidden.csv", *QUALITY]
    steps.take("results", reads, outputs, lambda: estimating.make_results(run, estimated))
    if has_scenarios:
        with_estimates = reads | {estimated: sha256(run.at(estimated))}
        steps.take("coverage", with_estimates, COVERAGE, lambda: covering.make_coverage(run, estimated))
        parts = {n: sha256(run.at(n)) for n in (estimated, *COVERAGE)}
        together = [estimated, "coverage.parquet"]
        steps.take("table", parts, ["results.parquet"], lambda: estimating.put_together(run, together))
        reads |= parts
    return reads | {n: sha256(run.at(n)) for n in ("results.parquet", "hidden.csv", "quality.json")}


def _publish(
    steps: Steps, raw: Mapping[str, Path], reads: dict[str, str], artefacts: Artefacts, kept: set[str]
) -> None:
    """From the results table to all that is read: in each language, and for other programs. ``kept`` ones are not made anew."""
    run = steps.run
    folder = run.workspace.root / "reports"
    sources = {report: folder / f"{report}.qmd" for report in run.head.each_report}
    shared = {path.stem: path for path in sorted(folder.glob("_*.md"))}
    written = {f"source/{n}": sha256(path) if path.is_file() else "" for n, path in (sources | shared).items()}
    with_source = reads | written | ({"engine": run.quarto.words} if run.quarto else {})
    for code, language in steps.languages.items():
        own = (
            {} if code == ENGLISH else {"language": sha256(find("languages", code, run.workspace.folder("languages")))}
        )
        tail = "" if code == ENGLISH else f".{code}"
        key = digest({"base": steps.base, "settings": steps.settings["report"], "reads": reads, **own})
        make_report = partial(publishing.make_report, run, raw, sources, language, key)
        make_products = partial(publishing.make_products, run, raw, language)
        outputs = [name_in(n, code) for n in artefacts.pages]
        steps.take(f"report{tail}", with_source | own, outputs, None if code in kept else make_report)
        outputs = [name_in(n, code) for n in TAKEN_AWAY] if tail else [*PRODUCTS]
        steps.take(f"products{tail}", reads | own, outputs, None if code in kept else make_products)
    vouched = _outputs(run.manifest)
    named = [n for n in (name_in("report/figures.csv", code) for code in steps.languages) if n in vouched]
    long = {n: made_now if (made_now := run.staging / n).is_file() else steps.places[n] for n in named}
    with_long = reads | {n: sha256(path) for n, path in long.items()}
    outputs = [*EXCHANGE, *artefacts.released]
    steps.take("exchange", with_long, outputs, lambda: publishing.make_exchange(run, raw, list(long.values())))


def _put_in_place(run: Run, places: Mapping[str, Path]) -> None:
    for name, place in places.items():  # the manifest last: it vouches for the others
        if (run.staging / name).exists():
            put(run.staging / name, place)


def _take_away(run: Run, artefacts: Artefacts, output: Path) -> None:
    """Remove what earlier runs left and this study does not vouch for."""
    earlier = {n for n in _outputs(run.old) if n.startswith("report/")} - _outputs(run.manifest)
    for name in artefacts.not_asked | earlier:  # a report of an earlier run would stand beside other numbers
        (output / name.removeprefix("report/")).unlink(missing_ok=True)
    for name in set(ANONYMISED) - set(artefacts.released):  # nor may a file stay that the study wants no more
        (run.clean / name).unlink(missing_ok=True)


def _outputs(manifest: Mapping[str, Any]) -> set[str]:
    """The names of all files that the steps of a run vouch for."""
    return {name for step in manifest.get("steps", {}).values() for name in step["outputs"]}


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
