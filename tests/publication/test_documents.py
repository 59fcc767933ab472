"""The brief, the methods annex and the compendium beside the report, made together from the same pieces.

Authority: the sources of the documents, the results table of the mock, pypdf reading the files by itself; messages by hand.
"""

from __future__ import annotations

import html
import io
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pypdf import PdfReader

from informality.foundation.errors import ExitCode, InformalityError
from informality.publication import pdf, printed, render
from informality.publication.document import Line, read_document, visible
from informality.publication.kept import Kept
from informality.publication.material import Material
from informality.publication.report import build_reports, titled

REPORTS = Path(__file__).resolve().parents[2] / "reports"
NAMES = ("country", "brief", "methods", "compendium")
SOURCES = [REPORTS / f"{name}.qmd" for name in NAMES]


@pytest.fixture(scope="module")
def made(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All documents as pages, and those with fixed sheets as PDF too. Not to be changed."""
    folder = Path(shutil.copytree(documents, tmp_path_factory.mktemp("made") / "documents"))
    for name in ("brief", "methods"):
        render.render(folder / "_build" / f"{name}.qmd", folder, ["pdf"])
    return folder


@pytest.fixture(scope="module")
def pages(made: Path) -> Mapping[str, str]:
    return {name: (made / f"{name}.html").read_text(encoding="utf-8") for name in NAMES}


def captions(page: str) -> list[str]:
    """Number and title of every table of a page, in order."""
    found = re.findall(r'<span class="caption-number">(Table\s\d+\.)</span>\s(.*?)</figcaption>', page, flags=re.DOTALL)
    return [html.unescape(f"{number} {re.sub('<[^>]+>', '', title).strip()}") for number, title in found]


# -- the brief -----------------------------------------------------------------------------------------


def test_the_brief_has_two_sheets_of_a4(made: Path) -> None:
    sheets = PdfReader(made / "brief.pdf").pages
    assert len(sheets) == 2
    assert [(round(float(s.mediabox.width)), round(float(s.mediabox.height))) for s in sheets] == [(595, 842)] * 2


def test_the_brief_opens_with_the_headline_its_interval_and_no_list_of_contents(
    mock: ModuleType, pages: Mapping[str, str]
) -> None:
    row = mock.results().query("table == 'headline' and indicator == 'informal_employment'").iloc[0]
    value, low, high = (f"{row[c] * 100:.1f}" for c in ("value", "ci_low", "ci_high"))
    text = html.unescape(re.sub(r"<[^>]+>", "", pages["brief"].split('id="content"')[1]))
    assert re.match(rf"\W*{value} per cent of employed persons .*\({low} to {high}\)", text.strip())
    assert len(captions(pages["brief"])) == 1
    assert pages["brief"].count("<img") == 2
    assert "<nav" not in pages["brief"] and "<nav" in pages["methods"]


# -- what stands where ---------------------------------------------------------------------------------


def test_what_the_methods_annex_tells_stands_in_the_report_only_where_there_is_no_annex(
    material: Material, pages: Mapping[str, str], tmp_path: Path
) -> None:
    alone = build_reports(material, SOURCES[:1], tmp_path)[0].read_text(encoding="utf-8")
    for chapter in ("sec-mapping", "sec-accounting", "sec-quality", "sec-odds"):
        assert f'id="{chapter}"' in alone
        assert f'id="{chapter}"' in pages["methods"]
        assert f'id="{chapter}"' not in pages["country"]
    for chapter in ("sec-design", "sec-definitions", "sec-assumed", "sec-reliability", "sec-benchmarks"):
        assert f'id="{chapter}"' in pages["country"], "what somebody who signs asks first stays"


def test_documents_link_to_each_other_by_files_that_are_there(made: Path, pages: Mapping[str, str]) -> None:
    for name, page in pages.items():
        links = set(re.findall(r'href="([^#"]+)"', page))
        assert links == {f"{other}.html" for other in NAMES if other != name}
        assert all((made / link).is_file() for link in links)
    annotations = [a.get_object() for p in PdfReader(made / "brief.pdf").pages for a in p.get("/Annots", ())]
    told = {str(a["/A"]["/URI"]) for a in annotations if "/URI" in a.get("/A", {})}
    assert told == {"country.pdf", "methods.pdf", "compendium.pdf"}


# -- formulas ------------------------------------------------------------------------------------------


def test_every_formula_is_read_out_as_it_was_written(made: Path, pages: Mapping[str, str]) -> None:
    source = "\n".join(line.text for line in read_document(made / "_build" / "methods.qmd").lines)
    displayed = re.findall(r"\$\$\n(.*?)\n\$\$", source, flags=re.DOTALL)
    assert len(displayed) == 7
    assert pages["methods"].count('<math display="block"') == len(displayed)
    spoken = " ".join(alternatives(PdfReader(made / "methods.pdf").trailer["/Root"]["/StructTreeRoot"]))
    for formula in displayed:
        assert re.sub(r"\s", "", formula) in re.sub(r"\s", "", spoken)


def alternatives(node: Any) -> list[str]:
    """The alternative texts of a tagged PDF, in order."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        return [text for child in node for text in alternatives(child)]
    if not isinstance(node, dict):
        return []
    return ([str(node["/Alt"])] if "/Alt" in node else []) + (alternatives(node["/K"]) if "/K" in node else [])


# -- the compendium ------------------------------------------------------------------------------------


def test_the_compendium_holds_every_table_once_and_lists_them_as_they_are_numbered(
    material: Material, pages: Mapping[str, str]
) -> None:
    found = captions(pages["compendium"])
    assert [int(re.findall(r"\d+", caption)[0]) for caption in found] == list(range(1, len(found) + 1))
    titles = [caption.partition(". ")[2] for caption in found]
    there = [title for title, table in material.tables.values() if not isinstance(table, str)]
    assert {t: titles.count(t) for t in there} == dict.fromkeys(there, 1)
    assert len(there) > 20
    listed = re.findall(
        r'<li><a [^>]*class="xref">(Table\s\d+)</a>\. (.*?)</li>', pages["compendium"].replace("\n", " ")
    )
    assert [f"{number}. {html.unescape(title)}" for number, title in listed] == found
    assert pages["compendium"].count("<img") == 0


def test_a_table_that_stands_in_no_chapter_of_the_compendium_stops_it(material: Material, tmp_path: Path) -> None:
    text = (REPORTS / "compendium.qmd").read_text(encoding="utf-8")
    (tmp_path / "compendium.qmd").write_text(text.replace("{{< include _tables/region.md >}}", ""), encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        build_reports(material, [tmp_path / "compendium.qmd"], tmp_path / "out")
    assert failure.value.code is ExitCode.RENDER
    (problem,) = failure.value.problems
    assert (problem.place, problem.found) == ("compendium.qmd", "tbl-region")
    assert "stand in no chapter of the compendium" in problem.what


# -- mistakes in a source, all at once -----------------------------------------------------------------


def test_mistakes_of_all_documents_are_told_at_once_with_their_lines(material: Material, tmp_path: Path) -> None:
    brief = "---\nengine: markdown\nbrief: true\n---\n\n{{< vidoe x >}}\n"
    annex = "---\nengine: markdown\n---\n\nText\n\n{{< var headline.nothing >}}\n"
    for name, text in {"brief": brief, "methods": annex}.items():
        (tmp_path / f"{name}.qmd").write_text(text, encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        build_reports(material, [tmp_path / "brief.qmd", tmp_path / "methods.qmd"], tmp_path / "out", ["html", "pdf"])
    assert [p.place for p in failure.value.problems] == ["brief.qmd, line 6", "methods.qmd, line 7"]
    (tmp_path / "methods.qmd").write_text(
        annex.replace("{{< var headline.nothing >}}", "See @sec-no."), encoding="utf-8"
    )
    (tmp_path / "brief.qmd").write_text(brief.replace("{{< vidoe x >}}", "See @sec-none."), encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        build_reports(material, [tmp_path / "brief.qmd", tmp_path / "methods.qmd"], tmp_path / "out", ["html", "docx"])
    told = [(p.place, p.found) for p in failure.value.problems]
    assert told == [("brief.qmd, line 6", "`@sec-none`"), ("methods.qmd, line 7", "`@sec-no`")], "once, not per format"
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_the_title_block_does_not_move_the_lines_of_a_document() -> None:
    text = "---\nengine: markdown\ntoc: false\n---\n\n# One\n"
    assert titled(text, {"title": "T"}).split("\n")[4:] == text.split("\n")[4:]
    assert titled("# One\n", {"title": "T"}) == "# One\n"


def test_a_document_without_front_matter_has_the_title_of_the_study(material: Material, tmp_path: Path) -> None:
    (tmp_path / "own.qmd").write_text("# One\n\nText\n", encoding="utf-8")
    page = build_reports(material, [tmp_path / "own.qmd"], tmp_path / "out")[0].read_text(encoding="utf-8")
    assert "<h1>Informal employment in the Lao PDR</h1>" in page


def test_hidden_blocks_are_dropped_with_what_they_hold() -> None:
    text = """a
::: {.content-visible when-meta="x.yes"}
b
::: {.callout-note}
c
:::
:::
:::: {.content-visible when-meta="x.no"}
d
::: {.content-visible when-meta="x.yes"}
e
:::
```
:::
```
::::
::: {.content-visible unless-meta="x.no"}
f
:::"""
    lines = [Line(line, "") for line in text.split("\n")]
    kept = [line.text for line in visible(lines, {"x": {"yes": True, "no": False}}) if not line.text.startswith(":")]
    assert kept == ["a", "b", "c", "f"]


# -- what an earlier run left --------------------------------------------------------------------------


def test_a_change_of_words_makes_only_the_one_document_again(
    material: Material, made: Path, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, before, after = tmp_path / "reports", tmp_path / "before", tmp_path / "after"
    sources.mkdir()
    for path in [*SOURCES, *REPORTS.glob("_*.md")]:
        shutil.copy(path, sources)
    shutil.copytree(made, before)
    text = (sources / "brief.qmd").read_text(encoding="utf-8")
    (sources / "brief.qmd").write_text(text.replace("# What stands out", "# What one sees"), encoding="utf-8")
    rendered: list[str] = []

    def page(document: Any) -> bytes:
        rendered.append(document.name)
        return html_page(document)

    html_page = render.WRITERS["html"]
    monkeypatch.setattr(render, "WRITERS", {"html": page})
    monkeypatch.setattr("informality.publication.report.pieces_of", None)  # not called: the pieces still hold
    paths = [sources / source.name for source in SOURCES]
    build_reports(material, paths, after, ["html"], Kept(before / "_build", key))
    assert rendered == ["brief.qmd"]
    assert "What one sees" in (after / "brief.html").read_text(encoding="utf-8")
    for name in ("country", "methods", "compendium"):
        assert (after / f"{name}.html").read_bytes() == (made / f"{name}.html").read_bytes()
    (after / "methods.html").write_text("changed by somebody", encoding="utf-8")
    rendered.clear()
    build_reports(material, paths, tmp_path / "last", ["html"], Kept(after / "_build", key))
    assert rendered == ["methods.qmd"]
    assert (tmp_path / "last/methods.html").read_bytes() == (made / "methods.html").read_bytes()
    assert Kept(after / "_build", "other numbers").pieces(()) is None
    table = after / "_build" / "_tables" / "region.md"
    table.write_text(table.read_text(encoding="utf-8").replace("1", "2"), encoding="utf-8")
    assert Kept(after / "_build", key).pieces(()) is None, "a table somebody changed is made anew"


# -- sheets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("around", ["{}", '::: {{.callout-note title="Note"}}\n\n{}\n\n:::'])
def test_a_table_that_would_need_tiny_letters_gets_a_sheet_that_is_turned(tmp_path: Path, around: str) -> None:
    def table(name: str, columns: int) -> str:
        cells = "".join(f'<td class="right">12 345.{i}</td>' for i in range(columns))
        head = f"<thead><tr><th></th>{'<th>Value</th>' * columns}</tr></thead>"
        rows = f"<table>{head}<tbody><tr><th>Row</th>{cells}</tr></tbody></table>"
        return f":::: {{#tbl-{name}}}\n```{{=html}}\n{rows}\n```\n\nThe caption of {name}\n::::"

    body = "\n\n".join([table("narrow", 4), around.format(table("wide", 14)), "After."])
    (tmp_path / "doc.qmd").write_text(f"---\nengine: markdown\ntitle: T\ntoc: false\n---\n\n{body}\n", encoding="utf-8")
    pages = PdfReader(render.render(tmp_path / "doc.qmd", tmp_path, ["pdf"])[0]).pages
    wide = [p for p in pages if float(p.mediabox.width) > float(p.mediabox.height)]
    assert ["caption of wide" in p.extract_text() for p in wide] == [True]
    upright = " ".join(p.extract_text() for p in pages if p not in wide)
    assert "caption of narrow" in upright and "After." in upright


def test_notes_never_stand_on_a_page_without_a_row_of_their_table(tmp_path: Path) -> None:
    """Tables of every length about that of a page, one after the other: each page with notes has a row before them."""

    def table(rows: int) -> str:
        lines = "".join(f"<tr><th>Row {i}</th><td>1</td></tr>" for i in range(rows))
        body = f"<table><thead><tr><th>Head</th><th>Value</th></tr></thead><tbody>{lines}</tbody></table>"
        notes = "::: {.note-below}\nA note.\n\nThe source.\n:::"
        return f":::: {{#tbl-{rows}}}\n```{{=html}}\n{body}\n```\n\n{notes}\n\nThe caption\n::::\n\n{{{{< pagebreak >}}}}\n"

    lengths = range(38, 58)
    body = "\n\n".join(map(table, lengths))
    (tmp_path / "doc.qmd").write_text(f"---\nengine: markdown\ntitle: T\ntoc: false\n---\n\n{body}\n", encoding="utf-8")
    pages = [p.extract_text() for p in PdfReader(render.render(tmp_path / "doc.qmd", tmp_path, ["pdf"])[0]).pages]
    noted = [page for page in pages if "A note." in page]
    assert len(noted) == len(lengths) < len(pages), "no table went over a page, so nothing was tested"
    assert all("Row " in page.split("A note.")[0] and "The source." in page for page in noted)


def test_figures_of_a_brief_are_as_large_as_two_pages_allow(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure of 9.5 cm always fits in the brief of the mock, one of 40 cm never does."""
    document = read_document(made / "_build" / "brief.qmd")

    def widths(*tried: float) -> list[float]:
        used = []
        monkeypatch.setattr(pdf, "IN_BRIEF", tried)
        monkeypatch.setattr(pdf, "prepared", lambda document, widest: used.append(widest) or prepared(document, widest))
        assert len(PdfReader(io.BytesIO(pdf.pdf_file(document))).pages) == 2
        return used

    prepared = pdf.prepared
    monkeypatch.setattr(printed, "HIGHEST", 99.0)
    assert widths(40.0, 9.5, 9.0) == [40.0, 9.5]
    assert widths(9.5, 9.0) == [9.5]
