"""What must hold for every sample, whatever its numbers; and small cases worked out by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from informality.inference import Control, Design, interval, means, shares, totals
from informality.inference.estimates.association import METHODS, RAO_SCOTT, goodness_of_fit, independence
from informality.inference.estimates.comparisons import corrected, pairwise, rank_test, t_test, trend, wald_test
from informality.inference.estimates.contrast import difference, growth, ratio, weighted_mean
from informality.inference.estimates.derived import cells
from informality.inference.estimates.functional import Domains, Functional, Kernel
from informality.inference.estimates.inequality import (
    GINI,
    STANDARD_DEVIATION,
    THEIL,
    VARIANCE,
    gini,
    low_pay_shares,
    low_pay_threshold,
    population_variances,
    quintile_share_ratios,
    standard_deviations,
    theil,
)
from informality.inference.estimates.precision import cv, deft, effective_n
from informality.inference.estimates.quantiles import medians, quantiles
from informality.inference.sampling.waves import pooled

N_DOMAINS = 3
P = (0.1, 0.25, 0.5, 0.75, 0.9)

ESTIMANDS: dict[str, Callable[..., Functional]] = {
    "variance": population_variances,
    "standard_deviation": standard_deviations,
    "gini": gini,
    "theil": theil,
    "low_pay": low_pay_shares,
    "quintile_share_ratio": quintile_share_ratios,
    "median": medians,
    "quantiles": lambda design, y, *domain: quantiles(design, y, P, *domain),
}


@dataclass(frozen=True)
class Sample:
    weight: np.ndarray
    stratum: np.ndarray
    psu: np.ndarray
    domain: np.ndarray
    y: np.ndarray
    row: np.ndarray
    column: np.ndarray

    @property
    def design(self) -> Design:
        return Design.from_columns(self.weight, self.stratum, self.psu)

    def take(self, rows: np.ndarray) -> Sample:
        return Sample(**{name: column[rows] for name, column in self.__dict__.items()})

    def but(self, **changed: np.ndarray) -> Sample:
        return dataclasses.replace(self, **changed)

    def estimates(self, design: Design | None = None) -> dict[str, Functional]:
        d = design or self.design
        return {name: f(d, self.y, self.domain, N_DOMAINS) for name, f in ESTIMANDS.items()}


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Small samples with heaped values, empty domains, and zero weights."""
    sizes = draw(st.lists(st.lists(st.integers(1, 8), min_size=2, max_size=4), min_size=1, max_size=5))
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
        domain=rng.integers(-1, N_DOMAINS - draw(st.integers(0, 1)), n),
        y=np.ceil(np.exp(rng.normal(3, 1, n))),
        row=rng.integers(0, 3, n),
        column=rng.integers(0, 2, n),
    )


def near(ours: Functional, theirs: Functional, factor: float = 1.0, of_error: bool = True) -> None:
    """Equal up to rounding; an error that is all rounding (influence that cancels) counts as 0."""
    scale = np.nanmax(np.abs(ours.value), initial=0.0)
    np.testing.assert_allclose(ours.value, factor * theirs.value, rtol=1e-11, atol=1e-14 * (1 + scale))
    np.testing.assert_array_equal(ours.n > 0, theirs.n > 0)
    if of_error:
        np.testing.assert_allclose(ours.se, factor * theirs.se, rtol=1e-9, atol=1e-12 * (1 + scale))


@given(samples())
def test_weights_scaled_and_rows_permuted(s: Sample) -> None:
    ours = s.estimates()
    order = np.random.default_rng(7).permutation(len(s.y))
    for other in (s.but(weight=s.weight * 37.7), s.take(order)):
        for name, theirs in other.estimates().items():
            near(ours[name], theirs)


@given(samples())
def test_rows_split(s: Sample) -> None:
    """A row cut in two of half the weight is the same sample, but for what counts cases: n/(n-1)."""
    twice = np.repeat(np.arange(len(s.y)), 2)
    theirs = s.take(twice).but(weight=np.repeat(s.weight / 2, 2)).estimates()
    for name, ours in s.estimates().items():
        if name not in ("variance", "standard_deviation"):
            near(ours, theirs[name])


@given(samples())
def test_unit_of_the_value(s: Sample) -> None:
    """Inequality does not know the currency; quantiles and spread are in it."""
    ours, theirs = s.estimates(), s.but(y=s.y * 1024).estimates()
    for name in ("gini", "theil", "low_pay", "quintile_share_ratio"):
        near(theirs[name], ours[name])
    for name in ("standard_deviation", "median", "quantiles"):
        near(theirs[name], ours[name], 1024.0)
    near(theirs["variance"], ours["variance"], 1024.0**2)


@given(samples())
def test_quantiles_are_monotone(s: Sample) -> None:
    for rule in ("math", "school"):
        q = quantiles(s.design, s.y, P, s.domain, N_DOMAINS, rule=rule)  # type: ignore[arg-type]
        known = q.n[:, 0] > 0
        assert (np.diff(q.value[known], axis=1) >= 0).all()
        low, high = q.low[known], q.high[known]
        assert (np.isnan(low) | (low <= q.value[known])).all()
        assert (np.isnan(high) | (high >= q.value[known])).all()


@given(samples())
def test_a_difference_with_itself_is_exactly_zero(s: Sample) -> None:
    design = s.design
    first, second = s.estimates(design), s.estimates(design)  # made twice
    for name in ESTIMANDS:
        known = ~np.isnan(first[name].value.ravel())
        for other in (first[name], second[name]):
            gap = difference(first[name], other)
            assert (gap.value[known] == 0).all()
            errors = gap.se[known]
            assert (errors[~np.isnan(errors)] == 0).all()
    for make in (means, totals):
        known = means(design, s.y, s.domain, N_DOMAINS).n > 0
        gap = difference(make(design, s.y, s.domain, N_DOMAINS), make(design, s.y, s.domain, N_DOMAINS))
        assert (gap.value[known] == 0).all() and (gap.se[known] == 0).all()
    assert (t_test(gap).loc[known & (gap.df > 0), "p"] == 1).all()


@given(samples())
def test_tests_of_tables(s: Sample) -> None:
    s = s.but(weight=np.maximum(s.weight, 1))
    row, column = np.arange(12) % 6 % 3, np.arange(12) % 6 // 3  # every cell has a case, in two more PSUs
    more = Sample(
        np.full(12, 3.5), np.zeros(12, int), np.repeat([8, 9], 6), np.zeros(12, int), np.ones(12), row, column
    )
    s = Sample(*(np.concatenate(pair) for pair in zip(vars(s).values(), vars(more).values(), strict=True)))
    design = s.design
    relabelled = np.array([2, 0, 1])[s.row]
    scaled = Design.from_columns(s.weight * 64, s.stratum, s.psu)
    for method in METHODS:
        if method not in RAO_SCOTT and design.df < 6:
            continue
        test = independence(design, s.row, s.column, method)  # type: ignore[arg-type]
        assert 0 <= test.p <= 1
        for other in (
            independence(design, s.column, s.row, method),  # type: ignore[arg-type]
            independence(design, relabelled, s.column, method),  # type: ignore[arg-type]
            independence(scaled, s.row, s.column, method),  # type: ignore[arg-type]
        ):
            np.testing.assert_allclose([other.statistic, other.df1], [test.statistic, test.df1], rtol=1e-7)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_corrected_p_values(p: list[float]) -> None:
    holm, fdr = corrected(p, "holm"), corrected(p, "benjamini-hochberg")
    assert (holm >= p).all() and (fdr >= p).all() and (holm >= fdr - 1e-15).all()
    assert (holm <= 1).all() and (fdr <= 1).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(holm[order]) >= 0).all() and (np.diff(fdr[order]) >= 0).all()
    with_missing = corrected([*p, np.nan], "holm")
    np.testing.assert_array_equal(with_missing[:-1], holm)
    assert np.isnan(with_missing[-1])


# ---- Every kind of design ---------------------------------------------------------------------------------

MEAN = Kernel(lambda v, w: w @ v / w.sum(), lambda v, w, m: (v - m) / w.sum())


def designs(s: Sample) -> dict[str, Design]:
    base = Design.from_columns(s.weight, s.stratum, s.psu)
    n = len(s.y)
    by_column = {str(k): 100.0 + 10 * k for k in np.unique(s.column)}
    control = [Control("column", s.column.astype(str), by_column)]
    return {
        "stratified": base,
        "two-stage": Design.from_columns(
            s.weight, s.stratum, s.psu, fpc=0.2, psu2=np.arange(n) // 2, fpc2=0.5, lonely="average"
        ),
        "calibrated": base.calibrate(control),
        "jackknife": base.to_replicates("JKn"),
        "bootstrap": base.to_replicates("bootstrap", number=20, seed=3),
        "bootstrap, mse": base.to_replicates("bootstrap", number=20, seed=3, mse=True),
        "calibrated bootstrap": base.to_replicates("bootstrap", number=20, seed=3).calibrate(control),
    }


@pytest.fixture(scope="module")
def wide() -> Sample:
    """Four strata of five PSUs of eight persons."""
    rng = np.random.default_rng(11)
    n = 160
    return Sample(
        weight=rng.integers(64, 4096, n) / 64,
        stratum=np.repeat(np.arange(4), 40),
        psu=np.repeat(np.arange(20), 8),
        domain=rng.integers(-1, 3, n),
        y=np.ceil(np.exp(rng.normal(3, 1, n)) * 64) / 64 + 0.25 * np.repeat(rng.integers(1, 9, 20), 8),
        row=rng.integers(0, 3, n),
        column=rng.integers(0, 2, n),
    )


def test_by_rows_is_by_sums(wide: Sample) -> None:
    """A mean by rows, as quantiles and Gini go, is the mean of the tables, and moves with it, in every design."""
    for name, design in designs(wide).items():
        table = means(design, wide.y, wide.domain, N_DOMAINS)
        by_rows = Domains.of(design, wide.y, wide.domain, N_DOMAINS, "mean").functional("mean", MEAN)
        np.testing.assert_allclose(by_rows.value, table.value, rtol=1e-13, err_msg=name)
        np.testing.assert_allclose(by_rows.se, table.se, rtol=1e-10, err_msg=name)
        np.testing.assert_allclose(by_rows.covariance(), table.covariance(), rtol=1e-9, atol=1e-12, err_msg=name)
        np.testing.assert_array_equal(by_rows.df, table.df, err_msg=name)
        np.testing.assert_array_equal(by_rows.n, table.n, err_msg=name)
        np.testing.assert_allclose(by_rows.n_weighted, table.n_weighted, rtol=1e-13, err_msg=name)
        gap = difference(by_rows, table)
        assert (np.abs(gap.value) < 1e-13 * table.value).all() and (gap.se < 1e-6 * table.se).all(), name


def test_every_test_in_every_design(wide: Sample) -> None:
    """The Wald test rests on weighted counts: in a 2 x 2 table its one number is a difference of totals."""
    row = (wide.row > 0).astype(int)
    for name, design in designs(wide).items():
        for method in METHODS:
            assert 0 <= independence(design, row, wide.column, method).p <= 1, (name, method)  # type: ignore[arg-type]
        table = cells(totals(design, np.eye(4)[2 * row + wide.column]))
        gap = table.apply(lambda t: t[0] - (t[0] + t[1]) * (t[0] + t[2]) / t.sum())
        test = independence(design, row, wide.column, "wald-pearson")
        assert test.statistic == pytest.approx((gap.value[0] / gap.se[0]) ** 2, rel=1e-7), name


@pytest.mark.parametrize("kernel", [VARIANCE, STANDARD_DEVIATION, GINI, THEIL])
def test_derivatives(kernel: Kernel, wide: Sample) -> None:
    """Against differences: weights moved up and down by a thousandth."""
    order = np.argsort(wide.y)
    v, w = wide.y[order][:, None], wide.weight[order]
    step = 1e-4 * w * np.random.default_rng(5).normal(size=len(w))
    moved = (kernel.value(v, w + step) - kernel.value(v, w - step)) / 2
    np.testing.assert_allclose(step @ kernel.derivative(v, w, kernel.value(v, w)), moved, rtol=1e-6)


def test_linearised_errors_are_near_those_of_replicates(wide: Sample) -> None:
    """The jackknife for what is smooth, the bootstrap for what is not: two ways to one error."""
    design = wide.design
    jackknife = design.to_replicates("JKn")
    for estimand in (gini, theil, standard_deviations):
        np.testing.assert_allclose(
            estimand(design, wide.y).se, estimand(jackknife, wide.y).se, rtol=0.15, err_msg=estimand.__name__
        )


def test_the_error_of_low_pay_includes_that_of_the_median() -> None:
    """Against the bootstrap, which moves both; and against the share below a threshold that is not estimated."""
    rng = np.random.default_rng(4)
    n, area = 4000, np.repeat(np.arange(200), 20)
    y = np.exp(6 + 0.3 * rng.normal(size=200)[area] + 0.6 * rng.normal(size=n))
    design = Design.from_columns(rng.integers(1, 9, n), area // 50, area)
    low = low_pay_shares(design, y)
    drawn = low_pay_shares(design.to_replicates("bootstrap", number=1000, seed=1), y)
    np.testing.assert_allclose(low.se, drawn.se, rtol=0.1)
    fixed = means(design, (y < low.threshold).astype(float))
    assert fixed.se[0] > 1.25 * drawn.se[0]


# ---- Small cases by hand ----------------------------------------------------------------------------------


def alone(weight: list[float]) -> Design:
    return Design.from_columns(weight)


def test_gini_by_hand() -> None:
    # two persons with 1 and 3: mean difference of two draws 2/4*2 = 1, mean 2, G = 1/(2*2)
    assert gini(alone([1, 1]), [1, 3]).value[0] == pytest.approx(0.25, rel=1e-14)
    # three persons with 1 and one with 5 (weight 3 and 1): 2*3*1*4 / (2 * 16 * 2) = 24/64
    assert gini(alone([3, 1]), [1, 5]).value[0] == pytest.approx(0.375, rel=1e-14)
    assert gini(alone([1, 1, 1, 1]), [1, 1, 5, 1]).value[0] == pytest.approx(0.375, rel=1e-14)
    # all equal; and one has all of four
    assert gini(alone([2, 1, 7]), [4, 4, 4]).value[0] == 0
    assert gini(alone([1, 1, 1, 1]), [0, 0, 0, 9]).value[0] == pytest.approx(0.75, rel=1e-14)


def test_quantiles_by_hand() -> None:
    design, y = alone([1, 1, 2, 4]), [30, 10, 20, 40]  # cumulated: 10 to 1/8, 20 to 3/8, 30 to 4/8, 40 to 1
    q = quantiles(design, y, [0.1, 0.125, 0.4, 0.5, 0.51])
    assert q.value[0].tolist() == [10, 10, 30, 30, 40]
    q = quantiles(design, y, [0.1, 0.125, 0.4, 0.5, 0.51], rule="school")
    assert q.value[0].tolist() == [10, 15, 30, 35, 40]
    # 0.1 is not a binary number: 20 of 200 equal weights still make a tenth
    assert quantiles(alone([30.97] * 200), np.arange(1, 201), 0.1).value[0] == 20


def test_low_pay_by_hand() -> None:
    y = [10, 12, 20, 30, 30, 90]  # median 20, two thirds of it 13.33
    low = low_pay_shares(alone([1] * 6), y, [0, 0, 0, 1, 1, 1])
    assert low.threshold == pytest.approx(40 / 3)
    assert low.value.tolist() == pytest.approx([2 / 3, 0])
    at = low_pay_shares(alone([1] * 6), y, fraction=0.6)
    assert (at.threshold, at.value[0]) == (12, pytest.approx(1 / 6))  # below, not at
    assert low_pay_shares(alone([1] * 6), y, fraction=0.6, inclusive=True).value[0] == pytest.approx(2 / 6)
    # the yardstick is that of the first three: median 12, threshold 8
    assert low_pay_shares(alone([1] * 6), y, among=[1, 1, 1, 0, 0, 0]).threshold == pytest.approx(8)


def test_quintile_share_ratio_by_hand() -> None:
    y = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert quintile_share_ratios(alone([1] * 10), y).value[0] == pytest.approx((9 + 10) / (1 + 2))
    # twice the weight on the poorest: a fifth of eleven is 2.2, two of them the poorest
    heavy = quintile_share_ratios(alone([2] + [1] * 9), y).value[0]
    assert heavy == pytest.approx((10 + 9 + 0.2 * 8) / (2 * 1 + 0.2 * 2))
    # a heap at the end of the fifth: six of ten have 3, and half a person more of them fills it
    heap = quintile_share_ratios(alone([1] * 10), [1, 3, 3, 3, 3, 3, 3, 5, 6, 20]).value[0]
    assert heap == pytest.approx((20 + 6) / (1 + 3))
    assert quintile_share_ratios(alone([1] * 8), [4.0] * 8).value[0] == pytest.approx(1)
    halves = quintile_share_ratios(alone([1] * 4), [1, 2, 3, 4], tail=0.5).value[0]
    assert halves == pytest.approx(7 / 3)


def test_errors_of_quintiles_and_threshold_are_those_of_a_bootstrap(wide: Sample) -> None:
    design = wide.design
    boot = design.to_replicates("bootstrap", number=500, seed=2)
    for estimand in (quintile_share_ratios, low_pay_threshold):
        linear, drawn = estimand(design, wide.y), estimand(boot, wide.y)
        np.testing.assert_allclose(linear.value, drawn.value, rtol=1e-12)
        np.testing.assert_allclose(linear.se, drawn.se, rtol=0.2)
    low = low_pay_shares(design, wide.y)
    assert low_pay_threshold(design, wide.y).value[0] == pytest.approx(low.threshold)


@given(samples())
def test_rank_test(s: Sample) -> None:
    """Another order of the rows, another unit or any rising function of the value: the same; groups swapped: the sign."""
    known = np.bincount(s.column, s.weight, minlength=2) > 0
    if not known.all() or len(np.unique(s.y[s.weight > 0])) < 2:
        return
    ours = rank_test(s.design, s.y, s.column).iloc[0]
    assert abs(ours["value"]) <= 0.5 + 1e-12
    order = np.random.default_rng(3).permutation(len(s.y))
    shuffled = s.take(order)
    for other in (
        rank_test(s.design, np.exp(s.y / 50), s.column),
        rank_test(shuffled.design, shuffled.y, shuffled.column),
        rank_test(s.but(weight=s.weight * 3.7).design, s.y, s.column),
    ):
        np.testing.assert_allclose(other.iloc[0][["value", "se"]], ours[["value", "se"]], rtol=1e-8, atol=1e-12)
    swapped = rank_test(s.design, s.y, 1 - s.column).iloc[0]
    assert swapped["value"] == pytest.approx(-ours["value"], abs=1e-12)


def test_rank_test_is_mann_whitney(wide: Sample) -> None:
    """With equal weights the value is U / (n0 n1) - 1/2; with others the same of all pairs, weighted."""
    inside = wide.domain >= 0
    equal = rank_test(alone([2.0] * len(wide.y)), wide.y, wide.column, inside=inside).iloc[0]
    one, none = (wide.y[inside & (wide.column == g)] for g in (1, 0))
    u = stats.mannwhitneyu(one, none).statistic
    assert equal["value"] == pytest.approx(u / (len(one) * len(none)) - 0.5)
    weighted = rank_test(wide.design, wide.y, wide.column).iloc[0]
    more = np.sign(wide.y[:, None] - wide.y) / 2
    pairs = np.outer(wide.weight * (wide.column == 1), wide.weight * (wide.column == 0))
    assert weighted["value"] == pytest.approx((pairs * more).sum() / pairs.sum())


def test_equal_values_have_no_spread(wide: Sample) -> None:
    design, same = wide.design, np.full(len(wide.y), 7.0)
    for estimand in ESTIMANDS.values():
        found = estimand(design, same)
        np.testing.assert_allclose(found.se, 0, atol=1e-9)


def test_derived_algebra(wide: Sample) -> None:
    together = cells(means(wide.design, wide.y, wide.domain, N_DOMAINS))
    a, b, c = together[0], together[1], together[2]
    v, m = together.covariance(), together.value

    def expect(ours: Any, value: float, gradient: list[float]) -> None:
        g = np.array(gradient)
        np.testing.assert_allclose(ours.value, value, rtol=1e-12)
        np.testing.assert_allclose(ours.se, np.sqrt(g @ v @ g), rtol=1e-9)

    expect(a + b - 2 * c, m[0] + m[1] - 2 * m[2], [1, 1, -2])
    expect(5 - a, 5 - m[0], [-1, 0, 0])
    expect(1 / a, 1 / m[0], [-1 / m[0] ** 2, 0, 0])
    expect(a * b, m[0] * m[1], [m[1], m[0], 0])
    expect(np.array([2.0]) / a, 2 / m[0], [-2 / m[0] ** 2, 0, 0])
    expect(-a + 0, -m[0], [-1, 0, 0])
    expect(together.apply(lambda x: x[0] ** 2 * x[2]), m[0] ** 2 * m[2], [2 * m[0] * m[2], 0, m[0] ** 2])
    expect(together.apply(lambda x: x[:1], [[1, 0, 0]]), m[0], [1, 0, 0])
    assert len(together - a) == 3  # one number against each
    expect((together - a)[1], m[1] - m[0], [-1, 1, 0])
    expect(weighted_mean([a, b], [1, 3]), (m[0] + 3 * m[1]) / 4, [0.25, 0.75, 0])
    line = trend([a, b, c], [2019, 2020, 2024])  # centred times -2, -1, 3: squares 14
    expect(line, (-2 * m[0] - m[1] + 3 * m[2]) / 14, [-2 / 14, -1 / 14, 3 / 14])
    # one number: F is t squared, and a test of two means is their Wald test
    gap = a - b
    t = t_test(gap).iloc[0]
    f = wald_test(gap)
    assert (f.statistic, f.p) == (pytest.approx(t["t"] ** 2), pytest.approx(t["p"]))
    assert pairwise(together, ["a", "b", "c"], "none")["p"][0] == pytest.approx(t["p"])
    assert growth(a, b, years=1).value[0] == pytest.approx(ratio(b, a).value[0] - 1)


def test_two_categories_are_one_share(wide: Sample) -> None:
    """With two levels, the Wald test of fit is the t test of a share, and the sum of shares is known."""
    design = wide.design
    test = goodness_of_fit(design, wide.column, [0.6, 0.4], "wald-pearson")
    share = shares(design, wide.column, 2)
    t = t_test(cells(share)[1] - 0.4).iloc[0]
    assert (test.statistic, test.p) == (pytest.approx(t["t"] ** 2), pytest.approx(t["p"]))
    assert (cells(share).linear([1, 1]).value, cells(share).linear([1, 1]).se) == (pytest.approx(1), 0)


def test_a_mean_and_a_median_of_one_design(wide: Sample) -> None:
    """Tables and statistics by rows combine: skewness as the mean over the median."""
    design = wide.design
    skew = ratio(means(design, wide.y), medians(design, wide.y))
    assert skew.value[0] > 1 and 0 < skew.se[0] < 0.5
    boot = design.to_replicates("bootstrap", number=500, seed=2)
    drawn = ratio(means(boot, wide.y), medians(boot, wide.y, errors="replicates"))
    np.testing.assert_allclose(skew.se, drawn.se, rtol=0.3)


def test_precision(wide: Sample) -> None:
    share = shares(wide.design, wide.column, 2)
    np.testing.assert_allclose(deft(share) ** 2, share.deff)
    np.testing.assert_allclose(effective_n(share) * share.deff, share.n)
    np.testing.assert_allclose(cv(share), share.se / share.value)
    assert np.isnan(cv(difference(share, share))).all()


@pytest.mark.parametrize("p", [0.001, 0.03, 0.5, 0.97])
def test_likelihood_interval_by_its_definition(p: float) -> None:
    """The limits are where twice the log likelihood of the effective sample has fallen by t squared."""
    n = 4000
    outcome = (np.arange(n) < round(p * n)).astype(int)
    share = shares(alone([2.0] * n), outcome, 2)
    low, high = (side[0, 1] for side in interval(share, "likelihood"))
    value, effective = share.value[0, 1], n - 1  # equal weights: se^2 = p (1 - p) / (n - 1)

    def fall(q: float) -> float:
        return 2 * effective * (value * np.log(value / q) + (1 - value) * np.log((1 - value) / (1 - q)))

    assert low < value < high
    t = 1.960553  # the table's t quantile of 3,999 degrees of freedom
    assert [fall(low), fall(high)] == pytest.approx([t**2, t**2], rel=1e-5)


def test_log_interval(wide: Sample) -> None:
    """The t interval of the logarithm, carried back; that of another unit is in it; nothing for what is not positive."""
    theils = theil(wide.design, wide.y, wide.domain, N_DOMAINS)
    low, high = interval(theils, "log")
    logs = cells(theils).log()
    np.testing.assert_allclose(np.log([low, high]), interval(logs, "t"), rtol=1e-10)
    assert ((low > 0) & (low < theils.value) & (theils.value < high)).all()
    np.testing.assert_allclose(theils.value**2, low * high, rtol=1e-12)
    plain = interval(theils, "t")
    assert (low > plain[0]).all() and (high > plain[1]).all()
    in_cents = interval(means(wide.design, wide.y * 100), "log")
    np.testing.assert_allclose(in_cents, 100 * np.array(interval(means(wide.design, wide.y), "log")), rtol=1e-12)
    assert np.isnan(interval(cells(means(wide.design, wide.y)) * -1.0, "log")).all()


def test_waves_that_share_areas_differ_by_less(wide: Sample) -> None:
    """The same PSUs twice: the covariance of the waves takes error off the change."""
    file = {"weight": wide.weight, "stratum": wide.stratum, "psu": wide.psu}
    later = wide.y + np.random.default_rng(3).normal(0, 1, len(wide.y))
    changes = {}
    for overlapping in (True, False):
        design, wave = pooled([file, file], overlapping=overlapping)
        by = cells(means(design, np.concatenate([wide.y, later]), wave))
        changes[overlapping] = by[1] - by[0]
    assert changes[True].value == pytest.approx(changes[False].value)
    assert changes[True].se[0] < 0.5 * changes[False].se[0]
