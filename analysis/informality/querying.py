"""Questions to the summary store of a study: in plain words, by filters, or in SQL that can only read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.specfile import load
from informality.study import StudySpec, Workspace

if TYPE_CHECKING:
    import pandas as pd

    from informality.publication.table import Table

SQL_SECONDS = 20.0
"""After so long a query is given up: it asks for a product of tables by mistake."""
SQL_ROWS = 100_000

ANSWER = {
    "scenario_title": "Scenario", "year": "Year", "group_name": "Group",
    "what": "Figure", "of_whom": "Among", "printed": "Estimate", "sample_n": "Sample n",
    "reliability": "Reliability", "wave": "Wave", "note": "Note",
}  # fmt: skip
"""What a question in words is answered with, and the headings."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A table with its headings; what all its rows share stands in the title. How the question was understood, and what
    comes near when nothing was found."""

    rows: pd.DataFrame
    title: str = ""
    understood: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    source: str = ""


def ask(
    name: str,
    workspace: Workspace,
    question: str = "",
    *,
    of: str = "",
    by: Sequence[str] = (),
    where: Sequence[str] = (),
    wave: str = "",
    definition: str = "",
) -> Reply:
    """Answer a question in words, or one given as filters (``where``: ``sex=female``); both may be mixed.

    Raises :class:`InformalityError` (``ExitCode.USAGE``) for a filter that names what the store does not have, and
    where the study has not been run.
    """
    import pandas as pd

    from informality.publication.lookup import look_up, understand, vocabulary, words_of

    with opened_store(name, workspace) as (store, _):
        figures = pd.read_sql_query("SELECT * FROM figures ORDER BY id", store)
        figures["year"] = figures["year"].astype("Int64")
        words = words_of(store.execute("SELECT kind, name, level, words FROM words").fetchall())
        headline = store.execute("SELECT value FROM provenance WHERE fact = 'headline'").fetchone()[0]
    wanted = understand(question, vocabulary(figures, words))
    levels = {v: [x for w, x in words["level"] if w == v] for v in words["variable"]}
    problems = []
    if of and of not in words["indicator"]:
        problems.append(Problem("--of", f"there is no figure `{of}`", fix=did_you_mean(of, words["indicator"])))
    problems += [
        Problem("--by", f"nothing is shown by `{b}`", fix=did_you_mean(b, levels)) for b in by if b not in levels
    ]
    for cell in where:
        variable, _, level = cell.partition("=")
        if variable not in levels:
            problems.append(
                Problem("--where", f"nothing is shown by `{variable}`", cell, did_you_mean(variable, levels))
            )
        elif level not in levels[variable]:
            fix = did_you_mean(level, levels[variable])
            problems.append(Problem("--where", f"`{variable}` has no level `{level}`", cell, fix))
        else:
            wanted.where.setdefault(variable, []).append(level)
    waves = sorted(figures["wave"].dropna().unique())
    if wave and wave not in waves:
        problems.append(Problem("--wave", f"there is no wave `{wave}`", fix=did_you_mean(wave, waves)))
    if definition and definition not in words["definition"]:
        fix = did_you_mean(definition, words["definition"])
        problems.append(Problem("--definition", f"there is no definition `{definition}`", fix=fix))
    if problems:
        raise InformalityError(problems, ExitCode.USAGE)
    wanted.indicators = [of] if of else wanted.indicators
    wanted.by += [b for b in by if b not in wanted.by]
    wanted.wave, wanted.definition = wave or wanted.wave, definition or wanted.definition
    found = look_up(figures, wanted, headline, words)
    rows = found.rows[list(ANSWER)].rename(columns=ANSWER)
    same = {h: str(rows[h].iloc[0]) for h in ANSWER.values() if len(rows) and len(rows[h].unique()) == 1}
    rows = rows.drop(columns=[h for h in same if h not in ("Estimate", "Sample n", "Reliability", "Group")])
    named = ("Figure", "Among", "Scenario", "Year") if found.rows["year"].notna().any() else ("Figure", "Among", "Wave")
    title = ", ".join(same[h] for h in named if same.get(h))
    notes = (same["Note"],) if same.get("Note") else ()
    return Reply(
        rows, title, found.understood, notes, found.near, str(figures["source"].iloc[0]) if len(figures) else ""
    )


def run_sql(name: str, workspace: Workspace, sql: str) -> Reply:
    """Run one SQL query that only reads. Raises :class:`InformalityError` (``ExitCode.USAGE``) with what SQLite says.

    The file is opened read-only and immutable, and everything but reading its tables is refused: no other file can be
    attached or loaded, no setting changed. At most :data:`SQL_ROWS` rows.
    """
    import pandas as pd

    with opened_store(name, workspace) as (store, _):
        known = [row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        store.execute("SELECT rowid FROM search LIMIT 0")  # its parts are set up before anything is refused
        store.set_authorizer(_may)
        end = time.monotonic() + SQL_SECONDS
        store.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
        try:
            cursor = store.execute(sql)
            rows = cursor.fetchmany(SQL_ROWS + 1)
        except (sqlite3.Error, sqlite3.Warning, ValueError) as failure:
            shown = [n for n in known if not n.startswith(("search_", "sqlite_"))]
            raise InformalityError(
                Problem("--sql", "this query cannot be run", _said(failure), f"one SELECT over {', '.join(shown)}"),
                ExitCode.USAGE,
            ) from None
        columns = [column[0] for column in cursor.description or ()]
    if len(rows) > SQL_ROWS:
        raise InformalityError(
            Problem("--sql", f"the answer has more than {SQL_ROWS:,} rows", fix="add LIMIT, or group the rows"),
            ExitCode.USAGE,
        )
    return Reply(pd.DataFrame(rows, columns=columns))


def _said(failure: Exception) -> str:
    words = str(failure)
    if words == "interrupted":
        return f"it took longer than {SQL_SECONDS:g} seconds"
    return "it does more than read" if "not authorized" in words or "prohibited" in words else words


READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
REFUSED_FUNCTIONS = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"}


def _may(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    """SQLite asks before each part of a query; only reading and harmless functions are allowed."""
    harmless = action == sqlite3.SQLITE_FUNCTION and second not in REFUSED_FUNCTIONS
    of_search = action == sqlite3.SQLITE_PRAGMA and first == "data_version" and second is None
    if action in READING or harmless or of_search:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


@contextmanager
def opened_store(name: str, workspace: Workspace) -> Iterator[tuple[sqlite3.Connection, Path]]:
    """The store of a study that has been run, read-only, and its file."""
    from informality.publication.products import STORE

    path = workspace.clean(load(workspace.study_path(name), StudySpec).spec.id) / STORE
    if not path.is_file():
        raise InformalityError(
            Problem(name, "this study has not been run yet", f"{path} does not exist", f"informality run {name}"),
            ExitCode.DATA_FILE,
        )
    with closing(sqlite3.connect(_uri(path), uri=True)) as store:
        try:
            store.execute("SELECT 1 FROM figures LIMIT 1")
        except sqlite3.DatabaseError as failure:
            raise InformalityError(
                Problem(str(path), "this is not a summary store", str(failure), f"informality run {name} --force"),
                ExitCode.DATA_FILE,
            ) from None
        yield store, path


def _uri(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro&immutable=1"


def as_table(reply: Reply) -> Table:
    """A reply as a table of the publication, for the screen, Markdown or CSV."""
    from pandas.api.types import is_numeric_dtype

    from informality.publication.formats import NumberFormat
    from informality.publication.table import Column, table_of_frame

    numbers = {c for c in reply.rows.columns if is_numeric_dtype(reply.rows[c])}
    columns = [
        Column(c, c, NumberFormat(c, 1, _decimals(reply.rows[c])) if c in numbers else None, align=_align(c in numbers))
        for c in reply.rows.columns
    ]
    understood = (f"Understood as {'; '.join(reply.understood)}.",) if reply.understood else ()
    made = table_of_frame("query", reply.title, reply.rows, columns, notes=(*reply.notes, *understood))
    return replace(made, source=reply.source)


def _decimals(column: pd.Series) -> int:
    return 0 if (column.dropna() % 1 == 0).all() else 4


def _align(number: bool) -> Literal["left", "right"]:
    return "right" if number else "left"
