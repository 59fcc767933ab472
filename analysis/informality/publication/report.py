"""The report: a build folder that real Quarto could render, and what the embedded renderer makes of it.

Everything the report says is written to files first: ``_variables.yml`` (every number of the prose),
``_tables``, ``_figures`` and ``_parts`` (the annex). The document only includes them, so its text
cannot disagree with a table, and nothing is executed while it is rendered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import listed, say, spoken
from informality.publication import annex
from informality.publication.all_tables import all_tables
from informality.publication.building import build
from informality.publication.definition_words import definition_parts
from informality.publication.effect_figures import figure_of_effects
from informality.publication.figures import figure_of_view
from informality.publication.inputs import DefinitionNote, ReportInputs, publication_of, series_of
from informality.publication.pandoc import FURNITURE, TEMPLATES
from informality.publication.prose import prose_variables
from informality.publication.published import Publication, without_scenarios
from informality.publication.segment_tables import words_of_segments
from informality.publication.series import Series, sentence_of_change, table_of_readings, table_of_waves
from informality.publication.table import Table, html_text, markdown_text, quarto_block, to_quarto
from informality.publication.translated import in_language, language_line, name_in
from informality.publication.trend_figures import figure_of_trend
from informality.publication.view_specs import ViewsSpec, read_views

__all__ = ["DefinitionNote", "ReportInputs", "build_report"]


def build_report(inputs: ReportInputs, source: Path, out_dir: Path, formats: Sequence[str] = ("html",)) -> list[Path]:
    """Write ``out_dir/_build`` and a file of each format beside it, named like ``source``; return the files written.

    The rendered files come first. Raises :class:`InformalityError` with every problem found; then nothing is
    written and what stood there before stays.
    """
    views = read_views().spec
    return build(source, out_dir, "_build", formats, lambda folder: _write_build_folder(inputs, views, source, folder))


def _write_build_folder(inputs: ReportInputs, views: ViewsSpec, source: Path, folder: Path) -> None:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as failure:
        problem = Problem(
            str(source),
            "the report source is not UTF-8 text",
            f"byte {failure.object[failure.start]:#x} after {failure.start:,} others",
            "save it again as UTF-8",
        )
        raise InformalityError(problem, ExitCode.RENDER) from None
    pub = publication_of(inputs)
    pub = without_scenarios(pub)

    series = series_of(inputs)

    name = name_in(source.name, spoken().code)
    files = {name: in_language(text), "report.css": (TEMPLATES / "report.css").read_text(encoding="utf-8")}
    shown: dict[str, bool] = {}

    def put(id: str, title: str, made: Table | str) -> None:
        shown[f"tbl-{id}"] = not isinstance(made, str)
        files[f"_tables/{id}.md"] = absent_block(f"tbl-{id}", title, made) if isinstance(made, str) else to_quarto(made)

    for id, (title, made) in all_tables(views, pub).items():
        put(id, title, made)
    for id, groups in views.segments.items():
        files[f"_parts/segments-{id}.md"] = words_of_segments(groups, pub)
    for id, of_waves in views.waves.items():
        put(f"waves-{id}", say(of_waves.title), table_of_waves(f"waves-{id}", of_waves, series))
    for id, reading in views.readings.items():
        put(id, say(reading.title), table_of_readings(id, reading, pub))
    drawings: dict[str, tuple[str, tuple[str, str, list[str]] | str]] = {
        **{id: (say(figure.title), figure_of_view(id, figure, pub)) for id, figure in views.figures.items()},
        **{f"trend-{id}": (say(trend.title), figure_of_trend(id, trend, series)) for id, trend in views.trends.items()},
        **{f"effects-{id}": (say(f.title), figure_of_effects(id, f, pub)) for id, f in views.effects.items()},
    }
    for id, (title, drawn) in drawings.items():
        shown[f"fig-{id}"] = not isinstance(drawn, str)
        if isinstance(drawn, str):
            files[f"_figures/{id}.md"] = absent_block(f"fig-{id}", title, drawn)
            continue
        svg, alternative, notes = drawn
        files[f"_figures/{id}.svg"] = svg
        image = f'![](_figures/{id}.svg){{fig-alt="{html_text(alternative)}"}}'
        origin = series.pub.source if series and id.startswith("trend-") else pub.source
        files[f"_figures/{id}.md"] = quarto_block(f"fig-{id}", [image, ""], [*notes, origin], title)
    asked = inputs.results.loc[inputs.results["value"].notna(), "dim1"].dropna().unique()
    shown |= {f"by-{variable}": True for variable in sorted(asked)}
    shown["caution"] = bool(inputs.design.get("caution"))
    for name, part in (annex.parts(inputs, pub, views) | definition_parts(views, pub)).items():
        files[f"_parts/{name}"] = part
    files["_parts/banner.html"] = annex.banner(inputs.made_up_notice)
    files["_variables.yml"] = as_json(_variables(inputs, views, pub, text, series))
    files["_quarto.yml"] = as_json(project_of(inputs, source, shown))
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")


def as_json(content: Mapping[str, Any]) -> str:
    """JSON, which every YAML reader reads."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def absent_block(id: str, title: str, reason: str) -> str:
    """Stands where a table or figure would, with its number, so that references to it still hold."""
    return quarto_block(id, ["::: {.absent}", markdown_text(reason), ":::", ""], [], title)


def _variables(
    inputs: ReportInputs, views: ViewsSpec, pub: Publication, source: str, series: Series | None
) -> dict[str, Any]:
    study = {key: markdown_text(value) for key, value in inputs.study.items()}
    headline = next((note for note in inputs.definitions if note.id == inputs.study["headline"]), None)
    facts = {"caution": None, **inputs.design}
    design = {
        key: annex.fact("" if value is None else value)
        for key, value in facts.items()
        if not isinstance(value, list | tuple)
    }
    return {
        "study": study,
        "headline_definition": markdown_text(headline.title if headline else study["headline"]),
        "headline_summary": markdown_text(headline.summary if headline else ""),
        "made_up_notice": markdown_text(inputs.made_up_notice),
        "design": design,
        "change": {name: sentence_of_change(spec, series) for name, spec in views.changes.items()},
        "compared_waves": markdown_text(listed([wave.title for wave in inputs.waves])),
        **prose_variables(views, pub, source),
    }


def project_of(inputs: ReportInputs, source: Path, shown: Mapping[str, bool]) -> dict[str, Any]:
    """``_quarto.yml``: the title block, what can be shown, and how real Quarto is to make the page."""
    study, notice = inputs.study, markdown_text(inputs.made_up_notice)
    survey = f"{study['country']}. {study['survey_title']}, {study['wave_title']}. {study['agency']}."
    fingerprint = inputs.provenance.get("fingerprint", say("not recorded"))
    footer = say(
        "Fingerprint {fingerprint}. Where every number comes from: see the methods annex.", fingerprint=fingerprint
    )
    return {
        "project": {"type": "default", "render": [name_in(source.name, spoken().code)]},
        "title": markdown_text(study["title"]),
        "subtitle": markdown_text(study.get("subtitle", "")),
        "survey-line": markdown_text(survey),
        "footer-line": markdown_text(footer),
        "lang": spoken().code,
        "words": {name: say(words) for name, words in FURNITURE.items()},
        **({"language-line": line} if (line := language_line()) else {}),
        **({"made-up": True, "made-up-notice": notice} if notice else {}),
        "shown": dict(shown),
        "number-sections": True,
        "toc": True,
        "toc-depth": 2,
        "format": {
            "html": {
                "css": "report.css",
                "embed-resources": True,
                "html-math-method": "mathml",
                "theme": "default",
                "include-before-body": "_parts/banner.html",
            }
        },
    }
