"""Text without marks between the cells, each column at its place in the line: .txt and .dat with a layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from informality.survey.delimited import read_delimited
from informality.survey.gather import TextColumn, frame_of
from informality.survey.layout import read_layout
from informality.survey.rawfile import EXAMPLES, Ask, RawFile
from informality.survey.records import Block, Field, blocks, cells, characters
from informality.survey.signatures import known_kind

END_OF_TEXT = b"\x1a"  # DOS programs end a text so


def read_fixed_width(ask: Ask) -> RawFile:
    """Read a fixed-width file, whose columns stand where its layout says; spaces around a cell are left away.

    A .txt or .dat file for which a delimiter is declared, and no layout, is a table with marks between the cells.
    All lines must be equally long: in bytes, or, in UTF-8, in characters, and then positions count characters.
    """
    if ask.how.layout is None:
        if ask.how.delimiter is not None:
            return read_delimited(ask)
        fix = "declare the `layout` of a fixed-width file, or the `delimiter` between its cells"
        ask.refuse("does not say where its columns begin", f"its name ends in `{ask.path.suffix}`", fix)
    if known_kind(ask.head):
        ask.refuse_kind()
    ask.check_encoding_name()
    fields = {field.name: field for field in read_layout(ask.how.layout)}
    lines = _Lines(ask)
    _check_fit(ask, list(fields.values()), lines.length)
    wanted = ask.choose(list(fields))
    columns = {
        name: TextColumn(f.kind, "both", f.decimals, ask.how.decimal, point_is_blank=f.kind != "text")
        for name, f in ((name, fields[name]) for name in wanted)
    }
    rows = 0
    for block in lines.blocks(ask.batch(len(wanted))):
        for name, column in columns.items():
            column.add(cells(block, fields[name]))
        rows += len(block)
        ask.read_so_far(rows, lines.count)
    odd = {value for column in columns.values() for value in column.odd()}
    encoding = ask.settle(odd, "UTF-8" if lines.by_characters else None)
    data = {name: column.finish(ask, name, encoding) for name, column in columns.items()}
    labels = {field.name: field.label for field in fields.values() if field.label}
    return ask.answer(frame_of(data), list(fields), rows, "fixed width", encoding, variable_labels=labels)


class _Lines:
    """The lines of a file, proved to be of one length before the first is cut."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        size = ask.path.stat().st_size
        with ask.path.open("rb") as file:
            first = file.readline()
            file.seek(-1, 2)
            if file.read() == END_OF_TEXT:
                size -= 1
        bare = first.rstrip(b"\r\n")
        self.ending = first[len(bare) :]
        if not self.ending and size > len(first):
            ask.refuse_damaged("it has no line ends")
        self.length, step = len(bare), len(first)
        self.count, beyond = divmod(size, step)
        if beyond == self.length and beyond:  # the last line may lack its end
            self.count, beyond = self.count + 1, 0
        self.by_characters = bool(beyond) or not self._regular(step)
        if self.by_characters:
            self.length, self.count = self._count_characters()

    def blocks(self, size: int) -> Iterator[Block]:
        """The lines as matrices, at most ``size`` lines each, their ends cut off."""
        if self.by_characters:
            with self.ask.path.open(encoding="utf-8", newline="\n") as file:
                held: list[str] = []
                for line in file:
                    held.append(line.rstrip("\r\n"))
                    if len(held) == size:
                        yield characters(held)
                        held = []
                if held and held != ["\x1a"]:
                    yield characters([line for line in held if line != "\x1a"])
            return
        step = self.length + len(self.ending)
        with self.ask.path.open("rb") as file:
            yield from (block[:, : self.length] for block in blocks(file, step, self.count - 1, size))
            yield from blocks(file, self.length, 1, 1)  # the last, which may lack its end

    def _regular(self, step: int) -> bool:
        """Whether every line ends where the first does."""
        if not self.length:
            return False
        end, within = list(self.ending), 0
        with self.ask.path.open("rb") as file:
            for block in blocks(file, step, self.count - 1, max((8 << 20) // step, 1)):
                if (block[:, self.length :] != end).any() or (block[:, : self.length] == ord("\n")).any():
                    return False
            within = file.read(self.length).count(b"\n")
        return not within

    def _count_characters(self) -> tuple[int, int]:
        """The length in characters and the number of lines, in UTF-8; refused when lines differ by that, too."""
        declared = (self.ask.encoding or "utf-8").lower().replace("_", "-")
        lengths: list[tuple[int, int]] = []
        counts: dict[int, int] = {}
        utf8 = declared in ("utf-8", "utf8", "utf-8-sig")
        with self.ask.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                bare = line.rstrip(b"\r\n")
                if bare == END_OF_TEXT:
                    continue
                try:
                    length = len(bare.decode()) if utf8 else len(bare)
                except UnicodeDecodeError:
                    utf8, length = False, len(bare)
                counts[length] = counts.get(length, 0) + 1
                if len(lengths) <= EXAMPLES and (not lengths or length != lengths[0][1]):
                    lengths.append((number, length))
        if len(counts) == 1 and utf8:
            return lengths[0][1], sum(counts.values())
        shown = ", ".join(f"line {number:,} has {length:,}" for number, length in lengths[1:EXAMPLES])
        other = sum(counts.values()) - counts[lengths[0][1]]
        found = f"line 1 has {lengths[0][1]:,} characters; {other:,} have more or fewer: {shown}"
        self.ask.refuse("has lines of different lengths", found, "fill them up with spaces, or obtain the file again")


def _check_fit(ask: Ask, fields: Sequence[Field], length: int) -> None:
    """The layout must lie within the lines; what it leaves over, or uses twice, is told."""
    beyond = [field for field in fields if field.end > length]
    place = ask.how.layout.name if ask.how.layout else ""
    if beyond:
        found = ", ".join(f"`{f.name}` ends at {f.end:,}" for f in beyond[:EXAMPLES])
        fix = "make sure that the layout belongs to this file"
        ask.refuse(f"has shorter lines than its layout {place}", f"{length:,} characters a line, {found}", fix)
    end = max(field.end for field in fields)
    if end < length:
        what, found = f"the layout {place} ends before the lines do", f"at {end:,} of {length:,} characters"
        ask.warn(what, found, "make sure that it belongs to this file, and that no column is missing")
    in_order = sorted(fields, key=lambda f: (f.start, f.end))
    shared = [f"`{a.name}` and `{b.name}`" for a, b in pairwise(in_order) if b.start < a.end]
    if shared:
        what = f"columns of the layout {place} lie upon each other"
        ask.warn(
            what, ", ".join(shared[:EXAMPLES]), "right where one is a part of the other, otherwise correct a start"
        )
