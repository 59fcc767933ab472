"""Several waves, or several surveys, in one design: so that change has an error that knows who was in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import IntArray
from informality.inference.sampling.units import Lonely


def pooled(
    waves: Sequence[Mapping[str, Any]], *, overlapping: bool, lonely: Lonely = "fail"
) -> tuple[Design, IntArray]:
    """One design from the files of several waves, and the wave (0, 1, ...) of each of its rows.

    ``waves``: for each file the columns of :meth:`Design.from_columns` by name (``weight``, ``stratum``, ``psu``,
    ``fpc``, ``psu2``, ``fpc2``), the same names in all. The rows of the design are those of the files one
    after the other; estimate with the wave as (part of) the domain, and compare.

    ``overlapping``: PSUs that have the same stratum and code in two files are one PSU, visited twice (panels,
    rotation, the same areas with new households), and what they have in common lowers or raises the error of
    a change. Otherwise the samples were drawn independently: each has its own strata, and codes that agree
    mean nothing. Raises :class:`InformalityError` (DATA) if the columns differ between files, or if
    files that should overlap have no PSU in common.
    """
    names = list(waves[0]) if waves else []
    sizes = [len(np.asarray(wave["weight"])) for wave in waves if "weight" in wave]
    place = "pooled sample design"
    if len(sizes) < max(2, len(waves)) or any(set(wave) != set(names) for wave in waves):
        given = "; ".join(", ".join(sorted(wave)) for wave in waves)
        raise InformalityError(
            Problem(
                place,
                "pooling takes two files or more, with the same columns, a weight among them",
                given or "nothing",
                "name the same columns (weight, stratum, psu, fpc, psu2, fpc2) for each file",
            ),
            ExitCode.DATA,
        )
    wave_of_row = np.repeat(np.arange(len(waves)), sizes)
    columns = {name: np.concatenate([np.asarray(wave[name]) for wave in waves]) for name in names}
    if not overlapping:
        columns["stratum"] = _own_strata(wave_of_row, columns.get("stratum"))
    design = Design.from_columns(lonely=lonely, **columns)
    if overlapping:
        visits = np.unique(np.stack([design.psu, wave_of_row]), axis=1)[0]
        if len(np.unique(visits)) == len(visits):
            raise InformalityError(
                Problem(
                    place,
                    "the files have no primary sampling unit (PSU) in common",
                    f"{len(visits):,} PSUs in {len(waves)} files, none of them in two",
                    "check that strata and PSUs are coded alike in all files (numbers, or text, in each), "
                    "or say that the samples are independent",
                ),
                ExitCode.DATA,
            )
    return design, wave_of_row


def _own_strata(wave: IntArray, stratum: Any) -> Any:
    """Strata of each wave kept apart: labels (n,) such as "2: 14"."""
    if stratum is None:
        return wave
    labels = np.array([f"{w + 1}: {label}" for w, label in zip(wave, stratum, strict=True)])
    return labels
