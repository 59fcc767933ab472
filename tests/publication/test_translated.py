"""Reports, workbook and explorer in another language: the same numbers, the right marks, and what stays English marked so.

Authority: the English document made from the same inputs; small sources translated by hand.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import openpyxl
import pytest

from informality.foundation.language import Language, language_of, speaking
from informality.publication.all_tables import all_tables
from informality.publication.explorer import packed
from informality.publication.formats import NumberFormat, ProbabilityFormat, plain_number
from informality.publication.inputs import ReportInputs, publication_of
from informality.publication.products import write_products
from informality.publication.report import Material, build_reports
from informality.publication.store import figures
from informality.publication.table import Cell, Column, RowGroup, Table, shown, to_csv, to_html
from informality.publication.translated import in_language, name_in
from informality.publication.view_specs import read_views

LANGUAGES = ("es", "lo")
OWN = Language(
    "xx",
    "Own",
    ",",
    ".",
    {"Numbers": "Números", "A title": 'Un «título» "b"', "Low": "<b>=1+1</b>"},
    {"{{< var a.b >}} persons, see @tbl-x.": "Véase @tbl-x: {{< var a.b >}} personas.", "One.": "Uno."},
)


# -- sources -------------------------------------------------------------------------------------------


def test_a_source_is_translated_piece_by_piece_and_the_rest_is_marked_english() -> None:
    source = """---
engine: markdown
---

# Numbers {#sec-numbers}

## Other *words* {.unnumbered}

{{< var a.b >}} persons, see @tbl-x.

No translation yet.

::: {.callout-note collapse="true" title="A title"}

- One.
- {{< var a.b >}}
- Two.

{{< include _tables/x.md >}}

:::

```
# Numbers
```"""
    with speaking(OWN):
        assert (
            in_language(source)
            == """---
engine: markdown
---

# Números {#sec-numbers}

## [Other *words*]{lang="en"} {.unnumbered}

Véase @tbl-x: {{< var a.b >}} personas.

::: {lang="en"}

No translation yet.

:::

::: {.callout-note collapse="true" title="Un «título» &quot;b&quot;"}

- Uno.
- {{< var a.b >}}
- [Two.]{lang="en"}

{{< include _tables/x.md >}}

:::

```
# Numbers
```"""
        )
    assert in_language(source) == source


def test_files_of_another_language_have_its_code_in_their_names() -> None:
    assert [name_in("country.html", code) for code in ("en", "es")] == ["country.html", "country.es.html"]
    assert name_in("report/country-review.docx", "lo") == "report/country.lo-review.docx"


# -- numbers -------------------------------------------------------------------------------------------


def test_numbers_are_written_with_the_marks_of_the_language() -> None:
    whole, small, p = NumberFormat("", 1, 0), NumberFormat("", 100, 1), ProbabilityFormat("p")
    with speaking(OWN):
        assert [whole(3_512_700.0), small(-0.5821), plain_number(97.5)] == ["3.512.700", "−58,2", "97,5"]
        assert [p(0.0121), p(0.0001), p.sentence(0.0121)] == ["0,012", "<0,001", "= 0,012"]
    assert [whole(3_512_700.0), small(-0.5821), p(0.0001)] == ["3\u202f512\u202f700", "−58.2", "<0.001"]


def test_a_translation_is_text_like_any_other(tmp_path: Path) -> None:
    with speaking(OWN):
        from informality.foundation.language import say

        table = Table(
            "x", say("Low"), (Column("a", ""), Column("b", say("Low"))), (RowGroup("", ((Cell("="), Cell("")),)),)
        )
        assert "&lt;b&gt;=1+1&lt;/b&gt;" in to_html(table)
        assert "<b>" not in to_html(table)
        assert to_csv(table).splitlines()[1] == ",'=,"


def numbers_of(table: Table | str, decimal: str) -> list[tuple[Any, str]]:
    """Every number of a table with its print, decimal marks as in English."""
    if isinstance(table, str):
        return []
    return [
        (cell.value, shown(cell, column).replace(decimal, "."))
        for group in table.groups
        for row in group.rows
        for cell, column in zip(row, table.columns, strict=True)
        if isinstance(cell.value, float | int) and not cell.words
    ]


@pytest.fixture(scope="module")
def english(inputs: ReportInputs) -> dict[str, tuple[str, Table | str]]:
    return all_tables(read_views().spec, publication_of(inputs))


@pytest.mark.parametrize("code", LANGUAGES)
def test_tables_hold_the_same_numbers_in_every_language(
    inputs: ReportInputs, english: dict[str, tuple[str, Table | str]], code: str
) -> None:
    with speaking(language_of(code)):
        made = all_tables(read_views().spec, publication_of(inputs))
    assert list(made) == list(english)
    compared = 0
    for id, (title, table) in made.items():
        expected = numbers_of(english[id][1], ".")
        assert numbers_of(table, ",") == expected, id
        assert title != english[id][0], f"{code}.yml has no title of table {id}"
        compared += len(expected)
    assert compared > 1000


# -- what is read --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lao(mock: ModuleType, country: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report and what goes with it, in Lao; one paragraph is made to have no translation."""
    folder = tmp_path_factory.mktemp("lao")
    material = Material(mock.inputs())
    whole = language_of("lo")
    lacking = {text: said for text, said in whole.prose.items() if not text.startswith("**By education.**")}
    assert len(lacking) == len(whole.prose) - 1
    with speaking(dataclasses.replace(whole, prose=lacking)):
        build_reports(material, [country], folder)
        write_products(material, material.inputs.results, material.inputs.results.head(0), folder, folder)
    return folder


def test_the_page_is_in_lao_and_says_how_far_its_translation_goes(lao: Path) -> None:
    page = (lao / "country.lo.html").read_text(encoding="utf-8")
    assert '<html lang="lo">' in page
    assert "ຕາຕະລາງ\u00a01." in page
    assert ">ສາລະບານ<" in page
    assert '<div lang="en">' in page  # a paragraph without a translation
    line = re.search(r'id="language-line">(.*?)</p>', page, re.DOTALL)
    assert line
    unread, still_english = map(int, re.findall(r"\d+", line[1]))
    assert unread > 200
    assert still_english > 0
    assert "country.html" not in {path.name for path in lao.iterdir()}


def test_the_page_in_lao_has_no_fault_at_a_desk_or_on_a_phone(open_page: Callable[..., Any], lao: Path) -> None:
    opened = open_page(lao / "country.lo.html")
    assert opened.faults() == {}
    assert opened.page.evaluate("document.documentElement.lang") == "lo"
    spoken = opened.page.evaluate("[...document.querySelectorAll('main [lang]')].map(e => e.getAttribute('lang'))")
    assert set(spoken) == {"en"}, "what has no translation, and nothing else, is read out as English"


def test_the_store_is_made_in_english_only(lao: Path) -> None:
    names = {path.name for path in lao.iterdir() if path.is_file()}
    assert names == {"country.lo.html", "tables.lo.xlsx", "explorer.lo.html", "figures.lo.csv"}


def test_the_workbook_has_the_same_numbers_under_lao_heads(
    lao: Path, inputs: ReportInputs, tmp_path: Path, english: dict[str, tuple[str, Table | str]]
) -> None:
    from informality.publication.workbook import write_workbook

    write_workbook(inputs, publication_of(inputs), english, tmp_path / "tables.xlsx")
    ours, theirs = (openpyxl.load_workbook(path) for path in (lao / "tables.lo.xlsx", tmp_path / "tables.xlsx"))
    assert ours.sheetnames[0] == "ສາລະບານ"
    assert len(ours.sheetnames) == len(theirs.sheetnames)
    assert all(len(name) <= 31 for name in ours.sheetnames)
    for ours_name, theirs_name in zip(ours.sheetnames, theirs.sheetnames, strict=True):
        numbers = [
            [[c for c in row if isinstance(c, int | float)] for row in book[name].iter_rows(values_only=True)]
            for book, name in ((ours, ours_name), (theirs, theirs_name))
        ]
        assert numbers[0] == numbers[1], ours_name


def test_the_explorer_and_the_long_table_have_the_same_numbers(inputs: ReportInputs) -> None:
    pub = publication_of(inputs)
    before, long = packed(inputs, pub), figures(pub)
    with speaking(language_of("es")):
        pub = publication_of(inputs)
        after, translated = packed(inputs, pub), figures(pub)
    for column in ("value", "low", "high", "n", "decimals"):
        assert before["columns"][column] == after["columns"][column]
    assert (before["marks"], after["marks"]) == (
        {"decimal": ".", "group": "\u202f"},
        {"decimal": ",", "group": "\u202f"},
    )
    assert before["words"].keys() == after["words"].keys()
    assert after["words"]["table"] == "Cuadro"
    same = ["value", "low", "high", "standard_error", "sample_n", "levels", "indicator"]
    assert long[same].equals(translated[same])
    assert not long["printed"].equals(translated["printed"])
