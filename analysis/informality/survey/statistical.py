"""Files of statistical packages, through pyreadstat: SPSS, Stata and SAS.

Codes that SPSS declares missing stay values, and letters for missing values (Stata's ``.a``) stay letters. What the
file calls a date becomes its text, ``2021-03-31``; times of day, weeks and quarters stay the numbers they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from informality.foundation.tagged import letters_of
from informality.survey.dates import clock_of, written_out
from informality.survey.encodings import Encoding
from informality.survey.gather import Numbers, TextColumn, frame_of, joined, narrow
from informality.survey.isolated import Opened, opened
from informality.survey.rawfile import EXAMPLES, Ask, Code, RawFile
from informality.survey.readstat import About, DamagedError

PACKAGE = {".sav": "SPSS", ".zsav": "SPSS", ".por": "SPSS", ".dta": "Stata", ".sas7bdat": "SAS", ".xpt": "SAS"}
KIND = {".zsav": "sav"}
STATA_START, STATA_END = b"<stata_dta>", b"</stata_dta>"
LETTER_LOST = "\N{REPLACEMENT CHARACTER}"


def read_statistical(ask: Ask) -> RawFile:
    """Read an SPSS file (.sav, .zsav, .por), a Stata file (.dta) or a SAS file (.sas7bdat, .xpt)."""
    suffix = ask.path.suffix.lower()
    if not _is_what_it_says(suffix, ask.head):
        ask.refuse_kind()
    ask.check_encoding_name()
    if suffix == ".xpt" and (beyond := ask.path.stat().st_size % 80):
        ask.refuse_damaged(
            f"a transport file is a whole number of cards of 80 bytes, this one ends {beyond} bytes into one"
        )
    if ask.head.startswith(STATA_START) and not _ends_with(ask, STATA_END):  # its labels stand last, and can be missing
        ask.refuse_damaged("its last words are missing")
    try:
        with opened(str(ask.path), KIND.get(suffix, suffix[1:]), trusted=ask.trusted) as source:
            return _read(ask, PACKAGE[suffix], source)
    except DamagedError as failure:
        ask.refuse_damaged(failure)


def _ends_with(ask: Ask, words: bytes) -> bool:
    with ask.path.open("rb") as file:
        file.seek(-min(len(words), ask.path.stat().st_size), 2)
        return file.read() == words


def _is_what_it_says(suffix: str, head: bytes) -> bool:
    if suffix in (".sav", ".zsav"):
        return head.startswith((b"$FL2", b"$FL3"))
    if suffix == ".por":
        return b"ASCII SPSS PORT FILE" in head
    if suffix == ".dta":
        return head.startswith(STATA_START) or (len(head) > 2 and head[0] in range(102, 116) and head[1] in (1, 2))
    if suffix == ".xpt":
        return head.startswith(b"HEADER RECORD*******LIB")
    return head.startswith(b"\0" * 12 + b"\xc2\xea\x81\x60")


def _read(ask: Ask, package: str, source: Opened) -> RawFile:
    about = source.about
    spoken = _bytes(about)
    encoding = ask.settle(spoken, about.encoding)
    names = {_text(raw, about, encoding): raw for raw in about.columns}
    wanted = ask.choose([_text(raw, about, encoding) for raw in about.columns])
    numbers: dict[str, list[Numbers]] = {n: [] for n in wanted if names[n] not in about.text}
    texts = {n: TextColumn() for n in wanted if names[n] in about.text}
    rows = 0
    for batch in _batches(ask, source, [names[n] for n in wanted]):
        rows += batch.num_rows
        for name, cells in zip(wanted, batch.columns, strict=False):
            if name in texts:
                texts[name].add(_as_bytes(cells, about))
            else:
                numbers[name].append(narrow(cells.to_numpy(zero_copy_only=False)))
        ask.read_so_far(rows, about.rows)
    if about.rows is not None and rows != about.rows:
        ask.refuse_damaged(f"it announces {about.rows:,} rows and holds {rows:,}")
    more = {value for column in texts.values() for value in column.odd()}
    if more - spoken:
        encoding = _of_all(ask, encoding, spoken, more, about)
    _tell_lost_letters(ask, about, texts)
    if about.unlabelled:  # labels stand at the end of a Stata file: one cut short has lost them without a trace
        named = [f"`{_text(raw, about, encoding)}`" for raw in about.unlabelled]
        found = ", ".join(named[:EXAMPLES]) + (f" and {len(named) - EXAMPLES:,} more" if len(named) > EXAMPLES else "")
        fix = "make sure that the file is complete: its size is in data_raw/README.md, its sha256 in the profile"
        ask.warn("columns have value labels that the file does not hold", found, fix, len(named))
    columns: dict[str, Numbers | pd.Series] = {n: joined(numbers.pop(n)) for n in list(numbers)}
    dates = _write_out_dates(columns, names, about, package)
    columns |= {name: column.finish(ask, name, encoding) for name, column in texts.items()}
    here = {raw: name for name, raw in names.items()}
    return ask.answer(
        frame_of({name: columns[name] for name in wanted}),
        list(names),
        rows,
        package,
        encoding,
        dates=tuple(dates),
        variable_labels={
            here[raw]: label for raw, text in about.labels.items() if (label := _text(text, about, encoding).strip())
        },
        value_labels={
            here[raw]: {_code(code, about, encoding): _text(t, about, encoding).strip() for code, t in table}
            for raw, table in about.value_labels.items()
        },
        user_missing=_user_missing(ask, about, here, encoding),
    )


def _batches(ask: Ask, source: Opened, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """The columns, or one of them when none is asked for and the file does not say how many rows it has."""
    about = source.about
    if not columns and about.rows is not None:
        yield pa.RecordBatch.from_arrays([pa.nulls(about.rows)], names=["rows"])
        return
    asked = columns or about.columns[:1]
    if asked:
        yield from source.batches(asked, about.text, ask.batch(len(asked)))


def _of_all(ask: Ask, encoding: Encoding, labels: set[bytes], data: set[bytes], about: About) -> Encoding:
    """The encoding with the text of the data for evidence too; labels and data must agree."""
    settled = ask.settle(labels | data, about.encoding)
    if labels and settled.name != encoding.name:
        found = f"the labels are {encoding.words}, but the data are not"
        ask.refuse("has text in two encodings", found, "declare the `encoding` of the data, often windows-1252")
    return settled


def _bytes(about: About) -> set[bytes]:
    """All names, labels and codes that have a letter beyond ASCII, as the bytes of the file."""
    pairs = [*(p for t in about.value_labels.values() for p in t), *(p for t in about.user_missing.values() for p in t)]
    texts = {
        *about.columns,
        *about.labels.values(),
        *(part for pair in pairs for part in pair if isinstance(part, str)),
    }
    return {text.encode("latin-1") for text in texts if not text.isascii()} if about.raw else set()


def _as_bytes(cells: pa.Array, about: About) -> pa.Array:
    """Text of the data as the bytes of the file."""
    encoded = cells.dictionary_encode()
    values = encoded.dictionary
    if about.raw and pc.sum(pc.binary_length(values)).as_py() != pc.sum(pc.utf8_length(values)).as_py():
        values = pa.array([value.encode("latin-1") for value in values.to_pylist()], pa.binary())
    return pa.DictionaryArray.from_arrays(encoded.indices, values.cast(pa.binary()))


def _text(text: str, about: About, encoding: Encoding) -> str:
    if not about.raw or text.isascii():
        return text
    return text.encode("latin-1").decode(encoding.name, errors="ignore")  # at most half a letter at the end


def _code(value: float | str, about: About, encoding: Encoding) -> Code:
    """A code as people write it: 1, not 1.0."""
    if isinstance(value, str):
        return _text(value, about, encoding)
    return int(value) if float(value).is_integer() else value


def _user_missing(
    ask: Ask, about: About, here: Mapping[str, str], encoding: Encoding
) -> dict[str, list[tuple[Code, Code]]]:
    found: dict[str, list[tuple[Code, Code]]] = {}
    unclear = []
    for raw, ranges in about.user_missing.items():
        if any(low == high and isinstance(low, float) and abs(low) == float("inf") for low, high in ranges):
            unclear.append(here[raw])  # a range without end in a portable file, of which the library loses the start
            continue
        found[here[raw]] = [(_code(low, about, encoding), _code(high, about, encoding)) for low, high in ranges]
    if unclear:
        what = "ranges of values are declared missing that this reader cannot tell"
        ask.warn(
            what,
            ", ".join(f"`{n}`" for n in unclear),
            "look them up in the codebook, and map these values",
            len(unclear),
        )
    return found


def _write_out_dates(
    columns: dict[str, Numbers | pd.Series], names: Mapping[str, str], about: About, package: str
) -> list[str]:
    """Turn the numbers of date columns into text, in place; columns with codes among their dates stay numbers."""
    made = []
    for name, values in list(columns.items()):
        raw = names[name]
        clock = clock_of(package, about.formats.get(raw))
        if clock is None or raw in about.value_labels or raw in about.user_missing or letters_of(values) is not None:
            continue
        text = written_out(values, clock)
        if text is not None:
            columns[name] = text
            made.append(name)
    return made


def _tell_lost_letters(ask: Ask, about: About, texts: Mapping[str, TextColumn]) -> None:
    """Portable files have no letters beyond ASCII for this library: what it lost is said, or refused in the data."""
    if about.raw:
        return
    lost = LETTER_LOST.encode()
    spoilt = [name for name, column in texts.items() if any(lost in value for value in column.odd())]
    fix = "open it in SPSS or PSPP and save it as .sav"
    if spoilt:
        ask.refuse("has text with letters that a portable file cannot carry", ", ".join(f"`{n}`" for n in spoilt), fix)
    labels = [*about.labels.values(), *(text for table in about.value_labels.values() for _, text in table)]
    count = sum(LETTER_LOST in text for text in labels)
    if count:
        example = next(text for text in labels if LETTER_LOST in text)
        ask.warn(
            "labels have letters that a portable file cannot carry",
            f"{count:,} labels, such as “{example}”",
            fix,
            count,
        )
