"""What is said of a person from all their jobs: the steps of ``library/person.yml`` over what a definition decided."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from pydantic import Field

from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.grammar import NOT_APPLICABLE, StepSpec, Variable
from informality.foundation.library import LIBRARY
from informality.foundation.proof import prove
from informality.foundation.rules import Step, compile_steps
from informality.foundation.specfile import SpecModel, Words, load

SUFFIX = "_2"
"""What the second job's variables and outcomes have behind the name of the main job's."""
KINDS = ("formal", "informal", "other", "not_determinable", NOT_APPLICABLE)
"""The outcomes of any definition's job step, as these steps know them: what is neither formal nor informal is other."""


class PersonSpec(SpecModel):
    """``person.yml``: steps over what a definition decided of the main and of the second job."""

    title: Words
    sources: list[Words] = Field(min_length=1)
    steps: list[StepSpec] = Field(min_length=1)


@functools.cache
def person_steps() -> tuple[Step, ...]:
    """The steps of ``person.yml``, compiled and proved. Raises :class:`InformalityError` with every problem."""
    file = load(LIBRARY / "person.yml", PersonSpec)
    jobs = {n: Variable(n, "category", KINDS, n) for n in ("job", "job" + SUFFIX)}
    steps, problems = compile_steps(file.spec.steps, jobs, place=file.place)
    problems += prove(steps, file.path.name) if not problems else []
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return steps


def outcomes_of_person(steps: Sequence[Step]) -> dict[str, Variable]:
    """What is decided of second jobs and of the person, for a definition that tells informal jobs (else nothing)."""
    decided = {s.decides: s for s in steps}
    if "job" not in decided or "informal" not in decided["job"].outcomes:
        return {}
    titles = {"unit": f"{decided['unit'].title}, second job" if "unit" in decided else "", "job": "Second job"}
    second = {
        f"{name}{SUFFIX}": Variable(f"{name}{SUFFIX}", "category", tuple(step.outcomes), titles[name], step.outcomes)
        for name, step in decided.items()
        if name in titles
    }
    person = {
        s.decides: Variable(s.decides, "category", tuple(s.outcomes), s.title, s.outcomes) for s in person_steps()
    }
    return {**second, **person}
