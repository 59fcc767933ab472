"""The report as a PDF for everyone: PDF/UA-1, tagged and bookmarked, set by Typst with the package's fonts."""

from __future__ import annotations

import re

from informality.publication.document import Document
from informality.publication.pandoc import TEMPLATES, pandoc
from informality.publication.printed import IN_BRIEF, WIDEST, for_print, prepared, typeset

SHEETS = 2
"""Of a brief, its two sides."""


def pdf_file(document: Document) -> bytes:
    """The PDF; the same document gives the same bytes, on any day.

    Drawings of a brief are as large as its two pages allow. Raises :class:`InformalityError` (``ExitCode.RENDER``) with
    what pandoc's filter or Typst found.
    """
    *wider, narrowest = IN_BRIEF if document.meta.get("brief") else (WIDEST,)
    for widest in wider:
        made = _set(document, widest)
        if len(re.findall(rb"/Type\s*/Page\b", made)) <= SHEETS:
            return made
    return _set(document, narrowest)


def _set(document: Document, widest: float) -> bytes:
    printed = prepared(document, widest)
    main = pandoc(
        document,
        "typst",
        [f"--template={TEMPLATES / 'report.typ'}"],
        text=printed.text,
        meta=for_print(document, printed.widths),
        folder=document.folder,
    ).decode("utf-8")
    made: bytes = typeset(main, printed.images, document, format="pdf", pdf_standards=["ua-1"])
    return made
