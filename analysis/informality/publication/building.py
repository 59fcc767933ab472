"""A build folder that real Quarto could render, and beside it the files the embedded renderer makes of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import spoken
from informality.publication.render import render
from informality.publication.translated import name_in


def build(source: Path, out_dir: Path, kept: str, formats: Sequence[str], write: Callable[[Path], None]) -> list[Path]:
    """Have ``write`` fill ``out_dir/<kept>`` and render it to a file of each format in ``out_dir``.

    In another language than English the files have its code in their names and stand beside the English ones.
    Returns every file written, the rendered ones first, in the order of ``formats``. The same inputs give the same
    bytes. Raises :class:`InformalityError` with every problem found; then nothing is written and what stood there
    before stays.
    """
    if not source.is_file():
        raise InformalityError(Problem(str(source), "this report source does not exist"), ExitCode.RENDER)
    name, kept = name_in(source.name, spoken().code), name_in(f"{kept}.", spoken().code).rstrip(".")
    building = out_dir / f".{kept.strip('_')}-{os.getpid()}"
    try:
        building.mkdir(parents=True)
        write(building)
        made = render(building / name, building, formats)
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
