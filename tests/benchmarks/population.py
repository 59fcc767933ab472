"""A finite population of workers whose every number is known, and samples of it as a statistical office draws them.

Made after a labour force survey of a country like Lao PDR: 18 provinces by urban and rural make 36 strata, villages are the
primary sampling units (PSUs) and differ in size, ten to twenty households are interviewed in each. What one
worker is tells something about the neighbours: villages and households have effects of their own on schooling,
informality and earnings, so that a sample of clusters knows less than its number of workers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PROVINCES = 18
VILLAGES = 7_200
EDUCATION = ("primary or none", "secondary", "tertiary")


@dataclass(frozen=True, slots=True, eq=False)
class Workers:
    """Columns (n,) of workers. ``informal`` and ``female`` are 0 or 1, ``education`` a code into EDUCATION;
    ``earnings`` in thousand kip a month."""

    province: NDArray[np.intp]
    urban: NDArray[np.intp]
    female: NDArray[np.intp]
    age: NDArray[np.float64]
    education: NDArray[np.intp]
    informal: NDArray[np.intp]
    earnings: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.earnings)

    def take(self, rows: NDArray[np.intp]) -> Workers:
        return Workers(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """All workers, by household, by village. ``households`` (V + 1,) and ``persons`` (H + 1,): where each village's
    households and each household's workers begin. ``listed`` (V,): households by the last census, out of date, by
    which villages are drawn. ``stratum`` (V,): province x 2 + urban."""

    workers: Workers
    stratum: NDArray[np.intp]
    listed: NDArray[np.float64]
    households: NDArray[np.intp]
    persons: NDArray[np.intp]

    @property
    def village_of_worker(self) -> NDArray[np.intp]:
        village_of_household = np.repeat(np.arange(len(self.stratum)), np.diff(self.households))
        return np.repeat(village_of_household, np.diff(self.persons))


@dataclass(frozen=True, slots=True)
class Plan:
    """How a sample is drawn: ``regions`` groups of provinces, each urban and rural, make the strata;
    ``psus`` villages in all, ``take`` households in each."""

    regions: int
    psus: int
    take: int

    def strata(self, stratum: NDArray[np.intp]) -> NDArray[np.intp]:
        """The stratum of each village under this plan."""
        return (stratum // 2) * self.regions // PROVINCES * 2 + stratum % 2


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The workers of a sample, with what its file says of the design."""

    workers: Workers
    weight: NDArray[np.float64]
    stratum: NDArray[np.intp]
    psu: NDArray[np.intp]


def populate(seed: int) -> Population:
    """The population of a seed: some 1.5 million workers."""
    rng = np.random.default_rng(seed)
    size = 1 / np.sqrt(1 + np.arange(PROVINCES))  # the capital's province is the largest
    urban_share = np.linspace(0.45, 0.08, PROVINCES)
    of_stratum = np.column_stack([size * (1 - urban_share), size * urban_share]).ravel()
    stratum = np.repeat(np.arange(2 * PROVINCES), np.rint(VILLAGES * of_stratum / of_stratum.sum()).astype(np.intp))
    villages = len(stratum)
    urban = stratum % 2
    number = np.clip(rng.lognormal(np.where(urban == 1, 4.9, 4.5), 0.45), 25, 600).astype(np.intp)
    listed = number * rng.lognormal(0, 0.2, villages)
    remote = rng.normal(size=villages)

    village = np.repeat(np.arange(villages), number)
    members = 1 + rng.binomial(3, 0.3, len(village))
    means = rng.normal(size=len(village))  # of the household, in the sense of its purse
    household = np.repeat(np.arange(len(village)), members)
    v, h = village[household], means[household]
    n = len(v)

    town, far = urban[v], remote[v] + np.linspace(-0.7, 0.7, PROVINCES)[stratum[v] // 2]
    female = (rng.random(n) < 0.47).astype(np.intp)
    age = 15 + np.floor(60 * rng.beta(2, 2.8, n))
    centred = age - 38
    lost = female * (0.4 + 0.01 * centred)  # girls left school earlier, and more so in the past
    schooling = 0.9 * town - 0.5 * far + 0.5 * h - 0.02 * centred - lost + rng.normal(size=n)
    education = (schooling > 0.5).astype(np.intp) + (schooling > 1.9)
    level = np.array([0.0, -0.9, -2.4])[education]
    eta = 2.3 + 0.35 * female + level - 0.6 * town + 0.3 * female * town + 0.0010 * centred**2 + 0.6 * far - 0.4 * h
    informal = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(np.intp)
    level = np.array([0.0, 0.18, 0.50])[education]
    of_women = -0.22 + 0.10 * (education == 2) - 0.003 * centred
    log_pay = 7.7 + 0.010 * centred - 0.0006 * centred**2 + level + 0.2 * town + female * of_women - 0.35 * informal
    earnings = np.exp(log_pay - 0.2 * far + 0.15 * h + rng.normal(0, 0.6, n))

    return Population(
        Workers(stratum[v] // 2, town, female, age, education, informal, earnings),
        stratum,
        listed,
        np.concatenate([[0], np.cumsum(number)]),
        np.concatenate([[0], np.cumsum(members)]),
    )


def draw(population: Population, plan: Plan, rng: np.random.Generator) -> Sample:
    """A sample: in each stratum villages with probability proportional to size, systematically from a list in
    random order; in each village households at random; in each household all workers. The weight is the inverse
    of the probability."""
    stratum = plan.strata(population.stratum)
    psus = allocation(population.listed, stratum, plan.psus)
    order = np.lexsort((rng.random(len(stratum)), stratum))
    total = np.bincount(stratum, population.listed)
    probability = (psus / total)[stratum] * population.listed
    if probability.max() >= 1:
        raise ValueError("a village is so large that it would be drawn for sure; draw fewer, or cap the sizes")
    start = rng.random(len(psus))
    points = np.arange(psus.sum()) + np.repeat(start, psus)  # the probabilities of a stratum add up to psus
    village = order[np.searchsorted(np.cumsum(probability[order]), points, side="right")]

    first, number = population.households[village], np.diff(population.households)[village]
    household, of = _ranges(first, number)
    shuffled = np.lexsort((rng.random(len(of)), of))
    place = np.arange(len(of)) - np.repeat(np.cumsum(number) - number, number)
    taken = shuffled[place < plan.take]
    household, of = household[taken], of[taken]
    members = np.diff(population.persons)[household]
    worker, of_worker = _ranges(population.persons[household], members)
    drawn = of[of_worker]
    weight = number[drawn] / (np.minimum(number, plan.take)[drawn] * probability[village[drawn]])
    return Sample(population.workers.take(worker), weight, stratum[village[drawn]], village[drawn])


def allocation(size: NDArray[np.float64], stratum: NDArray[np.intp], psus: int) -> NDArray[np.intp]:
    """Villages to draw in each stratum: 4, and the rest by the root of its size, so that small provinces have numbers."""
    share = np.sqrt(np.bincount(stratum, size))
    least = min(4, psus // len(share))
    ideal = share / share.sum() * (psus - least * len(share))
    whole = np.floor(ideal).astype(np.intp)
    more = np.argsort(whole - ideal, kind="stable")[: psus - least * len(share) - whole.sum()]
    whole[more] += 1
    return whole + least


def _ranges(first: NDArray[np.intp], length: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """first, first + 1, ... for each of several ranges, end to end, and the range each number is of."""
    of = np.repeat(np.arange(len(first)), length)
    return np.arange(len(of)) + np.repeat(first - (np.cumsum(length) - length), length), of
