"""The report as a Word file, and as a review copy for a validation workshop.

Pandoc writes both from a reference document made here: its own, with the styles of ``word-styles.xml``, a header
with the notice of made-up data and a footer with the fingerprint. The review copy has a number in every line's
margin, one before every paragraph and table, and a sheet for comments at the end of each chapter.
"""

from __future__ import annotations

import io
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import ENGLISH
from informality.publication.document import Document
from informality.publication.pandoc import TEMPLATES, pandoc, program
from informality.publication.printed import IN_BRIEF, WIDEST, Printed, for_print, prepared, typeset

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHARP = 200
"""Dots per inch of drawings, which Word gets as pictures since not every version shows SVG."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
NESTED, HANGING = 320, 240
"""How far each level of a list stands in, and its sign before it, twentieths of a point; pandoc's levels are 720 apart."""


def word_file(document: Document) -> bytes:
    """The report for Word; raises :class:`InformalityError` (``ExitCode.RENDER``) with every problem found."""
    return _made(document, review=False)


def review_copy(document: Document) -> bytes:
    """The same with numbers for lines, paragraphs and tables, and sheets for comments."""
    return _made(document, review=True)


def _made(document: Document, *, review: bool) -> bytes:
    printed = prepared(document, IN_BRIEF[-1] if document.meta.get("brief") else WIDEST)
    meta = for_print(document, printed.widths) | {"toc": False} | ({"review": True} if review else {})
    with tempfile.TemporaryDirectory() as folder:
        for name, content in drawn_as_pictures(document, printed).items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        reference, made = Path(folder) / "reference.docx", Path(folder) / "made.docx"
        reference.write_bytes(reference_document(document.meta, review))
        options = [f"--reference-doc={reference}", f"--output={made}"]
        pandoc(document, "docx", options, text=printed.text, meta=meta, folder=Path(folder))
        return _finished(made.read_bytes(), str(meta["lang-code"]))


def drawn_as_pictures(document: Document, printed: Printed) -> dict[str, bytes]:
    """Every image by the name the filter gives it: drawings as PNG, all made at one go."""
    drawings = [name for name in printed.images if name.endswith(".svg")]
    if drawings:
        pages = [f'#image({_quoted(name)}, width: {printed.widths[name]}, alt: "-")' for name in drawings]
        main = "#set page(width: auto, height: auto, margin: 0pt)\n" + "\n#pagebreak()\n".join(pages)
        made = typeset(main, printed.images, document, format="png", ppi=SHARP)
        pictures = [made] if isinstance(made, bytes) else made
    else:
        pictures = []
    kept = {name: content for name, content in printed.images.items() if name not in drawings}
    return kept | {f"{name}.png": picture for name, picture in zip(drawings, pictures, strict=True)}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# -- the reference document ----------------------------------------------------------------------------


def reference_document(meta: Mapping[str, Any], review: bool = False) -> bytes:
    """Pandoc's reference document with our styles, header, footer and page."""
    command = [program(), "--print-default-data-file=reference.docx"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise InformalityError(
            Problem("pandoc", "the reference document cannot be made", done.stderr.decode()), ExitCode.RENDER
        )
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as archive:
        files = {info.filename: archive.read(info).decode("utf-8") for info in archive.infolist()}
    for name in ("word-styles.xml", *(["word-styles-brief.xml"] if meta.get("brief") else [])):
        files["word/styles.xml"] = _styled(files["word/styles.xml"], name)
    notice = _plain(meta.get("made-up-notice", ""))
    furniture = {"footer": _footer(_plain(meta.get("footer-line", "")))}
    if notice:
        furniture = {"header": _paragraph("Header", _text(notice)), **furniture}
    references = ""
    for kind, content in furniture.items():
        tag = "hdr" if kind == "header" else "ftr"
        files[f"word/{kind}1.xml"] = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<w:{tag} xmlns:w="{W}" xmlns:r="{R}">{content}</w:{tag}>'
        )
        files["[Content_Types].xml"] = files["[Content_Types].xml"].replace(
            "</Types>",
            f'<Override PartName="/word/{kind}1.xml" ContentType="application/vnd.openxmlformats-officedocument.'
            f'wordprocessingml.{kind}+xml" /></Types>',
        )
        files["word/_rels/document.xml.rels"] = files["word/_rels/document.xml.rels"].replace(
            "</Relationships>",
            f'<Relationship Type="{R}/{kind}" Id="rId-{kind}" Target="{kind}1.xml" /></Relationships>',
        )
        references += f'<w:{kind}Reference w:type="default" r:id="rId-{kind}"/>'
    lines = '<w:lnNumType w:countBy="1" w:restart="continuous"/>' if review else ""
    above, below = (1304, 1134) if meta.get("brief") else (1418, 1304)
    section = (
        f'<w:sectPr>{references}<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="{above}" w:right="1190" w:bottom="{below}" '
        f'w:left="1190" w:header="600" w:footer="560" w:gutter="0"/>{lines}</w:sectPr>'
    )
    files["word/document.xml"] = re.sub(
        r"<w:sectPr>.*?</w:sectPr>", lambda _: section, files["word/document.xml"], flags=re.DOTALL
    )
    return _zipped({name: content.encode("utf-8") for name, content in files.items()})


def _styled(styles: str, name: str) -> str:
    """The styles with those of this file in place of those of the same id, and the others added."""
    ours = (TEMPLATES / name).read_text(encoding="utf-8")
    added = []
    for style in re.findall(r"<w:style\b.*?</w:style>", ours, flags=re.DOTALL):
        found = re.search(r'w:styleId="([^"]+)"', style)
        assert found is not None
        known = re.compile(rf'<w:style\b[^>]*w:styleId="{found[1]}"[^>]*>.*?</w:style>', re.DOTALL)
        if known.search(styles):
            styles = _put(known, style, styles)
        else:
            added.append(style)
    return styles.replace("</w:styles>", "\n".join([*added, "</w:styles>"]))


def _put(pattern: re.Pattern[str], new: str, text: str) -> str:
    return pattern.sub(lambda _: new, text, count=1)


def _footer(line: str) -> str:
    page = "".join(
        f"<w:r>{inside}</w:r>"
        for inside in (
            "<w:tab/>",
            '<w:fldChar w:fldCharType="begin"/>',
            '<w:instrText xml:space="preserve"> PAGE </w:instrText>',
            '<w:fldChar w:fldCharType="separate"/>',
            "<w:t>1</w:t>",
            '<w:fldChar w:fldCharType="end"/>',
        )
    )
    return _paragraph("Footer", _text(line) + page)


def _paragraph(style: str, runs: str) -> str:
    return f"<w:p><w:pPr><w:pStyle w:val={quoteattr(style)}/></w:pPr>{runs}</w:p>"


def _text(words: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(words)}</w:t></w:r>'


def _plain(markdown: object) -> str:
    """Metadata is Markdown in which every sign that could mean something is escaped: here, as it reads."""
    return re.sub(r"\\([^\w\s])", r"\1", str(markdown))


# -- the file ------------------------------------------------------------------------------------------


def _finished(content: bytes, language: str) -> bytes:
    """The file without the time it was made, so that the same report is the same file on every day; its lists as near to
    the margin as in print; its language as that of scripts that Word calls complex, as Lao, too."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist()}
    core = files["docProps/core.xml"].decode("utf-8")
    files["docProps/core.xml"] = re.sub(
        r"<dcterms:(created|modified)\b.*?</dcterms:\1>", "", core, flags=re.DOTALL
    ).encode("utf-8")
    lists = files["word/numbering.xml"].decode("utf-8")
    files["word/numbering.xml"] = re.sub(
        r'w:left="(\d+)" w:hanging="\d+"',
        lambda at: f'w:left="{int(at[1]) // 720 * NESTED}" w:hanging="{HANGING}"',
        lists,
    ).encode("utf-8")
    if language != ENGLISH:
        styles = files["word/styles.xml"].decode("utf-8")
        files["word/styles.xml"] = re.sub('w:bidi="[^"]*"', f'w:bidi="{language}"', styles).encode("utf-8")
    return _zipped(files)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, EARLIEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return out.getvalue()
