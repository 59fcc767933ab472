"""The list of tables at the front of the compendium, and the check that the compendium holds them all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.publication.document import read_document

STEM = "compendium"
LIST = "_parts/list-of-tables.md"
PAGED = """::: {{.content-visible unless-format="typst"}}

{listed}

:::

```{{=typst}}
#let tables = figure.where(kind: "tbl").or(figure.where(kind: "quarto-float-tbl"))
#{{ set text(size: 9pt); show outline.entry: set block(above: 0.65em); outline(title: none, target: tables) }}
```
"""
"""On paper the list has page numbers, which only Typst knows."""


def list_of_tables(folder: Path, name: str, shown: Mapping[str, bool]) -> str:
    """The tables of the compendium, the file of this ``name`` in ``folder``, under its chapters, as they will be numbered.

    Raises :class:`InformalityError` (``ExitCode.RENDER``) for tables that are ``shown`` and stand in no chapter.
    """
    (folder / LIST).write_text("", encoding="utf-8")
    document = read_document(folder / name)
    lines: list[str] = []
    there: set[str] = set()
    open_block, last = "", ""
    for line in document.lines:
        if chapter := re.match(r"# (.+?)(?: \{(.*)\})?$", line.text):
            lines += [] if "unlisted" in (chapter[2] or "") else ["", f"**{chapter[1]}**", ""]
        elif block := re.match(r"::::+ \{#(tbl-[\w-]+)\}", line.text):
            open_block = block[1]
        elif line.text == "::::" and open_block:
            there.add(open_block)
            lines.append(f"- [@{open_block}]. {last}")  # bare, it would begin a numbered example
            open_block = ""
        last = line.text or last
    if absent := [
        table for table, there_is in shown.items() if table.startswith("tbl-") and there_is and table not in there
    ]:
        problem = Problem(
            name, "tables of the study stand in no chapter of the compendium", ", ".join(absent), "include each of them"
        )
        raise InformalityError(problem, ExitCode.RENDER)
    return PAGED.format(listed="\n".join(lines).strip())
