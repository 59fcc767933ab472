"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import codecs

_STARTS = (
    (b"$FL2", "an SPSS file"),
    (b"$FL3", "an SPSS file (zsav)"),
    (b"PAR1\x15", "a Parquet file"),
    (b"PK\x03\x04", "a zip archive (an Excel workbook is one too)"),
    (b"\x1f\x8b", "a gzip archive (R data files are packed so)"),
    (b"Rar!", "a rar archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"<stata_dta>", "a Stata file"),
    (b"\0" * 12 + b"\xc2\xea\x81\x60", "a SAS file"),
    (b"HEADER RECORD*******", "a SAS transport file"),
    (b"RDX2\n", "an R data file"),
    (b"RDX3\n", "an R data file"),
    (b"BZh", "a bzip2 archive (R data files may be packed so)"),
    (b"\xfd7zXZ\x00", "an xz archive (R data files may be packed so)"),
    (b"**COMPRESSED** **COMPRESSED**", "a file of SAS's PROC CPORT, which only SAS can open"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"%PDF-", "a PDF document"),
    (b"version https://git-lfs", "a pointer that git-lfs left in place of the file"),
)
R_STARTS = (b"RDX2\n", b"RDX3\n", b"RDA", b"X\n", b"A\n", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
"""How a file of R can begin: as it is, or packed with gzip, bzip2 or xz."""
_OLD_STATA = range(102, 116)  # the first byte is the release, the second the byte order, the third 1
_DBASE = frozenset((0x02, 0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0x8E, 0xCB, 0xF5, 0xFB))
OTHER_BINARY = "a binary file of another kind"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def known_kind(head: bytes) -> str | None:
    """What a file with these first bytes is, in a few words; None when it is plain text."""
    if head.startswith(b"PK\x03\x04") and any(part in head for part in (b"[Content_Types].xml", b"xl/", b"mimetype")):
        return "an Excel workbook or another office document"
    for start, words in _STARTS:
        if head.startswith(start):
            return words
    if b"ENCRYPTEDSAV" in head[:40]:
        return "an SPSS file locked with a password"
    if b"ASCII SPSS PORT FILE" in head:
        return "an SPSS portable file"
    if len(head) > 2 and head[0] in _OLD_STATA and head[1] in (1, 2) and head[2] == 1:
        return "a Stata file"
    if is_dbase(head):
        return "a dBase file"
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page, as a site sends when it asks for a login first"
    if not head.strip(b"\0"):
        return "nothing but zeros, as an unfinished download leaves"
    if b"\0" in head and not head.startswith(_UTF16):
        return OTHER_BINARY
    return None


def is_dbase(head: bytes) -> bool:
    """Whether a file begins as dBase tables do: a known release, a date, and lengths that can be."""
    if len(head) < 65 or head[0] not in _DBASE or not (0 <= head[2] <= 12 and 0 <= head[3] <= 31):
        return False
    length = int.from_bytes(head[8:10], "little")
    return length >= 65 and length % 32 in (1, 2, 8) and int.from_bytes(head[10:12], "little") >= 2


def looks_like(head: bytes) -> str:
    """As :func:`known_kind`, and for plain text how it begins."""
    encoding = "utf-16" if head.startswith(_UTF16) else "utf-8-sig"
    first = next(iter(head.decode(encoding, errors="replace").strip().splitlines()), "")
    return known_kind(head) or f"text that begins with “{first[:40]}”"
