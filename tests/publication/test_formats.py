"""The report as PDF and Word, read back: the numbers of the results table, the structure, the same bytes.

Authority: the results table of the mock, formatted here by Python's own format and not by the toolkit; pypdf and
python-docx, which read the files by themselves; ISO 14289-1, which says how a file declares that it is PDF/UA-1.
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from pathlib import Path
from types import ModuleType

import docx
import pandas as pd
import pytest
from docx.table import Table
from docx.text.paragraph import Paragraph
from pypdf import PdfReader

from informality.publication.render import render
from informality.publication.table import one_line

DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
NARROW = "\u202f"
TABLES = {
    "Informal employment and where it is found": ("headline", ()),
    "Informal employment by sex and area": ("informal_employment", ("sex", "area", "sex×area")),
    "Informal employment by age and education": ("informal_employment", ("age_group", "education")),
    "Informal employment by region": ("informal_employment", ("region",)),
}
"""Title of a table of the report: the table of the results it is made from, and by what it is broken down."""


def counted(n: float) -> str:
    return f"{n:,.0f}".replace(",", NARROW)


def expected(mock: ModuleType, title: str) -> list[str]:
    """The rows of one table as a reader sees them, worked out from the results table alone."""
    source, by = TABLES[title]
    results, inputs = mock.results(), mock.inputs()
    rows = results[
        (results["table"] == source)
        & (results["definition"] == inputs.study["headline"])
        & (results["unit"] == "share")
        & results["dim3"].isna()
    ]
    broken = rows["dim1"].fillna("") + rows["dim2"].map(lambda d: "" if pd.isna(d) else f"×{d}")
    rows = rows[broken.isin(["", *by])]
    symbols = dict(zip(inputs.reliability["grade"], inputs.reliability["symbol"].fillna(""), strict=True))
    lines = []
    for row in rows.to_dict("records"):
        if row["grade"] in ("suppressed", "not_determinable"):
            continue
        number, low, high = (f"{row[c] * 100:.1f}" for c in ("value", "ci_low", "ci_high"))
        lines.append(f"{number}{symbols[row['grade']]} {low} {high} {counted(row['n'])}")
    return sorted(lines)


@pytest.fixture(scope="module")
def pages(built: Path) -> list[str]:
    return [page.extract_text() for page in PdfReader(built / "country.pdf").pages]


@pytest.fixture(scope="module")
def word(built: Path) -> list[tuple[str, str, list[list[str]]]]:
    """Everything in the body of the Word file in order: style and text of a paragraph, or the cells of a table."""
    return contents(built / "country.docx")


def contents(path: Path) -> list[tuple[str, str, list[list[str]]]]:
    found = []
    for block in docx.Document(str(path)).iter_inner_content():
        if isinstance(block, Paragraph):
            found.append((str(block.style.name if block.style else ""), block.text, []))
        elif isinstance(block, Table):
            found.append(("table", "", [[cell.text for cell in row.cells] for row in block.rows]))
    return found


def rows_of(cells: list[list[str]]) -> list[str]:
    """Rows that hold a number, without their label."""
    numbers = [row[1:] for row in cells if re.match(r"\d", row[1]) and row[0] != row[1]]
    return sorted(" ".join(row) for row in numbers)


# -- every number is that of the results table ---------------------------------------------------------


@pytest.mark.parametrize("title", TABLES)
def test_word_shows_the_numbers_of_the_results_table(
    mock: ModuleType, word: list[tuple[str, str, list[list[str]]]], title: str
) -> None:
    at = next(i for i, (_, text, _) in enumerate(word) if re.fullmatch(rf"Table\xa0\d+\. {title}", text))
    assert word[at][0] == "Table Caption"
    assert rows_of(word[at + 1][2]) == expected(mock, title)
    assert len(expected(mock, title)) > 4


@pytest.mark.parametrize("title", TABLES)
def test_the_pdf_shows_the_numbers_of_the_results_table(mock: ModuleType, pages: list[str], title: str) -> None:
    text = re.split(rf"Table.\d+\. {title}\n", "\n".join(pages))[1].split("Source:")[0]
    found = re.findall(r"(\d+\.\d[a-z]*) (\d+\.\d) (\d+\.\d) (\d[\d\u202f ]*)$", text, flags=re.MULTILINE)
    rows = sorted(" ".join([*cells[:3], cells[3].strip().replace(" ", NARROW)]) for cells in found)
    assert rows == expected(mock, title)


# -- PDF -----------------------------------------------------------------------------------------------


def test_the_pdf_is_tagged_and_says_that_it_is_pdf_ua_1(built: Path) -> None:
    reader = PdfReader(built / "country.pdf")
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"] == "en"
    metadata = root["/Metadata"].get_data().decode("utf-8")
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "Informal employment in the Lao PDR" in metadata
    kinds: dict[str, int] = {}
    spoken: list[str] = []

    def count(node: object) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for child in node:
                count(child)
        elif isinstance(node, dict):
            if "/S" in node:
                kinds[str(node["/S"])] = kinds.get(str(node["/S"]), 0) + 1
            if "/Alt" in node:
                spoken.append(str(node["/Alt"]))
            if "/K" in node:
                count(node["/K"])

    count(root["/StructTreeRoot"])
    assert kinds["/Table"] > 20
    assert kinds["/TH"] > 100
    assert kinds["/Caption"] > 20
    assert kinds["/H1"] >= 10
    drawings = len(list((built / "_build" / "_figures").glob("*.svg")))
    assert len([alt for alt in spoken if len(alt) > 60]) >= drawings, "figures are described"


def test_the_pdf_has_bookmarks_and_its_notice_and_fingerprint_on_every_page(
    mock: ModuleType, built: Path, pages: list[str]
) -> None:
    reader = PdfReader(built / "country.pdf")
    titles = [entry["/Title"] for entry in reader.outline if not isinstance(entry, list)]
    assert titles[0] == "Summary"
    assert titles[1] == "1 How many work informally"
    assert "14 Methods annex" in titles
    fingerprint = mock.inputs().provenance["fingerprint"]
    for number, text in enumerate(pages, 1):
        assert mock.NOTICE in text
        assert f"Fingerprint {fingerprint}" in text
        assert f"{number} / {len(pages)}" in text


def test_the_pdf_holds_the_fonts_of_the_package_and_one_of_typst(built: Path) -> None:
    names = set()
    for page in PdfReader(built / "country.pdf").pages:
        for font in page["/Resources"].get("/Font", {}).values():
            names.add(str(font.get_object()["/BaseFont"]).split("+")[1].removesuffix("-Identity-H"))
    assert names <= {
        "NotoSans-Regular",
        "NotoSans-Bold",
        "NotoSansLao-Regular",
        "NotoSansLao-Bold",
        "DejaVuSansMono",
        "DejaVuSansMono-Bold",
    }
    assert {"NotoSans-Regular", "NotoSansLao-Regular"} <= names


def test_lao_names_and_hostile_labels_are_text_in_the_pdf(mock: ModuleType, pages: list[str]) -> None:
    text = re.sub(r"\s+", "", "".join(pages))
    assert re.sub(r"\s+", "", one_line(mock.NASTY)) in text
    assert "root:" not in text


def test_lao_is_in_the_pdf_as_it_is_written(built: Path) -> None:
    """Which letters a stack of marks stands for is said beside it, as PDF has it (ActualText)."""
    reader = PdfReader(built / "country.pdf")
    page = next(p for p in reader.pages if re.search(r"Table.7\. Informal employment by region", p.extract_text()))
    told = re.findall(rb"/ActualText<FEFF([0-9A-F]+)>", page.get_contents().get_data())
    words = {bytes.fromhex(text.decode()).decode("utf-16-be") for text in told}
    assert {"ຜົ້", "ບໍ່", "ນ້ຳ"} <= words


# -- Word ----------------------------------------------------------------------------------------------


def test_captions_headings_and_heads_of_tables_have_styles_of_word(
    built: Path, word: list[tuple[str, str, list[list[str]]]]
) -> None:
    captions = [text for style, text, _ in word if style == "Table Caption"]
    assert [int(re.findall(r"\d+", text)[0]) for text in captions] == list(range(1, len(captions) + 1))
    assert next(text for style, text, _ in word if style == "Image Caption").startswith("Figure\xa01. ")
    assert ("Heading 1", "1 How many work informally", []) in word
    document = docx.Document(str(built / "country.docx"))
    w = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    for table in document.tables:
        rows = table._tbl.tr_lst
        heads = [row for row in rows if row.find(f"{w}trPr/{w}tblHeader") is not None]
        assert heads == rows[: len(heads)]
        assert heads, "every table repeats its head"
        assert table.style is not None
        assert table.style.name == "Report Table"
    described = [p.get("descr") for p in document.element.body.iter() if p.tag.endswith("}docPr")]
    assert described
    assert all(len(text or "") > 20 for text in described)
    section = document.sections[0]
    assert "These data are made up" in section.header.paragraphs[0].text
    assert "Fingerprint" in section.footer.paragraphs[0].text


def test_lao_names_and_hostile_labels_are_text_in_word(
    mock: ModuleType, built: Path, word: list[tuple[str, str, list[list[str]]]]
) -> None:
    cells = {cell for _, _, rows in word for row in rows for cell in row}
    assert any(one_line(mock.NASTY) in one_line(cell) for cell in cells)
    assert any("ຜົ້ງສາລີ" in cell for cell in cells)
    with zipfile.ZipFile(built / "country.docx") as archive:
        styles = archive.read("word/styles.xml").decode("utf-8")
        body = archive.read("word/document.xml").decode("utf-8")
    assert 'w:cs="Noto Sans Lao"' in styles
    assert "<script>" not in body
    assert "root:" not in body


def test_the_review_copy_numbers_lines_paragraphs_and_tables_and_ends_each_chapter_with_a_sheet(
    built: Path, word: list[tuple[str, str, list[list[str]]]]
) -> None:
    review = contents(built / "country-review.docx")
    quiet = ("Heading", "toc", "TOC", "Title", "Subtitle", "Survey", "Comment Title", "table")
    texts = [text for style, text, _ in review if not style.startswith(quiet) and text.strip()]
    numbers = [re.match(r"\[(\d+)\] ", text) for text in texts]
    assert [int(n[1]) if n else text for n, text in zip(numbers, texts, strict=True)] == list(range(1, len(texts) + 1))
    captions = [text for style, text, _ in review if style == "Table Caption"]
    assert len(captions) == len([text for style, text, _ in word if style == "Table Caption"])
    sheets = [text for style, text, _ in review if style == "Comment Title"]
    chapters = [text for style, text, _ in review if style == "Heading 1"]
    assert len(sheets) == len(chapters)
    assert sheets[0].startswith("Comments on “Summary” (paragraphs 1 to ")
    ends = [tuple(map(int, re.findall(r"paragraphs (\d+) to (\d+)", text)[0])) for text in sheets]
    assert all(after[0] == before[1] + 1 for before, after in itertools.pairwise(ends))
    assert ends[-1][1] == len(texts)
    with zipfile.ZipFile(built / "country-review.docx") as archive:
        assert "<w:lnNumType " in archive.read("word/document.xml").decode("utf-8")
    with zipfile.ZipFile(built / "country.docx") as archive:
        assert "<w:lnNumType " not in archive.read("word/document.xml").decode("utf-8")


# -- the same bytes, no half-written files -------------------------------------------------------------


@pytest.mark.parametrize("name", ["country.pdf", "country.docx", "country-review.docx"])
def test_rendering_again_gives_the_same_bytes(built: Path, tmp_path: Path, name: str) -> None:
    form = {"country.pdf": "pdf", "country.docx": "docx"}.get(name, "review")
    assert render(built / "_build" / "country.qmd", tmp_path, [form]) == [tmp_path / name]
    again, first = (tmp_path / name).read_bytes(), (built / name).read_bytes()
    if again != first and name.endswith("docx"):
        for info in zipfile.ZipFile(io.BytesIO(first)).infolist():  # says which part differs
            assert zipfile.ZipFile(io.BytesIO(again)).read(info) == zipfile.ZipFile(io.BytesIO(first)).read(info), info
    assert again == first


def test_every_drawing_has_a_paragraph_of_its_own_in_word(built: Path) -> None:
    """Two in one paragraph, the parts of a long flow chart, would be on one page together, and the second one cut off."""
    paragraphs = docx.Document(str(built / "country.docx")).paragraphs
    drawings = [len(p._p.findall(f".//{{{DRAWING}}}inline")) for p in paragraphs]
    assert sum(drawings) > 8
    assert max(drawings) == 1


def test_lists_in_word_stand_near_the_margin_level_by_level(built: Path) -> None:
    """Pandoc's own stand in by more than a centimetre a level; every level is changed, and further in than the one above."""
    with zipfile.ZipFile(built / "country.docx") as archive:
        text = archive.read("word/numbering.xml").decode("utf-8")
    places = {int(level): int(left) for level, left in re.findall(r'w:ilvl="(\d)".*?w:left="(\d+)"', text, re.DOTALL)}
    assert len(places) > 3
    assert places[0] < 400
    assert [places[i] for i in sorted(places)] == sorted(set(places.values()))
