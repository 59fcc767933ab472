"""The report as one self-contained HTML page.

The page asks the network for nothing: styles and images are inside, and its security policy forbids the rest.
"""

from __future__ import annotations

import base64
import html
import re
from html.parser import HTMLParser

from informality.foundation.errors import Problem
from informality.publication.document import Document, stop_at
from informality.publication.lettering import lao_faces
from informality.publication.pandoc import TEMPLATES, pandoc

MIME = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def html_page(document: Document) -> bytes:
    """The page; raises :class:`InformalityError` (``ExitCode.RENDER``) with every problem found."""
    options = [
        "--mathml",
        f"--template={TEMPLATES / 'report.html'}",
        *(["--toc"] if document.meta.get("toc", True) else []),
        f"--toc-depth={document.meta.get('toc-depth', 2)}",
    ]
    page = pandoc(document, "html5", options, meta={}, folder=document.folder).decode("utf-8").replace("\r\n", "\n")
    page = _with_images(re.sub(r' id="toc-[^"]*"', "", page), document)  # the contents stand twice
    page = page.replace("/*styles*/", _styles(page), 1)
    stop_at(_requests(page, document))
    return page.encode("utf-8")


def _with_images(page: str, document: Document) -> str:
    problems: list[Problem] = []

    def embedded(found: re.Match[str]) -> str:
        path = document.folder / found[2]
        if found[2].startswith("data:"):
            return found[0]
        if path.suffix.lower() not in MIME or not path.is_file():
            fix = "use a file of the report folder: " + ", ".join(sorted(MIME))
            problems.append(Problem(document.place(found[2]), f"the image `{found[2]}` is not there", fix=fix))
            return ""
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        return f"{found[1]}data:{MIME[path.suffix.lower()]};base64,{data}"

    page = re.sub(r'(<img\b[^>]*?\bsrc=")([^"]*)', embedded, page)
    stop_at(problems)
    return page


def _styles(page: str) -> str:
    """The style sheet, with what depends on the page: the notice on each printed sheet, and the Lao face.

    The face is inside when the page has Lao text, so that a machine without Lao fonts shows it.
    """
    css = [(TEMPLATES / "report.css").read_text(encoding="utf-8")]
    if notice := re.search(r'<aside class="made-up">(.*?)</aside>', page, re.DOTALL):
        words = re.sub(r'[\\"<\n]', lambda c: f"\\{ord(c[0]):x} ", html.unescape(notice[1]).strip())
        css.append(f'@page {{ @top-center {{ content: "{words}"; font: 600 8pt sans-serif; color: #4a3500; }} }}\n')
    css.append(lao_faces(page))
    return "".join(css)


class _Requests(HTMLParser):
    """Collects whatever in a page would load something from outside it."""

    LOADING = ("script", "link", "iframe", "object", "embed", "base")
    SOURCES = ("src", "srcset", "poster", "data", "action", "formaction", "background")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_style = tag == "style"
        if tag in self.LOADING:
            self.found.append(f"<{tag}")
        for name, value in attrs:
            if name in self.SOURCES and not (value or "").startswith("data:"):
                self.found.append(value or name)
            elif name == "style":
                self._style(value or "")

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self._style(data)

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False

    def _style(self, css: str) -> None:
        self.found += re.findall(r"url\(\s*[\"']?(?!data:)[^)]*\)|@import[^;]*", css)


def _requests(page: str, document: Document) -> list[Problem]:
    parser = _Requests()
    parser.feed(page)
    what, fix = "this would be loaded from outside the page", "put the content into the report itself"
    return [Problem(document.place(token), what, f"`{token}`", fix) for token in parser.found]
