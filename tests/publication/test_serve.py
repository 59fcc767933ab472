"""``informality serve``: what Datasette shows of the store, what it refuses, and what is said without it.

Authority: the store itself, read by SQLite; the answers of Datasette's own client, in this process.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.publication.inputs import ReportInputs, publication_of
from informality.publication.store import write_store
from informality.serving import HOST, SETTINGS, application, prepare, run_server
from informality.study import Workspace

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def workspace(inputs: ReportInputs, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with the store of the made-up inputs."""
    root = tmp_path_factory.mktemp("serve")
    (root / "analysis/studies").mkdir(parents=True)
    shutil.copy(REPOSITORY / "analysis/studies/lao-demo.yml", root / "analysis/studies")
    store = root / "data_clean/lao-demo/summary.sqlite"
    log = pd.DataFrame({"table": ["t"], "why": ["<b>small</b>"]})
    write_store(inputs, publication_of(inputs), log, store)
    page = root / "reports/_output/lao-demo/explorer.html"
    page.parent.mkdir(parents=True)
    page.write_text("the explorer")
    return Workspace(root)


@pytest.fixture(scope="module")
def answer(workspace: Workspace) -> Any:
    """A function from addresses to what Datasette answers: (status, text)."""
    pytest.importorskip("datasette", reason="the extra `serve` is not installed")
    app = application(prepare("lao-demo", workspace, 8123))

    def ask(*addresses: str) -> list[tuple[int, str]]:
        async def run() -> list[tuple[int, str]]:
            await app.invoke_startup()
            found = [await app.client.get(address) for address in addresses]
            return [(one.status_code, one.text) for one in found]

        return asyncio.run(run())

    return ask


def test_tables_and_prepared_questions_are_those_of_the_store(answer: Any, workspace: Workspace) -> None:
    with closing(sqlite3.connect(workspace.clean("lao-demo") / "summary.sqlite")) as store:
        rows = store.execute("SELECT count(*) FROM figures").fetchone()[0]
        main = store.execute("SELECT count(*) FROM figures WHERE by_variables = '' AND value IS NOT NULL").fetchone()[0]
        by_sex = store.execute("SELECT printed FROM figures WHERE by_variables = 'sex' ORDER BY id").fetchall()
    asked = [
        "/summary/figures.json?_size=0",
        "/summary/main-figures.json?_shape=array",
        "/summary/by-sex.json?_shape=array",
    ]
    figures, headline, sex = [json.loads(text) for status, text in answer(*asked) if status == 200]
    assert figures["filtered_table_rows_count"] == rows > 100
    assert len(headline) == main > 2
    assert [row["Estimate"] for row in sex] == [printed for (printed,) in by_sex]
    link = headline[0]["Chart"]
    assert link.startswith("http://127.0.0.1:8123/report/explorer.html#indicator=") and " " not in link
    assert answer("/report/explorer.html") == [(200, "the explorer")]
    found = json.loads(answer("/summary/find.json?words=informal+women&_shape=array")[0][1])
    assert answer("/summary/find.json?words=%22women's+%28")[0][0] == 200, "no syntax to get wrong"
    assert found and all("women" in (row["Group"] + row["Figure"]).lower() for row in found)


def test_nobody_writes_sql_or_anything_else(answer: Any, workspace: Workspace) -> None:
    before = (workspace.clean("lao-demo") / "summary.sqlite").read_bytes()
    refused = ["/summary.json?sql=select+1", "/summary?sql=select+1", "/summary.db"]
    assert [status for status, _ in answer(*refused)] == [403, 403, 403]
    assert (workspace.clean("lao-demo") / "summary.sqlite").read_bytes() == before
    assert SETTINGS["default_allow_sql"] is False and HOST == "127.0.0.1"
    assert json.loads(answer("/-/databases.json")[0][1])[0]["is_mutable"] is False


def test_pages_ask_nothing_of_the_network_and_say_what_they_are(answer: Any, inputs: ReportInputs) -> None:
    pages = answer("/", "/summary", "/summary/figures", "/summary/main-figures", "/summary/hidden")
    assert [status for status, _ in pages] == [200] * 5
    for _, text in pages:
        tags = re.findall(r"<(?:script|link|img|iframe)[^>]*>", text)
        loaded = re.findall(r'(?:src|href)="([^"]+)"', " ".join(tag for tag in tags if 'rel="alternate"' not in tag))
        assert loaded and all(address.startswith("/") and not address.startswith("//") for address in loaded), loaded
    assert str(inputs.study["title"]) in pages[0][1]
    assert "Every published number in words" in pages[2][1]
    assert re.search(r'<a href="http://127.0.0.1:8123/report/explorer.html#[^"]*">Chart</a>', pages[3][1])
    assert "<b>small</b>" not in pages[4][1] and "&lt;b&gt;small" in pages[4][1]


def test_without_datasette_or_a_run_or_a_port_a_colleague_says_so(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = prepare("lao-demo", workspace)
    (tmp_path / "analysis/studies").mkdir(parents=True)
    shutil.copy(REPOSITORY / "analysis/studies/lao-demo.yml", tmp_path / "analysis/studies")
    with pytest.raises(InformalityError) as failure:
        prepare("lao-demo", Workspace(tmp_path))
    assert failure.value.problems[0].what == "this study has not been run yet"
    with closing(socket.socket()) as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        pytest.importorskip("uvicorn")
        with pytest.raises(InformalityError) as failure:
            run_server(None, port)
    assert failure.value.problems[0].what == f"port {port} cannot be used"
    monkeypatch.setitem(sys.modules, "datasette.app", None)
    with pytest.raises(InformalityError) as failure:
        application(served)
    assert failure.value.code is ExitCode.USAGE
    assert str(failure.value.problems[0]) == (
        "serve: Datasette is not installed\n  found   it is an extra that the other commands do without\n"
        "  fix     pip install -e '.[serve]'"
    )
