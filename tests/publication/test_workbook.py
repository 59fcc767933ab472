"""The workbook, read back: every number as in the results table, text stays text, links lead somewhere."""

from __future__ import annotations

import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import openpyxl
import pandas as pd
import pytest

from informality.publication.all_tables import all_tables
from informality.publication.inputs import ReportInputs
from informality.publication.published import Publication
from informality.publication.table import Table
from informality.publication.view_specs import read_views
from informality.publication.workbook import write_workbook


@pytest.fixture(scope="module")
def tables(pub: Publication) -> dict[str, tuple[str, Table | str]]:
    return all_tables(read_views().spec, pub)


@pytest.fixture(scope="module")
def path(inputs: ReportInputs, pub: Publication, tables: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "tables.xlsx"
    write_workbook(inputs, pub, tables, path)
    return path


@pytest.fixture(scope="module")
def book(path: Path) -> Any:
    return openpyxl.load_workbook(path)


def test_every_table_has_its_sheet_and_the_contents_leads_there_and_back(book: Any, tables: Any) -> None:
    printed = [title for title, made in tables.values() if not isinstance(made, str)]
    contents = book["Contents"]
    listed = {cell.value: cell.hyperlink.location for row in contents.iter_rows() for cell in row if cell.hyperlink}
    assert set(listed) == set(book.sheetnames) - {"Contents"}
    for name, location in listed.items():
        assert location.strip("'").split("'!")[0] == name
        assert book[name]["A2"].hyperlink.location == "'Contents'!A1"
    titles = [book[name]["A1"].value for name in book.sheetnames if name.startswith("T")]
    assert len(titles) == len(printed)
    words = {cell.value for row in contents.iter_rows() for cell in row}
    assert all(any(str(w).startswith(title) for w in words) for title, made in tables.values() if isinstance(made, str))


def test_every_number_of_every_table_is_in_its_sheet(book: Any, tables: Any) -> None:
    printed = [made for _, made in tables.values() if not isinstance(made, str)]
    sheets = [book[name] for name in book.sheetnames if name.startswith("T")]
    compared = 0
    for table, sheet in zip(printed, sheets, strict=True):
        found = [c.value for row in sheet.iter_rows(min_row=4) for c in row if isinstance(c.value, int | float)]
        left = list(found)
        for group in table.groups:
            for cells in group.rows:
                for cell, column in zip(cells, table.columns, strict=True):
                    form = cell.format or column.format
                    if not form or cell.words or not isinstance(cell.value, float):
                        continue
                    wanted = cell.value * form.scale
                    wanted = round(wanted, form.decimals) if form.decimals < 0 else wanted
                    near = min(left, key=lambda x, w=wanted: abs(x - w))
                    assert near == pytest.approx(wanted, rel=1e-12, abs=1e-12), (table.id, cell)
                    left.remove(near)
                    compared += 1
    assert compared > 500


def test_the_long_sheet_is_the_results_table(book: Any, pub: Publication) -> None:
    rows = list(book["All figures"].iter_rows(min_row=4, values_only=True))
    long = pd.DataFrame(rows[1:], columns=rows[0])
    assert len(long) == len(pub.results)
    scale = pub.results["unit"].map({"share": 100.0, "points": 100.0}).fillna(1.0)
    ours = (pub.results["value"] * scale).to_numpy()
    theirs = pd.to_numeric(long["Value"]).to_numpy()
    assert (pd.isna(ours) == pd.isna(theirs)).all()
    assert pd.Series(ours).sub(theirs).abs().max() < 1e-9
    assert book["All figures"].auto_filter.ref


def test_flags_stand_in_columns_of_their_own(book: Any) -> None:
    heads = [
        c.value for name in book.sheetnames if name.startswith("T") for row in book[name].iter_rows(4, 7) for c in row
    ]
    assert "Flag" in heads


def test_no_cell_is_a_formula_or_an_outside_link(book: Any, path: Path, mock: ModuleType) -> None:
    nasty = 0
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate)
                assert cell.hyperlink is None or cell.hyperlink.target is None
                nasty += isinstance(cell.value, str) and "<script>" in cell.value
    assert nasty, "the hostile label is nowhere, so nothing was tested"
    with zipfile.ZipFile(path) as parts:
        names = parts.namelist()
        assert not [n for n in names if "externalLink" in n or "vba" in n.lower()]
        assert not any(b'TargetMode="External"' in parts.read(n) for n in names if n.endswith(".rels"))


def test_nothing_withheld_is_in_it(path: Path, mock: ModuleType) -> None:
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            assert b"0.4242424" not in parts.read(name)
            assert b"42.42424" not in parts.read(name)


def test_the_same_inputs_give_the_same_bytes(
    inputs: ReportInputs, pub: Publication, tables: Any, path: Path, tmp_path: Path
) -> None:
    write_workbook(inputs, pub, tables, tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


def test_headline_tables_have_a_native_chart_with_intervals(path: Path) -> None:
    with zipfile.ZipFile(path) as parts:
        charts = [parts.read(n) for n in parts.namelist() if n.startswith("xl/charts/chart")]
    assert len(charts) >= 2
    assert all(b"errBars" in chart for chart in charts)
