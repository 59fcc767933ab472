"""The codebook of a file: its variables as one searchable page that needs no network, or as a short list."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from pathlib import Path

from informality.foundation.codes import Code
from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.library import LIBRARY
from informality.foundation.provenance import write_atomically
from informality.survey.suggesting.facts import ColumnFacts, FileFacts
from informality.survey.suggesting.words import tokens

GENERATOR = '<meta name="generator" content="informality codebook">'
MANY = 60  # a variable with more codes than this is shown by its figures, and its codes only where they are labelled
SHOWN = 200  # codes of one variable that the page lists; the others are counted
KINDS = {"number": "number", "text": "text", "blank": "empty"}


def matching(facts: FileFacts, word: str) -> list[ColumnFacts]:
    """The columns whose name, label or answers hold every one of the words, case and accents apart."""
    words = tokens(word)
    return [column for column in facts.columns.values() if all(w in _searched(column) for w in words)]


def _searched(column: ColumnFacts) -> str:
    return " ".join(" ".join(tokens(text)) for text in (column.name, column.label, *column.labels.values()))


def page(facts: FileFacts) -> str:
    """The codebook as one HTML page, every text escaped; the same file gives the same page."""
    file = facts.file
    source = file.sources[0] if file.sources else None
    about = [f"{file.rows:,} rows, {len(facts.columns):,} variables", f"{file.bytes:,} bytes"]
    about += [f"{source.kind}, text in {source.encoding.name}"] if source else []
    about += [f"SHA-256 {file.sha256}"]
    template = (LIBRARY / "templates" / "codebook.html").read_text(encoding="utf-8")
    body = "\n".join(_variable(column, file.user_missing) for column in facts.columns.values())
    parts = {"title": f"Codebook of {file.path.name}", "about": "; ".join(about)}
    for name, text in parts.items():
        template = template.replace(f"{{{{{name}}}}}", escape(text))
    return template.replace("{{font}}", _lao_face(body)).replace("{{variables}}", body)


def write_page(facts: FileFacts, path: Path) -> None:
    """Write the page; over an older one, but over nothing else. Raises :class:`InformalityError` (``OUTPUT``)."""
    if path.exists() and (path.is_dir() or GENERATOR not in path.read_text(encoding="utf-8", errors="replace")[:2000]):
        problem = Problem(str(path), "this is no codebook and is not overwritten", fix="give another name with --out")
        raise InformalityError(problem, ExitCode.OUTPUT)
    text = page(facts)
    write_atomically(path, lambda new: new.write_text(text, encoding="utf-8"))


def _lao_face(body: str) -> str:
    """The Lao letters, when the page has any, so that a machine without Lao fonts shows them."""
    if not any("຀" <= c <= "໿" for c in body):
        return ""
    faces = []
    for style, weight in (("Regular", 400), ("Bold", 700)):
        data = base64.b64encode((LIBRARY / "fonts" / f"NotoSansLao-{style}.ttf").read_bytes()).decode("ascii")
        faces.append(
            f'@font-face {{ font-family: "Noto Sans Lao"; font-weight: {weight}; unicode-range: U+0E80-0EFF; '
            f"src: url(data:font/ttf;base64,{data}); }}"
        )
    return "\n".join(faces)


def kind_of(column: ColumnFacts) -> str:
    """What a column holds, in a word or two."""
    if column.date:
        return "date"
    return KINDS[column.kind] + (", labelled" if column.labels else "")


def missing_of(column: ColumnFacts) -> str:
    """The share of blank cells, never rounded to nothing or to everything."""
    if not column.blank:
        return "none blank"
    share = 100 * column.blank / column.rows
    if column.blank < column.rows:
        share = min(max(share, 0.1), 99.9)
    return f"{share:.1f} % blank"


def _variable(column: ColumnFacts, declared: dict[str, list[tuple[Code, Code]]]) -> str:
    label = f'<span class="label" dir="auto">{escape(column.label)}</span>' if column.label else ""
    label = label or '<span class="label nolabel">no label</span>'
    head = escape(f"{column.name} {column.label}", quote=True)
    parts = [
        f'<details data-head="{head}"><summary><code>{escape(column.name)}</code>{label}'
        f'<span class="kind">{kind_of(column)}<br>{missing_of(column)}</span><span class="hit" dir="auto"></span></summary>',
        '<div class="body">',
        _figures(column),
    ]
    if ranges := declared.get(column.name):
        said = ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in ranges)
        parts.append(f'<p class="note">Declared missing in the file: {escape(said)}.</p>')
    parts.append(_answers(column))
    return "".join([*parts, "</div></details>"])


def _figures(column: ColumnFacts) -> str:
    facts = [
        ("answered", f"{column.answered:,}"),
        ("blank", f"{column.blank:,}"),
        ("different", f"{column.distinct:,}"),
    ]
    if column.numeric:
        quarters = dict(zip(("lower quartile", "median", "upper quartile"), column.quarters, strict=True))
        values = {"least": column.low, **quarters, "greatest": column.high}
        facts += [(name, f"{value:,.10g}") for name, value in values.items()]
    return f"<dl>{''.join(f'<div><dt>{n}</dt><dd>{v}</dd></div>' for n, v in facts)}</dl>"


def _answers(column: ColumnFacts) -> str:
    """The table of codes with labels, rows and share; only the labelled ones where there are very many."""
    many = column.distinct > MANY
    if many and not column.labels:
        return ""
    unused = [code for code in column.labels if code not in column.codes]
    sparse = many and len(column.labels) < 0.2 * column.distinct  # numbers of which some are labelled
    codes = [*(code for code in column.codes if not sparse or code in column.labels), *unused]
    most = max(column.codes.values(), default=0)
    rows = [_answer(code, column, most) for code in codes[:SHOWN]]
    rest = column.distinct + len(unused) - len(rows)
    more = f'<p class="note">And {rest:,} more.</p>' if rest > 0 else ""
    head = (
        '<tr><th>code</th><th>label</th><th class="n">rows</th><th class="n">of answered</th><th class="bar"></th></tr>'
    )
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>{more}"


def _answer(code: Code, column: ColumnFacts, most: int) -> str:
    rows = column.codes.get(code, 0)
    share = f"{100 * rows / column.answered:.1f} %" if column.answered else ""
    bar = f'<i style="width:{100 * rows / most:.1f}%"></i>' if rows else ""
    return (
        f'<tr><td class="c">{escape(str(code))}</td><td class="l" dir="auto">{escape(column.labels.get(code, ""))}</td>'
        f'<td class="n">{rows:,}</td><td class="n">{share}</td><td class="bar">{bar}</td></tr>'
    )


def short_list(columns: Iterable[ColumnFacts], shown: int = 6) -> list[tuple[str, str, str, str]]:
    """Name, kind, label and the first answers of columns, for a terminal."""
    lines = []
    for column in columns:
        codes = list(column.codes.items())
        answers = [f"{code} {column.labels.get(code, '')}".strip() + f" ({rows:,})" for code, rows in codes[:shown]]
        if not column.labels and column.numeric and column.distinct > shown:
            answers = [f"{column.low:,.10g} to {column.high:,.10g}, median {column.quarters[1]:,.10g}"]
        elif not column.labels and column.distinct > shown:
            answers = [f"{column.distinct:,} different texts"]
        elif len(codes) > shown:
            answers.append(f"and {len(codes) - shown} more")
        lines.append((column.name, f"{kind_of(column)}, {missing_of(column)}", column.label, "; ".join(answers)))
    return lines
