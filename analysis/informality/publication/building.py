"""A build folder that real Quarto could render, and beside it the files the embedded renderer makes of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import spoken
from informality.publication.render import render_all
from informality.publication.translated import name_in


def build(
    sources: Sequence[Path], out_dir: Path, kept: str, formats: Sequence[str], write: Callable[[Path], None]
) -> list[Path]:
    """Have ``write`` fill ``out_dir/<kept>`` and render it to a file of each format of each document in ``out_dir``.

    In another language than English the files have its code in their names and stand beside the English ones.
    Returns every file written, the rendered ones first, document by document in the order of ``formats``. The same
    inputs give the same bytes. Raises :class:`InformalityError` with every problem found; then nothing is written and
    what stood there before stays.
    """
    if absent := [source for source in sources if not source.is_file()]:
        raise InformalityError([Problem(str(s), "this report source does not exist") for s in absent], ExitCode.RENDER)
    code = spoken().code
    kept = name_in(f"{kept}.", code).rstrip(".")
    building = out_dir / f".{kept.strip('_')}-{os.getpid()}"
    try:
        building.mkdir(parents=True)
        write(building)
        made = render_all([building / name_in(source.name, code) for source in sources], building, formats)
        targets, folder = [out_dir / path.name for path in made], out_dir / kept
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
