"""The explorer: its numbers are those of the results table, it asks nobody for anything, and labels stay text."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.publication.explorer import write_explorer
from informality.publication.inputs import ReportInputs
from informality.publication.lookup import LOOKED_UP
from informality.publication.published import Publication

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--virtual-time-budget=15000",
]  # fmt: skip


@pytest.fixture(scope="module")
def path(inputs: ReportInputs, pub: Publication, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    write_explorer(inputs, pub, path)
    return path


@pytest.fixture(scope="module")
def data(path: Path) -> dict[str, Any]:
    """What the page holds, unpacked from the file as the browser does."""
    return unpacked(path.read_text(encoding="utf-8"))


def unpacked(page: str) -> dict[str, Any]:
    found = re.search(r'type="application/octet-stream">([^<]+)<', page)
    assert found
    held: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found.group(1))))
    return held


def names(data: dict[str, Any], column: str) -> list[str]:
    coded = data["columns"][column]
    return [coded["names"][c] for c in coded["codes"]]


def test_every_number_is_that_of_the_results_table(data: dict[str, Any], pub: Publication) -> None:
    rows = pub.results[pub.results["statistic"].isin(LOOKED_UP) & ~pub.results["unit"].str.endswith("ratio")]
    dims = [f"{kind}{d}" for d in (1, 2, 3) for kind in ("dim", "level")]
    rows = rows.drop_duplicates(["indicator", "statistic", "universe", "definition", "wave", *dims])
    assert len(rows) == data["rows"] > 100
    scale = rows["unit"].map({"share": 100.0, "points": 100.0}).fillna(1.0).to_numpy()
    step = 10.0 ** -np.array(data["columns"]["decimals"])
    for ours, theirs in (("value", "value"), ("ci_low", "low"), ("ci_high", "high")):
        wanted = rows[ours].to_numpy(dtype=float) * scale
        found = np.array([np.nan if x is None else x for x in data["columns"][theirs]], dtype=float)
        assert (np.isnan(wanted) == np.isnan(found)).all()
        assert np.nanmax(np.abs(wanted - found) / step) <= 0.0005 + 1e-9, "a printed digit could differ"
    assert [None if pd.isna(n) else int(n) for n in rows["n"]] == data["columns"]["n"]


def test_nothing_withheld_is_in_it(data: dict[str, Any], mock: ModuleType) -> None:
    grades = names(data, "grade")
    withheld = [i for i, g in enumerate(grades) if g in ("suppressed", "not_determinable")]
    assert withheld
    assert all(data["columns"][c][i] is None for c in ("value", "low", "high") for i in withheld)
    assert str(mock.HIDDEN)[:6] not in json.dumps(data)
    assert "42.424" not in json.dumps(data)


def test_the_page_can_ask_nobody(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert policy.group(1).startswith("default-src 'none'")
    assert "unsafe" not in policy.group(1)
    without_namespaces = page.replace("http://www.w3.org/2000/svg", "")  # a face as data: is in the page itself
    assert not re.search(r"https?://|//[a-z]+\.|<link|<img|@import|url\((?!data:)", without_namespaces)


def test_the_same_inputs_give_the_same_bytes(
    inputs: ReportInputs, pub: Publication, path: Path, tmp_path: Path
) -> None:
    write_explorer(inputs, pub, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == path.read_bytes()


def test_fifty_thousand_cells_stay_below_a_megabyte(inputs: ReportInputs, pub: Publication, tmp_path: Path) -> None:
    """Every cell with another value, error and count, as 1,000 regions by 50 kinds of worker would have."""
    rng = np.random.default_rng(1)
    n = 50_000
    value = rng.random(n)
    se = 0.01 + 0.05 * rng.random(n)
    row = pub.results[(pub.results["statistic"] == "share") & (pub.results["dim1"] == "region")].head(1)
    rows = pd.concat([row] * n, ignore_index=True)
    rows["level1"] = [f"place {i % 1000}" for i in range(n)]
    rows["dim2"], rows["level2"] = "occupation", [f"kind {i // 1000}" for i in range(n)]
    rows = rows.assign(value=value, se=se, ci_low=value - 1.96 * se, ci_high=value + 1.96 * se)
    rows["n"] = rng.integers(15, 9000, n)
    many = dataclasses.replace(pub, results=rows)
    write_explorer(inputs, many, tmp_path / "many.html")
    page = (tmp_path / "many.html").read_text(encoding="utf-8")
    assert unpacked(page)["rows"] == n
    assert (tmp_path / "many.html").stat().st_size < 1_000_000


# -- in a browser --------------------------------------------------------------------------------------


def browsed(path: Path, choice: str, folder: Path) -> str:
    """The page as a browser shows it after its script has run."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install Debian's chromium to run the tests of pages")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder}", "--dump-dom", f"{path.as_uri()}#{choice}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "data-ready" in done.stdout, done.stderr[-2000:]
    return done.stdout


def test_a_link_brings_its_table_back(path: Path, data: dict[str, Any], pub: Publication, tmp_path: Path) -> None:
    dom = browsed(path, "indicator=informal_employment&breakdown=Sex&view=table", tmp_path)
    text = html.unescape(re.sub(r"<[^>]+>", "\n", dom.split("</form>")[1].split("<script")[0]))
    rows = pub.results[
        (pub.results["indicator"] == "informal_employment") & (pub.results["dim1"] == "sex") & pub.results["dim2"].isna()
        & (pub.results["definition"] == pub.headline) & (pub.results["statistic"] == "share")
    ]  # fmt: skip
    rows = rows[rows["universe"] == "employed"].drop_duplicates("level1")  # the first table that has it is shown
    assert len(rows) >= 2
    for value in rows["value"].dropna():
        assert f"{100 * value:.1f}" in text
    assert "Source: mock" in text


def test_labels_are_text_and_never_markup(path: Path, tmp_path: Path) -> None:
    for view in ("dots", "bars", "tiles", "table"):
        dom = browsed(path, f"indicator=informal_employment&breakdown=Region&view={view}", tmp_path)
        shown = dom.split("</form>")[1].split('<script id="data"')[0]
        assert "&lt;script&gt;" in shown, "the hostile label is nowhere, so nothing was tested"
        assert "<script>alert" not in shown
