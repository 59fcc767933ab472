"""The command line. Heavy imports stand inside the commands, so that ``--help`` is instant."""

from __future__ import annotations

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
) -> None:
    """Run a study: read, harmonise, classify, estimate, and write the report."""
    from informality.pipeline import run_study
    from informality.screens import progress, show_written
    from informality.study import Workspace

    workspace = Workspace.find(data)
    with progress() as tell:
        written = run_study(study, workspace, force=force, tell=tell, progress=tell.rows)
    show_written(written, workspace.root)


@app.command()
def check(
    survey: Annotated[str, typer.Argument(help="A survey profile (ecu-enemdu) or a study.", show_default=False)],
    data: Data = None,
    wave: Annotated[
        str | None, typer.Option("--wave", help="Which wave; needed when a profile has several.", show_default=False)
    ] = None,
) -> None:
    """Check a survey: mistakes, mapping, quality and official figures, and what to do next."""
    from informality.checking import AFTER, check_survey, next_step
    from informality.screens import progress, show_check, show_next
    from informality.study import Workspace

    try:
        with progress() as tell:
            found = check_survey(survey, Workspace.find(data), wave, tell, tell.rows)
        show_check(found)
        if found.failures:
            raise InformalityError(found.failures, ExitCode.BENCHMARK)
        show_next(next_step(found))
    except InformalityError as failure:
        failure.next_step = AFTER.get(failure.code, "")
        raise


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


def main() -> None:
    """Run the command line; everything a user can cause ends in words and an exit code, never a traceback."""
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
