"""Documents and explorer driven in Chromium as a reader would: choose, sort, take away, follow a link, on a phone, by keyboard.

How a page is opened, what is recorded and which rules it must keep: ``tests/conftest.py``. The coverage report, and a brief
and a compendium with scenarios, are opened in ``tests/test_coverage_study.py``; reports in other languages in
``test_translated.py``.
"""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from informality.publication.explorer import write_explorer
from informality.publication.inputs import ReportInputs
from informality.publication.published import Publication
from informality.publication.store import write_store
from informality.serving import HOST, application, prepare
from informality.study import Workspace

DOCUMENTS = ("country", "brief", "methods", "compendium")
SEX = "indicator=informal_employment&breakdown=Sex"
Opened = Any
"""A page in the browser: see ``tests/conftest.py``."""


@pytest.fixture(scope="module")
def explorer(inputs: ReportInputs, pub: Publication, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    write_explorer(inputs, pub, path)
    return path


def ready(opened: Opened) -> Page:
    opened.page.wait_for_selector("html[data-ready]")
    return opened.page


def table_of(page: Page) -> list[list[str]]:
    """The explorer's table as text."""
    return [row.locator("th, td").all_inner_texts() for row in page.locator("#list tbody tr").all()]


@pytest.fixture(scope="module")
def by_sex(pub: Publication) -> pd.DataFrame:
    rows = pub.results[
        (pub.results["indicator"] == "informal_employment") & (pub.results["dim1"] == "sex") & pub.results["dim2"].isna()
        & (pub.results["definition"] == pub.headline) & (pub.results["statistic"] == "share")
        & (pub.results["universe"] == "employed")
    ]  # fmt: skip
    rows = rows.drop_duplicates("level1")
    assert len(rows) == 2
    return rows


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_has_a_fault_at_a_desk_or_on_a_phone(
    name: str, open_page: Callable[..., Opened], documents: Path
) -> None:
    assert open_page(documents / f"{name}.html").faults() == {}


def test_a_table_too_wide_for_a_phone_moves_within_its_own_frame(
    open_page: Callable[..., Opened], documents: Path
) -> None:
    opened = open_page(documents / "country.html", width=375)
    frames = opened.page.locator(".table-scroll").all()
    wide = [frame for frame in frames if frame.evaluate("e => e.scrollWidth > e.clientWidth")]
    assert wide, "no table is wide, so nothing was tested"
    assert all(frame.get_attribute("tabindex") == "0" for frame in wide)
    assert all(frame.bounding_box()["width"] <= 375 for frame in wide)


def test_an_entry_of_the_contents_leads_where_it_says(open_page: Callable[..., Opened], documents: Path) -> None:
    page = open_page(documents / "country.html").page
    link = page.locator("nav.beside a").nth(3)
    target = (link.get_attribute("href") or "").removeprefix("#")
    link.click()
    page.wait_for_function("id => Math.abs(document.getElementById(id).getBoundingClientRect().top) < 200", arg=target)


def test_the_first_key_skips_to_the_text(open_page: Callable[..., Opened], documents: Path, explorer: Path) -> None:
    for path in (documents / "country.html", explorer):
        page = open_page(path).page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        target = page.evaluate("document.activeElement.getAttribute('href').slice(1)")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("id => document.getElementById(id).contains(document.activeElement)", target)


# -- the explorer --------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["dots", "bars", "tiles", "table"])
def test_the_explorer_breaks_no_rule_of_accessibility(
    view: str, open_page: Callable[..., Opened], explorer: Path
) -> None:
    for width in (1280, 375):
        opened = open_page(explorer, f"indicator=informal_employment&breakdown=Region&view={view}", width)
        ready(opened)
        assert opened.broken_rules() == []
        assert not opened.moves_sideways()


def test_what_is_chosen_is_shown(open_page: Callable[..., Opened], explorer: Path, by_sex: pd.DataFrame) -> None:
    page = ready(open_page(explorer))
    page.select_option("#indicator", "informal_employment")
    page.select_option("#breakdown", "Sex")
    shown = table_of(page)
    assert [row[1].split()[0] for row in shown] == [f"{100 * v:.1f}" for v in by_sex["value"]]
    assert [row[2] for row in shown] == [f"{100 * v:.1f}" for v in by_sex["ci_low"]]
    page.get_by_role("button", name="Table", exact=True).click()
    assert page.locator("#chart").is_hidden()
    page.fill("#find", shown[0][0])
    assert [row[0] for row in table_of(page)][:1] == [shown[0][0]]
    page.fill("#find", "nobody is called this")
    assert page.locator("#empty").is_visible()


def test_a_column_sorts_both_ways(open_page: Callable[..., Opened], explorer: Path) -> None:
    page = ready(open_page(explorer, "indicator=informal_employment&breakdown=Region&view=table"))
    head = page.locator("#list thead th").nth(1)

    def known() -> list[float]:
        return [float(r[1].split()[0]) for r in table_of(page) if r[1][0].isdigit()]

    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    up = known()
    assert len(up) > 5
    assert up == sorted(up)
    assert page.evaluate("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert known() == up[::-1]


def test_what_is_taken_away_is_what_was_shown(
    open_page: Callable[..., Opened], explorer: Path, by_sex: pd.DataFrame, tmp_path: Path
) -> None:
    page = ready(open_page(explorer, SEX))
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV").click()
    taken.value.save_as(tmp_path / "taken.csv")
    with (tmp_path / "taken.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["value"]) for row in rows] == pytest.approx(list(100 * by_sex["value"]), abs=1e-3)
    assert [int(row["n"]) for row in rows] == by_sex["n"].astype(int).to_list()
    assert {row["source"] for row in rows} == {"Source: mock"}
    with page.expect_download() as taken:
        page.get_by_role("button", name="picture").click()
    taken.value.save_as(tmp_path / "taken.png")
    assert (tmp_path / "taken.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "taken.png").stat().st_size > 5_000


def test_a_copied_link_brings_the_same_table_back(open_page: Callable[..., Opened], explorer: Path) -> None:
    page = ready(open_page(explorer))
    page.select_option("#indicator", "informal_employment")
    page.select_option("#breakdown", "Sex")
    page.get_by_role("button", name="link").click()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith("file:")
    again = ready(open_page(explorer, link.split("#", 1)[1]))
    assert table_of(again) == table_of(page)
    assert again.inner_text("#title") == page.inner_text("#title")


def test_a_number_tells_its_reasons_and_is_copied_as_a_sentence(
    open_page: Callable[..., Opened], explorer: Path, by_sex: pd.DataFrame
) -> None:
    """By keyboard alone: to the number, into its reasons, and back to where one was."""
    opened = open_page(explorer, SEX + "&view=table")
    page = ready(opened)
    page.locator("#list tbody td button").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog[open] h2").inner_text().startswith("Informal employment")
    assert page.locator("dialog[open] table").count() >= 1, "the rules that decided, with their counts"
    assert opened.broken_rules() == []
    page.get_by_role("button", name="sentence").press("Enter")
    sentence = page.evaluate("navigator.clipboard.readText()")
    first = by_sex.iloc[0]
    assert f"{100 * first['value']:.1f}" in sentence
    assert f"{100 * first['ci_low']:.1f} to {100 * first['ci_high']:.1f}" in sentence
    assert sentence.endswith("Source: mock")
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("document.activeElement.closest('#list tbody') !== null")


def test_a_long_table_is_listed_in_part_until_asked(
    open_page: Callable[..., Opened], inputs: ReportInputs, pub: Publication, tmp_path: Path
) -> None:
    """A table of 600 rows lists 500, says so, and lists all when told to; the CSV file has all in any case."""
    row = pub.results[(pub.results["statistic"] == "share") & (pub.results["dim1"] == "region")].head(1)
    rows = pd.concat([row] * 600, ignore_index=True)
    rows["level1"] = [f"place {i}" for i in range(600)]
    write_explorer(inputs, dataclasses.replace(pub, results=rows), tmp_path / "long.html")
    page = ready(open_page(tmp_path / "long.html", "view=table"))
    assert page.locator("#list tbody tr").count() == 500
    assert "The first 500 of 600 rows are listed" in page.inner_text("#list")
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV").click()
    taken.value.save_as(tmp_path / "taken.csv")
    with (tmp_path / "taken.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 600
    page.get_by_role("button", name="List all").click()
    assert page.locator("#list tbody tr").count() == 600
    assert page.get_by_role("button", name="List all").count() == 0


def test_scenarios_are_chosen_with_both_their_doubts(
    open_page: Callable[..., Opened], inputs: ReportInputs, pub: Publication, tmp_path: Path
) -> None:
    """Two scenarios by two years beside the survey's own figures: all at once, with error and range in columns apart."""
    row = pub.results[(pub.results["statistic"] == "total") & (pub.results["unit"] == "persons")].head(1)
    rows = pd.concat([row] * 4, ignore_index=True).assign(
        indicator="members", universe=None, grade="good", status="assumption", scenario=["now", "now", "more", "more"],
        year=[2024, 2035] * 2, scheme="all", branch="all", payer="all", value=[100e3, 110e3, 100e3, 150e3], se=5e3,
        ci_low=[90e3, 100e3, 90e3, 140e3], ci_high=[110e3, 120e3, 110e3, 160e3], lo80=[80e3, 85e3, 80e3, 120e3],
        hi80=[130e3, 140e3, 130e3, 190e3], se_parameters=15e3, dim1=None, level1=None, dim2=None, level2=None,
    )  # fmt: skip
    every = dataclasses.replace(pub, results=pd.concat([pub.results, rows], ignore_index=True))
    write_explorer(inputs, every, tmp_path / "scenarios.html")
    opened = open_page(tmp_path / "scenarios.html", "indicator=members&scenario=*")
    page = ready(opened)
    assert page.locator("#wave").evaluate("e => e.value") == "2035", "the last year is shown first"
    numbers = [[cell.replace("\u202f", "") for cell in line] for line in table_of(page)]
    assert [line[1:6] for line in numbers] == [
        ["110000", "100000", "120000", "85000", "140000"], ["150000", "140000", "160000", "120000", "190000"],
    ]  # fmt: skip
    assert page.locator("#chart svg line[opacity]").count() == 2, "the range of the assumptions is drawn apart"
    assert "assumption" in page.inner_text("#notes")
    page.select_option("#wave", "*")
    page.get_by_role("button", name="Trend").click()
    assert page.locator("#chart svg circle").count() == 4
    assert opened.broken_rules() == []
    page.select_option("#indicator", "informal_employment")
    assert page.locator("#scenario").is_disabled(), "what was estimated from the survey has no scenarios"


# -- the store in Datasette ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(inputs: ReportInputs, pub: Publication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over the made-up store and its explorer."""
    pytest.importorskip("datasette", reason="the extra `serve` is not installed")
    import uvicorn

    root = tmp_path_factory.mktemp("served")
    (root / "analysis/studies").mkdir(parents=True)
    shutil.copy(Path(__file__).parents[2] / "analysis/studies/lao-demo.yml", root / "analysis/studies")
    write_store(
        inputs, pub, pd.DataFrame({"table": ["t"], "why": ["few"]}), root / "data_clean/lao-demo/summary.sqlite"
    )
    (root / "reports/_output/lao-demo").mkdir(parents=True)
    write_explorer(inputs, pub, root / "reports/_output/lao-demo/explorer.html")
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    app = application(prepare("lao-demo", Workspace(root), port))
    server = uvicorn.Server(uvicorn.Config(app.app(), host=HOST, port=port, log_level="error", lifespan="on"))

    def serves() -> None:  # in a thread of its own: the driver of the browser has a loop in this one
        asyncio.run(app.invoke_startup())
        server.run()

    thread = threading.Thread(target=serves, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    yield f"http://{HOST}:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def visit(new_page: Callable[[int], Opened], served: str) -> Iterator[Callable[..., Opened]]:
    """Opens an address of the server; nothing may be said to the console or asked of anybody else."""
    pages: list[Opened] = []

    def visits(address: str, width: int = 1280) -> Opened:
        opened = new_page(width)
        opened.page.goto(served + address)
        pages.append(opened)
        return opened

    yield visits
    for opened in pages:
        assert [words for words in opened.said if "favicon" not in words] == []
        assert [url for url in opened.asked if not url.startswith((served, "data:", "blob:"))] == []


def test_pages_of_the_store_break_no_rule_of_accessibility(visit: Callable[..., Opened]) -> None:
    for address in ("/", "/summary", "/summary/main-figures", "/summary/figures?_size=20", "/summary/by-sex"):
        for width in (1280, 375):
            opened = visit(address, width)
            assert opened.broken_rules() == [], address
            assert not opened.moves_sideways(), address


def test_the_store_is_asked_sorted_filtered_and_taken_away(
    visit: Callable[..., Opened], pub: Publication, tmp_path: Path
) -> None:
    """From the prepared question to the chart of a figure; a column sorted, rows chosen, and the table taken away."""
    page = visit("/summary").page
    page.get_by_role("link", name="Find a figure by its words").first.click()
    page.fill("input[name=words]", "informal women")
    page.get_by_role("button", name="Show").click()
    page.wait_for_selector("table.rows-and-columns")
    found = page.locator("table.rows-and-columns tbody tr")
    assert found.count() > 0
    assert all("omen" in text for text in found.all_inner_texts())
    page.get_by_role("link", name="Chart").first.click()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#title").inner_text()

    page = visit("/summary/figures?_size=20").page
    page.locator("th.col-value a").click()
    page.wait_for_url("**_sort=value*")
    page.locator("select[name=_filter_column]").last.select_option("indicator")
    page.locator("input[name=_filter_value]").last.fill("informal_employment")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**indicator*informal_employment*")
    values = [float(x) for x in page.locator("td.col-value").all_inner_texts() if x.strip()]
    assert len(values) > 5
    assert values == sorted(values)
    ours = pub.results.loc[pub.results["indicator"] == "informal_employment", "value"].dropna() * 100
    assert set(np.round(values, 6)) <= set(np.round(ours.to_numpy(), 6))
    page.locator("input[name=_dl]").check()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Export CSV").click()
    taken.value.save_as(tmp_path / "taken.csv")
    with (tmp_path / "taken.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["indicator"] for row in rows} == {"informal_employment"}
    assert len(rows) == (pub.results["indicator"] == "informal_employment").sum()
