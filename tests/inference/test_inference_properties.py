"""What must hold for every sample, whatever its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from informality.inference import (
    Design,
    Estimate,
    Moments,
    covariance,
    means,
    means_of,
    ratios,
    ratios_of,
    shares,
    shares_of,
    totals,
    totals_of,
)

N_DOMAINS = 4
N_OUTCOMES = 3


@dataclass(frozen=True)
class Sample:
    weight: np.ndarray
    stratum: np.ndarray
    psu: np.ndarray
    domain: np.ndarray
    outcome: np.ndarray
    y: np.ndarray
    x: np.ndarray
    lonely: str

    def __len__(self) -> int:
        return len(self.weight)

    def take(self, rows: np.ndarray) -> Sample:
        columns = {k: v[rows] for k, v in self.__dict__.items() if k != "lonely"}
        return Sample(**columns, lonely=self.lonely)

    def but(self, **changed: np.ndarray) -> Sample:
        return Sample(**{**self.__dict__, **changed})

    @property
    def design(self) -> Design:
        return Design.from_columns(self.weight, self.stratum, self.psu, lonely=self.lonely)

    def estimates(self) -> dict[str, Estimate]:
        d = self.design
        return {
            "total": totals(d, self.y, self.domain, N_DOMAINS),
            "mean": means(d, self.y, self.domain, N_DOMAINS),
            "ratio": ratios(d, self.y, self.x, self.domain, N_DOMAINS),
            "share": shares(d, self.outcome, N_OUTCOMES, self.domain, N_DOMAINS),
        }


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Small samples with lonely strata, empty domains, zero weights and outcomes outside the universe."""
    sizes = draw(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=4), min_size=1, max_size=5))
    if sum(len(psus) for psus in sizes) == 1:
        sizes[0].append(3)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    stratum = np.concatenate([np.full(sum(psus), h) for h, psus in enumerate(sizes)])
    psu = np.concatenate([np.repeat(np.arange(len(psus)), psus) for psus in sizes])
    n = len(stratum)
    weight = rng.integers(1, 4096, n) / 64
    weight[rng.random(n) < 0.05] = 0
    weight[0] = 10.5
    return Sample(
        weight=weight,
        stratum=stratum,
        psu=psu,
        domain=rng.integers(-1, N_DOMAINS, n),
        outcome=rng.integers(-1, N_OUTCOMES, n),
        y=rng.integers(-300, 3000, n) / 8,
        x=rng.integers(1, 600, n) / 8,
        lonely=draw(st.sampled_from(["certainty", "adjust", "average"])),
    )


def assert_same(ours: Estimate, other: Estimate, factor: float = 1.0) -> None:
    """Equal value, error, design effect, counts and covariance; totals may differ by a factor."""
    size = np.nan_to_num(np.abs(other.value)).max(initial=1)
    for name, scale in [("value", factor), ("se", factor), ("n_weighted", 1), ("deff", 1)]:
        theirs = getattr(other, name) * scale
        np.testing.assert_allclose(getattr(ours, name), theirs, rtol=1e-9, atol=1e-11 * size, err_msg=name)
    for name in ("n", "n_numerator", "df"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(other, name), err_msg=name)
    np.testing.assert_allclose(ours.covariance(), other.covariance() * factor**2, rtol=1e-8, atol=1e-9 * size**2)


def assert_all_same(ours: dict[str, Estimate], other: dict[str, Estimate]) -> None:
    for name, estimate in ours.items():
        assert_same(estimate, other[name])


@given(samples(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(sample: Sample, random: object) -> None:
    order = np.random.default_rng(random.randrange(2**32)).permutation(len(sample))  # type: ignore[attr-defined]
    assert_all_same(sample.take(order).estimates(), sample.estimates())


@given(samples(), st.sampled_from([2.0, 8.0, 1024.0]))
def test_weights_in_another_unit(sample: Sample, factor: float) -> None:
    """Totals grow with the weights; means, ratios and shares and their errors do not."""
    ours, other = sample.but(weight=sample.weight * factor).estimates(), sample.estimates()
    for name, estimate in ours.items():
        grows = factor if name == "total" else 1
        np.testing.assert_allclose(estimate.value, other[name].value * grows, rtol=1e-12)
        np.testing.assert_allclose(estimate.se, other[name].se * grows, rtol=1e-9, atol=1e-12 * grows)


@given(samples())
def test_a_row_may_be_split(sample: Sample) -> None:
    """One person of weight 3 or three of weight 1: the same estimate and error, other counts."""
    whole = sample.but(weight=sample.weight * 3)
    split = sample.take(np.repeat(np.arange(len(sample)), 3))
    for name, estimate in split.estimates().items():
        other = whole.estimates()[name]
        np.testing.assert_allclose(estimate.value, other.value, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(estimate.se, other.se, rtol=1e-9, atol=1e-10)
        np.testing.assert_array_equal(estimate.n, 3 * other.n)
        np.testing.assert_array_equal(estimate.df, other.df)


@given(samples())
def test_names_of_psus_and_strata_do_not_matter(sample: Sample) -> None:
    renamed = sample.but(
        psu=np.array([f"village {900 - p}/{s}" for p, s in zip(sample.psu, sample.stratum, strict=True)]),
        stratum=np.array(["north", "south", "west", "east", "centre"])[sample.stratum],
    )
    assert_all_same(renamed.estimates(), sample.estimates())


@given(samples(), st.integers(1, 5), st.randoms(use_true_random=False))
def test_chunks_add_up_to_the_whole(sample: Sample, n_chunks: int, random: object) -> None:
    design = sample.design
    rng = np.random.default_rng(random.randrange(2**32))  # type: ignore[attr-defined]
    chunks = np.array_split(rng.permutation(len(sample)), n_chunks)

    def added(kind: str) -> Moments:
        parts = []
        for rows in chunks:
            where = (design.weight[rows], design.psu[rows], sample.domain[rows], N_DOMAINS)
            if kind == "share":
                parts.append(Moments.from_codes(*where, sample.outcome[rows], N_OUTCOMES))
            elif kind == "ratio":
                parts.append(Moments.from_pair(*where, sample.y[rows], sample.x[rows]))
            else:
                parts.append(Moments.from_arrays(*where, sample.y[rows]))
        return reduce(Moments.add, parts)

    whole = sample.estimates()
    for kind, finish in {"total": totals_of, "mean": means_of, "ratio": ratios_of, "share": shares_of}.items():
        moments = added(kind)
        # weights and values are multiples of 1/64 and 1/8: the sums are exact, in any order
        estimate = finish(moments, design.units)
        for name in ("value", "se", "n", "n_numerator", "n_weighted", "deff", "df"):
            np.testing.assert_array_equal(getattr(estimate, name), getattr(whole[kind], name), err_msg=name)


@given(samples())
def test_codes_equal_indicators(sample: Sample) -> None:
    """Shares in one pass, or as means of a matrix of zeros and ones."""
    design = sample.design
    universe = np.where(sample.outcome >= 0, sample.domain, -1)
    indicators = np.eye(N_OUTCOMES)[sample.outcome]
    one_pass = shares(design, sample.outcome, N_OUTCOMES, sample.domain, N_DOMAINS)
    assert_same(one_pass, means(design, indicators, universe, N_DOMAINS))


@given(samples())
def test_domains_and_categories_add_up(sample: Sample) -> None:
    design = sample.design
    every = np.where(sample.domain >= 0, 0, -1)
    parts, whole = totals(design, sample.y, sample.domain, N_DOMAINS), totals(design, sample.y, every)
    if (whole.n > 0).all():
        np.testing.assert_allclose(np.nansum(parts.value), whole.value[0], rtol=1e-12, atol=1e-9)
        if sample.lonely == "certainty":  # the other rules ask which strata a domain has
            known = parts.n > 0
            added = parts.covariance()[np.ix_(known, known)].sum()
            np.testing.assert_allclose(added, whole.se[0] ** 2, rtol=1e-9, atol=1e-6)
    share = shares(design, sample.outcome, N_OUTCOMES, sample.domain, N_DOMAINS)
    np.testing.assert_allclose(share.value.sum(axis=1)[share.n[:, 0] > 0], 1, rtol=1e-12)


@given(samples())
def test_a_difference_with_itself_has_no_error(sample: Sample) -> None:
    for estimate in sample.estimates().values():
        v = covariance(estimate, estimate)
        error = np.diag(v) + np.diag(v) - 2 * np.diag(v)
        np.testing.assert_array_equal(error, np.where(np.isnan(np.diag(v)), np.nan, 0))
        np.testing.assert_array_equal(v, estimate.covariance())
        np.testing.assert_allclose(np.diag(v), estimate.se.ravel() ** 2, rtol=1e-9, atol=1e-18)
        finite = v[~np.isnan(np.diag(v))][:, ~np.isnan(np.diag(v))]
        if len(finite):
            assert np.linalg.eigvalsh(finite).min() >= -1e-9 * np.abs(finite).max()


@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_one_psu_per_row_is_the_textbook_formula(n: int, seed: int) -> None:
    """With equal weights: variance of a mean s^2/n, of a share p(1-p)/(n-1), of a total N^2 s^2/n."""
    rng = np.random.default_rng(seed)
    y, informal = rng.normal(50, 20, n), rng.integers(0, 2, n)
    design = Design.from_columns(np.full(n, 8.0))
    mean, share, total = means(design, y), shares(design, informal, 2), totals(design, y)
    p = informal.mean()
    np.testing.assert_allclose(mean.se[0], np.std(y, ddof=1) / np.sqrt(n), rtol=1e-10)
    np.testing.assert_allclose(share.se[0, 1], np.sqrt(p * (1 - p) / (n - 1)), rtol=1e-10, atol=1e-17)
    np.testing.assert_allclose(total.se[0], 8 * n * np.std(y, ddof=1) / np.sqrt(n), rtol=1e-10)
    assert design.df == mean.df[0] == n - 1
    # against sampling without replacement of n from N = 8n, sampling with replacement is n/(N-n)/n worse
    # The design effect takes the spread of y as a difference of squares (see Moments), so it keeps the digits
    # of a double less those of mean^2 / variance: two values 50.001 and 50.003 leave nine or ten.
    lost = np.finfo(float).eps * np.mean(y) ** 2 / np.var(y)
    np.testing.assert_allclose(mean.deff[0], 8 / 7, rtol=max(1e-9, 16 * lost))


@given(st.integers(2, 6), st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_two_psus_per_stratum_is_half_the_squared_difference(strata: int, size: int, seed: int) -> None:
    """A total with two PSUs in each stratum has variance sum of (T_1 - T_2)^2, by hand."""
    rng = np.random.default_rng(seed)
    stratum = np.repeat(np.arange(strata), 2 * size)
    psu = np.tile(np.repeat([1, 2], size), strata)
    weight, y = rng.uniform(1, 90, len(psu)), rng.normal(10, 5, len(psu))
    by_psu = (weight * y).reshape(strata, 2, size).sum(axis=2)
    total = totals(Design.from_columns(weight, stratum, psu), y)
    np.testing.assert_allclose(total.se[0] ** 2, ((by_psu[:, 0] - by_psu[:, 1]) ** 2).sum(), rtol=1e-9)


@pytest.mark.parametrize("dtype", ["object", "category", "float64", "string", "Int64"])
@settings(max_examples=5)
@given(sample=samples())
def test_columns_of_any_type(dtype: str, sample: Sample) -> None:
    frame = pd.DataFrame({"stratum": sample.stratum, "psu": sample.psu}).astype(dtype)
    design = Design.from_columns(pd.Series(sample.weight), frame["stratum"], frame["psu"], sample.lonely)
    np.testing.assert_array_equal(design.psu, sample.design.psu)
    small = sample.domain.astype(np.int8)  # what a pandas Categorical holds
    assert_same(means(design, pd.Series(sample.y), small, N_DOMAINS), sample.estimates()["mean"])
