"""What each step of a study rests on: the program and its library, settings, and the hashes of what it reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from informality.foundation.provenance import package_fingerprint, sha256, versions
from informality.foundation.specfile import SpecFile
from informality.study import Workspace, named_files, read_study
from informality.study_spec import StudySpec
from informality.survey.like import files_of

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


def digest(parts: Mapping[str, Any]) -> str:
    """One SHA-256 over whatever JSON can write."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def program() -> str:
    """What every step rests on: the program, its library, and the versions of what touches the numbers."""
    return digest({"package": package_fingerprint(), "versions": versions()})


def foundations(file: SpecFile[StudySpec], workspace: Workspace) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
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


def of_survey(files: Mapping[str, str], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Hashes of what the workers rest on: the raw files and those beside them, the profile and the definitions."""
    hashes = {"raw": {wave: (entry.get("sha256", ""), entry.get("beside", {})) for wave, entry in raw.items()}}
    later = ("tables/", "models/", "coverage/")
    return {name: value for name, value in files.items() if not name.startswith(later)} | hashes
