"""What the documents of a study include: tables, figures and parts, each written once as a file of Quarto's Markdown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from informality.foundation.language import say
from informality.publication import annex, coverage_prose
from informality.publication.coverage_report import coverage_figures_of
from informality.publication.coverage_tables import STANDING_OF_FIGURES
from informality.publication.definition_words import definition_parts
from informality.publication.effect_figures import figure_of_effects
from informality.publication.figures import figure_of_view
from informality.publication.material import Material
from informality.publication.segment_tables import words_of_segments
from informality.publication.series import table_of_readings, table_of_waves
from informality.publication.table import Table, html_text, markdown_text, quarto_block, to_quarto
from informality.publication.trend_figures import figure_of_trend
from informality.publication.views import further_models, further_views

Drawn = tuple[str, str, list[str]]
"""A figure: SVG, its alternative text, notes."""


@dataclass(slots=True)
class Pieces:
    """Files by name, and which tables and figures of the study can be shown (``tbl-headline``: true)."""

    files: dict[str, str] = field(default_factory=dict)
    shown: dict[str, bool] = field(default_factory=dict)

    def table(self, id: str, title: str, made: Table | str) -> None:
        """One table, or why it is not there."""
        self.shown[f"tbl-{id}"] = not isinstance(made, str)
        self.files[f"_tables/{id}.md"] = (
            absent_block(f"tbl-{id}", title, made) if isinstance(made, str) else to_quarto(made)
        )

    def figure(self, id: str, title: str, drawn: Drawn | str, below: list[str]) -> None:
        """One figure with what stands below it, or why it is not there."""
        self.shown[f"fig-{id}"] = not isinstance(drawn, str)
        if isinstance(drawn, str):
            self.files[f"_figures/{id}.md"] = absent_block(f"fig-{id}", title, drawn)
            return
        svg, alternative, notes = drawn
        self.files[f"_figures/{id}.svg"] = svg
        image = f'![](_figures/{id}.svg){{fig-alt="{html_text(alternative)}"}}'
        *said, source = [*notes, *below]
        self.files[f"_figures/{id}.md"] = quarto_block(f"fig-{id}", [image, ""], said, title, source)


def pieces_of(material: Material, figures: Collection[str], documents: Collection[str]) -> Pieces:
    """Every table and part, and of the ``figures`` (by identifier) those that ``documents`` name: drawing takes time."""
    pieces = Pieces()
    for id, (title, made) in (material.tables | _of_waves(material) | material.tables_of_scenarios).items():
        pieces.table(id, title, made)
    for id, (title, draw, below) in _figures(material).items():
        if id in figures:
            pieces.figure(id, title, draw(), below)
    for name, part in _parts(material, documents).items():
        pieces.files[f"_parts/{name}"] = part
    results = material.inputs.results
    asked = results.loc[results["value"].notna(), "dim1"].dropna().unique()
    pieces.shown |= {f"by-{variable}": True for variable in sorted(asked)}
    pieces.shown |= _kinds(material)
    return pieces


def absent_block(id: str, title: str, reason: str) -> str:
    """Stands where a table or figure would, with its number, so that references to it still hold."""
    return quarto_block(id, ["::: {.absent}", markdown_text(reason), ":::", ""], [], title)


def _of_waves(material: Material) -> dict[str, tuple[str, Table | str]]:
    """Tables of waves side by side and of other readings of the questionnaire."""
    views, series, pub = material.views, material.series, material.pub
    return {
        **{f"waves-{id}": (say(w.title), table_of_waves(f"waves-{id}", w, series)) for id, w in views.waves.items()},
        **{id: (say(r.title), table_of_readings(id, r, pub)) for id, r in views.readings.items()},
    }


def _figures(material: Material) -> dict[str, tuple[str, Callable[[], Drawn | str], list[str]]]:
    """Title, what draws it, and the lines below, of every figure by its identifier."""
    views, pub, series = material.views, material.pub, material.series
    source = [pub.source]
    made: dict[str, tuple[str, Callable[[], Drawn | str], list[str]]] = {}
    for id, figure in views.figures.items():
        made[id] = say(figure.title), lambda id=id, f=figure: figure_of_view(id, f, pub), source  # type: ignore[misc]
    for id, trend in views.trends.items():
        below = [series.pub.source] if series else source
        made[f"trend-{id}"] = say(trend.title), lambda id=id, t=trend: figure_of_trend(id, t, series), below  # type: ignore[misc]
    for id, effects in views.effects.items():
        made[f"effects-{id}"] = say(effects.title), lambda id=id, e=effects: figure_of_effects(id, e, pub), source  # type: ignore[misc]
    if material.told is not None:
        below = [say(STANDING_OF_FIGURES), material.told.pub.source]
        made |= {id: (title, draw, below) for id, (title, draw) in coverage_figures_of(material.told).items()}
    return made


def _parts(material: Material, documents: Collection[str]) -> dict[str, str]:
    inputs, views, pub = material.inputs, material.views, material.pub
    parts = annex.parts(inputs, pub, views, "methods" in documents) | definition_parts(views, pub)
    parts |= {f"segments-{id}.md": words_of_segments(groups, pub) for id, groups in views.segments.items()}
    parts["banner.html"] = annex.banner(inputs.made_up_notice)
    of_definitions = [
        id for id, (_, t) in material.tables.items() if not isinstance(t, str) and id in _robust(material)
    ]
    parts["tables-of-definitions.md"] = _including(of_definitions)
    parts["tables-of-scenarios.md"] = _including(material.tables_of_scenarios)
    told = {"scenario-doubts.md": "\n", "scenarios-in-brief.md": "\n"}  # named by documents of every study
    return parts | (told if material.told is None else coverage_prose.parts(material.told))


def _robust(material: Material) -> set[str]:
    """The tables on what rests on the definition: of each kind as many as the study has definitions for."""
    named = {id for id in material.views.robustness}
    return {id for id in material.tables if id in named or any(id.startswith(f"{name}-") for name in named)}


def _including(tables: Iterable[str]) -> str:
    return "\n".join(f"{{{{< include /_tables/{id}.md >}}}}\n" for id in tables)


def _kinds(material: Material) -> dict[str, bool]:
    """What kinds of results the study has, for what a document says of them."""
    views, results, design = material.views, material.inputs.results, material.inputs.design
    there = set(results.loc[results["value"].notna(), "table"])
    kinds: Mapping[str, Mapping[str, Any]] = {
        "models": views.models, "gaps": views.gaps, "segments": views.segments,
    }  # fmt: skip
    return {name: any(view.table in there for view in of.values()) for name, of in kinds.items()} | {
        "areas": "regions" in there,
        "further": bool(further_views(views, material.pub) or further_models(views, material.pub)),
        "coverage": material.told is not None,
        "caution": bool(design.get("caution")),
    }
