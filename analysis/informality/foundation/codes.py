"""Code lists of the international classifications, and crosswalks between their versions that refuse to guess.

A crosswalk says, for each code of the older version, where it goes and how much of it goes there (the share of the
official links between classes, not weighted by persons). What is spread over several codes is never mapped; what
goes mostly to one is mapped only where the user allows for the share. Refused codes come back by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import Field

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.library import LIBRARY
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecModel, Words, load

Code = int | float | str
MOST = 0.8
"""Below this share of its links a code is mapped only approximately (reference definitions page, 5.2)."""


class CodeListSpec(SpecModel):
    """A shared list: code of a classification → category of the schema."""

    title: Words
    source: Words
    status: Status | None = None
    codes: dict[Code, Words]


class LinkSpec(SpecModel):
    """Where one code goes. ``links`` are the shares of its links by target, as far as they are known."""

    to: Code
    links: dict[Code, float] = Field(default_factory=dict)
    approximate: Words | None = None
    do_not_map: Words | None = None


class CrosswalkSpec(SpecModel):
    """A crosswalk file. ``do_not_map`` at the top refuses all of it, and says why."""

    title: Words
    origin: Words = Field(alias="from")
    target: Words = Field(alias="to")
    source: Words
    status: Status
    note: Words | None = None
    do_not_map: Words | None = None
    codes: dict[Code, LinkSpec]


@dataclass(frozen=True, slots=True)
class Mapped:
    """``values`` holds the new code of every row (None where refused or missing); ``refused`` why, by code, with rows."""

    values: npt.NDArray[np.object_]
    refused: Mapping[Code, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """A crosswalk ready to map codes."""

    spec: CrosswalkSpec
    path: Path

    def refusal(self, code: Code, least: float = MOST) -> str | None:
        """Why a code is not mapped, or None if it is; ``least`` is the share of links that is enough."""
        if self.spec.do_not_map is not None:
            return self.spec.do_not_map
        link = self.spec.codes.get(code)
        if link is None:
            return f"not a code of {self.spec.origin}"
        if link.do_not_map is not None:
            return _with_links(link.do_not_map, link)
        share = link.links.get(link.to)
        if share is not None and share < least:
            return _with_links(f"only {share:.0%} of its links go to {link.to}", link)
        return link.approximate if least >= MOST else None

    def map(self, codes: npt.ArrayLike, least: float = MOST) -> Mapped:
        """Codes of the older version as codes of the newer one, shape (rows,); blanks stay blank.

        ``codes`` are numbers or text. ``least`` below :data:`MOST` accepts codes that go there only for the most
        part, and those marked approximate; what is marked ``do_not_map`` is refused whatever it is.
        """
        import pandas as pd

        position, found = pd.factorize(np.asarray(codes, dtype=object))
        known = [_plain(value) for value in found]
        reasons = [self.refusal(code, least) for code in known]
        targets = np.array(
            [None if why else self.spec.codes[code].to for code, why in zip(known, reasons, strict=True)] + [None],
            dtype=object,
        )
        rows = np.bincount(position[position >= 0], minlength=len(known))
        refused = {c: (why, int(n)) for c, why, n in zip(known, reasons, rows, strict=True) if why is not None}
        return Mapped(targets[position], dict(sorted(refused.items(), key=lambda item: str(item[0]))))

    def translate(self, codes: npt.ArrayLike, least: float = MOST) -> npt.NDArray[np.object_]:
        """As :meth:`map`, but nothing may be refused.

        Raises :class:`InformalityError` (``ExitCode.DATA``) with every refused code, its rows and the reason.
        """
        mapped = self.map(codes, least)
        if mapped.refused:
            raise InformalityError(
                [
                    Problem(
                        self.path.name,
                        f"code {code} of {self.spec.origin} is not mapped to {self.spec.target}",
                        f"{n:,} rows; {why}",
                        "keep the code in its own version, or map it by a more detailed code",
                        count=n,
                    )
                    for code, (why, n) in mapped.refused.items()
                ],
                ExitCode.DATA,
            )
        return mapped.values


def read_crosswalk(name: str) -> Crosswalk:
    """A crosswalk of the library. Raises :class:`InformalityError` (``ExitCode.SPEC``) with the nearest name there is."""
    folder = LIBRARY / "codes" / "crosswalks"
    path = folder / f"{name}.yml"
    if not path.is_file():
        known = sorted(p.stem for p in folder.glob("*.yml"))
        raise InformalityError(
            Problem(name, "there is no crosswalk of this name", fix=did_you_mean(name, known)), ExitCode.SPEC
        )
    return Crosswalk(load(path, CrosswalkSpec).spec, path)


def _with_links(why: str, link: LinkSpec) -> str:
    shares = ", ".join(f"{target} {share:.0%}" for target, share in link.links.items())
    return f"{why} ({shares})" if shares else why


def _plain(value: object) -> Code:
    """A code as the file writes it: whole numbers as such, text that is a number too (``"05"`` is 5)."""
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isdigit() else text
    number = float(value)  # type: ignore[arg-type]
    return int(number) if number.is_integer() else number
