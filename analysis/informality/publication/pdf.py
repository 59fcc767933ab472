"""The report as a PDF for everyone: PDF/UA-1, tagged and bookmarked, set by Typst with the package's fonts."""

from __future__ import annotations

from informality.publication.document import Document
from informality.publication.pandoc import TEMPLATES, pandoc
from informality.publication.printed import for_print, prepared, typeset


def pdf_file(document: Document) -> bytes:
    """The PDF; the same document gives the same bytes, on any day.

    Raises :class:`InformalityError` (``ExitCode.RENDER``) with what pandoc's filter or Typst found.
    """
    printed = prepared(document)
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
