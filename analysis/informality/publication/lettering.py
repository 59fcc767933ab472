"""How wide text is in the package's own fonts, and where it is folded."""

from __future__ import annotations

import base64
import functools
import io
import re

from informality.foundation.library import LIBRARY
from informality.publication import plain

FONTS = LIBRARY / "fonts"
FAMILIES = ("NotoSans", "NotoSansLao")
ELSEWHERE = 1.08
"""Room for a reader's machine that has another font of this kind instead."""
ABSENT = 0.62
"""Width, in em, of a letter that none of the fonts has."""


@functools.cache
def _advances(bold: bool) -> dict[int, float]:
    """Width of each character in em, the first font that has it counting."""
    from fontTools.ttLib import TTFont

    widths: dict[int, float] = {}
    for family in reversed(FAMILIES):
        with TTFont(FONTS / f"{family}-{'Bold' if bold else 'Regular'}.ttf", lazy=True) as font:
            metrics, em = font["hmtx"], font["head"].unitsPerEm
            widths |= {code: metrics[glyph][0] / em for code, glyph in font.getBestCmap().items()}
    return widths


def width(text: str, size: float, bold: bool = False) -> float:
    """Width of a line of text at a size, in the units of the size, with some room."""
    advances = _advances(bold)
    return size * ELSEWHERE * sum(advances.get(ord(c), ABSENT) for c in text)


def folded(text: str, room: float, size: float, bold: bool = False) -> list[str]:
    """Lines no wider than ``room``, folded between words; a word that is wider is folded within it."""
    words = " ".join(text.split())
    return plain.folded(words, room, lambda line: width(line, size, bold)) if words else []


def embedded(text: str) -> str:
    """``@font-face`` rules with just the letters of a text, so that a drawing looks the same on every machine."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    rules = []
    for family, lao in zip(FAMILIES, (False, True), strict=True):
        letters = {ord(c) for c in text if bool(re.match("[\u0e80-\u0eff]", c)) == lao and c.isprintable()}
        for style, weight in (("Regular", 400), ("Bold", 700)) if letters else ():
            out = io.BytesIO()
            with TTFont(FONTS / f"{family}-{style}.ttf", recalcTimestamp=False) as font:
                cutting = Subsetter(Options(layout_features=["*"], notdef_outline=True, hinting=False))
                cutting.populate(unicodes=letters)
                cutting.subset(font)
                font.save(out)
            name = "Noto Sans Lao" if lao else "Noto Sans"
            data = base64.b64encode(out.getvalue()).decode("ascii")
            rules.append(
                f'@font-face {{ font-family: "{name}"; font-weight: {weight}; src: url(data:font/ttf;base64,{data}); }}'
            )
    return "\n".join(rules)


def lao_faces(page: str) -> str:
    """``@font-face`` rules with the Lao face whole, for a page that has Lao text and may be read where no font has it."""
    if not re.search("[\u0e80-\u0eff]", page):
        return ""
    rules = []
    for style, weight in (("Regular", 400), ("Bold", 700)):
        data = base64.b64encode((FONTS / f"NotoSansLao-{style}.ttf").read_bytes()).decode("ascii")
        rules.append(
            f'@font-face {{ font-family: "Noto Sans Lao"; font-weight: {weight}; unicode-range: U+0E80-0EFF; '
            f"src: url(data:font/ttf;base64,{data}); }}\n"
        )
    return "".join(rules)
