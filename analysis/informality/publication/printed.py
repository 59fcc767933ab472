"""What a PDF and a Word file need that a page does not: every drawing as a file, with a width for paper."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.library import LIBRARY
from informality.publication.document import Document, stop_at
from informality.publication.outlines import outlined

FONTS = LIBRARY / "fonts"
WIDEST, HIGHEST = 11.5, 17.5
"""Room for a figure on an A4 sheet: a table can stand beside most, and the words of the highest can be read, cm."""
WHOLE = 20.5
"""The height of a drawing that may have a sheet for itself: a flow chart has letters to be read, cm."""
IN_BRIEF = (13.5, 12.5, 11.5, 10.5, 9.5)
"""The width of a drawing where the whole document has two pages, cm: the widest with which it has no more."""
PER_CM = 42.0
"""Pixels of CSS in a centimetre of print: a drawing in the text is set nine tenths as large as on a screen."""
SUFFIXES = (".svg", ".png", ".jpg", ".jpeg")
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_IMAGE = re.compile(r"!\[[^\]]*\]\(<?([^)>\s]+)")


@dataclass(frozen=True, slots=True)
class Printed:
    """The text of a document with an image in the place of each drawing, and the images by name."""

    text: str
    images: Mapping[str, bytes]
    widths: Mapping[str, str]


def prepared(document: Document, widest: float = WIDEST) -> Printed:
    """Take the drawings out of the text and read every image it names; none will stand wider than ``widest`` cm.

    Raises :class:`InformalityError` (``ExitCode.RENDER``) for an image that is not there.
    """
    images: dict[str, bytes] = {}
    problems = []
    for name in _IMAGE.findall(_without_fences(document.text)):
        path = document.folder / name
        if path.suffix.lower() in SUFFIXES and path.is_file():
            images[name] = path.read_bytes()
        else:
            fix = "use a file of the report folder: " + ", ".join(SUFFIXES)
            problems.append(Problem(document.place(name), f"the image `{name}` is not there", fix=fix))
    stop_at(problems)

    def out(found: re.Match[str]) -> str:
        svg = found[0]
        name = f"drawing-{len(images) + 1}.svg"
        if "xmlns=" not in svg[: svg.index(">")]:
            svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
        images[name] = outlined(svg).encode("utf-8")
        said = [re.search(rf"<{tag}\b[^>]*>(.*?)</{tag}>", svg, re.DOTALL) for tag in ("title", "desc")]
        alternative = " ".join(html.unescape(s[1]).strip() for s in said if s)
        return f'<p><img src="{name}" alt="{html.escape(alternative)}"></p>'

    text = _SVG.sub(out, document.text)
    text = re.sub(r'<p class="flow-step">(.*?)</p>', r'<div class="flow-step"><p>\1</p></div>', text)
    return Printed(text, images, {n: _width(n, content, widest) for n, content in images.items()})


def _without_fences(text: str) -> str:
    return re.sub(r"^(\s*)(```+|~~~+).*?^\s*\2", "", text, flags=re.DOTALL | re.MULTILINE)


def _width(name: str, content: bytes, widest: float) -> str:
    """How wide an image stands on paper: its own size for a drawing, else as wide as the sheet allows."""
    if not name.endswith(".svg"):
        return f"{widest}cm"
    head = content[:2000].decode("utf-8", "replace")
    box = re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', head)
    if not box or not float(box[2]):
        return f"{widest}cm"
    wide, high = float(box[1]), float(box[2])
    drawing = name.startswith("drawing-")
    asked, highest = (wide / PER_CM, WHOLE) if drawing else (widest, HIGHEST)
    return f"{min(asked, widest, highest * wide / high):.2f}cm"


def for_print(document: Document, widths: Mapping[str, str]) -> dict[str, Any]:
    """Metadata that the templates for paper use beside those of the page."""
    own = {"own-contents": True} if document.meta.get("toc") is False else {}  # without a list made here
    return {"image-widths": dict(widths), "lang-code": str(document.meta.get("lang", "en")).split("-")[0], **own}


def typeset(main: str, files: Mapping[str, bytes], document: Document, **how: Any) -> Any:
    """What Typst makes of a text with these files beside it, with the fonts of the package and of Typst only.

    Letters that none of these fonts has are taken from the fonts of the machine. Raises :class:`InformalityError`
    (``ExitCode.RENDER``) when there is none either, or when Typst stops.
    """
    import typst

    letters = ""
    for own_fonts_only in (True, False):
        try:
            compiler = typst.Compiler(font_paths=[str(FONTS)], ignore_system_fonts=own_fonts_only)
            return compiler.compile({"main.typ": main.encode("utf-8"), **files}, timestamp=0, **how)
        except (typst.TypstError, RuntimeError) as failure:
            said = (getattr(failure, "message", "") or str(failure)).strip()
        lacking = re.search(r'the text `"(.+?)"` could not be displayed', said)
        if lacking is None:
            raise InformalityError(Problem(document.name, "Typst stopped", said), ExitCode.RENDER)
        letters = re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), lacking[1])
    what, fix = "no font on this machine has these letters, so no PDF can be made", "install a font that has them"
    fix += ", or leave `pdf` out of the `formats` of the study"
    raise InformalityError(Problem(document.place(letters), what, f"`{letters}`", fix), ExitCode.RENDER)
