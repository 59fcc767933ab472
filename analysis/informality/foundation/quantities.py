"""One kind of number: every figure written in a file has a unit, a source and a status.

The statuses, from strong to weak: ``verified`` (read in a source), ``derived`` (computed from verified
figures), ``recall`` (from professional memory, not seen), ``assumption`` (chosen so that something can
be run). The weakest one that touched a result travels with it to the printed page.
"""

from __future__ import annotations

from typing import Literal, get_args

from informality.foundation.specfile import SpecModel, Words

Status = Literal["verified", "derived", "recall", "assumption"]
STATUSES: tuple[Status, ...] = get_args(Status)


class QuantitySpec(SpecModel):
    """A number in a YAML file."""

    value: float
    unit: Words
    source: Words
    status: Status


def weakest(*statuses: Status) -> Status:
    """The weakest of some statuses; ``verified`` when there are none."""
    return max(statuses, key=STATUSES.index, default="verified")
