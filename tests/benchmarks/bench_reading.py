"""Seconds and peak memory of reading a survey of a million rows and 60 columns: all of them, and a profile's dozen.

``python tests/benchmarks/bench_reading.py [rows]``. The columns are those of the shared reference page on speed: 40
labelled categories with a code declared missing, 14 amounts, 4 texts, a date and an identifier. Each reading is made in
a process of its own, so that its peak is its own; the SPSS file is read as one whose hash is not known, by a further process.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from informality.survey.readers import read_raw

DOZEN = [*(f"c{i}" for i in range(8)), "id", "f0", "s0", "day"]


def survey(rows: int) -> pd.DataFrame:
    chance = np.random.default_rng(1)
    data: dict[str, object] = {"id": np.arange(rows, dtype=float)}
    for i in range(40):
        codes = chance.integers(1, 9, rows).astype(float)
        codes[chance.random(rows) < 0.1], codes[chance.random(rows) < 0.02] = np.nan, 99
        data[f"c{i}"] = codes
    data |= {f"f{i}": chance.gamma(2, 1000, rows) for i in range(14)}
    texts = np.array([f"{k:06d}" for k in range(2000)])
    data |= {f"s{i}": texts[chance.integers(0, 2000, rows)] for i in range(4)}
    data["day"] = pd.to_datetime("2021-01-01") + pd.to_timedelta(chance.integers(0, 365, rows), unit="D")
    return pd.DataFrame(data)


def read(path: str, which: str) -> None:
    before, start = peak(resource.RUSAGE_SELF), time.perf_counter()
    raw = read_raw(Path(path), DOZEN if which == "12" else None)
    seconds = time.perf_counter() - start
    held = raw.frame.memory_usage(deep=True).sum() / 1e6
    print(
        f"{Path(path).suffix:9} {which:>3} columns  {seconds:6.1f} s  peak {peak(resource.RUSAGE_SELF):5.0f} MB "
        f"(before {before:3.0f}) + {peak(resource.RUSAGE_CHILDREN):4.0f} MB in the other process; the frame {held:4.0f} MB"
    )


def peak(whose: int) -> float:
    return resource.getrusage(whose).ru_maxrss / 1e3


def write(folder: str, rows: int) -> None:
    made = survey(rows)
    labels = {f"c{i}": {1: "uno", 99: "No sabe"} for i in range(40)}
    ranges = {f"c{i}": [99] for i in range(40)}
    pyreadstat.write_sav(made, f"{folder}/plain.sav", variable_value_labels=labels, missing_ranges=ranges)
    pyreadstat.write_sav(
        made, f"{folder}/whole.zsav", compress=True, variable_value_labels=labels, missing_ranges=ranges
    )
    made.to_csv(f"{folder}/survey.csv", index=False)
    made.to_parquet(f"{folder}/survey.parquet", index=False)


def main(words: list[str]) -> None:
    if words[:1] == ["write"]:
        write(words[1], int(words[2]))
    elif words[:1] == ["read"]:
        read(words[1], words[2])
    else:
        with tempfile.TemporaryDirectory() as folder:

            def apart(*more: str) -> None:  # a process starts with the peak of the one that starts it
                subprocess.run([sys.executable, __file__, *more], check=True)

            apart("write", folder, words[0] if words else "1000000")
            for name in ("plain.sav", "whole.zsav", "survey.csv", "survey.parquet"):
                for which in ("12", "all"):
                    apart("read", f"{folder}/{name}", which)


if __name__ == "__main__":
    main(sys.argv[1:])
