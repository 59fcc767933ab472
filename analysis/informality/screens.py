"""What the terminal shows: progress, problems, lists of files, checks, tables and reasons."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TaskID, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Table as Grid
from rich.text import Text

from informality.foundation.errors import InformalityError, Problem
from informality.foundation.grammar import NOT_APPLICABLE, NOT_ASKED

if TYPE_CHECKING:
    from informality.asking import Why
    from informality.auditing import Verdict
    from informality.checking import Check
    from informality.drafting import Checked, Listed
    from informality.pipeline.artefacts import Written
    from informality.publication.table import Column, Table
    from informality.querying import Reply
    from informality.survey.quality import Quality
    from informality.survey.suggesting.starting import Started

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
VERDICT = {"reproduced": "green", "not reproduced": "bold red", "not comparable": "yellow"}


class Telling:
    """Says what is being done, and how much of a file is read: a line per step, or a spinner with a bar."""

    def __init__(self, bars: Progress | None) -> None:
        self.bars = bars
        self.task = bars.add_task("starting …", total=None, amount="", bar=False) if bars else TaskID(0)

    def __call__(self, text: str) -> None:
        """Say what is done from now on."""
        if self.bars is None:
            err.print(f"… {text}")
        else:
            self.bars.update(self.task, description=f"{escape(text)} …", amount="", bar=False)

    def rows(self, name: str, done: int, total: int | None) -> None:
        """Show how many rows of a file are read; without a terminal nothing is said of it."""
        if self.bars is not None:
            amount = f"{done:,}{f' of {total:,}' if total else ''} rows of {escape(name)}"
            more = (total or done) + 1  # never quite done: what follows belongs to the same step
            self.bars.update(self.task, completed=done, total=more, amount=amount, bar=bool(total))


class _Bar(BarColumn):
    """A bar while it is known how much there is, else nothing."""

    def render(self, task: Task) -> ProgressBar:
        return super().render(task) if task.fields["bar"] else Text("")  # type: ignore[return-value]


@contextmanager
def progress() -> Iterator[Telling]:
    """Say what is being done: in a terminal a spinner, and a bar while a file is read; one line per step elsewhere."""
    if not err.is_terminal:
        yield Telling(None)
        return
    text = "[progress.description]{task.description}"
    columns = (SpinnerColumn("dots"), TextColumn(text), _Bar(16), TextColumn("{task.fields[amount]}", style="dim"))
    with Progress(*columns, console=err, transient=True) as bars:
        yield Telling(bars)


def _say(console: Console, text: Text | str, head: str = "", style: str = "") -> None:
    """Text folded between words, its later lines as far in as the first; paths stay whole, so they can be copied."""
    body = Text.from_markup(text) if isinstance(text, str) else text
    room = max(console.width - cell_len(head), 20)
    breaks, used = [], 0
    for word in re.finditer(r"\S+\s*", body.plain):
        if used and used + cell_len(word.group().rstrip()) > room:
            breaks.append(word.start())
            used = 0
        used += cell_len(word.group())
    for line in body.divide(breaks):
        line.rstrip()
        console.print(Text.assemble((head, style), line), soft_wrap=True)
        head = " " * cell_len(head)


def screen_width() -> int:
    """Columns of the screen, or 100 where the output goes elsewhere."""
    return out.width if out.is_terminal else 100


def show_text(text: str) -> None:
    """Text as it stands, without folding."""
    out.file.write(text)


def say_note(text: str) -> None:
    """A remark beside the output, so that a file the output goes to does not hold it."""
    _say(err, Text(text, style="yellow"))


def show_problems(failure: InformalityError) -> None:
    """All problems, then what was not done and the exit code."""
    for problem in failure.problems:
        _problem(problem, err)
    count = len(failure.problems)
    err.print()
    _say(
        err,
        f"[bold]{count} {'problem' if count == 1 else 'problems'}.[/] Nothing was written. (exit {int(failure.code)})",
    )
    if failure.next_step:
        show_next(failure.next_step, err)


def _problem(problem: Problem, console: Console) -> None:
    style = "bold red" if problem.severity == "error" else "bold yellow"
    _say(console, Text.assemble((problem.place, style), ": ", problem.what))
    if problem.found:
        _say(console, Text(problem.found), "  found  ", "dim")
    if problem.fix:
        _say(console, Text(problem.fix), "  fix    ", "dim")


def show_written(written: Sequence[Written], root: Path) -> None:
    """The closing list: every file, what it is, and whether this run made it."""
    made = sum(w.made for w in written)
    out.print(
        f"[bold]{made} of {len(written)} files written[/]"
        if made
        else "[bold]Nothing has changed; everything stands.[/]"
    )
    for item in written:
        mark, style = ("✓ new    ", "green") if item.made else ("· as is  ", "dim")
        _say(out, Text(_short(item.path, root)), mark, style)
        _say(out, Text(item.meaning, style="dim"), " " * len(mark))


def _short(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def show_check(found: Check) -> None:
    """Rows, mapping, quality and official figures of a survey on one screen."""
    spec = found.profile.spec
    _say(out, f"[bold]{escape(spec.title)}[/], {escape(spec.waves[found.wave].title)}")
    if notice := found.profile.notice(found.wave):
        _say(out, Text(notice, style="bold yellow"))
    _say(out, Text(found.file, style="dim"))
    out.print("\n[bold]Rows[/]")
    for row in found.accounting.itertuples():
        _say(out, Text(str(row.what)), f"{row.rows:>11,}  ")
    out.print("\n[bold]Variables[/]")
    _say(out, Text(f"{found.asked} measured; not asked: {', '.join(found.not_asked) or 'none'}"), "  ")
    for text in found.left_open:
        _say(out, Text(text, style="yellow"), "  ")
    _show_quality(found.quality)
    out.print("\n[bold]Official figures[/]")
    grid = Grid(box=None, padding=(0, 1), show_edge=False)
    for name in ("figure", "official", "ours"):
        grid.add_column(name, justify="left" if name == "figure" else "right", header_style="dim")
    grid.add_column("verdict", header_style="dim")
    for row in found.benchmarks.itertuples():
        grid.add_row(
            escape(str(row.title)),
            _amount(row.official, row.unit),
            _amount(row.ours, row.unit),
            f"[{VERDICT[row.verdict]}]{row.verdict}[/]",
        )
    if len(found.benchmarks):
        out.print(grid)
    else:
        _say(out, Text(f"none: {spec.no_benchmarks}" if spec.no_benchmarks else "none in the profile"), "  ")
    if len(found.comparisons):
        out.print("\n[bold]Published elsewhere, beside ours[/]")
    for row in found.comparisons.itertuples():
        ours, official = _amount(row.ours, row.unit), _amount(row.official, row.unit)
        gap = (
            f", {100 * row.difference:+.2f} points" if row.unit == "share" and row.difference == row.difference else ""
        )
        _say(out, Text(f"{row.title}: published {official}, ours {ours}{gap}"), "  ")
        _say(out, Text(row.why, style="dim"), "    ")


def show_started(found: Started) -> None:
    """A profile that was begun, and what to do with it."""
    _say(out, Text(str(found.path)), "✓ new    ", "green")
    count = f"{found.open} places say TODO, {found.suggested} suggestions say CONFIRM"
    _say(out, Text(f"an unfinished survey profile: {count}", style="dim"), "         ")
    show_next(
        f"open it, fill the TODO places, then run: informality check {found.path if found.path.suffix else found.id}"
    )


def show_variables(found: Sequence[tuple[str, str, str, str]], of: int, words: str) -> None:
    """The variables of a file that fit some words: name, kind, label, answers."""
    for name, kind, label, answers in found:
        _say(out, Text.assemble((name, "bold"), "  ", label or ("no label", "dim")))
        _say(out, Text.assemble((kind, "dim"), f"; {answers}" if answers else ""), "    ")
    out.print(f"\n[bold]{len(found)}[/] of {of:,} variables fit “{escape(words)}”")


def show_codebook(path: Path, variables: int) -> None:
    """The page that was written."""
    _say(out, Text(str(path)), "✓ new    ", "green")
    _say(out, Text(f"the codebook, {variables:,} variables, one page that opens anywhere", style="dim"), "         ")


def show_next(text: str, console: Console | None = None) -> None:
    """What to do next: the last line of a check, on standard output unless it failed."""
    console = console or out
    console.print()
    _say(console, Text(text), "Next step: ", "bold")


SEVERITY = {"error": ("✖ error  ", "bold red"), "warning": ("▲ warning", "bold yellow"), "note": ("○ note   ", "dim")}


def _show_quality(quality: Quality) -> None:
    """Counts first, then what was measured, then the findings by part of the checks, worst first."""
    from informality.survey.quality import read_quality_rules

    count = quality.counts()
    words = ", ".join(f"{n} {level if n == 1 else level + 's'}" for level, n in count.items())
    _say(out, Text.assemble("\n", ("Quality", "bold"), f"  {words} from {quality.made} checks"))
    wide = max((cell_len(what) for what, _ in quality.facts), default=0)
    for what, value in quality.facts:
        _say(out, Text(value), f"  {what:<{wide}}  ", "dim")
    found = quality.sorted()
    for block, title in read_quality_rules().blocks.items():
        here = [f for f in found if f.block == block]
        if here:
            out.print(f"\n  [bold]{escape(title)}[/]")
        for finding in here:
            mark, style = SEVERITY[finding.severity]
            _say(out, Text(finding.what), f"  {mark}  ", style)
            if finding.found:
                _say(out, Text(finding.found, style="dim"), " " * 13)
            if finding.severity != "note":
                _say(out, Text(f"{finding.fix} ({finding.place})", style="dim"), "           → ", "dim")
    if quality.not_made:
        _say(out, Text("; ".join(f"{check} ({why})" for check, why in quality.not_made)), "\n  Not checked  ", "dim")


def _amount(value: float, unit: str) -> str:
    if value != value:
        return "–"
    return f"{value:.2%}" if unit == "share" else f"{value:,.0f}"


def show_table(table: Table, format: str) -> None:
    """One table on standard output: for the screen (``text``), as Markdown (``md``) or as CSV."""
    from informality.publication.table import shown, to_csv, to_markdown

    if format != "text":
        sys.stdout.write(to_csv(table) if format == "csv" else to_markdown(table))
        return
    grid = Grid(box=SIMPLE_HEAD, padding=(0, 1), show_edge=False, pad_edge=False)
    heads, notes = _short_heads(table.columns)
    for head, column in zip(heads, table.columns, strict=True):
        grid.add_column(escape(head), justify=column.align)
    for group in table.groups:
        if group.label:
            grid.add_row(f"[bold]{escape(group.label)}[/]")
        for row in group.rows:
            cells = [f"{shown(c, col)} {c.flag}".strip() for c, col in zip(row, table.columns, strict=True)]
            label = Padding(escape(cells[0]), (0, 0, 0, 2 if group.label else 0))
            grid.add_row(label, *map(escape, cells[1:]))
    if table.title:
        _say(out, Text(table.title, style="bold"))
        out.print()
    if table.groups:
        out.print(grid)
    for note in filter(None, (*notes, *table.notes, table.source)):
        out.print()
        _say(out, Text(note, style="dim"))


def show_reply(reply: Reply, format: str) -> None:
    """The answer to a question, how it was understood, and what comes near when there is none."""
    from informality.querying import as_table

    if format == "json":
        rows = json.loads(reply.rows.to_json(orient="records", force_ascii=False))
        answer = {"understood": reply.understood, "rows": rows, "near": reply.near, "source": reply.source}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
    elif len(reply.rows) or format == "csv":
        show_table(as_table(reply), format)
    else:
        out.print("[bold]Nothing is published for this.[/]")
        for line in reply.understood:
            _say(out, Text(line), "  ")
        if reply.near:
            _say(out, Text("; ".join(reply.near)), "  published by  ", "dim")


def show_tables(tables: Sequence[Table], format: str) -> None:
    """Several tables, one below the other, an empty line between them."""
    for i, table in enumerate(tables):
        if i:
            sys.stdout.write("\n")
            sys.stdout.flush()
        show_table(table, format)


def show_verdicts(found: Sequence[Verdict]) -> None:
    """What was recomputed, and whether it holds."""
    for verdict in found:
        mark, style = ("✓ ", "green") if verdict.holds else ("✗ ", "bold red")
        _say(out, Text(verdict.what), mark, style)
        _say(out, Text(verdict.evidence, style="dim"), "  ")
    held = sum(v.holds for v in found)
    out.print(f"\n[bold]{held} of {len(found)} hold.[/]")


def _short_heads(columns: Sequence[Column]) -> tuple[list[str], list[str]]:
    """Heads without their spanners, which become notes, where that leaves no two heads alike."""
    labels = [c.label for c in columns]
    if len(set(labels)) < len(labels):
        return ["\n".join(filter(None, (*c.spanner, c.label))) for c in columns], []
    spanned: dict[str, list[str]] = {}
    for column in columns:
        if column.spanner:
            spanned.setdefault(", ".join(column.spanner), []).append(column.label)
    return labels, [f"{', '.join(below)}: {spanner}." for spanner, below in spanned.items()]


def show_reasons(found: Why) -> None:
    """Why a worker is formal or informal: the facts, then each step with the rule that decided it."""
    out.print(f"[bold]Person {escape(found.person)}[/]")
    if found.made_up:
        _say(out, Text(found.made_up, style="bold yellow"))
    _say(out, Text("; ".join(f"{title}: {value}" for title, value in found.facts)), "  ")
    for title, reasons in found.reasons:
        out.print()
        _say(out, Text(title, style="bold"))
        if not reasons:
            out.print("  does not apply: this person is not employed")
        titles = {reason.step: reason.title for reason in reasons}
        for reason in reasons:
            _say(out, f"{escape(reason.title)}: [bold]{escape(reason.outcome_label)}[/]", "  ")
            if not reason.tried:
                continue
            decided = reason.tried[-1]
            because = f"rule {decided.rule}" + (f": {decided.why}" if decided.why else "")
            because += f" ({decided.cite})" if decided.cite else ""
            _say(out, escape(because) + (" [yellow]— assumed[/]" if decided.assumed else ""), "    because  ", "dim")
            for name, value in reason.facts:
                label = found.schema[name].spec.title if name in found.schema.variables else titles.get(name, name)
                _say(out, f"{escape(label)}: {escape(value)}", "             ")
                never_put = {found.schema.missing[word] for word in (NOT_ASKED, NOT_APPLICABLE)}
                if name in found.questions and value not in never_put:
                    _say(out, Text(f"asked: {found.questions[name]}", style="dim"), "               ")
            passed = [f"{t.rule} ({', '.join(dict.fromkeys(u[0] for u in t.unmet))})" for t in reason.tried[:-1]]
            if passed:
                _say(out, Text("; ".join(passed), style="dim"), "    did not fit  ", "dim")


def show_scenarios(found: Sequence[Listed]) -> None:
    """Scenarios by baseline; those of the project first."""
    for baseline in sorted({one.baseline for one in found}):
        out.print(Text(f"of baseline {baseline}" if baseline else "cannot be read", style="bold"))
        for one in sorted((f for f in found if f.baseline == baseline), key=lambda f: (not f.own, f.name)):
            own = " [dim](this project's)[/dim]" if one.own else ""
            _say(out, f"{escape(one.title or one.mistake)}{own}", f"  {one.name:<16} ")


def show_new(path: Path, root: Path) -> None:
    """Where a new scenario stands, and what to do next."""
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    _say(out, escape(str(shown)), "✓ new    ", "green")
    _say(out, f"fill it in, then: informality scenario check {path.stem}", "  next   ")


def show_checked(found: Checked) -> None:
    """A scenario in words."""
    out.print(Text(f"{found.name}: {found.title}", style="bold"))
    facts = [
        ("baseline", f"{found.baseline} ({found.country}, {found.years})"),
        ("builds on", ", ".join(found.builds_on)),
    ]
    facts += [("lever", lever) for lever in found.levers] + [("expects", e) for e in found.expects]
    facts += [("drawn", f"{found.uncertain} numbers within their ranges")]
    for name, words in facts:
        if words:
            _say(out, escape(words), f"  {name:<10} ")
    out.print(Text("✓ no mistake found", style="green"))
