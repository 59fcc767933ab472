"""``informality verify``: is everything still what the last run wrote, and do the official figures still come out?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from informality.checking import check_survey
from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.provenance import package_fingerprint, sha256, versions
from informality.foundation.specfile import load
from informality.pipeline.artefacts import MEANING
from informality.study import StudySpec, Workspace, read_study


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing looked at: what it is, whether it holds, and the evidence."""

    what: str
    holds: bool
    evidence: str


def verify(name: str, workspace: Workspace, tell: Callable[[str], None]) -> list[Verdict]:
    """Everything a study's manifest vouches for, recomputed: hashes of raw and written files, program, libraries, and the
    official figures of each wave, from the raw file. Nothing is written.

    Raises :class:`InformalityError` when the study has not been run.
    """
    study = read_study(workspace.study_path(name), workspace)
    clean = workspace.clean(load(workspace.study_path(name), StudySpec).spec.id)
    manifest = _manifest(clean / "manifest.json", name)
    tell("recomputing hashes")
    found = []
    for wave, entry in manifest.get("raw", {}).items():
        path = workspace.raw(str(entry.get("file", "")))
        if not path.is_file():
            path = workspace.root / "data_raw" / str(entry.get("file", ""))
        found.append(_same(f"raw file of {wave}", path, entry.get("sha256", "")))
    for step in manifest.get("steps", {}).values():
        for output, hashed in step.get("outputs", {}).items():
            folder = workspace.output(study.spec.id) if output.startswith("report/") else clean
            found.append(_same(MEANING.get(output, output), folder / output.removeprefix("report/"), hashed))
    then, now = manifest.get("package", ""), package_fingerprint()
    found.append(Verdict("program and library", then == now, f"{then[:16]} then, {now[:16]} now"))
    old = manifest.get("versions", {})
    changed = [f"{n} {old.get(n, 'absent')} then, {v} now" for n, v in versions().items() if old.get(n) != v]
    found.append(Verdict("versions of Python and libraries", not changed, "; ".join(changed) or "the same"))
    for wave in study.spec.each_wave:
        checked = check_survey(study.spec.survey, workspace, wave, tell)
        wrong = [p.what for p in checked.failures]
        figures = f"{len(checked.benchmarks)} official figures of {wave}"
        found.append(Verdict(figures, not wrong, "; ".join(wrong) or "as they were published"))
    return found


def _same(what: str, path: Path, hashed: str) -> Verdict:
    if not path.is_file():
        return Verdict(f"{path.name}: {what}", False, "the file is gone")
    here = sha256(path)
    said = f"SHA-256 {here[:16]}" + ("" if here == hashed else f", the run wrote {hashed[:16]}")
    return Verdict(f"{path.name}: {what}", here == hashed, said)


def _manifest(path: Path, name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InformalityError(
            Problem(
                name, "this study has not been run yet", f"{path} is not there or not whole", f"informality run {name}"
            ),
            ExitCode.DATA_FILE,
        ) from None
    return found


def failure_of(found: list[Verdict]) -> InformalityError | None:
    """What the command ends with when something does not hold."""
    wrong = [Problem(v.what, "this is not what the run vouched for", v.evidence) for v in found if not v.holds]
    return InformalityError(wrong, ExitCode.BENCHMARK) if wrong else None
