"""The embedded renderer: a Quarto document with ``engine: markdown`` to HTML, PDF and Word.

One reading of the document, one Lua filter that numbers and refers, one writer per format. What cannot be
honoured (an unknown shortcode, a reference to nothing, an image without alternative text) stops it in every
format, with file and line; then nothing is written. The same input gives the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from informality.publication.document import Document, read_document
from informality.publication.page import html_page
from informality.publication.pdf import pdf_file
from informality.publication.word import review_copy, word_file

ENDINGS = {"html": ".html", "pdf": ".pdf", "docx": ".docx", "review": "-review.docx"}
"""What the name of a file of each format ends with, by the word for the format in a study."""
WRITERS: Mapping[str, Callable[[Document], bytes]] = {
    "html": html_page,
    "pdf": pdf_file,
    "docx": word_file,
    "review": review_copy,
}


def render(source: Path, folder: Path, formats: Sequence[str] = ("html",)) -> list[Path]:
    """Render ``source`` to a file of each format in ``folder``; return the files, named like ``source``.

    ``_quarto.yml`` and ``_variables.yml`` are read from the folder of ``source``. Raises
    :class:`InformalityError` (``ExitCode.RENDER``) with every problem found at the first stage that has
    one; then nothing is written.
    """
    document = read_document(source)
    names = list(dict.fromkeys(formats))
    with ThreadPoolExecutor(max_workers=2) as pool:  # most of the work is done by pandoc and Typst, outside Python
        contents = list(pool.map(lambda name: WRITERS[name](document), names))
    made = {folder / (source.stem + ENDINGS[name]): content for name, content in zip(names, contents, strict=True)}
    for path, content in made.items():
        beside = path.with_name(path.name + ".part")
        beside.write_bytes(content)
        os.replace(beside, path)
    return list(made)
