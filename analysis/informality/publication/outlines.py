"""Words of a drawing as outlines, for paper.

Typst sets the text of a drawing letter by letter into a PDF and stops at letters that are drawn on each other, as the vowels
and tones of Lao. Their outlines stand instead; what the drawing says is told by its alternative text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING

from informality.publication.figures import families

if TYPE_CHECKING:
    from matplotlib.path import Path

_TEXT = re.compile(r"<text\b([^>]*)>([^<]*)</text>")
_KEPT = re.compile(r' fill="[^"]*"')
_MARKS = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
"""Commands of SVG by the codes of matplotlib."""


def outlined(svg: str) -> str:
    """The drawing with words whose letters carry marks as paths; others stay text."""
    return _TEXT.sub(lambda found: _outline(found[1], html.unescape(found[2])) or found[0], svg)


def _outline(attributes: str, words: str) -> str:
    """The path of a line of text; empty where text will do."""
    if not any(unicodedata.category(c) == "Mn" or unicodedata.name(c, "").startswith("LAO ") for c in words):
        return ""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    given = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
    font = FontProperties(family=families(), weight=int(given.get("font-weight", 400)))
    path = TextPath((0, 0), words.replace("$", r"\$"), size=float(given["font-size"]), prop=font)
    fill = "".join(_KEPT.findall(attributes))
    return f'<path transform="translate({given["x"]} {given["y"]}) scale(1 -1)"{fill} d="{_drawn(path)}"/>'


def _drawn(path: Path) -> str:
    parts = []
    for points, code in path.iter_segments(simplify=False):
        numbers = " ".join(f"{n:.2f}" for n in points) if int(code) != 79 else ""
        parts.append(_MARKS[int(code)] + numbers)
    return "".join(parts)
