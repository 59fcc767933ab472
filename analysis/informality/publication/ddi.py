"""The harmonised file described as DDI-Codebook 2.5: variables, labels, questions, universes, and counts where they may be shown.

The elements stand in the order of its schema (DDI-Codebook 2.5.1, ``codebook.xsd``). Nothing in it is measured here: counts
come with what disclosure control allows (``tabulation.disclosure.counts``), all others are left out.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from informality.foundation.provenance import write_atomically

NAMESPACE = "ddi:codebook:2_5"
WEIGHT = "weight"


@dataclass(frozen=True, slots=True)
class Described:
    """One variable. ``levels``: words by category; ``missing``: words by kind of missing; ``counts``: persons and weighted
    persons by level, of those that may be shown; ``question``: as it was put, where that is known."""

    name: str
    title: str
    kind: str
    levels: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    question: str = ""
    universe: str = ""
    note: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Codebook:
    """The file: ``facts`` has id, title, agency, survey_title, country, country_code, waves, licence, sample, weight, notice."""

    facts: Mapping[str, Any]
    file: str
    rows: int
    variables: Sequence[Described]


def write_codebook(book: Codebook, path: Path) -> None:
    """Write the description. The same inputs give the same bytes."""
    root = _codebook(book)
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    whole = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'
    write_atomically(path, lambda new: new.write_text(whole, encoding="utf-8", newline="\n"))


def _codebook(book: Codebook) -> ET.Element:
    facts = book.facts
    root = ET.Element("codeBook", {"xmlns": NAMESPACE, "version": "2.5", "ID": _id(facts["id"])})
    study = ET.SubElement(root, "stdyDscr")
    citation = ET.SubElement(study, "citation")
    titles = ET.SubElement(citation, "titlStmt")
    _text(titles, "titl", f"{facts['survey_title']}: harmonised file of {facts['title']}")
    _text(titles, "IDNo", facts["id"])
    _text(ET.SubElement(citation, "rspStmt"), "AuthEnty", facts["agency"])
    info = ET.SubElement(study, "stdyInfo")
    _text(info, "abstract", facts["notice"])
    summary = ET.SubElement(info, "sumDscr")
    for wave in facts["waves"]:
        _text(summary, "timePrd", wave, event="single")
    _text(summary, "nation", facts["country"], abbr=facts["country_code"])
    _text(summary, "anlyUnit", "Persons")
    _text(summary, "universe", "All persons in the file; who a variable is about stands beside it")
    _text(summary, "dataKind", "Survey data, harmonised and classified")
    collected = ET.SubElement(ET.SubElement(study, "method"), "dataColl")
    _text(collected, "sampProc", facts["sample"])
    _text(collected, "weight", facts["weight"])
    _text(ET.SubElement(ET.SubElement(study, "dataAccs"), "useStmt"), "restrctn", facts["licence"])
    about = ET.SubElement(ET.SubElement(root, "fileDscr", {"ID": "F1"}), "fileTxt")
    _text(about, "fileName", book.file)
    size = ET.SubElement(about, "dimensns")
    _text(size, "caseQnty", f"{book.rows}")
    _text(size, "varQnty", f"{len(book.variables)}")
    _text(about, "fileType", "Parquet")
    data = ET.SubElement(root, "dataDscr")
    for number, variable in enumerate(book.variables, start=1):
        _variable(data, variable, number)
    return root


def _variable(data: ET.Element, variable: Described, number: int) -> None:
    said = {"ID": f"V{number}", "name": variable.name, "files": "F1"}
    said["intrvl"] = "contin" if variable.kind == "number" else "discrete"
    if variable.name == WEIGHT:
        said["wgt"] = "wgt"
    if variable.unit:
        said["measUnit"] = variable.unit
    var = ET.SubElement(data, "var", said)
    _text(var, "labl", variable.title)
    if variable.question:
        _text(ET.SubElement(var, "qstn"), "qstnLit", variable.question)
    if variable.universe:
        _text(var, "universe", variable.universe)
    if variable.note:
        _text(var, "txt", variable.note)
    for level, words in {**variable.levels, **variable.missing}.items():
        category = ET.SubElement(var, "catgry", {"missing": "Y"} if level in variable.missing else {})
        _text(category, "catValu", level)
        _text(category, "labl", words)
        if level in variable.counts:
            persons, weighted = variable.counts[level]
            _text(category, "catStat", f"{persons}", type="freq")
            _text(category, "catStat", f"{weighted:.0f}", type="freq", wgtd="wgtd")
    ET.SubElement(var, "varFormat", {"type": "numeric" if variable.kind == "number" else "character"})


def _text(parent: ET.Element, tag: str, text: object, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = str(text)


def _id(text: object) -> str:
    """An XML identifier: not every letter or digit may stand in one, those of ASCII may."""
    return "".join(c if (c.isascii() and c.isalnum()) or c in "-_." else "_" for c in f"study-{text}")
