"""The embedded renderer: what it honours, and that whatever it cannot honour stops it with file and line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader

from informality.foundation.errors import ExitCode, InformalityError
from informality.publication.render import render

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>'


def page_of(folder: Path, body: str, formats: Sequence[str] = ("html",), **files: str) -> str:
    """Render a small document, its page first; keyword ``a_md`` writes the file ``a.md``."""
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    (folder / "dot.svg").write_text(SVG, encoding="utf-8")
    (folder / "_variables.yml").write_text("sex: {women: '12.3 per cent'}\n", encoding="utf-8")
    (folder / "_quarto.yml").write_text(
        "title: A title\nlang: en\nshown: {hours: true, pay: false}\n", encoding="utf-8"
    )
    (folder / "doc.qmd").write_text(f"---\nengine: markdown\n---\n\n{body}", encoding="utf-8")
    return render(folder / "doc.qmd", folder, formats)[0].read_text(encoding="utf-8")


def problems_of(folder: Path, body: str, formats: Sequence[str] = ("html",), **files: str) -> str:
    """What rendering complains of; checks that nothing was written."""
    with pytest.raises(InformalityError) as failure:
        page_of(folder, body, formats, **files)
    assert failure.value.code is ExitCode.RENDER
    assert not [p for p in folder.iterdir() if p.suffix in (".html", ".pdf", ".docx", ".part")]
    return str(failure.value)


def test_variables_and_includes_are_resolved(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        "Women: {{< var sex.women >}} in {{< meta title >}}.\n\n{{< include a.md >}}\n",
        a_md="From *a* file.\n",
    )
    assert "<p>Women: 12.3 per cent in A title.</p>" in page
    assert "<p>From <em>a</em> file.</p>" in page
    assert '<html lang="en">' in page


def test_headings_are_numbered_below_the_title_and_listed_twice_without_double_ids(tmp_path: Path) -> None:
    page = page_of(tmp_path, "# Summary {.unnumbered}\n\n# One {#sec-one}\n\n## Two\n\nSee @sec-one and -@sec-one.\n")
    assert '<h2 class="unnumbered" id="summary">Summary</h2>' in page
    assert '<h2 id="sec-one"><span class="section-number">1</span> One</h2>' in page
    assert '<h3 id="two"><span class="section-number">1.1</span> Two</h3>' in page
    assert page.count("<h1") == 1
    assert page.count(' id="sec-one"') == 1
    assert page.count('<a href="#sec-one">') == 2
    assert '<a href="#sec-one" class="xref">Section\u00a01</a> and' in page


def test_tables_and_figures_are_numbered_and_referred_to(tmp_path: Path) -> None:
    body = (
        "As @tbl-a and @fig-b show.\n\n:::: {#tbl-a}\n```{=html}\n<table><tr><td>x</td></tr></table>\n```\n\n"
        "::: {.note-below}\nA note.\n:::\n\nThe caption\n::::\n\n"
        ':::: {#fig-b}\n![](dot.svg){fig-alt="One dot &quot;here&quot;"}\n\nAnother\n::::\n'
    )
    page = page_of(tmp_path, body)
    assert '<a href="#tbl-a" class="xref">Table\u00a01</a>' in page
    assert '<figure id="tbl-a" class="tbl">\n<figcaption>' in page
    assert '<span class="caption-number">Table\u00a01.</span> The caption' in page
    assert '<span class="caption-number">Figure\u00a01.</span> Another' in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert 'alt="One dot &quot;here&quot;"' in page


def test_call_outs_fold_and_conditions_hide(tmp_path: Path) -> None:
    body = (
        '::: {.callout-note collapse="true" title="More"}\nInside.\n:::\n\n'
        '::: {.content-visible when-meta="shown.hours"}\nHours.\n:::\n\n'
        '::: {.content-visible when-meta="shown.pay"}\nPay.\n:::\n\n'
        '::: {.content-visible unless-meta="shown.pay"}\nNo pay.\n:::\n'
    )
    page = page_of(tmp_path, body)
    assert '<details class="callout callout-note"><summary class="callout-title">' in page
    assert "<p>Hours.</p>" in page
    assert "<p>Pay.</p>" not in page
    assert "<p>No pay.</p>" in page


def test_a_table_written_in_markdown_scrolls_and_has_scopes(tmp_path: Path) -> None:
    page = page_of(tmp_path, "| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert '<div class="table-scroll" role="region" tabindex="0"' in page
    assert page.count('scope="col"') == 2


def test_shortcodes_in_fences_are_quoted_text(tmp_path: Path) -> None:
    page = page_of(tmp_path, "```\n{{< include nothing.md >}}\n```\n")
    assert "{{&lt; include nothing.md &gt;}}" in page


def test_the_page_forbids_the_network(tmp_path: Path) -> None:
    page = page_of(tmp_path, "Text.\n")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "<link" not in page


def test_lao_text_brings_its_face_along(tmp_path: Path) -> None:
    assert "@font-face" not in page_of(tmp_path, "Text.\n")
    assert "unicode-range: U+0E80-0EFF" in page_of(tmp_path, "ລາວ\n")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("One\n\n{{< vidoe x >}}\n", ["doc.qmd, line 7", "`vidoe x` is not known"]),
        ("{{< var sex.wome >}}\n", ["doc.qmd, line 5", "no variable `sex.wome`", "did you mean `women`?"]),
        ("{{< var sex >}}\n", ["doc.qmd, line 5", "no variable `sex`"]),
        ("{{< meta nothing >}}\n", ["doc.qmd, line 5", "no metadata entry `nothing`"]),
        ("{{< var sex.women\n", ["doc.qmd, line 5", "not closed"]),
        ("{{< include b.md >}}\n", ["doc.qmd, line 5", "`b.md` does not exist", "did you mean `a.md`?"]),
        ("See {{< include a.md >}} here\n", ["doc.qmd, line 5", "stands alone"]),
        ("Text\n\nSee @tbl-none.\n", ["doc.qmd, line 7", "points to nothing", "`@tbl-none`"]),
        ("![](dot.svg)\n", ["doc.qmd, line 5", "no alternative text", "`dot.svg`"]),
        ('![](gone.svg){fig-alt="x"}\n', ["doc.qmd, line 5", "`gone.svg` is not there"]),
        (
            '![](https://example.org/a.png){fig-alt="x"}\n',
            ["doc.qmd, line 5", "`https://example.org/a.png` is not there"],
        ),
        ("# A {#sec-a}\n\n# B {#sec-a}\n", ["doc.qmd, line 5", "given twice", "`sec-a`"]),
        ("```{python}\n1 + 1\n```\n", ["doc.qmd, line 5", "executes no code"]),
        ("::: {#tbl-a}\n\n:::\n", ["doc.qmd, line 5", "no caption"]),
        ('Text <script src="x.js"></script>\n', ["loaded from outside", "`<script`"]),
        ('<div style="background: url(x.png)">x</div>\n', ["doc.qmd, line 5", "loaded from outside", "url(x.png)"]),
    ],
)
def test_what_cannot_be_honoured_stops(tmp_path: Path, body: str, expected: list[str]) -> None:
    told = problems_of(tmp_path, body, a_md="x\n")
    for words in expected:
        assert words in told


@pytest.mark.parametrize("form", ["pdf", "docx", "review"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("One\n\n{{< vidoe x >}}\n", ["doc.qmd, line 7", "`vidoe x` is not known"]),
        ("Text\n\nSee @tbl-none.\n", ["doc.qmd, line 7", "points to nothing", "`@tbl-none`"]),
        ("![](dot.svg)\n", ["doc.qmd, line 5", "no alternative text", "`dot.svg`"]),
        ('![](gone.svg){fig-alt="x"}\n', ["doc.qmd, line 5", "`gone.svg` is not there"]),
        ('<form>\n<input name="q">\n</form>\n', ["doc.qmd, line 5", "no place in a PDF or Word file", "`<form>`"]),
        ("A <blink>word</blink>\n", ["doc.qmd, line 5", "no place in a PDF or Word file", "`<blink>`"]),
    ],
)
def test_what_cannot_be_honoured_stops_pdf_and_word_too(
    tmp_path: Path, body: str, expected: list[str], form: str
) -> None:
    told = problems_of(tmp_path, body, [form])
    for words in expected:
        assert words in told


def test_letters_that_no_font_has_stop_the_pdf_with_file_and_line(tmp_path: Path) -> None:
    private = "\U0010fff0"  # of the last private use area: no font of the package has it, and none of a machine should
    told = problems_of(tmp_path, f"One\n\nA letter {private} here.\n", ["pdf"])
    assert "doc.qmd, line 7" in told
    assert "no font" in told
    assert "`formats`" in told


def test_content_for_one_format_is_in_that_format_only(tmp_path: Path) -> None:
    body = "".join(f'::: {{.content-visible when-format="{f}"}}\nFor {f}.\n:::\n\n' for f in ("html", "pdf", "docx"))
    page = page_of(tmp_path, f"# One {{#sec-one}}\n\n{body}See @sec-one.\n", ["html", "pdf", "docx"])
    pdf = PdfReader(tmp_path / "doc.pdf").pages[0].extract_text()
    word = "\n".join(p.text for p in docx.Document(str(tmp_path / "doc.docx")).paragraphs)
    for form, text in {"html": page, "pdf": pdf, "docx": word}.items():
        assert re.findall(r"For (\w+)\.", text) == [form]
        assert re.search("Section.1", text)


def test_the_line_named_is_that_of_the_included_file(tmp_path: Path) -> None:
    told = problems_of(tmp_path, "Text\n\n{{< include a.md >}}\n", a_md="fine\n\nmore {{< var nope >}}\n")
    assert "a.md, line 3" in told


def test_files_that_include_each_other_are_found(tmp_path: Path) -> None:
    told = problems_of(tmp_path, "{{< include a.md >}}\n", a_md="{{< include b.md >}}\n", b_md="{{< include a.md >}}\n")
    assert "b.md, line 1" in told
    assert "circle" in told


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    told = problems_of(tmp_path, "{{< var a >}} {{< var b >}}\n\n{{< include c.md >}}\n")
    assert told.count("doc.qmd, line") == 3


def test_a_missing_source_is_told(tmp_path: Path) -> None:
    with pytest.raises(InformalityError, match="does not exist"):
        render(tmp_path / "no.qmd", tmp_path)
