"""Ours against R survey, svy and samplics on the same data, machine and day.

    PYTHONPATH=analysis python tests/benchmarks/bench_against_peers.py --peers PYTHON [--rows 100000 ...]

PYTHON is the interpreter of an environment with `svy` and `samplics`, which are no dependencies of ours; a peer that is not
there is left out, and the output says so. Task 1: the informal share of the employed with its standard error in 18 provinces
x 2 sexes x 8 age bands. Task 2: a logit of informality on 15 covariates with the errors of the design.

Each method runs in a process of its own (`bench_peers.py`, `bench_peers.R`). The methods take turns, so that a busy
minute of the machine is not the bad luck of one; seconds are the best of all runs, memory the highest above the loaded
data. On a busy machine the clock flatters what is short, which may fit between two interruptions; there look at the
seconds of the processor, which count the work of all threads. The comparison is void, and the exit code 2, unless all
give the same numbers. The exit code is 1 where a target at 1 million rows is missed. Alone on a quiet
machine it takes about half an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bench_peers
import numpy as np
from machine import versions

HERE = Path(__file__).parent
TITLES = {
    "shares_kernel": "bare numpy, design prepared",
    "shares_ours": "**informality**, design prepared",
    "shares_svy": "svy, design prepared",
    "shares_R": "R survey, design prepared",
    "shares_ours_columns": "**informality**, from columns",
    "shares_svy_columns": "svy, from a data frame",
    "shares_R_columns": "R survey, from a data frame",
    "shares_samplics": "samplics, from columns",
    "logit_kernel": "bare numpy, design prepared",
    "logit_ours": "**informality**, design prepared",
    "logit_svy": "svy, design prepared",
    "logit_R": "R survey, design prepared",
    "logit_samplics": "samplics, from columns",
}
TASKS = {
    "shares": f"shares with standard errors in {bench_peers.DOMAINS} domains",
    "logit": f"logit with {len(bench_peers.COVARIATES)} covariates",
}
# Relative, for estimates and for standard errors. Sums differ by the order of adding. R and svy stop a logit on its deviance,
# which leaves coefficients right to some 1e-7 and standard errors to some 1e-5 (survey_statistics.md 3.3); with
# samplics and bare numpy, which do not, ours agree to 1e-10.
SAME = {"shares": (1e-9, 1e-9), "logit": (1e-6, 1e-4)}
TARGET_ROWS = 1_000_000
# How many times faster than whom, and how much of their memory at most.
FASTER = [
    ("shares_ours", "shares_R", 200), ("shares_ours", "shares_svy", 40), ("shares_ours_columns", "shares_R_columns", 200),
    ("shares_ours_columns", "shares_svy_columns", 40), ("logit_ours", "logit_R", 15), ("logit_ours", "logit_svy", 2),
]  # fmt: skip
KERNEL, MEMORY = 4, 0.25


@dataclass(slots=True)
class Measured:
    """All runs of one method at one size."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    numbers: Any = None
    version: str = ""

    @property
    def best(self) -> float:
        return min(self.seconds)


def plan(method: str, rows: int) -> tuple[int, int]:
    """Rounds of processes, and runs in each; 0 rounds where it is left out for time."""
    if "samplics" in method:
        return (0, 0) if rows > TARGET_ROWS else (1, 1 if rows == TARGET_ROWS else 2)
    if "_R" in method:
        return (1, 1) if rows > TARGET_ROWS else (3, 1)
    if "svy" in method:
        return (1, 2) if rows > TARGET_ROWS else (3, 2)  # the first run of a process also compiles and imports
    return 5, 3


def command(method: str, peers: Path | None) -> tuple[list[str], str]:
    """How to start a method, and what is missing for it."""
    if "_R" in method:
        rscript = shutil.which("Rscript")
        return [str(rscript), str(HERE / "bench_peers.R")], "" if rscript else "R is not installed"
    if "svy" in method or "samplics" in method:
        return [str(peers), str(HERE / "bench_peers.py")], "" if peers else "no interpreter named with --peers"
    return [sys.executable, str(HERE / "bench_peers.py")], ""


def run(start: list[str], method: str, folder: Path, repeats: int, into: Measured) -> str:
    """Run a method in its process; returns what went wrong."""
    done = subprocess.run([*start, method, str(folder), str(repeats)], capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
    found = json.loads(done.stdout.splitlines()[-1])
    into.seconds += found["seconds"]
    into.processor += found["processor"]
    into.memory.append(found["memory"])
    into.numbers, into.version = np.array(found["numbers"]), found["version"]
    return ""


def compare(task: str, rows: int, folder: Path, peers: Path | None) -> tuple[dict[str, Measured], list[str]]:
    """All methods of a task, taking turns; and why some are missing."""
    methods = [name for name in TITLES if name.startswith(task)]
    results, notes = {name: Measured() for name in methods}, []
    absent: set[str] = set()
    for name in methods:
        missing = command(name, peers)[1] or ("" if plan(name, rows)[0] else "left out for time")
        if missing:
            absent.add(name)
            notes.append(f"{TITLES[name]}: {missing}.")
    for turn in range(max(plan(name, rows)[0] for name in methods)):
        for name in methods:
            rounds, repeats = plan(name, rows)
            if name in absent or turn >= rounds:
                continue
            print(f"  {rows:,} {name} {turn + 1}/{rounds}", file=sys.stderr, flush=True)
            wrong = run(command(name, peers)[0], name, folder, repeats, results[name])
            if wrong:
                absent.add(name)
                notes.append(f"{TITLES[name]}: it failed ({wrong}).")
    return {name: found for name, found in results.items() if found.seconds}, notes


def differences(task: str, found: dict[str, Measured]) -> tuple[float, float]:
    """The largest relative difference of any method from ours: of estimates, and of standard errors."""
    ours = found[f"{task}_ours"].numbers
    relative = [np.abs(other.numbers / ours - 1).reshape(2, -1).max(axis=1) for other in found.values()]
    estimates, errors = np.max(relative, axis=0)
    return float(estimates), float(errors)


def table(task: str, found: dict[str, Measured]) -> Iterator[str]:
    """Lines of a Markdown table."""
    kernel, ours = found[f"{task}_kernel"].best, found[f"{task}_ours"].best
    work = min(found[f"{task}_ours"].processor)
    yield "| | seconds | best of | times bare numpy | times ours | of the processor | times ours | memory, MB |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name, measured in found.items():
        best, processor = measured.best, min(measured.processor)
        yield (
            f"| {TITLES[name]} | {best:.4f} | {len(measured.seconds)} | {best / kernel:,.2f} | {best / ours:,.2f} "
            f"| {processor:.4f} | {processor / work:,.2f} | {max(measured.memory):,.0f} |"
        )


def targets(task: str, found: dict[str, Measured]) -> Iterator[tuple[bool, str]]:
    """Whether each target is met, and the sentence that says so."""
    for mine, theirs, times in FASTER:
        if not (mine.startswith(task) and theirs in found):
            continue
        ratio = found[theirs].best / found[mine].best
        work = min(found[theirs].processor) / min(found[mine].processor)
        yield (
            ratio >= times,
            f"{ratio:,.1f} times faster than {TITLES[theirs]} (at least {times}); processor {work:,.1f}",
        )
        share = max(found[mine].memory) / max(found[theirs].memory)
        yield share < MEMORY, f"{share:.1%} of the memory of {TITLES[theirs]} (below {MEMORY:.0%})"
    if task == "shares":
        ratio = found["shares_ours"].best / found["shares_kernel"].best
        yield ratio <= KERNEL, f"{ratio:.2f} times bare numpy (at most {KERNEL})"


def machine() -> str:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} cores, {pages / 2**30:.0f} GiB"


def main() -> int:
    options = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    options.add_argument("--peers", type=Path, help="Python interpreter that has svy and samplics")
    options.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 5_000_000])
    given = options.parse_args()
    print(f"{versions()}; {machine()}")
    used: set[str] = set()
    void = missed = 0
    for rows in given.rows:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            bench_peers.write(folder, rows)
            for task, title in TASKS.items():
                found, notes = compare(task, rows, folder, given.peers)
                print(f"\n## {rows:,} rows: {title}\n")
                print("\n".join(table(task, found)), end="\n\n")
                estimates, errors = differences(task, found)
                same = estimates <= SAME[task][0] and errors <= SAME[task][1]
                void += not same
                print(f"{'All give the same numbers' if same else 'VOID, the numbers differ'}: largest relative difference "
                      f"{estimates:.1e} for estimates, {errors:.1e} for standard errors.")  # fmt: skip
                print("".join(f"\n* {note}" for note in notes))
                for met, sentence in targets(task, found):
                    aimed = rows == TARGET_ROWS
                    missed += aimed and not met
                    print(f"* {('met: ' if met else 'MISSED: ') if aimed else ''}{sentence}", flush=True)
                used |= {measured.version for measured in found.values()}
    print(f"\nVersions of the others: {', '.join(sorted(used - {f'numpy {np.__version__}'}))}.")
    return 2 if void else int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
