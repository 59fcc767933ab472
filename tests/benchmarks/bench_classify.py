"""How long it takes to classify a million workers: ``python tests/benchmarks/bench_classify.py``.

Prints seconds for each shipped definition beside a hand-written chain of numpy comparisons for the first
step of the 17th ICLS rule, in the same run. Not collected by pytest: timings are no tests.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from informality.classification.classify import classify
from informality.classification.definition import read_definition
from informality.foundation.grammar import MISSING, REASON
from informality.foundation.library import find
from informality.foundation.schema import read_schema

N = 1_000_000


def main() -> None:
    schema, random = read_schema(), np.random.default_rng(1)
    definitions = [read_definition(find("definitions", n), schema) for n in ("ilo-17icls", "lao-lfs2017", "ecu-sector")]
    columns: dict[str, object] = {}
    for name in dict.fromkeys(n for d in definitions for n in d.variables()):
        if schema[name].spec.kind == "category":
            categories = schema[name].grammar.categories
            codes = random.integers(0, len(categories), N)
            columns[name] = pd.Categorical.from_codes(codes, categories=categories)
        else:
            values = np.where(random.random(N) < 0.3, np.nan, random.integers(1, 20, N))
            columns[name] = values
            reason = np.where(np.isnan(values), random.integers(0, 3, N), -1)
            columns[name + REASON] = pd.Categorical.from_codes(reason, categories=MISSING)
    frame = pd.DataFrame(columns)
    frame["worker"] = pd.Categorical(["yes"] * N, categories=schema["worker"].grammar.categories)

    def best(call: object) -> float:
        times = []
        for _ in range(5):
            started = time.perf_counter()
            call()  # type: ignore[operator]
            times.append(time.perf_counter() - started)
        return min(times)

    def by_hand() -> np.ndarray:
        sector, books, registered = frame["institution"], frame["books"], frame["registered"]
        formal = sector.isin(["government", "public_enterprise", "corporation", "npish", "international"])
        household = (sector == "household") | (frame["destination"] == "only_own")
        known = (books == "complete") | (registered == "yes")
        return np.select(
            [formal, household, known, registered.isin(["no", "in_process", "local", "unknown"])], [0, 1, 0, 2], 3
        )

    hand = best(by_hand)
    print(f"{N:,} workers; one step written by hand in numpy: {hand:.2f} s")
    for definition in definitions:
        seconds = best(lambda d=definition: classify(frame, d, schema.grammar))
        print(
            f"{definition.id:14} {len(definition.steps)} steps, outcomes and rules: {seconds:.2f} s ({seconds / hand:.1f} x)"
        )


if __name__ == "__main__":
    main()
