"""The documents of a study: a build folder that real Quarto could render, and what the embedded renderer makes of it.

Everything they say is written to files first: ``_variables.yml`` (every number of the prose), ``_tables``, ``_figures``
and ``_parts``. A document only includes them, so its text cannot disagree with a table, two documents cannot disagree
with each other, and nothing is executed while they are rendered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import ENGLISH, listed, say, spoken
from informality.publication import annex, compendium, coverage_prose
from informality.publication.building import build
from informality.publication.document import front_matter
from informality.publication.inputs import DefinitionNote, ReportInputs
from informality.publication.kept import Kept
from informality.publication.material import Material
from informality.publication.pandoc import FURNITURE, TEMPLATES
from informality.publication.pieces import Pieces, pieces_of
from informality.publication.prose import prose_variables
from informality.publication.quarto import Quarto
from informality.publication.series import sentence_of_change
from informality.publication.table import markdown_text
from informality.publication.translated import in_language, language_line, name_in

__all__ = ["DefinitionNote", "Material", "ReportInputs", "build_reports"]


def build_reports(
    material: Material,
    sources: Sequence[Path],
    out_dir: Path,
    formats: Sequence[str] = ("html",),
    kept: Kept | None = None,
    quarto: Quarto | None = None,
) -> list[Path]:
    """Write ``out_dir/_build`` and a file of each format for each document, named like its source; return the files.

    The rendered files come first. What an earlier run ``kept`` and still holds is taken over. Raises
    :class:`InformalityError` with every problem found; then nothing is written and what stood there before stays.
    """
    earlier = kept or Kept()
    return build(sources, out_dir, formats, lambda folder: _write(material, sources, folder, earlier), earlier, quarto)


def _write(
    material: Material, sources: Sequence[Path], folder: Path, kept: Kept
) -> Callable[[Mapping[str, Path]], None]:
    """Fill the build folder; returns what notes there from what it was made, once the documents are rendered."""
    texts = _read([*sources, *sorted({p for s in sources for p in s.parent.glob("_*.md")})])
    whole, code = "\n".join(texts.values()), spoken().code
    documents = {source.stem: _said(front_matter(texts[source.name], source.name)) for source in sources}
    figures = set(re.findall(r"_figures/([\w-]+)\.md", whole))
    pieces = kept.pieces(figures) if code == ENGLISH else None  # in others what is said has to be counted
    if pieces is None:
        pieces = pieces_of(material, figures, documents)
    pieces.files["_parts/provenance.md"] = annex.provenance(material.inputs.provenance)
    files = {**pieces.files, "report.css": (TEMPLATES / "report.css").read_text(encoding="utf-8")}
    names = {stem: str(meta.get("document") or material.inputs.study["title"]) for stem, meta in documents.items()}
    for stem in documents:
        others = {other: meta for other, meta in documents.items() if other != stem}
        files[f"_parts/documents-{stem}.md"] = other_documents(names, others)
    files["_variables.yml"] = as_json(_variables(material, whole))
    for name, text in texts.items():
        stem, text = name.removesuffix(".qmd"), in_language(text)
        if stem in documents:
            name, text = name_in(name, code), titled(text, _title_block(material.inputs, documents[stem]))
        files[name] = text
    files["_quarto.yml"] = as_json(project_of(material.inputs, sources, pieces))  # when all else is said
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
    if compendium.STEM in documents:
        listed = compendium.list_of_tables(folder, name_in(f"{compendium.STEM}.qmd", code), pieces.shown)
        (folder / compendium.LIST).write_text(listed, encoding="utf-8", newline="\n")
    return partial(kept.write, folder, pieces, figures)


def _said(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The front matter of a document with what is read of it in the language being spoken."""
    return {key: say(str(value)) if key in ("document", "in-short") else value for key, value in meta.items()}


def _read(paths: Sequence[Path]) -> dict[str, str]:
    """The text of each file by its name; raises :class:`InformalityError` for every one that is not UTF-8."""
    texts, problems = {}, []
    for path in paths:
        try:
            texts[path.name] = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as failure:
            problems.append(
                Problem(
                    str(path),
                    "the report source is not UTF-8 text",
                    f"byte {failure.object[failure.start]:#x} after {failure.start:,} others",
                    "save it again as UTF-8",
                )
            )
    if problems:
        raise InformalityError(problems, ExitCode.RENDER)
    return texts


def as_json(content: Mapping[str, Any]) -> str:
    """JSON, which every YAML reader reads."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


# -- the title of each document, and the others of the study -------------------------------------------


def _title_block(inputs: ReportInputs, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Title and subtitle: those of the study, the subtitle led by what the document is where it is not the report."""
    subtitle = markdown_text(inputs.study.get("subtitle", ""))
    if kind := meta.get("document"):
        subtitle = f"{kind}. {subtitle}" if subtitle else str(kind)
    return {"title": markdown_text(inputs.study["title"]), "subtitle": subtitle, **meta}


def titled(text: str, meta: Mapping[str, Any]) -> str:
    """A document with this front matter, every line of its body where it was, so that complaints name the right one."""
    found = re.match(r"---\n.*?\n---(?=\n|$)", text, flags=re.DOTALL)
    if found is None:
        return text
    return (
        "---\n" + json.dumps(meta, ensure_ascii=False) + "\n" * (found[0].count("\n") - 1) + "---" + text[found.end() :]
    )


LINKS = {"html": ".html", "typst": ".pdf", "docx": ".docx"}
"""What a link to another document ends with, by the format of the one that it stands in."""


def other_documents(names: Mapping[str, str], documents: Mapping[str, Mapping[str, Any]]) -> str:
    """One line for each document: what it is, with a link to its file of the same format, and what it is about."""
    lines = []
    for stem, meta in documents.items():
        name, about = markdown_text(names[stem]), markdown_text(meta.get("in-short", ""))
        files = {form: name_in(stem + end, spoken().code) for form, end in LINKS.items()}
        links = [f'[[{name}]({file})]{{.content-visible when-format="{form}"}}' for form, file in files.items()]
        lines.append(f"- {''.join(links)}" + (f": {about}" if about else ""))
    return "\n".join(lines) + "\n"


# -- what every document shares ------------------------------------------------------------------------


def _variables(material: Material, source: str) -> dict[str, Any]:
    inputs, views = material.inputs, material.views
    study = {key: markdown_text(value) for key, value in inputs.study.items()}
    headline = next((note for note in inputs.definitions if note.id == inputs.study["headline"]), None)
    facts = {"caution": None, **inputs.design}
    design = {
        key: annex.fact("" if value is None else value)
        for key, value in facts.items()
        if not isinstance(value, list | tuple)
    }
    told = {} if material.told is None else coverage_prose.variables(material.told)
    changes = {name: sentence_of_change(spec, material.series) for name, spec in views.changes.items()}
    return {
        "study": study,
        "headline_definition": markdown_text(headline.title if headline else study["headline"]),
        "headline_summary": markdown_text(headline.summary if headline else ""),
        "made_up_notice": markdown_text(inputs.made_up_notice),
        "design": design,
        "compared_waves": markdown_text(listed([wave.title for wave in inputs.waves])),
        **prose_variables(views, material.pub, source),
        **told,
        "change": {**changes, **told.get("change", {})},
    }


def project_of(inputs: ReportInputs, sources: Sequence[Path], pieces: Pieces) -> dict[str, Any]:
    """``_quarto.yml``: what stands on every document, what can be shown, and how real Quarto is to make it."""
    study, notice = inputs.study, markdown_text(inputs.made_up_notice)
    agency = str(study["agency"])
    survey = f"{study['country']}. {study['survey_title']}, {study['wave_title']}. {agency[:1].upper()}{agency[1:]}."
    fingerprint = inputs.provenance.get("fingerprint", say("not recorded"))
    footer = say(
        "Fingerprint {fingerprint}. Where every number comes from: see the methods annex.", fingerprint=fingerprint
    )
    footer += " " + say("Made by: {engine}.", engine=annex.engine_of(inputs.provenance))
    return {
        "project": {"type": "default", "render": [name_in(s.name, spoken().code) for s in sources]},
        **_title_block(inputs, {}),  # of a document without front matter
        "survey-line": markdown_text(survey),
        "footer-line": markdown_text(footer),
        "lang": spoken().code,
        "words": {name: say(words) for name, words in FURNITURE.items()},
        **({"language-line": line} if (line := language_line()) else {}),
        **({"made-up": True, "made-up-notice": notice} if notice else {}),
        "shown": dict(pieces.shown),
        "documents": {**{source.stem: True for source in sources}, "several": len(sources) > 1},
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
