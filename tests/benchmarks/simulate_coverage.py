"""Do the 95 % intervals hold the truth in 95 % of samples? ``python tests/benchmarks/simulate_coverage.py``

Draws samples from a population in which every number is known (``population.py``), estimates each statistic with its
interval as a user of the package would (``known_truths.py``), and counts how often the interval holds the true value.
Beside it stand two intervals that are wrong in the usual ways, from the same samples: with the strata and PSUs
forgotten, and with the weights forgotten, too.

Two surveys: a national one of 360 PSUs, and a small one of 60, which shows what few PSUs do. The exit code is 1 unless in
the national survey every interval lies within the band, and most of the wrong ones below it. 3,000 samples of it: with
1,000, one in thirty correct intervals would seem to cover less than 93.5 or more than 96.5 % by chance alone, with 3,000
one in six thousand. Not collected by pytest: it takes minutes.
"""

from __future__ import annotations

import os

# One thread for each process; must be said before numpy is loaded.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from known_decompositions import DECOMPOSITIONS
from known_truths import PARTS as BASIC_PARTS
from known_truths import Floats
from machine import versions
from population import Plan, Population, Sample, draw, populate

from informality.inference import Design

PARTS = (*BASIC_PARTS, DECOMPOSITIONS)
BAND = (0.935, 0.965)
POPULATION_SEED, SAMPLE_SEED = 2026, 20261127
NATIONAL, SMALL = Plan(regions=18, psus=360, take=15), Plan(regions=3, psus=60, take=15)

# The columns of coverage: what the design is told of the sample.
DESIGNS: dict[str, Callable[[Sample], Design]] = {
    "design": lambda s: Design.from_columns(s.weight, s.stratum, s.psu),
    "no PSUs": lambda s: Design.from_columns(s.weight),
    "no weights": lambda s: Design.from_columns(np.ones(len(s.weight))),
}

_population: Population


def _begin() -> None:
    """Each process makes the population anew from its seed, which is faster than sending it."""
    global _population
    _population = populate(POPULATION_SEED)


def one_sample(task: tuple[Plan, int, bool]) -> Floats:
    """Value, se and limits of all statistics (designs, statistics, 4) in the sample of a number."""
    plan, number, naive = task
    sample = draw(_population, plan, np.random.default_rng([SAMPLE_SEED, plan.psus, number]))
    out = []
    for made in list(DESIGNS.values())[: None if naive else 1]:
        design = made(sample)
        out.append([line for part in PARTS for line in part.estimate(design, sample.workers).values()])
    return np.array(out)


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What happened to S statistics. ``df``: (S,) the degrees of freedom that the squared standard error shows by how
    much it varies from sample to sample, 2 / CV^2 (Satterthwaite 1946). ``cover``: (designs, S), of intervals that could
    be given; ``sure``: (S,) the Monte Carlo error of the design's. ``low``, ``high``: (S,) share of the design's
    intervals that end below the truth, or begin above it; ``none``: (S,) share of samples without an interval."""

    truth: Floats
    bias: Floats
    sd: Floats
    ratio: Floats
    df: Floats
    cover: Floats
    sure: Floats
    low: Floats
    high: Floats
    none: Floats

    @classmethod
    def of(cls, truth: Floats, samples: list[Floats]) -> Result:
        value, se, low, high = np.moveaxis(np.array([s[0] for s in samples]), 2, 0)
        sd = np.nanstd(value, axis=0, ddof=1)
        cover = []
        for kind in range(len(DESIGNS)):
            ends = np.array([s[kind, :, 2:] for s in samples if len(s) > kind])
            hit = (ends[..., 0] <= truth) & (truth <= ends[..., 1])
            cover.append(hit.sum(axis=0) / np.isfinite(ends).all(axis=2).sum(axis=0))
        given = (np.isfinite(low) & np.isfinite(high)).sum(axis=0)
        return cls(
            truth=truth, bias=(np.nanmean(value, axis=0) - truth) / sd, sd=sd, ratio=sd / np.nanmean(se, axis=0),
            df=2 * np.nanmean(se**2, axis=0) ** 2 / np.nanvar(se**2, axis=0),
            cover=np.array(cover), sure=np.sqrt(cover[0] * (1 - cover[0]) / given),
            low=(high < truth).sum(axis=0) / given, high=(low > truth).sum(axis=0) / given,
            none=1 - given / len(samples),
        )  # fmt: skip

    @property
    def outside(self) -> list[int]:
        """Statistics whose interval covers too little or too much."""
        return np.flatnonzero((self.cover[0] < BAND[0]) | (self.cover[0] > BAND[1])).tolist()


def simulate(pool: ProcessPoolExecutor, truth: Floats, plan: Plan, samples: int, naive: int) -> Result:
    tasks = ((plan, number, number < naive) for number in range(samples))
    return Result.of(truth, list(pool.map(one_sample, tasks, chunksize=20)))


def table(result: Result, names: list[tuple[str, str]]) -> Iterator[str]:
    """Lines of a Markdown table."""
    yield ("| | true value | bias, % of sd | sd / mean se | df of se | coverage, % | too low / too high, % | PSUs forgotten "
           "| weights forgotten | |")  # fmt: skip
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"
    title = ""
    outside = set(result.outside)
    for i, (part, name) in enumerate(names):
        if part != title:
            title = part
            yield f"| **{part}** | | | | | | | | | |"
        cover = 100 * result.cover[:, i]
        notes = ["outside" if i in outside else ""]
        notes += [f"{result.none[i]:.1%} of samples have no interval"] if result.none[i] else []
        yield (
            f"| {name} | {result.truth[i]:,.4g} | {100 * result.bias[i]:+.1f} | {result.ratio[i]:.3f} "
            f"| {result.df[i]:.0f} "
            f"| {cover[0]:.1f} ± {100 * result.sure[i]:.1f} | {100 * result.low[i]:.1f} / {100 * result.high[i]:.1f} "
            f"| {cover[1]:.1f} | {cover[2]:.1f} "
            f"| {'; '.join(filter(None, notes))} |"
        )


def main() -> int:
    options = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    options.add_argument("--samples", type=int, default=3000, help="samples of the national survey")
    options.add_argument("--small", type=int, default=1000, help="samples of the small survey")
    options.add_argument(
        "--naive", type=int, default=400, help="of each, samples on which the wrong intervals are tried"
    )
    options.add_argument("--processes", type=int, default=2)
    given = options.parse_args()
    started = time.perf_counter()
    _begin()
    truths = [part.truth(_population.workers) for part in PARTS]
    names = [(part.title, name) for part, truth in zip(PARTS, truths, strict=True) for name in truth]
    truth = np.array([value for of_part in truths for value in of_part.values()])
    print(f"`{' '.join(['python', *sys.argv])}`, {versions()}\n")
    print(f"Population of seed {POPULATION_SEED}: {len(_population.workers):,} workers in {len(_population.persons) - 1:,} "
          f"households in {len(_population.stratum):,} villages. Seed of the samples: {SAMPLE_SEED}.")  # fmt: skip
    failed = 0
    with ProcessPoolExecutor(given.processes, initializer=_begin) as pool:
        for title, plan, samples in (
            ("A national survey", NATIONAL, given.samples),
            ("A small survey", SMALL, given.small),
        ):
            result = simulate(pool, truth, plan, samples, given.naive)
            strata = len(np.unique(plan.strata(_population.stratum)))
            print(f"\n## {title}: {plan.psus} PSUs in {strata} strata, {plan.take} households in each PSU\n")
            print(f"{samples:,} samples; the intervals that forget something, in {given.naive:,} of them.\n")
            print("\n".join(table(result, names)))
            inside = len(names) - len(result.outside)
            wrong = (result.cover[1:] < BAND[0]).sum(axis=1)
            print(f"\n{inside} of {len(names)} intervals cover {BAND[0]:.1%} to {BAND[1]:.1%}. With PSUs forgotten {wrong[0]} "
                  f"cover less than that, with weights forgotten {wrong[1]}.", flush=True)  # fmt: skip
            if plan is NATIONAL:
                failed += len(result.outside) + (wrong.min() < len(names) / 2)
    print(f"\n{time.perf_counter() - started:.0f} seconds.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
