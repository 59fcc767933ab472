"""The whole Lao set: 12 scenarios x 12 years x 500 draws over the made-up survey. Target: 60 s on two cores, below 2 GiB.

Run on purpose: ``python tests/benchmarks/bench_scenarios.py [scale]``. A scale of 2 doubles the persons, which
should double the time.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from informality import steps
from informality.coverage.simulate import simulate, study_of
from informality.inference.sampling.design import Design
from informality.study import Workspace, read_study

REPOSITORY = Path(__file__).parents[2]


def main(scale: int) -> None:
    study = read_study(REPOSITORY / "analysis" / "studies" / "lao-demo.yml")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = steps.raw_file(study.profile, study.spec.wave, Workspace(folder), print, folder)
        survey = steps.read_harmonised(study.profile, study.spec.wave, raw, study.spec.basis)
    workers = steps.classified(study, survey)
    copies = []
    for i in range(scale):
        part = workers.copy()
        for column in ("person_id", "household_id", "psu"):
            part[column] = part[column] + f".{i}"
        part["weight"] = part["weight"] / scale
        copies.append(part)
    workers = pd.concat(copies, ignore_index=True)
    design = Design.from_columns(workers["weight"], workers["stratum"], workers["psu"], "adjust")
    whole = study_of(workers, design, study.schema, definitions=study.definitions, asked=survey.asked)
    start = time.perf_counter()
    for i in range(12):
        began = time.perf_counter()
        outcome = simulate(whole, scenario=f"lao-l{i}", draws=500)
        figure = outcome.members(2035)
        low, high = figure.range()
        print(
            f"lao-l{i}: {figure.value[0]:,.0f} members, {low[0]:,.0f} to {high[0]:,.0f}; {time.perf_counter() - began:.1f} s"
        )
    spent, memory = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cpu = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    print(f"{len(workers):,} persons: {spent:.0f} s (processor time {cpu:.0f} s), {memory:.2f} GiB at most")
    assert np.isfinite(spent)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
