"""One run of a study: what all of its steps share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from informality.foundation.specfile import SpecFile
from informality.steps import Progress
from informality.study import Study, Workspace, read_study
from informality.study_spec import StudySpec

if TYPE_CHECKING:
    import pandas as pd

    from informality.publication.material import Material
    from informality.publication.quarto import Quarto


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

    def annex(self) -> dict[str, Any]:
        """How the files were read, and what the checks found."""
        content: dict[str, Any] = json.loads(self.at("annex.json").read_text(encoding="utf-8"))
        return content
