"""What a study file may say, and whether the waves it names can stand side by side."""

from __future__ import annotations

import itertools
import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from informality.coverage.request import CoverageSpec
from informality.foundation.errors import Problem, did_you_mean
from informality.foundation.specfile import SpecFile, SpecModel, Words
from informality.survey.profile import Profile
from informality.survey.series import breaks_between, in_time


class StudySpec(SpecModel):
    """A study as written in ``analysis/studies``.

    Of one ``wave``, or of several ``waves``, oldest first: ``together: compare`` describes the last and tests what changed,
    ``together: pool`` also averages them. ``breaks: mark`` compares across a break in series, and says so. ``reports``: which
    documents are written; every one that the study has results for, unless some are named. ``formats`` are those of each;
    ``review`` is a Word file with numbered lines and paragraphs and sheets for comments. ``reliability_limits`` sets limits
    of the reliability standard by name. ``language``: one or several in which everything is published besides English.
    ``microdata``: the rule by which an anonymised file is made, or ``none``.
    """

    id: Words
    title: Words
    subtitle: Words | None = None
    survey: Words
    wave: Words | None = None
    waves: list[Words] = Field(default_factory=list)
    together: Literal["compare", "pool"] | None = None
    breaks: Literal["refuse", "mark"] = "refuse"
    basis: Literal["13", "19"]
    definitions: list[Words] = Field(min_length=1)
    headline: Words
    options: dict[str, dict[str, float | Words]] = Field(default_factory=dict)
    tables: list[Words] = Field(default_factory=lambda: ["core"])
    models: list[Words] = Field(default_factory=list)
    robustness: Literal["yes", "no"] = "yes"
    coverage: CoverageSpec | None = None
    reports: list[Literal["country", "brief", "methods", "compendium", "coverage"]] | None = Field(
        default=None, min_length=1
    )
    language: Words | list[Words] = Field(default_factory=list)
    formats: list[Literal["html", "pdf", "docx", "review"]] = Field(default=["html", "pdf", "docx"], min_length=1)
    reliability: Words = "ilostat-cv"
    reliability_limits: dict[str, float] = Field(default_factory=dict)
    disclosure: Words = "default"
    microdata: Words = "default"
    interval: Literal["logit", "normal"] = "logit"
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    lonely: Literal["fail", "certainty", "adjust", "average"] | None = None
    seed: int | None = None

    @field_validator("id")
    @classmethod
    def _names_a_folder(cls, id: str) -> str:
        if not re.fullmatch(r"\w[\w.-]*", id):
            raise ValueError("the id of a study names folders: use letters, digits, hyphens and full stops")
        return id

    @field_validator("survey", mode="before")
    @classmethod
    def _one_survey(cls, survey: Any) -> Any:
        if isinstance(survey, list):
            raise ValueError("a study is of one survey: samples of different surveys are never pooled")
        return survey

    @model_validator(mode="after")
    def _one_wave_or_several(self) -> StudySpec:
        if (self.wave is None) == (not self.waves):
            raise ValueError("name one `wave`, or several `waves`" + (", not both" if self.waves else ""))
        if len(self.waves) == 1:
            raise ValueError(f"a study of one wave names it as `wave: {self.waves[0]}`; `waves` takes two or more")
        if len(set(self.waves)) < len(self.waves):
            raise ValueError("a wave is named twice among `waves`")
        if self.waves and self.together is None:
            raise ValueError("say what is done with the waves: `together: compare` or `together: pool`")
        if not self.waves and (self.together or self.breaks != "refuse"):
            raise ValueError("`together` and `breaks` are for studies of several `waves`")
        return self

    @model_validator(mode="after")
    def _reported(self) -> StudySpec:
        if "coverage" in (self.reports or ()) and self.coverage is None:
            raise ValueError("the report `coverage` needs the key `coverage`, with the scenarios to run")
        return self

    @property
    def each_report(self) -> list[str]:
        """The documents of the study, in the order in which they name each other."""
        every = ["country", "brief", *(["coverage"] if self.coverage else []), "methods", "compendium"]
        return [name for name in every if name in self.reports] if self.reports else every

    @property
    def each_wave(self) -> list[str]:
        """The waves of the study, oldest first; one or several."""
        return list(self.waves) or [str(self.wave)]

    @property
    def focus(self) -> str:
        """The wave that the tables of the report describe: the only or last one, or the average of all (``a+b``)."""
        return "+".join(self.waves) if self.together == "pool" else self.each_wave[-1]


def wave_problems(file: SpecFile[StudySpec], profile: Profile) -> list[Problem]:
    """Why the waves of a study cannot be read, or not be set side by side."""
    spec, waves = file.spec, profile.spec.waves
    unknown = [name for name in spec.each_wave if name not in waves]
    if unknown:
        return [
            Problem(
                file.place("waves", spec.waves.index(name)) if spec.waves else file.place("wave"),
                f"{spec.survey} has no wave `{name}`",
                fix=did_you_mean(name, waves),
            )
            for name in unknown
        ]
    problems = [
        Problem(
            file.place("basis"),
            f"wave {name} of {spec.survey} cannot tell employment on the {spec.basis}th ICLS basis",
            f"it has the {' and the '.join(f'{b}th' for b in waves[name].bases)}; the two bases count different people",
            "leave the wave out: waves on different bases are never compared or pooled",
        )
        for name in spec.each_wave
        if waves[name].bases and spec.basis not in waves[name].bases
    ]
    return problems + (_side_by_side(file, profile) if spec.waves else [])


def _side_by_side(file: SpecFile[StudySpec], profile: Profile) -> list[Problem]:
    """Why several waves cannot be compared or pooled: times, samples, breaks in series."""
    spec, waves = file.spec, profile.spec.waves
    place = file.place("waves")
    untimed = [name for name in spec.waves if waves[name].begins is None]
    if untimed:
        where = profile.file.place("waves", untimed[0])
        fix = 'write `begins` and `ends`, the first and last month: begins: "2017-04"'
        return [Problem(where, "waves that are set side by side need a time", ", ".join(untimed), fix)]
    problems = []
    ordered = in_time(waves, spec.waves)
    if ordered != spec.waves:
        fix = f"write `waves: [{', '.join(ordered)}]`"
        problems.append(Problem(place, "waves are named from the oldest to the newest", ", ".join(spec.waves), fix))
    if profile.spec.design.between_waves is None:
        where, what = (
            profile.file.place("design"),
            "the profile does not say how the samples of its waves hang together",
        )
        fix = "write `between_waves: overlapping` (the same PSUs visited again) or `between_waves: independent`"
        problems.append(Problem(where, what, fix=fix))
    for earlier, later in itertools.pairwise(ordered):
        whole = [(at, found) for at, found in breaks_between(waves, earlier, later) if not found.variables]
        for at, found in whole:
            doing = "pooled" if spec.together == "pool" else "compared"
            if spec.together == "compare" and spec.breaks == "mark":
                continue
            fix = "leave out the waves on one side of the break"
            if spec.together == "compare":
                fix += ", or write `breaks: mark`: lines are then interrupted there, and the report says why"
            else:
                fix += ": an average over a break means nothing"
            what = f"{earlier} and {later} cannot be {doing}: the series breaks at {at}"
            problems.append(Problem(place, what, found.words, fix))
    return problems
