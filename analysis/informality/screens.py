"""What the terminal shows: progress, problems, lists of files, checks, tables and reasons."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid
from rich.text import Text

from informality.foundation.errors import InformalityError, Problem

if TYPE_CHECKING:
    from informality.asking import Why
    from informality.checking import Check
    from informality.pipeline import Written
    from informality.publication.table import Table

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
VERDICT = {"reproduced": "green", "not reproduced": "bold red", "not comparable": "yellow"}


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Say what is being done: a spinner in a terminal, one line per step elsewhere."""
    if not err.is_terminal:
        yield lambda text: err.print(f"… {text}")
        return
    with err.status("starting", spinner="dots") as status:

        def tell(text: str) -> None:
            status.update(f"{text} …")

        yield tell


def show_problems(failure: InformalityError) -> None:
    """All problems, then what was not done and the exit code."""
    for problem in failure.problems:
        _problem(problem, err)
    count = len(failure.problems)
    err.print(
        f"\n[bold]{count} {'problem' if count == 1 else 'problems'}.[/] Nothing was written. (exit {int(failure.code)})"
    )


def _problem(problem: Problem, console: Console) -> None:
    style = "bold red" if problem.severity == "error" else "bold yellow"
    console.print(Text.assemble((problem.place, style), ": ", problem.what), soft_wrap=False)
    for name, text in (("found", problem.found), ("fix", problem.fix)):
        if text:
            grid = Grid.grid(padding=(0, 2, 0, 0))
            grid.add_column(width=7)
            grid.add_column(overflow="fold")
            grid.add_row(Text("  " + name, style="dim"), Text(text))
            console.print(grid)


def show_written(written: Sequence[Written], root: Path) -> None:
    """The closing list: every file, what it is, and whether this run made it."""
    made = sum(w.made for w in written)
    out.print(
        f"[bold]{made} of {len(written)} files written[/]"
        if made
        else "[bold]Nothing has changed; everything stands.[/]"
    )
    for item in written:
        mark = "[green]✓ new[/] " if item.made else "[dim]· as is[/]"
        out.print(f"{mark} {escape(_short(item.path, root))}", soft_wrap=True)
        out.print(f"        [dim]{escape(item.meaning)}[/]", soft_wrap=True)


def _short(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def show_check(found: Check) -> None:
    """Rows, mapping, quality and official figures of a survey on one screen."""
    spec = found.profile.spec
    out.print(f"[bold]{escape(spec.title)}[/], {escape(spec.waves[found.wave].title)}")
    if spec.made_up:
        out.print(f"[bold yellow]{escape(spec.made_up)}[/]")
    out.print(f"[dim]{escape(str(found.raw))}[/]", soft_wrap=True)
    out.print("\n[bold]Rows[/]")
    grid = Grid.grid(padding=(0, 2, 0, 2))
    grid.add_column(justify="right")
    grid.add_column()
    for row in found.accounting.itertuples():
        grid.add_row(f"{row.rows:,}", escape(str(row.what)))
    out.print(grid)
    out.print(
        f"\n[bold]Variables[/]\n  {found.asked} measured; not asked: {', '.join(found.not_asked) or 'none'}"
    )
    out.print(f"\n[bold]Quality[/]  {len(found.quality) or 'no'} remarks")
    for problem in found.quality:
        _problem(problem, out)
    out.print("\n[bold]Official figures[/]")
    grid = Grid(box=None, padding=(0, 1), show_edge=False)
    for name in ("figure", "official", "ours"):
        grid.add_column(
            name, justify="left" if name == "figure" else "right", header_style="dim", overflow="fold"
        )
    grid.add_column("verdict", header_style="dim")
    for row in found.benchmarks.itertuples():
        grid.add_row(
            escape(str(row.title)),
            _amount(row.official, row.unit),
            _amount(row.ours, row.unit),
            f"[{VERDICT[row.verdict]}]{row.verdict}[/]",
        )
    out.print(grid if len(found.benchmarks) else "  none in the profile")


def _amount(value: float, unit: str) -> str:
    if value != value:
        return "–"
    return f"{value:.2%}" if unit == "share" else f"{value:,.0f}"


def show_table(table: Table, format: str) -> None:
    """One table as text, Markdown or CSV, on standard output."""
    from informality.publication.table import to_csv, to_markdown

    sys.stdout.write(to_csv(table) if format == "csv" else to_markdown(table))


def show_reasons(found: Why) -> None:
    """Why a worker is formal or informal: the facts, then each step with the rule that decided it."""
    out.print(f"[bold]Person {escape(found.person)}[/]")
    if found.made_up:
        out.print(f"[bold yellow]{escape(found.made_up)}[/]")
    out.print("  " + escape("; ".join(f"{title}: {value}" for title, value in found.facts)))
    for title, reasons in found.reasons:
        out.print(f"\n[bold]{escape(title)}[/]")
        if not reasons:
            out.print("  does not apply: this person is not employed")
        for reason in reasons:
            out.print(f"  {escape(reason.title)}: [bold]{escape(reason.outcome_label)}[/]")
            if not reason.tried:
                continue
            decided = reason.tried[-1]
            because = (
                f"rule {decided.rule}"
                + (f", {decided.why}" if decided.why else "")
                + (f" ({decided.cite})" if decided.cite else "")
            )
            out.print(f"    because {escape(because)}" + (" [yellow]— assumed[/]" if decided.assumed else ""))
            for name, value in reason.facts:
                label = found.schema[name].spec.title if name in found.schema.variables else name
                question = f"  [dim]{escape(found.questions[name])}[/]" if name in found.questions else ""
                out.print(f"      {escape(label)}: {escape(value)}{question}")
            passed = [
                f"{t.rule} ({', '.join(dict.fromkeys(u[0] for u in t.unmet))})" for t in reason.tried[:-1]
            ]
            if passed:
                out.print(f"      [dim]did not fit: {escape('; '.join(passed))}[/]")
