"""Second jobs: the answers about them, as the same definition reads them.

The Resolution of 2023 counts persons by their main job and lets a person hold formal and informal jobs (59 to 61, 132). A
variable of the second job has the name of the first one's and ``_2``; what the survey asks only of the main job was not
asked of the second.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from informality.classification.person import KINDS, SUFFIX
from informality.foundation.grammar import MISSING, NOT_APPLICABLE, NOT_ASKED, REASON
from informality.foundation.schema import Schema

WORKING, HAS_SECOND = "worker", "second_job"


def kind_of_job(job: pd.Categorical) -> pd.Categorical:
    """Job outcomes of any definition as ``person.yml`` knows them: what is neither formal nor informal is other."""
    words = [str(c) if str(c) in KINDS else "other" for c in job.categories]
    codes = np.array([KINDS.index(w) for w in words], dtype=np.int8)[job.codes]
    return pd.Categorical.from_codes(codes, categories=KINDS)


def of_job(schema: Schema, name: str) -> bool:
    """Whether a variable describes the main job, and not the person."""
    variable = schema[name]
    if variable.derived is not None and name not in (WORKING, HAS_SECOND):
        return any(of_job(schema, axis.variable.name) for axis in variable.derived.axes)
    return WORKING in variable.spec.universe


def second_answers(
    frame: pd.DataFrame, names: Iterable[str], schema: Schema, asked: Iterable[str]
) -> tuple[pd.DataFrame, frozenset[str]]:
    """The answers about the second job under the ``names`` of the main job's, and which of them were asked.

    One row per row of ``frame``; ``worker`` says whether there is a second job. Variables of the person stay, derived
    ones are derived anew, and those without a question about the second job are not asked.
    """
    known = frozenset(asked)
    out: dict[str, pd.Series] = {}
    now_asked: set[str] = set()
    for name in inputs_of(schema, names):
        variable = schema[name]
        second = name + SUFFIX
        if name == WORKING:
            _copy(frame, HAS_SECOND, out, name, schema)
            now_asked |= {name} & known
        elif second in schema.variables and variable.derived is None:
            _copy(frame, second, out, name, schema)
            now_asked |= {name} if second in known else set()
        elif variable.derived is not None and of_job(schema, name):
            step = variable.derived
            out[name] = pd.Series(step.outcome_of(step.decide(pd.DataFrame(out)), NOT_APPLICABLE), index=frame.index)
            now_asked |= {name} if any(a.variable.name in now_asked for a in step.axes) else set()
        elif of_job(schema, name):
            _copy(frame.iloc[:, :0], name, out, name, schema)
        else:
            _copy(frame, name, out, name, schema)
            now_asked |= {name} & known
    return pd.DataFrame(out, index=frame.index), frozenset(now_asked)


def questions_of_second(names: Iterable[str], schema: Schema, asked: Iterable[str]) -> frozenset[str]:
    """Which of the ``names`` a survey that asked ``asked`` asked of the second job."""
    return second_answers(pd.DataFrame(index=range(0)), names, schema, asked)[1]


def inputs_of(schema: Schema, names: Iterable[str]) -> list[str]:
    """Variables and what they are derived from, in the order of the schema (``worker`` is taken as it is)."""
    wanted = set(names)
    for name in reversed(list(schema.variables)):
        step = schema[name].derived
        if name in wanted and step is not None and of_job(schema, name):
            wanted |= {axis.variable.name for axis in step.axes}
    return [name for name in schema.variables if name in wanted]


def _copy(frame: pd.DataFrame, source: str, out: dict[str, pd.Series], name: str, schema: Schema) -> None:
    """A column under another name; not asked where the frame does not have it."""
    number = schema[name].spec.kind == "number"
    if source in frame:
        out[name] = frame[source]
        if number:
            out[name + REASON] = frame[source + REASON]
        return
    codes = np.full(len(frame), MISSING.index(NOT_ASKED) if number else 0, dtype=np.int8)
    categories = list(MISSING) if number else [NOT_ASKED]
    column = pd.Series(pd.Categorical.from_codes(codes, categories=categories), index=frame.index)
    if number:
        out[name] = pd.Series(np.full(len(frame), np.nan), index=frame.index)
        out[name + REASON] = column
    else:
        out[name] = column


def has_second_job(frame: pd.DataFrame) -> pd.Series:
    """Whether each person has a second job: yes, no, or a reason why that is not known."""
    if HAS_SECOND in frame:
        return frame[HAS_SECOND].astype("str")
    return pd.Series([NOT_ASKED] * len(frame), index=frame.index, dtype="str")
