"""A wave as one of a series: when it was, what it names or asks otherwise, and where the series breaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from informality.foundation.errors import Problem, did_you_mean
from informality.foundation.specfile import SpecFile, SpecModel, Words
from informality.survey.delivery import WaveSpec
from informality.survey.form_specs import FormSpec

MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class BreakSpec(SpecModel):
    """A break in series between the wave that declares it and all waves before.

    ``of``: what changed. With ``variables`` only what rests on these is no longer comparable, else everything.
    """

    of: Literal["definition", "basis", "questionnaire"]
    text: Words
    source: Words
    variables: list[Words] = Field(default_factory=list)

    @property
    def words(self) -> str:
        """``the questionnaire changed: …`` for the middle of a sentence."""
        what = {
            "definition": "the definition",
            "basis": "the basis of employment",
            "questionnaire": "the questionnaire",
        }
        return f"{what[self.of]} changed: {self.text.rstrip('.')} ({self.source.rstrip('.')})"


class SeriesWaveSpec(WaveSpec):
    """A wave of a series.

    ``begins``, ``ends``: its first and last month (``2017-04``), needed to set waves side by side. ``columns``: names the
    profile uses and this wave's file writes otherwise. ``variables``: forms of this wave instead of the profile's
    (``not_asked`` for a question it lacks). ``bases``: the employment concepts it can tell, where other than the
    profile's. ``breaks``: what is not comparable with the waves before.
    """

    begins: Words | None = None
    ends: Words | None = None
    columns: dict[Words, Words] = Field(default_factory=dict)
    variables: dict[str, FormSpec | Literal["not_asked", "TODO"]] = Field(default_factory=dict)
    bases: list[Literal["13", "19"]] = Field(default_factory=list)
    breaks: list[BreakSpec] = Field(default_factory=list)

    @field_validator("begins", "ends")
    @classmethod
    def _is_month(cls, text: str | None) -> str | None:
        if text is not None and not MONTH.fullmatch(text):
            raise ValueError('a month is written as a year and two digits, in quotation marks: "2017-04"')
        return text

    @model_validator(mode="after")
    def _in_order(self) -> SeriesWaveSpec:
        if (self.begins is None) != (self.ends is None):
            raise ValueError("`begins` and `ends` go together")
        if self.begins and self.ends and self.begins > self.ends:
            raise ValueError(f"the wave ends ({self.ends}) before it begins ({self.begins})")
        return self

    @property
    def middle(self) -> float:
        """The middle of its months in years, for the axis of a chart; NaN where its time is not said."""
        if self.begins is None or self.ends is None:
            return float("nan")
        first, last = (int(text[:4]) + (int(text[5:]) - 1) / 12 for text in (self.begins, self.ends))
        return (first + last + 1 / 12) / 2

    @property
    def in_file(self) -> Mapping[str, str]:
        """Name in this wave's file → name the profile uses, for the columns whose name differs."""
        return {there: here for here, there in self.columns.items()}


def in_time(waves: Mapping[str, SeriesWaveSpec], names: Iterable[str]) -> list[str]:
    """Waves by the time they began, those without a time as they come."""
    return sorted(names, key=lambda name: waves[name].begins or "")


def breaks_between(waves: Mapping[str, SeriesWaveSpec], earlier: str, later: str) -> list[tuple[str, BreakSpec]]:
    """The breaks that lie between two waves, each with the wave that declares it."""
    start, end = waves[earlier].begins or "", waves[later].begins or ""
    return [
        (name, found)
        for name in in_time(waves, waves)
        if name == later or start < (waves[name].begins or "") <= end
        for found in waves[name].breaks
    ]


def wave_problems(file: SpecFile[Any], waves: Mapping[str, SeriesWaveSpec], measured: Sequence[str]) -> list[Problem]:
    """What is wrong with the names that waves use."""
    problems = []
    for name, wave in waves.items():
        loc = ("waves", name)
        problems += [
            Problem(
                file.place(*loc, "variables", variable),
                f"`{variable}` is not a variable that a survey measures",
                fix=did_you_mean(variable, measured),
            )
            for variable in wave.variables
            if variable not in measured
        ]
        twice = sorted({c for c in wave.columns.values() if list(wave.columns.values()).count(c) > 1})
        problems += [
            Problem(file.place(*loc, "columns"), f"the column `{c}` of this wave is given two names", fix="keep one")
            for c in twice
        ]
    return problems
