"""Fixtures for all tests: the folder of shared files, and pages opened in Chromium.

The accessibility rules are those of axe-core (Deque), run in the page; no finding of any weight is allowed. Every page is
opened from a file with the console and all requests recorded: a page that asks anybody for anything fails.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:  # imported where a page is opened: most tests open none
    from playwright.sync_api import Browser, Page

# One thread of linear algebra for each process, before numpy is imported: there is a process of tests for each core already,
# and threads that wait for each other over small matrices made these take five times as long.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# The same cases every time where a run decides about a submission, and fewer, because it has 20 minutes; new ones at every
# run elsewhere.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=25)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with survey files and reference numbers that are too large, or not ours, to keep here."""
    place = Path(os.environ.get("INFORMALITY_SHARED", REPOSITORY.parent / "shared"))
    if not place.is_dir():
        pytest.skip(f"no reference files in {place}; say where they are with INFORMALITY_SHARED")
    return place


# -- pages in a browser --------------------------------------------------------------------------------

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTHS = (1280, 375)
"""A desk and a small phone, in pixels of CSS."""
AXE = """axe.run().then(found => JSON.stringify(found.violations.map(
    v => [v.impact, v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.failureSummary)])))"""
NOWHERE = """() => {
    const links = [...document.querySelectorAll('a[href^="#"]')].map(a => decodeURIComponent(a.hash.slice(1)));
    const names = [...document.querySelectorAll('[id]')].map(e => e.id);
    const known = new Set(names);
    return {links: links.length, nowhere: links.filter(l => !known.has(l)), twice: names.filter((n, i) => names.indexOf(n) < i)};
}"""


@dataclass
class Opened:
    """A page with what it said to the console and whom it asked for something."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def broken_rules(self) -> list[Any]:
        """What axe-core finds, run from outside so that the page's own policy stays as strict as it is."""
        package = importlib.util.find_spec("axe_playwright_python")
        assert package
        assert package.origin
        session = self.page.context.new_cdp_session(self.page)
        source = Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8")
        session.send("Runtime.evaluate", {"expression": source})
        done = session.send("Runtime.evaluate", {"expression": AXE, "awaitPromise": True})
        found: list[Any] = json.loads(done["result"]["value"])
        return found

    def moves_sideways(self) -> bool:
        return bool(self.page.evaluate("(window.scrollTo(999, window.scrollY), window.scrollX > 0)"))

    def faults(self) -> dict[str, Any]:
        """What is wrong with a document for any reader, by what was looked at; empty where nothing is."""
        found: dict[str, Any] = {}
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 800})
            found |= {f"sideways at {width}": self.moves_sideways(), f"rules at {width}": self.broken_rules()}
        links = self.page.evaluate(NOWHERE)
        found |= {"no link at all": links["links"] == 0} | {key: links[key] for key in ("nowhere", "twice")}
        return {what: wrong for what, wrong in found.items() if wrong}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install Debian's chromium to run the tests of pages")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[int], Opened]]:
    """A page of this width that records; all are closed when the test is over."""
    context = browser.new_context(accept_downloads=True, permissions=["clipboard-read", "clipboard-write"])

    def new(width: int) -> Opened:
        opened = Opened(context.new_page())
        opened.page.set_viewport_size({"width": width, "height": 800})
        opened.page.set_default_timeout(10_000)
        opened.page.on("console", lambda message: opened.said.append(message.text))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.on("request", lambda request: opened.asked.append(request.url))
        return opened

    yield new
    context.close()


@pytest.fixture
def open_page(new_page: Callable[[int], Opened]) -> Iterator[Callable[..., Opened]]:
    """Opens a file; when the test is over, nothing may have been said to the console or asked from outside."""
    pages: list[Opened] = []

    def opens(path: Path, choice: str = "", width: int = WIDTHS[0]) -> Opened:
        opened = new_page(width)
        opened.page.goto(path.as_uri() + (f"#{choice}" if choice else ""))
        pages.append(opened)
        return opened

    yield opens
    for opened in pages:
        assert opened.said == []
        assert [url for url in opened.asked if not url.startswith(("file:", "data:", "blob:"))] == []
        assert len([url for url in opened.asked if url.startswith("file:")]) == 1, "the page and nothing else"
