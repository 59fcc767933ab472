"""``informality serve``: the summary store of a study in Datasette, on this machine alone.

The file is opened immutable; visitors choose columns and values, or one of the questions prepared here, and write no SQL of
their own. Titles and descriptions are those of the store. Nothing is fetched from elsewhere, and nobody elsewhere is answered.
"""

from __future__ import annotations

import html
import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.library import LIBRARY
from informality.foundation.specfile import load
from informality.publication.explorer import WORDS
from informality.publication.lookup import LOOKED_UP, words_of
from informality.publication.products import EXPLORER
from informality.querying import opened_store
from informality.study import StudySpec, Workspace

HOST, PORT = "127.0.0.1", 8001
REPORT = "report"
"""Address under which the folder with report and explorer page is served."""
SETTINGS = {
    "default_allow_sql": False,
    "allow_download": False,
    "allow_csv_stream": True,
    "suggest_facets": False,
    "sql_time_limit_ms": 2000,
    "max_returned_rows": 5000,
    "default_page_size": 50,
    "num_sql_threads": 2,
}
ABOUT = {
    "figures": "Every published number in words: what, of whom, by what, with its interval, sample size and reliability.",
    "results": "The same rows as the program keeps them.",
    "definitions": "The definitions of informality, with their decision tables.",
    "rules": "How many workers each rule decided.",
    "options": "What a definition leaves open, and the value in force.",
    "grades": "What the marks beside the numbers mean.",
    "official_figures": "Figures published by others, beside ours.",
    "quality": "What the checks of the data found.",
    "hidden": "What is not shown so that no small cell can be worked out, and why.",
    "provenance": "Survey, sample design, files and versions behind the numbers.",
    "words": "What every identifier is called.",
}
COLUMNS = {
    "what": "Figure", "of_whom": "Among whom", "breakdown": "Broken down by", "group_name": "Group", "printed": "Estimate",
    "value": "Value, in the unit; shares in per cent", "low": "Lower confidence limit", "high": "Upper confidence limit",
    "sample_n": "Sampled persons", "reliability": "Reliability", "flag": "Mark beside the number",
    "standing": "Standing of the weakest input",
}  # fmt: skip
SHOWN = """what AS "Figure", of_whom AS "Among", group_name AS "Group", printed AS "Estimate", sample_n AS "Sample n",
    reliability AS "Reliability", definition_title AS "Definition", wave AS "Wave", note AS "Note\""""
CHART = (
    f"replace('http://{HOST}:' || PORT || '/{REPORT}/{EXPLORER}#indicator=' || indicator || '&breakdown=' || "
    f"CASE by_variables WHEN '' THEN '{WORDS['none']}' ELSE breakdown END || '&definition=' || coalesce(definition, '') || "
    "'&wave=' || wave, ' ', '%20') AS \"Chart\""
)
"""A link that opens the explorer page at the figure; PORT is set where the address is known."""


@dataclass(frozen=True, slots=True)
class Served:
    """What is served: the store, the folder of the report, and what Datasette is told about them."""

    store: Path
    folder: Path
    metadata: dict[str, Any]


def prepare(name: str, workspace: Workspace, port: int = PORT) -> Served:
    """The store of a study that has been run, with titles, descriptions and prepared questions.

    Raises :class:`InformalityError` where the study has not been run.
    """
    with opened_store(name, workspace) as (store, path):
        facts = dict(store.execute("SELECT fact, value FROM provenance").fetchall())
        words = words_of(store.execute("SELECT kind, name, level, words FROM words").fetchall())
        described = ", ".join(map(_quoted, LOOKED_UP))
        query = f"SELECT DISTINCT by_variables FROM figures WHERE statistic IN ({described})"
        by = [variables for (variables,) in store.execute(query) if "," not in variables]
        source = store.execute("SELECT source FROM figures LIMIT 1").fetchone()
        foreseen = store.execute("SELECT 1 FROM figures WHERE year IS NOT NULL LIMIT 1").fetchone()
    titles = {v: words["variable"][v] for v in by if v in words["variable"]}
    titles = dict(sorted(titles.items(), key=lambda item: item[1].lower()))
    study = load(workspace.study_path(name), StudySpec).spec.id
    told = source[0] if source else ""
    metadata = _metadata(facts, titles, told, path.stem, port, with_scenarios=foreseen is not None)
    return Served(path, workspace.output(study), metadata)


def _metadata(
    facts: dict[str, str], titles: dict[str, str], source: str, database: str, port: int, *, with_scenarios: bool
) -> dict[str, Any]:
    chart = CHART.replace("PORT", str(port))
    queries: dict[str, Any] = {
        "main-figures": {
            "title": "Main figures",
            "description": "What is known of everybody, one row each.",
            "sql": f"SELECT {SHOWN}, {chart} FROM figures WHERE by_variables = '' AND value IS NOT NULL ORDER BY id",
        },
        "find": {
            "title": "Find a figure by its words",
            "description": "Every row in which all the words occur, in any order: informal women rural.",
            "sql": f"SELECT {SHOWN}, {chart} FROM figures WHERE id IN "
            "(SELECT rowid FROM search WHERE search MATCH coalesce(nullif(escape_fts(:words), ''), '\"\"')) "
            "ORDER BY id LIMIT 500",
            "params": ["words"],
        },
        "scenarios": {
            "title": "Scenarios, by year",
            "description": "What each scenario comes to, with the error of the sample and the range of the assumptions.",
            "sql": """SELECT scenario_title AS "Scenario", year AS "Year", what AS "Figure", printed AS "Estimate",
    sample_n AS "Sample n", reliability AS "Reliability", standing AS "Weakest source" FROM figures
    WHERE by_variables = 'scenario,year' AND statistic <> 'difference' ORDER BY id""",
        },
        "not-shown": {
            "title": "What is not shown, and why",
            "sql": f"SELECT {SHOWN} FROM figures WHERE value IS NULL ORDER BY id",
        },
    }
    for variable, title in titles.items():
        queries[f"by-{variable.replace('_', '-')}"] = {
            "title": f"By {title[:1].lower()}{title[1:]}",
            "sql": f"SELECT {SHOWN}, {chart} FROM figures WHERE by_variables = :variable ORDER BY id".replace(
                ":variable", _quoted(variable)
            ),
        }
    if not with_scenarios:
        del queries["scenarios"]
    for query in queries.values():
        query["hide_sql"] = True
    tables: dict[str, Any] = {
        name: {"description": about, **({"columns": COLUMNS} if name == "figures" else {})}
        for name, about in ABOUT.items()
    }
    tables["search"] = {"hidden": True}
    notice = html.escape(source)
    links = f'<p>{notice}</p><p><a href="/{REPORT}/{EXPLORER}">Charts: the explorer page</a></p>'
    return {
        "title": facts.get("title", database),
        "description_html": links,
        "source": facts.get("survey_title", ""),
        "databases": {database: {"description_html": links, "tables": tables, "queries": queries}},
    }


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def application(served: Served) -> Any:
    """The Datasette application. Raises :class:`InformalityError` where Datasette is not installed."""
    try:
        from datasette.app import Datasette
        from datasette.plugins import pm
    except ImportError:
        raise InformalityError(
            Problem(
                "serve",
                "Datasette is not installed",
                "it is an extra that the other commands do without",
                "pip install -e '.[serve]'",
            ),
            ExitCode.USAGE,
        ) from None
    links = Links()
    if not pm.has_plugin(links.__name__):
        pm.register(links, links.__name__)
    mounts = [(REPORT, str(served.folder))] if served.folder.is_dir() else []
    return Datasette(
        [],
        immutables=[str(served.store)],
        metadata=served.metadata,
        settings=SETTINGS,
        static_mounts=mounts,
        template_dir=str(LIBRARY / "templates" / "datasette"),
        pdb=False,
    )


PLAIN = {
    r"<h3\b": "<h2",
    r"</h3>": "</h2>",
    r"Custom SQL query returning ": "",
    r'value="Run SQL"': 'value="Show"',
    r'<select name="_filter_column': r'<select aria-label="Column" name="_filter_column',
    r'<select name="_filter_op': r'<select aria-label="Comparison" name="_filter_op',
    r'<input type="text" name="_filter_value': r'<input aria-label="Value" type="text" name="_filter_value',
    r'<select name="_sort"': '<select aria-label="Order by" name="_sort"',
    r'<div class="table-wrapper">': '<div class="table-wrapper" tabindex="0" role="region" aria-label="Table">',
}
"""What Datasette's pages lack for a screen reader, and words for those who write no SQL."""


class Links:
    """Our hooks of Datasette: a chart is a link by that name, not a long address; its pages are made plain to read."""

    def __init__(self) -> None:
        from datasette import hookimpl

        self.__name__ = "informality_links"
        self.render_cell = hookimpl(self._render_cell)
        self.prepare_jinja2_environment = hookimpl(self._prepare)

    @staticmethod
    def _prepare(env: Any) -> None:
        from markupsafe import Markup

        def plain_page(page: str) -> Any:
            for pattern, words in PLAIN.items():
                page = re.sub(pattern, words, page)
            return Markup(page)

        env.filters["plain_page"] = plain_page

    @staticmethod
    def _render_cell(value: object, column: str) -> Any:
        from markupsafe import Markup

        return Markup('<a href="{}">Chart</a>').format(value) if column == "Chart" and value else None


def run_server(app: Any, port: int) -> None:
    """Answer until stopped. Raises :class:`InformalityError` (``USAGE``) where the port is taken."""
    import asyncio
    import socket

    import uvicorn

    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as failure:
            fix = f"--port {port + 1}, or another"
            raise InformalityError(
                Problem("--port", f"port {port} cannot be used", str(failure.strerror or failure), fix), ExitCode.USAGE
            ) from None
    asyncio.run(app.invoke_startup())
    uvicorn.run(app.app(), host=HOST, port=port, log_level="warning", lifespan="on")
