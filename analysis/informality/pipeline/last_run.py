"""What the last run of a study left: its manifest, and its workers if they are still what the study says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.provenance import sha256
from informality.pipeline.fingerprints import digest, foundations, of_survey, program
from informality.study import Study, Workspace


def read_manifest(path: Path) -> dict[str, Any]:
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


def workers_of_last_run(study: Study, workspace: Workspace) -> Path:
    """``workers.parquet`` of a study, with ``annex.json`` beside it, whole and made from what the study says now.

    Raises :class:`InformalityError` (``ExitCode.DATA_FILE``) when the study has to be run first.
    """
    clean = workspace.clean(study.spec.id)
    path = clean / "workers.parquet"
    manifest = read_manifest(clean / "manifest.json")
    last = manifest.get("steps", {}).get("workers", {})
    settings, files = foundations(study.file, workspace)
    reads = of_survey(files, manifest.get("raw", {}))
    if not path.is_file():
        what, found = "this study has not been run yet", f"{path} does not exist"
    elif last.get("fingerprint") != digest(
        {"base": program(), "rests_on": digest({"settings": settings["workers"], **reads})}
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
