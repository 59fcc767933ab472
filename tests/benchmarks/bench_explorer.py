"""Size of the explorer with 50,000 different cells, and how soon Chromium has it ready.

``python tests/benchmarks/bench_explorer.py``. Made-up values, one region and occupation each; the page tells by itself
when its choices and its first table stand. Five loadings: the first is cold.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright

from informality.publication.explorer import write_explorer
from informality.publication.published import publication

N = 50_000


def main() -> None:
    spec = importlib.util.spec_from_file_location("mock", Path(__file__).parents[1] / "publication" / "mock.py")
    assert spec and spec.loader
    mock = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mock)
    inputs = mock.inputs()
    pub = publication(inputs.results, inputs.labels, inputs.reliability, str(inputs.study["headline"]), "Source: mock")
    rng = np.random.default_rng(1)
    value, se = rng.random(N), 0.01 + 0.05 * rng.random(N)
    row = pub.results[(pub.results["statistic"] == "share") & (pub.results["dim1"] == "region")].head(1)
    rows = pd.concat([row] * N, ignore_index=True)
    rows["level1"] = [f"place {i % 1000}" for i in range(N)]
    rows["dim2"], rows["level2"] = "occupation", [f"kind {i // 1000}" for i in range(N)]
    rows = rows.assign(value=value, se=se, ci_low=value - 1.96 * se, ci_high=value + 1.96 * se)
    rows["n"] = rng.integers(15, 9000, N)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder) / "many.html"
        write_explorer(inputs, dataclasses.replace(pub, results=rows), path)
        print(f"{N:,} cells: {path.stat().st_size / 1e6:.2f} MB")
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(5):
            page = browser.new_page()
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-ready]")
            print(f"ready after {page.get_attribute('html', 'data-ready')} ms")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
