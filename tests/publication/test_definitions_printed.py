"""Every shipped definition prints whole: flow chart, rules, options, at least ten worked examples.

Authority: the rules and examples of the definition files, found again in what is printed.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import typst

from informality.classification.definition import Definition, read_definition
from informality.foundation.language import language_of, speaking
from informality.foundation.library import LIBRARY
from informality.foundation.reading import in_language
from informality.foundation.schema import read_schema
from informality.publication.annex import STANDING
from informality.publication.definition_chapter import chapter, plain_chapter
from informality.publication.flow_chart import TALL, WIDE, chart_file, step_charts
from informality.publication.lettering import folded, width
from informality.publication.outlines import outlined
from informality.publication.table import html_text, markdown_text, one_line
from informality.reporting import definition_note
from informality.tabulation.disclosure import FEW

DEFINITIONS = sorted((LIBRARY / "definitions").glob("*.yml"))
CHOICES = {"dc_protection_rule": "require_social_insurance", "cfw_arrangement_exists": "yes"}
SVG = "{http://www.w3.org/2000/svg}"
EDGE = 0.5


def shipped(path: Path) -> Definition:
    return read_definition(path, read_schema(), options=CHOICES if path.stem == "ilo-21icls" else {})


def texts(drawing: ElementTree.Element) -> list[tuple[float, float, str]]:
    """Where each text begins, where it ends in the package's own font, and what it says."""
    found = []
    for text in drawing.iter(f"{SVG}text"):
        x, said = float(text.attrib["x"]), text.text or ""
        wide = width(said, float(text.attrib["font-size"]), text.attrib.get("font-weight") == "700")
        found.append((x, x + wide, said))
    return found


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda p: p.stem)
def test_a_flow_chart_holds_every_rule_once_and_nothing_leaves_the_page(path: Path) -> None:
    definition = shipped(path)
    drawn: Counter[str] = Counter()
    for step in definition.steps:
        charts = step_charts(step, f"t-{step.decides}")
        ids: Counter[str] = Counter()
        for chart in charts:
            drawing = ElementTree.fromstring(chart.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))
            ids.update(g.attrib["data-rule"] for g in drawing.iter(f"{SVG}g") if "data-rule" in g.attrib)
            assert drawing.attrib["role"] == "img"
            named = drawing.attrib["aria-labelledby"].split()
            assert [e.attrib["id"] for e in drawing if e.tag in (f"{SVG}title", f"{SVG}desc")] == named
            assert all(x >= 0 and end <= WIDE + EDGE for x, end, _ in texts(drawing)), texts(drawing)
            assert float(drawing.attrib["height"]) <= TALL + 60  # on one printed page, with the heading of its part
        assert ids == Counter(r.id for r in step.rules)
        said = " ".join(re.findall(r"<desc[^>]*>(.*?)</desc>", "".join(charts)))
        assert all(f"Rule {html_text(r.id)}. " in said for r in step.rules)
        parts = set(re.findall(r"goes on in part (\w)", re.sub(r"<[^>]+>", " ", "".join(charts)).replace("\n", " ")))
        assert len(parts) == len(charts) - 1
        drawn.update(ids)
    whole = chart_file(definition.spec.title, definition.steps)
    tree = ElementTree.fromstring(whole)
    assert Counter(g.attrib["data-rule"] for g in tree.iter(f"{SVG}g") if "data-rule" in g.attrib) == drawn


def test_the_same_definition_gives_the_same_bytes() -> None:
    first, second = shipped(LIBRARY / "definitions" / "cri-ece.yml"), shipped(LIBRARY / "definitions" / "cri-ece.yml")
    assert chart_file("Title", first.steps) == chart_file("Title", second.steps)


def test_labels_in_any_script_and_labels_that_try_to_be_markup(mock: ModuleType) -> None:
    whole = chart_file(mock.NASTY, mock.steps())
    tree = ElementTree.fromstring(whole)
    said = " ".join(text for _, _, text in texts(tree))
    assert "ລັດຖະບານ" in said and "Contabilidad?" in said and "Sí" in said
    assert "<script>" in said and "<script>" not in whole
    assert whole.count("@font-face") == 4  # both weights of the Latin and of the Lao face
    assert max(end for _, end, _ in texts(tree)) <= WIDE + EDGE


def test_a_chart_in_lao_can_be_set_into_a_pdf_for_everyone(tmp_path: Path) -> None:
    definition = shipped(LIBRARY / "definitions" / "ilo-17icls.yml")
    with speaking(language_of("lo")):
        chart = step_charts(in_language(definition.steps[0]), "x")[0].replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1)
    assert "ລັດຖະບານ" in chart and "15th ICLS" in chart
    (tmp_path / "chart.svg").write_text(outlined(chart), encoding="utf-8")
    words = '#set document(title: "x")\n#figure(image("chart.svg", alt: "x"))\n'
    (tmp_path / "main.typ").write_text(words, encoding="utf-8")
    how = {"font_paths": [str(LIBRARY / "fonts")], "ignore_system_fonts": True, "pdf_standards": ["ua-1"]}
    assert typst.compile(str(tmp_path / "main.typ"), **how)
    left = [text for _, _, text in texts(ElementTree.fromstring(outlined(chart)))]
    assert left and not any(re.search("[\u0e80-\u0eff]", text) for text in left)
    assert any("do-files" in text for text in left)


def test_words_without_spaces_are_folded_between_letters_and_marks_stay() -> None:
    lao = "ນະຄອນຫຼວງວຽງຈັນ" * 6
    lines = folded(lao, 100, 11)
    assert len(lines) > 3 and "".join(lines) == lao
    assert all(width(line, 11) <= 100 for line in lines)
    assert not any("\u0eb1" <= line[0] <= "\u0ebc" or "\u0ec8" <= line[0] <= "\u0ecd" for line in lines)


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda p: p.stem)
def test_every_definition_prints_ten_examples_its_standing_its_options_and_every_rule(path: Path) -> None:
    definition = shipped(path)
    note = definition_note(definition)
    made, plain = chapter(note, STANDING, folded=True), plain_chapter(note, STANDING)
    assert definition.spec.confirmed
    assert len(note.examples) >= 10
    for text, escaped in ((made, html_text), (plain, markdown_text)):
        assert all(escaped(title) in text for title in note.examples["example"])
        assert markdown_text(definition.spec.confirmed) in text
    assert note.examples["outcome"].str.contains(r"\(rule \S+\)").all()
    for step in definition.steps:
        for rule in step.rules:
            assert f'<th scope="row" class="left">{html_text(rule.id)}</th>' in made
    for name, option in definition.spec.options.items():
        assert html_text(f"({name})") in made
        assert html_text(option.source) in made


def test_an_example_names_the_rule_that_decides_it() -> None:
    """Worked by hand from cri-ece.yml: an insured employee is E1; with missing answers left open, E4."""
    table = definition_note(shipped(LIBRARY / "definitions" / "cri-ece.yml")).examples.set_index("example")
    assert table.loc["Insured employee", "outcome"] == "Main job: Formal job (rule E1)"
    left_open = table.loc["The same employee where missing answers are left open", "outcome"]
    assert left_open == "Main job: Not determinable (rule E4)"


def test_rules_stand_with_the_workers_they_decided(mock: ModuleType) -> None:
    """The mock counts 900 of 17,400 for rule S10; S4 was never counted here; somebody could not be classified."""
    (note, *_) = mock.inputs().definitions
    counts = note.rule_counts[note.rule_counts["rule"] != "S4"]
    counts = pd.concat([counts, counts.head(1).assign(rule="", n=7, n_weighted=994.0, share=0.0004)])
    changed = type(note)(**{**{f: getattr(note, f) for f in note.__dataclass_fields__}, "rule_counts": counts})
    made = chapter(changed, STANDING, folded=False)
    rows = {row[0]: row[1:] for row in re.findall(r'<tr><th scope="row"[^>]*>(.*?)</th>(.*?)</tr>', made)}
    numbers = {id: re.findall(r'data-label="[^"]*">(.*?)<', cells) for id, (cells,) in rows.items()}
    assert [re.sub(r"\D", "", n) for n in numbers["S10"]] == ["52", "127800", "900"]
    assert numbers["S4"] == ["–", "–", "–"]
    assert [re.sub(r"\D", "", n) for n in numbers["–"]] == ["00", "994", "7"]
    assert one_line(mock.NASTY) not in made and html_text(mock.NASTY) in made
    untold = counts.assign(note=np.where(counts["rule"] == "S10", FEW, ""))
    untold.loc[untold["rule"] == "S10", ["n", "n_weighted", "share"]] = np.nan
    changed = type(note)(**{**{f: getattr(note, f) for f in note.__dataclass_fields__}, "rule_counts": untold})
    (row,) = re.findall(r'<tr><th scope="row"[^>]*>S10</th>(.*?)</tr>', chapter(changed, STANDING, folded=False))
    assert re.findall(r'data-label="[^"]*">(.*?)<', row) == ["x", "x", "x"]
    assert f"x: {FEW}" in row
