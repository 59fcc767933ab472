"""Who must and who may join, before anyone has to: legal coverage of each worker by each scheme.

Schemes are gone through in the order of the baseline and a worker who must join one is not looked for in a later one, so
nobody is counted twice. Levers that oblige more people come after the law and before voluntary schemes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from informality.coverage.levers import DomesticWorkers, Lever, MandateGroup, PlatformWithholding, SizeThreshold
from informality.coverage.people import People
from informality.coverage.scenario import Placed
from informality.coverage.scheme import Scheme
from informality.foundation.errors import ExitCode, InformalityError, Problem

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

NONE, MANDATORY, VOLUNTARY = 0, 1, 2
_CODES = {"none": NONE, "mandatory": MANDATORY, "voluntary": VOLUNTARY}
UNKNOWN_SIZE = 0.25
"""A threshold of size needs the size: it is refused where it is not known for more than this share of employees."""


def legal_coverage(people: People, schemes: Sequence[Scheme]) -> dict[str, Ints]:
    """Coverage of each row by each scheme as the law stands (r,): 0 none, 1 must join, 2 may join.

    Only working people are covered. Who must join one scheme is not covered by those after it.
    """
    taken = np.zeros(len(people.person), dtype=bool)
    out: dict[str, Ints] = {}
    for scheme in schemes:
        decided = scheme.covers.decide(people.frame)[people.person]
        table = np.array([_CODES[r.then] for r in scheme.covers.rules] + [NONE], dtype=np.intp)
        code = np.where(people.working & ~taken, table[decided], NONE)
        taken |= code == MANDATORY
        out[scheme.id] = code
    return out


@dataclass(frozen=True, slots=True)
class Mandate:
    """People a lever obliges to join a scheme: ``rows`` (r,), and the lever."""

    placed: Placed
    scheme: str
    rows: Bools


def mandated(people: People, levers: Sequence[Placed], covered: Mapping[str, Ints]) -> list[Mandate]:
    """The people each mandate adds, in order: working, and not obliged already by the law or an earlier lever."""
    taken = np.zeros(len(people.person), dtype=bool)
    for code in covered.values():
        taken |= code == MANDATORY
    out = []
    for placed in levers:
        who = _who(people, placed)
        if who is None or placed.scheme is None:
            continue
        rows = who & people.working & ~taken
        taken |= rows
        out.append(Mandate(placed, placed.scheme, rows))
    return out


def _who(people: People, placed: Placed) -> Bools | None:
    lever: Lever = placed.lever
    if isinstance(lever, MandateGroup | PlatformWithholding):
        return people.where(lever.who)
    if isinstance(lever, DomesticWorkers):
        return people.where({"domestic_worker": "yes"})
    if isinstance(lever, SizeThreshold):
        employees = people.where({"status": "employee"}) & people.working
        _require_size(people, employees, placed)
        return employees & people.where({"size_min": f">= {lever.persons_at_least}"})
    return None


def _require_size(people: People, employees: Bools, placed: Placed) -> None:
    unknown = employees & people.where({"size_min": ["unknown", "not_asked"]})
    weight = people.weight
    share = float(weight[unknown].sum() / max(weight[employees].sum(), 1e-300))
    if share > UNKNOWN_SIZE:
        raise InformalityError(
            Problem(
                placed.place,
                "a threshold of size cannot be simulated: the survey does not know the size of enough units",
                f"not known for {100 * share:.0f} per cent of employees (limit {100 * UNKNOWN_SIZE:.0f})",
                "use a survey that asks for it, or oblige another group (`mandate_group`)",
            ),
            ExitCode.DATA,
        )
