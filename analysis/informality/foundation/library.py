"""The library that comes with the program, and the project's own files that go before it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean

LIBRARY = Path(__file__).parents[1] / "library"

Kind = Literal[
    "surveys",
    "definitions",
    "tables",
    "models",
    "reliability",
    "disclosure",
    "anonymisation",
    "codes",
    "countries",
    "schemes",
    "baselines",
    "scenarios",
    "languages",
]
ONE_OF: dict[Kind, str] = {
    "surveys": "survey profile",
    "definitions": "definition",
    "tables": "set of tables",
    "models": "set of models",
    "reliability": "reliability standard",
    "disclosure": "set of rules for disclosure control",
    "anonymisation": "rule of anonymisation",
    "codes": "code list",
    "countries": "country file",
    "schemes": "scheme",
    "baselines": "baseline",
    "scenarios": "scenario",
    "languages": "language",
}


def find(kind: Kind, name: str, *folders: Path) -> Path:
    """The YAML file of that name: in the given folders first, then in the library; a pattern counts as a survey.

    A folder with the name of another kind is passed over, so that all folders of a project may be given.
    Raises :class:`InformalityError` (``ExitCode.SPEC``) with the nearest name there is.
    """
    patterns = [LIBRARY / "patterns"] if kind == "surveys" else []
    places = (*(f for f in folders if f.name == kind or f.name not in ONE_OF), LIBRARY / kind, *patterns)
    for folder in places:
        if (folder / f"{name}.yml").is_file():
            return folder / f"{name}.yml"
    known = sorted({p.stem for folder in places for p in folder.glob("*.yml")})
    what = f"there is no {ONE_OF[kind]} of this name"
    raise InformalityError(Problem(name, what, fix=did_you_mean(name, known)), ExitCode.SPEC)
