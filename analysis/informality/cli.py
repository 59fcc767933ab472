"""The command line. Heavy imports stand inside the commands, so that ``--help`` is instant."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from informality.foundation.errors import EXIT_CODES, ExitCode, InformalityError

CODES = "; ".join(f"{int(code)} {meaning}" for code, meaning in EXIT_CODES.items())
app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="From labour-force-survey microdata to a publication on informal employment.",
    epilog=f"Exit codes: {CODES}.",
)

ClickException: Any = typer.BadParameter.__mro__[2]
"""Base of all that typer says of a wrong command line; newer versions of typer carry a click of their own."""


class Format(StrEnum):
    """How a table is shown."""

    text = "text"
    md = "md"
    csv = "csv"


class Reply(StrEnum):
    """How the answer to a query is shown."""

    text = "text"
    md = "md"
    csv = "csv"
    json = "json"


class Engine(StrEnum):
    """What renders the documents."""

    embedded = "embedded"
    quarto = "quarto"


class Form(StrEnum):
    """How a definition is printed."""

    table = "table"
    md = "md"
    svg = "svg"
    sql = "sql"
    examples = "examples"


Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder with the raw files; otherwise INFORMALITY_DATA, otherwise data_raw.", show_default=False
    ),
]
Wave = Annotated[
    str | None,
    typer.Option(
        "--wave", help="Which wave of a study of several; by default what its report describes.", show_default=False
    ),
]
StudyName = Annotated[
    str, typer.Argument(help="A study in analysis/studies, or the path of a study file.", show_default=False)
]


@app.command()
def run(
    study: StudyName,
    data: Data = None,
    force: Annotated[bool, typer.Option("--force", help="Redo every step, also those that have not changed.")] = False,
    language: Annotated[
        str | None,
        typer.Option("--language", help="Publish in this language, too: es, lo, or one of yours.", show_default=False),
    ] = None,
    engine: Annotated[
        Engine, typer.Option("--engine", help="What renders the documents: ours, or Quarto where it is installed.")
    ] = Engine.embedded,
) -> None:
    """Run a study: read, harmonise, classify, estimate, and write the reports."""
    from informality.pipeline.running import run_study
    from informality.screens import progress, show_written
    from informality.study import Workspace

    workspace = Workspace.find(data)
    with progress() as tell:
        written = run_study(
            study, workspace, force=force, language=language, engine=engine.value, tell=tell, progress=tell.rows
        )
    show_written(written, workspace.root)


@app.command()
def check(
    survey: Annotated[str, typer.Argument(help="A survey profile (ecu-enemdu) or a study.", show_default=False)],
    data: Data = None,
    wave: Annotated[
        str | None,
        typer.Option(
            "--wave",
            help="Which wave; needed when a profile has several. Of a study all are checked.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check a survey: mistakes, mapping, quality and official figures, and what to do next."""
    from informality.checking import AFTER, check_survey, errors_of, next_step, waves_to_check
    from informality.screens import progress, show_check, show_next
    from informality.study import Workspace

    try:
        with progress() as tell:
            workspace = Workspace.find(data)
            waves = waves_to_check(survey, workspace, wave)
            checks = [check_survey(survey, workspace, one, tell, tell.rows) for one in waves]
        for found in checks:
            show_check(found)
        failures = [failure for found in checks if (failure := errors_of(found))]
        if failures:
            wrong = InformalityError([p for failure in failures for p in failure.problems], failures[0].code)
            wrong.next_step = failures[0].next_step
            raise wrong
        show_next(next_step(checks[-1]))
    except InformalityError as failure:
        failure.next_step = failure.next_step or AFTER.get(failure.code, "")
        raise


Encoding = Annotated[
    str | None, typer.Option("--encoding", help="Of the text, where the file does not say it.", show_default=False)
]
Delimiter = Annotated[
    str | None, typer.Option("--delimiter", help="Between the cells of a table of text (or tab).", show_default=False)
]
Decimal = Annotated[str, typer.Option("--decimal", help="Decimal mark of a table of text.")]
Member = Annotated[
    str | None, typer.Option("--member", help="Which file of a .zip, or data frame of an .rda.", show_default=False)
]
Layout = Annotated[
    Path | None, typer.Option("--layout", help="Where the columns of a fixed-width file stand.", show_default=False)
]


@app.command()
def new(
    files: Annotated[
        list[Path],
        typer.Argument(help="The survey's data file; more are further waves, or joined.", show_default=False),
    ],
    id: Annotated[
        str | None, typer.Option("--id", help="Name of the profile; otherwise that of the file.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write it; otherwise analysis/surveys.", show_default=False)
    ] = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = ".",
    member: Member = None,
    layout: Layout = None,
) -> None:
    """Start a survey profile: suggestions for every variable, with reasons and counts."""
    from informality.screens import progress, show_started
    from informality.study import Workspace
    from informality.survey.suggesting.starting import start

    how = _how(encoding, delimiter, decimal, member, layout)
    with progress() as tell:
        started = start(files, Workspace.find().folder("surveys"), id, out, tell, tell.rows, **how)
    show_started(started)


@app.command()
def codebook(
    file: Annotated[Path, typer.Argument(help="A survey's data file.", show_default=False)],
    find: Annotated[
        str | None, typer.Option("--find", help="List the variables with these words here.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where to write the page; otherwise in this folder.", show_default=False),
    ] = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = ".",
    member: Member = None,
    layout: Layout = None,
) -> None:
    """Show the variables of a data file: as one searchable page, or those with some words here."""
    from informality.screens import progress, show_codebook, show_variables
    from informality.survey.suggesting.codebook import matching, short_list, write_page
    from informality.survey.suggesting.facts import look_at

    how = _how(encoding, delimiter, decimal, member, layout)
    with progress() as tell:
        tell(f"looking at {file.name}")
        facts = look_at(file, tell.rows, **how)
    if find is not None:
        show_variables(short_list(matching(facts, find)), len(facts.columns), find)
    if find is None or out is not None:
        path = out or Path(f"{file.name.split('.')[0]}-codebook.html")
        write_page(facts, path)
        show_codebook(path, len(facts.columns))


def _how(
    encoding: str | None, delimiter: str | None, decimal: str, member: str | None, layout: Path | None
) -> dict[str, Any]:
    """How the files are written, as the reader wants it."""
    mark = "\t" if delimiter == "tab" else delimiter
    return {"encoding": encoding, "delimiter": mark, "decimal": decimal, "member": member, "layout": layout}


@app.command()
def table(
    study: StudyName,
    of: Annotated[str, typer.Option("--of", help="Indicator, or an outcome such as informal.", show_default=False)],
    by: Annotated[str, typer.Option("--by", help="Up to three variables, separated by commas.")] = "",
    definition: Annotated[
        str | None, typer.Option("--definition", help="Instead of the study's main one.", show_default=False)
    ] = None,
    wave: Wave = None,
    format: Annotated[
        Format, typer.Option("--format", help="For the screen, for a memo, for a program.")
    ] = Format.text,
) -> None:
    """Show one table of a study that has been run."""
    from informality.asking import one_table
    from informality.screens import show_table
    from informality.study import Workspace

    show_table(
        one_table(study, Workspace.find(), of, [b.strip() for b in by.split(",") if b.strip()], definition, wave),
        format.value,
    )


@app.command()
def query(
    study: StudyName,
    words: Annotated[
        list[str] | None,
        typer.Argument(help='What you want to know: "informal share, women, rural".', show_default=False),
    ] = None,
    of: Annotated[str, typer.Option("--of", help="A figure by its identifier.", show_default=False)] = "",
    by: Annotated[str, typer.Option("--by", help="Variables, separated by commas.", show_default=False)] = "",
    where: Annotated[
        list[str] | None, typer.Option("--where", help="A level, as sex=female; may be repeated.", show_default=False)
    ] = None,
    wave: Annotated[str, typer.Option("--wave", help="One wave.", show_default=False)] = "",
    definition: Annotated[
        str, typer.Option("--definition", help="Instead of the study's main one.", show_default=False)
    ] = "",
    sql: Annotated[str, typer.Option("--sql", help="One SELECT over the store instead.", show_default=False)] = "",
    format: Annotated[Reply, typer.Option("--format", help="For the screen, for a memo, for a program.")] = Reply.text,
) -> None:
    """Look up published figures of a study that has been run, in plain words, by filters or in SQL."""
    from informality.querying import ask, run_sql
    from informality.screens import show_reply
    from informality.study import Workspace

    if sql:
        reply = run_sql(study, Workspace.find(), sql)
    else:
        names = [b.strip() for b in by.split(",") if b.strip()]
        question = " ".join(words or [])
        reply = ask(
            study, Workspace.find(), question, of=of, by=names, where=where or [], wave=wave, definition=definition
        )
    show_reply(reply, format.value)


@app.command()
def serve(
    study: StudyName,
    port: Annotated[int, typer.Option("--port", min=1024, max=65535, help="On 127.0.0.1, this machine alone.")] = 8001,
) -> None:
    """Look figures up in the browser: the store of a study in Datasette, which only reads and answers this machine alone."""
    from informality.screens import show_text
    from informality.serving import HOST, application, prepare, run_server
    from informality.study import Workspace

    app_ = application(prepare(study, Workspace.find(), port))
    show_text(f"http://{HOST}:{port} (Ctrl+C ends it)")
    run_server(app_, port)


@app.command()
def diff(
    before: Annotated[
        str, typer.Argument(help="A study that has been run, or a folder kept from a run.", show_default=False)
    ],
    after: Annotated[str, typer.Argument(help="The run to hold against it.", show_default=False)],
    page: Annotated[
        Path | None, typer.Option("--page", help="Also write it as a page for the workshop.", show_default=False)
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", help="For the screen, for a memo, for a program.")
    ] = Format.text,
) -> None:
    """Show which published numbers changed between two runs, by how much of their error, and what was changed."""
    from informality.differing import compare_runs, page_of_difference, table_of_difference
    from informality.foundation.provenance import write_atomically
    from informality.publication.table import Labels
    from informality.screens import show_table
    from informality.study import Workspace

    made = table_of_difference(compare_runs(before, after, Workspace.find()), Labels())
    if page is not None:
        text = page_of_difference(made)
        write_atomically(page, lambda new: new.write_text(text, encoding="utf-8", newline="\n"))
    show_table(made, format.value)


@app.command()
def verify(study: StudyName, data: Data = None) -> None:
    """Recompute hashes and official figures of a study that has been run: does everything still hold?"""
    from informality.auditing import failure_of
    from informality.auditing import verify as verified
    from informality.screens import progress, show_verdicts
    from informality.study import Workspace

    with progress() as tell:
        found = verified(study, Workspace.find(data), tell)
    show_verdicts(found)
    if failure := failure_of(found):
        raise failure


@app.command()
def explain(
    study: StudyName,
    person: Annotated[
        str, typer.Option("--person", help="Person identifier, as in workers.parquet.", show_default=False)
    ],
    definition: Annotated[
        str | None, typer.Option("--definition", help="Instead of all of the study.", show_default=False)
    ] = None,
    wave: Wave = None,
) -> None:
    """Say why a worker is formal or informal, rule by rule."""
    from informality.asking import why
    from informality.screens import show_reasons
    from informality.study import Workspace

    show_reasons(why(study, Workspace.find(), person, definition, wave))


@app.command()
def definition(
    name: Annotated[
        str | None, typer.Argument(help="A definition; without one, all are listed.", show_default=False)
    ] = None,
    form: Annotated[
        Form, typer.Option("--as", help="Rules in tables, for a memo, flow chart, query, worked examples.")
    ] = Form.table,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", help="An option, as size_threshold=5; may be repeated.", show_default=False),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option("--study", help="With the options of this study, and what its survey asked.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to this file instead of the screen.", show_default=False)
    ] = None,
) -> None:
    """Print a definition: what it rests on, its rules, a flow chart, SQL, or worked examples."""
    from informality.describing import all_definitions, choose, printed, save, supposed_words
    from informality.screens import say_note, screen_width, show_text
    from informality.study import Workspace

    workspace = Workspace.find()
    if name is None:
        text, note = all_definitions(workspace, screen_width()), ""
    else:
        chosen = choose(name, workspace, options or [], study, strict=form is Form.sql)
        width = 100 if out else screen_width()
        text, note = printed(chosen, form.value, width), supposed_words(chosen)
    if out:
        save(text, out)
    else:
        show_text(text)
    if note:
        say_note(note)


Definition = Annotated[
    str | None, typer.Option("--definition", help="Instead of all of the study.", show_default=False)
]
Shown = Annotated[Format, typer.Option("--format", help="For the screen, for a memo, for a program.")]


@app.command()
def compare(
    study: StudyName,
    definitions: Annotated[
        str, typer.Option("--definitions", help="Two or more, separated by commas; otherwise each with the main one.")
    ] = "",
    format: Shown = Format.text,
) -> None:
    """Compare definitions on one file: the rates, who flows where, and which rules move whom."""
    from informality.asking import compared
    from informality.screens import show_tables
    from informality.study import Workspace

    named = [d.strip() for d in definitions.split(",") if d.strip()]
    show_tables(compared(study, Workspace.find(), named), format.value)


@app.command()
def bounds(study: StudyName, definition: Definition = None, format: Shown = Format.text) -> None:
    """Show the lowest and the highest rate that the missing answers allow."""
    from informality import asking
    from informality.screens import show_tables
    from informality.study import Workspace

    show_tables(asking.bounds(study, Workspace.find(), definition), format.value)


@app.command()
def sensitivity(study: StudyName, definition: Definition = None, format: Shown = Format.text) -> None:
    """Show what each option of a definition changes."""
    from informality import asking
    from informality.screens import show_tables
    from informality.study import Workspace

    show_tables(asking.sensitivity(study, Workspace.find(), definition), format.value)


scenario_app = typer.Typer(no_args_is_help=True, help="List, begin and check coverage scenarios.")
app.add_typer(scenario_app, name="scenario")


@scenario_app.command("list")
def scenario_list() -> None:
    """List the scenarios of this project and of the library."""
    from informality.drafting import listed
    from informality.screens import show_scenarios
    from informality.study import Workspace

    show_scenarios(listed(Workspace.find()))


@scenario_app.command("new")
def scenario_new(
    name: Annotated[str, typer.Argument(help="Small letters, digits and hyphens.", show_default=False)],
) -> None:
    """Begin a scenario: copy the template into analysis/scenarios, to be filled in."""
    from informality.drafting import new_scenario
    from informality.screens import show_new
    from informality.study import Workspace

    workspace = Workspace.find()
    show_new(new_scenario(name, workspace), workspace.root)


@scenario_app.command("check")
def scenario_check(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario, or the path of its file.", show_default=False)],
    study: Annotated[
        str | None, typer.Option("--study", help="Whose choices and definition it is checked with.", show_default=False)
    ] = None,
) -> None:
    """Check a scenario: every mistake with its line and what to do; or what it says, in words."""
    from informality.drafting import check_scenario
    from informality.screens import show_checked
    from informality.study import Workspace

    show_checked(check_scenario(scenario, Workspace.find(), study))


def main() -> None:
    """Run the command line; everything a user can cause ends in words and an exit code, never a traceback."""
    # Before numpy is imported: matrices here are small, and threads that wait for each other over them cost a third of a run.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        if app(standalone_mode=False) == ExitCode.INTERRUPTED:  # newer versions of typer return it
            raise KeyboardInterrupt
    except InformalityError as failure:
        from informality.screens import show_problems

        show_problems(failure)
        sys.exit(int(failure.code))
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        print("Stopped. Nothing half-written was left.", file=sys.stderr)
        sys.exit(int(ExitCode.INTERRUPTED))
    except ClickException as failure:
        failure.show()
        sys.exit(int(ExitCode.USAGE))
    except Exception:
        print("This is a fault of the program, not yours. Please report it with these lines:", file=sys.stderr)
        raise
