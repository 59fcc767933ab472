"""What a report is made from; the pipeline fills it, and the report adds no number to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from informality.foundation.language import say
from informality.foundation.rules import Step
from informality.publication.published import Publication, publication
from informality.publication.series import PairNote, Series, WaveNote
from informality.publication.table import Labels


@dataclass(frozen=True, slots=True)
class OptionNote:
    """An option of a definition: what it is about, the value in force, the one of the file, and where that comes from."""

    name: str
    title: str
    value: str
    default: str
    source: str


@dataclass(frozen=True, slots=True)
class DefinitionNote:
    """One definition as it is printed.

    ``confirmed`` says how well the rule is known to be the official one; ``examples`` has the columns example, answers,
    outcome, why; ``rule_counts`` (empty where nobody was counted) step, step_title, rule, outcome, why, assumed, n,
    n_weighted, share, note (why numbers are missing that may not be told, or ""); ``share_assumed`` gives by step the share of
    the employed whom an assumed rule decided, missing where it would tell them.
    """

    id: str
    title: str
    summary: str
    status: str
    sources: Sequence[str]
    confirmed: str
    steps: Sequence[Step]
    options: Sequence[OptionNote]
    examples: pd.DataFrame
    rule_counts: pd.DataFrame
    share_assumed: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class QualityNote:
    """What stands around the table of the data checks: how many were made, what they measured, their limits.

    ``facts``: (what, value); ``not_made``: (check, why not); ``limits`` has the columns name, value, unit, source, status.
    """

    made: int
    facts: Sequence[tuple[str, str]]
    not_made: Sequence[tuple[str, str]]
    limits: pd.DataFrame


@dataclass(frozen=True, slots=True)
class StandardNote:
    """The reliability standard by which numbers are marked. ``limits`` has the columns limit, value, source, status."""

    title: str
    summary: str
    sources: Sequence[str]
    limits: pd.DataFrame


@dataclass(frozen=True, slots=True)
class DisclosureNote:
    """The rules of disclosure control as they are printed; ``limits``: (what, value)."""

    summary: str
    status: str
    limits: Sequence[tuple[str, str]]
    sources: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """Everything a country report prints.

    ``study``: id, title, subtitle, country, place (whom the wave speaks of), survey, survey_title, agency, wave,
    wave_title, basis, headline (definition id), language, made_up. ``made_up_notice`` is empty for a whole real survey.
    ``results`` is the long results table. The other frames are printed as they are; their columns are
    those :mod:`informality.publication.annex` names. ``series``: the results of all waves and changes of a study of several
    ``waves``, and the ``pairs`` that are compared; empty for one wave.
    """

    study: Mapping[str, Any]
    made_up_notice: str
    results: pd.DataFrame
    labels: Labels
    definitions: Sequence[DefinitionNote]
    mapping: pd.DataFrame
    accounting: pd.DataFrame
    quality: pd.DataFrame
    benchmarks: pd.DataFrame
    reliability: pd.DataFrame
    design: Mapping[str, Any]
    provenance: Mapping[str, Any]
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)
    quality_note: QualityNote | None = None
    standard: StandardNote | None = None
    disclosure: DisclosureNote | None = None
    series: pd.DataFrame = field(default_factory=pd.DataFrame)
    waves: Sequence[WaveNote] = ()
    pairs: Sequence[PairNote] = ()
    readings: Sequence[tuple[str, str, str]] = ()
    """Other readings of the questionnaire: what, why, and the source with its standing."""


def publication_of(inputs: ReportInputs, results: pd.DataFrame | None = None) -> Publication:
    """What every table and figure made from these inputs shares; of other ``results`` where they are given (all waves)."""
    study = inputs.study
    titles = {note.id: note.title for note in inputs.definitions}
    labels = replace(inputs.labels, levels={**inputs.labels.levels, "definition": titles})
    origin = say(
        "Source: {survey}, {wave}, {agency}. {notice}",
        survey=study["survey_title"],
        wave=study["wave_title"],
        agency=study["agency"],
        notice=inputs.made_up_notice,
    )
    rows = inputs.results if results is None else results
    return publication(rows, labels, inputs.reliability, str(study["headline"]), origin.strip())


def series_of(inputs: ReportInputs) -> Series | None:
    """The waves of the study together; None for a study of one."""
    if not inputs.waves:
        return None
    study, titles = inputs.study, "; ".join(wave.title for wave in inputs.waves)
    origin = say(
        "Source: {survey}, {wave}, {agency}. {notice}",
        survey=study["survey_title"],
        wave=titles,
        agency=study["agency"],
        notice=inputs.made_up_notice,
    )
    pub = replace(publication_of(inputs, inputs.series), source=origin.strip())
    return Series(pub, tuple(inputs.waves), tuple(inputs.pairs))
