"""``informality new``: a data file in, an unfinished profile out, and never a file overwritten."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.library import LIBRARY
from informality.survey.suggesting.facts import Progress, look_at
from informality.survey.suggesting.reading import slug
from informality.survey.suggesting.skeleton import skeleton
from informality.survey.unfinished import MARK, TODO


@dataclass(frozen=True, slots=True)
class Started:
    """A profile that was written: where, how many places only a person can fill, and how many suggestions to confirm."""

    path: Path
    id: str
    open: int
    suggested: int


def start(
    files: Sequence[Path],
    folder: Path,
    id: str | None = None,
    out: Path | None = None,
    tell: Callable[[str], None] = lambda text: None,
    progress: Progress = lambda name, done, total: None,
    **how: Any,
) -> Started:
    """Write an unfinished profile for ``files`` into ``folder`` (or as ``out``); the first holds the persons.

    ``how`` are the options of :func:`informality.survey.readers.read_raw`, for every file. The columns are read in turns,
    so that memory is bounded whatever the size of the file. Raises :class:`InformalityError`: ``USAGE`` for an id that is
    none, ``OUTPUT`` when the profile exists or cannot be written, ``DATA_FILE`` for a file that cannot be read.
    """
    name = id or slug(files[0].name.split(".")[0]).replace("_", "-")
    path = out or folder / f"{name}.yml"
    name = id or (path.stem if out else name)
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise InformalityError(
            Problem(
                "--id", f"`{name}` cannot be the name of a profile", fix="use letters, digits, hyphens and full stops"
            ),
            ExitCode.USAGE,
        )
    _refuse_existing(path, name, out is None)
    looked = []
    for file in files:
        tell(f"looking at {file.name}")
        looked.append(look_at(file, progress, **how))
    tell("comparing columns with the schema")
    text = skeleton(looked, name)
    _write(path, text)
    body = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    todos = sum(len(re.findall(rf"\b{TODO}\b", line.split("  #")[0])) for line in body)
    return Started(path, name, todos, sum(f"# {MARK}" in line for line in text.splitlines()[5:]))


def _refuse_existing(path: Path, name: str, in_workspace: bool) -> None:
    """A profile that is there stays as it is, and one of the library is not hidden by another of its name."""
    if path.exists():
        raise InformalityError(
            Problem(str(path), "this file exists and is not overwritten", fix="give another name with --id or --out"),
            ExitCode.OUTPUT,
        )
    if in_workspace and (LIBRARY / "surveys" / f"{name}.yml").is_file():
        raise InformalityError(
            Problem(
                str(path),
                f"the library has a profile `{name}`, which this file would hide",
                fix="give another name with --id",
            ),
            ExitCode.OUTPUT,
        )


def _write(path: Path, text: str) -> None:
    """Write a file that does not exist yet, whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
                file.flush()
            except OSError:
                path.unlink(missing_ok=True)
                raise
    except FileExistsError:
        _refuse_existing(path, path.stem, False)
        raise
    except OSError as failure:
        problem = Problem(
            str(path), "the profile cannot be written", str(failure.strerror), "choose another place with --out"
        )
        raise InformalityError(problem, ExitCode.OUTPUT) from None
