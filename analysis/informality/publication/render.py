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
from typing import TypeVar

from informality.foundation.errors import InformalityError
from informality.publication.document import Document, read_document
from informality.publication.kept import Kept
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
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


def render(source: Path, folder: Path, formats: Sequence[str] = ("html",)) -> list[Path]:
    """Render ``source`` to a file of each format in ``folder``; return the files, named like ``source``.

    ``_quarto.yml`` and ``_variables.yml`` are read from the folder of ``source``. Raises
    :class:`InformalityError` (``ExitCode.RENDER``) with every problem found at the first stage that has
    one; then nothing is written.
    """
    return render_all([source], folder, formats)


def render_all(
    sources: Sequence[Path], folder: Path, formats: Sequence[str] = ("html",), kept: Kept | None = None
) -> list[Path]:
    """The same for several documents; a problem is told once, whatever number of formats meets it.

    What an earlier run rendered from the same text is taken over from ``kept``.
    """
    documents = _all_of(read_document, sources)
    names = list(dict.fromkeys(formats))
    targets = [folder / (source.stem + ENDINGS[name]) for source in sources for name in names]
    jobs = [(document, name) for document in documents for name in names]
    earlier = [
        None if kept is None else kept.rendered(path.name, *job) for path, job in zip(targets, jobs, strict=True)
    ]
    made = iter(_all_of(_written, [job for job, content in zip(jobs, earlier, strict=True) if content is None]))
    contents = [next(made) if content is None else content for content in earlier]
    for path, content in zip(targets, contents, strict=True):
        beside = path.with_name(path.name + ".part")
        beside.write_bytes(content)
        os.replace(beside, path)
    return targets


def _written(job: tuple[Document, str]) -> bytes:
    document, form = job
    return WRITERS[form](document)


def _all_of(make: Callable[[_Given], _Made], given: Sequence[_Given]) -> list[_Made]:
    """What ``make`` makes of each, two at a time: most of the work is done by pandoc and Typst, outside Python.

    Raises :class:`InformalityError` with the problems of all, each once.
    """
    made: list[_Made] = []
    failures: list[InformalityError] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for result in [pool.submit(make, one) for one in given]:
            try:
                made.append(result.result())
            except InformalityError as failure:
                failures.append(failure)
    if failures:
        raise InformalityError(list(dict.fromkeys(p for f in failures for p in f.problems)), failures[0].code)
    return made
