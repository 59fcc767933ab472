"""A build folder that real Quarto could render, and beside it the files the embedded renderer makes of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import spoken
from informality.publication.kept import Kept
from informality.publication.quarto import Quarto, render_with
from informality.publication.render import render_all
from informality.publication.translated import name_in

BUILD = "_build"


def build(
    sources: Sequence[Path],
    out_dir: Path,
    formats: Sequence[str],
    write: Callable[[Path], Callable[[Mapping[str, Path]], None]],
    kept: Kept,
    quarto: Quarto | None = None,
) -> list[Path]:
    """Have ``write`` fill ``out_dir/_build`` and render it to a file of each format of each document in ``out_dir``.

    ``write`` returns what notes in that folder from what it and the rendered files were made; ``kept`` is what an
    earlier run left. With ``quarto`` that program renders, and not the embedded renderer. In another language than
    English the files have its code in their names and stand beside the English ones. Returns every file written, the
    rendered ones first, document by document in the order of ``formats``. The same inputs give the same bytes. Raises
    :class:`InformalityError` with every problem found; then nothing is written and what stood there before stays.
    """
    if absent := [source for source in sources if not source.is_file()]:
        raise InformalityError([Problem(str(s), "this report source does not exist") for s in absent], ExitCode.RENDER)
    code = spoken().code
    built = name_in(f"{BUILD}.", code).rstrip(".")
    building = out_dir / f".{built.strip('_')}-{os.getpid()}"
    try:
        building.mkdir(parents=True)
        note = write(building)
        documents = [building / name_in(source.name, code) for source in sources]
        if quarto is None:
            made = render_all(documents, building, formats, kept)
        else:
            made = render_with(quarto, documents, building, formats)
        note({path.name: path for path in made})
        targets, folder = [out_dir / path.name for path in made], out_dir / built
        shutil.rmtree(folder, ignore_errors=True)
        for path, target in zip(made, targets, strict=True):
            os.replace(path, target)
        os.replace(building, folder)
    except OSError as failure:
        problem = Problem(
            str(out_dir), "the report cannot be written here", str(failure), "check the folder and the disk"
        )
        raise InformalityError(problem, ExitCode.OUTPUT) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return [*targets, *sorted(p for p in folder.rglob("*") if p.is_file())]
