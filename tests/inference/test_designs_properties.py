"""What must hold for every design: finite populations, second stages, replicate weights, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from informality.inference import (
    Control,
    Design,
    Estimate,
    Moments,
    means,
    means_of,
    ratios,
    ratios_of,
    shares,
    shares_of,
    totals,
    totals_of,
)
from informality.inference.sampling.linearise import design_covariance, influence_covariance, replicate_covariance

N_DOMAINS, N_OUTCOMES = 3, 3


@dataclass(frozen=True)
class Sample:
    """A few strata of 2 to 4 PSUs, of households of 1 to 3 persons; nothing lonely at the first stage."""

    columns: pd.DataFrame
    lonely: str

    def design(self, **extra: Any) -> Design:
        x = self.columns
        return Design.from_columns(x["weight"], x["stratum"], x["psu"], self.lonely, **extra)

    def two_stage(self) -> Design:
        x = self.columns
        return self.design(fpc=x["n_psu"], psu2=x["household"], fpc2=x["n_household"])

    def controls(self) -> list[Control]:
        """Totals near the weighted ones of the sample, so that every method can meet them."""
        x = self.columns
        sex = x.groupby("sex")["weight"].sum() * 1.05
        age = x.groupby("age")["weight"].sum()
        age *= sex.sum() / age.sum()
        return [
            Control("sex", x["sex"], sex.to_dict()),
            Control("age", x["age"], age.to_dict()),
            Control("hours", x["x"], float((x["weight"] * x["x"]).sum() * 1.05)),
        ]

    def designs(self) -> dict[str, Design]:
        plain, controls = self.design(), self.controls()
        jackknife = plain.to_replicates("JKn")
        return {
            "plain": plain,
            "two_stage": self.two_stage(),
            "replicates": jackknife,
            "by_row": Design.from_replicates(
                plain.weight,
                plain.weight[:, None] * jackknife.replicates.factors[plain.psu],  # type: ignore[union-attr]
                "JKn",
                rscales=jackknife.replicates.rscales,  # type: ignore[union-attr]
            ),
            "calibrated": self.two_stage().calibrate(controls, allow_negative=True),
            "twice": plain.calibrate(controls[:1]).calibrate(controls[1:], allow_negative=True),
        }


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    psus = draw(st.lists(st.integers(2, 4), min_size=1, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = []
    for stratum, number in enumerate(psus):
        n_psu = number + int(rng.integers(0, 9))
        for psu in range(number):
            households = int(rng.integers(2, 5))
            n_household = households + int(rng.integers(0, 9))
            rows += [
                (stratum, psu, n_psu, household, n_household)
                for household in range(households)
                for _ in range(int(rng.integers(1, 4)))
            ]
    x = pd.DataFrame(rows, columns=["stratum", "psu", "n_psu", "household", "n_household"])
    n = len(x)
    x["weight"] = rng.integers(64, 256, n) / 64
    x["domain"] = rng.integers(-1, N_DOMAINS, n)
    x["outcome"] = rng.integers(-1, N_OUTCOMES, n)
    x["sex"] = rng.integers(0, 2, n)
    x["age"] = rng.integers(0, 3, n)
    x["y"] = rng.integers(-300, 3000, n) / 8
    x["x"] = rng.integers(80, 600, n) / 8
    return Sample(x, draw(st.sampled_from(["certainty", "adjust", "average"])))


def estimates(x: pd.DataFrame, d: Design) -> dict[str, Estimate]:
    domain = x["domain"].to_numpy()
    return {
        "total": totals(d, x["y"], domain, N_DOMAINS),
        "mean": means(d, x["y"], domain, N_DOMAINS),
        "ratio": ratios(d, x["y"], x["x"], domain, N_DOMAINS),
        "share": shares(d, x["outcome"], N_OUTCOMES, domain, N_DOMAINS),
    }


def assert_same(ours: Estimate, other: Estimate, **tolerance: float) -> None:
    size = np.nan_to_num(np.abs(other.value)).max(initial=1)
    how = {"rtol": 1e-8, "atol": 1e-10 * size} | tolerance
    np.testing.assert_allclose(ours.value, other.value, **how)
    np.testing.assert_allclose(ours.se, other.se, **how)
    np.testing.assert_allclose(ours.covariance(), other.covariance(), rtol=1e-7, atol=1e-9 * size**2)


# ---- Finite populations ----------------------------------------------------------------------------------


@given(samples())
def test_nothing_drawn_of_an_infinite_population(sample: Sample) -> None:
    """A share of 0 and an infinite count are drawing with replacement; the second stage then does not count."""
    x = sample.columns
    plain = estimates(x, sample.design())
    for design in (
        sample.design(fpc=0),
        sample.design(fpc=np.inf),
        sample.design(psu2=x["household"]),
        sample.design(fpc=0, psu2=x["household"], fpc2=0.5),
    ):
        for name, estimate in estimates(x, design).items():
            assert_same(estimate, plain[name])


@given(samples())
def test_a_whole_population_has_no_error(sample: Sample) -> None:
    x = sample.columns
    for estimate in estimates(x, sample.design(fpc=1)).values():
        assert (np.nan_to_num(estimate.se) == 0).all()
    one = estimates(x, sample.design(fpc=x["n_psu"]))
    for name, estimate in estimates(x, sample.design(fpc=x["n_psu"], psu2=x["household"], fpc2=1)).items():
        assert_same(estimate, one[name])


@given(samples())
def test_the_second_stage_only_adds(sample: Sample) -> None:
    x = sample.columns
    one, two = estimates(x, sample.design(fpc=x["n_psu"])), estimates(x, sample.two_stage())
    for name, estimate in two.items():
        assert (np.nan_to_num(estimate.se - one[name].se) >= -1e-9).all()
        np.testing.assert_array_equal(estimate.df, one[name].df)
        np.testing.assert_array_equal(estimate.n, one[name].n)


def test_two_stages_by_hand() -> None:
    """One stratum, 2 of 4 PSUs with totals 30 and 14; in the first 2 of 3 households (10, 20), in the second all."""
    design = Design.from_columns(np.ones(4), psu=[1, 1, 2, 2], fpc=4, psu2=[1, 2, 1, 2], fpc2=[3, 3, 2, 2])
    # (1 - 1/2) 2/1 ((30-22)^2 + (14-22)^2) + 1/2 (1 - 2/3) 2/1 ((10-15)^2 + (20-15)^2)
    assert totals(design, [10, 20, 6, 8]).se[0] ** 2 == pytest.approx(128 + 50 / 3, rel=1e-14)


def test_a_certainty_psu_by_hand() -> None:
    """The capital was sure to be drawn: its three segments (3, 6, 9) vary; elsewhere PSU totals (10, 16) do."""
    design = Design.from_columns(
        np.ones(7),
        ["capital"] * 3 + ["rest"] * 4,
        [1, 1, 1, 1, 1, 2, 2],
        fpc=[1, 1, 1, 0, 0, 0, 0],
        psu2=[1, 2, 3, 1, 2, 1, 2],
        fpc2=0,
    )
    # 3/2 ((3-6)^2 + 0 + (9-6)^2) + 2/1 ((10-13)^2 + (16-13)^2)
    assert totals(design, [3, 6, 9, 4, 6, 7, 9]).se[0] ** 2 == pytest.approx(27 + 36, rel=1e-14)
    assert design.df == 1


# ---- Replicates ------------------------------------------------------------------------------------------


@given(samples(), st.booleans())
def test_the_jackknife_equals_linearisation_for_totals(sample: Sample, finite: bool) -> None:
    x = sample.columns
    design = sample.design(fpc=x["n_psu"] + 1) if finite else sample.design()
    ours, other = (totals(d, x["y"], x["domain"], N_DOMAINS) for d in (design.to_replicates("JKn"), design))
    np.testing.assert_allclose(ours.value, other.value, rtol=1e-12)
    np.testing.assert_allclose(ours.se, other.se, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(ours.covariance(), other.covariance(), rtol=1e-8, atol=1e-6)
    if not finite:
        assert design.to_replicates("JKn").df == design.df


@pytest.mark.parametrize("rule", ["certainty", "average"])
def test_the_jackknife_with_a_lonely_stratum(rule: Any) -> None:
    y, stratum, psu = [3.0, 9, 4, 8, 5, 30], [1, 1, 2, 2, 2, 3], [1, 2, 1, 2, 3, 1]
    design = Design.from_columns(np.ones(6), stratum, psu, rule)
    np.testing.assert_allclose(totals(design.to_replicates("JKn"), y).se, totals(design, y).se, rtol=1e-12)


@given(st.integers(1, 9), st.sampled_from(["BRR", "Fay"]), st.integers(0, 2**32 - 1))
def test_half_samples_equal_linearisation_for_totals(strata: int, kind: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    stratum, psu = np.repeat(np.arange(strata), 6), np.tile(np.repeat([1, 2], 3), strata)
    y = rng.normal(10, 5, len(psu))
    design = Design.from_columns(rng.uniform(1, 90, len(psu)), stratum, psu)
    replicated = design.to_replicates(kind, rho=0.3)
    np.testing.assert_allclose(totals(replicated, y).se, totals(design, y).se, rtol=1e-9)
    assert replicated.df == strata


def test_the_bootstrap_is_near_linearisation() -> None:
    """2,000 replicates: a standard error is right to about 1/sqrt(2 x 2,000) = 1.6 %."""
    rng = np.random.default_rng(5)
    stratum, psu = np.repeat(np.arange(12), 5), np.arange(60)
    design = Design.from_columns(rng.uniform(1, 9, 60), stratum, psu, fpc=np.repeat(rng.integers(6, 30, 12), 5))
    y = rng.normal(10, 5, 60)
    for estimator in (totals, means):
        ours = estimator(design.to_replicates("bootstrap", number=2000), y).se[0]
        assert ours == pytest.approx(estimator(design, y).se[0], rel=0.06)
    again, seeded = (totals(design.to_replicates("bootstrap", number=50, seed=s), y).se for s in (7, 7))
    assert (again == seeded).all()


@given(samples(), st.sampled_from([0.25, 3.0]))
def test_the_scale_of_replicates(sample: Sample, factor: float) -> None:
    """The variance is proportional to scale and to rscales; weights in another unit only change totals."""
    x, base = sample.columns, sample.design().to_replicates("JKn")
    assert base.replicates is not None
    columns = base.weight[:, None] * base.replicates.factors[base.psu]
    rscales = base.replicates.rscales
    plain = estimates(x, base)
    for scale, r in [(factor, rscales), (1.0, factor * rscales)]:
        scaled = Design.from_replicates(base.weight, columns, "JKn", scale=scale, rscales=r)
        for name, estimate in estimates(x, scaled).items():
            np.testing.assert_allclose(estimate.se, np.sqrt(factor) * plain[name].se, rtol=1e-8, atol=1e-9)
    other_unit = Design.from_replicates(base.weight * 8, columns * 8, "JKn", rscales=rscales)
    for name, estimate in estimates(x, other_unit).items():
        grows = 8 if name == "total" else 1
        np.testing.assert_allclose(estimate.value, plain[name].value * grows, rtol=1e-12)
        np.testing.assert_allclose(estimate.se, plain[name].se * grows, rtol=1e-8, atol=1e-9)


def test_replicates_from_the_estimate_or_from_their_mean() -> None:
    """By hand: replicate totals 8, 14 and 11 around 12, their mean 11."""
    columns = np.array([[2.0, 4, 3], [4, 6, 5], [2, 4, 3]])
    weight, y = np.array([3.0, 5, 4]), [1.0, 1, 1]
    around_mean = Design.from_replicates(weight, columns, "bootstrap", scale=0.5)
    around_estimate = Design.from_replicates(weight, columns, "bootstrap", scale=0.5, mse=True)
    assert totals(around_mean, y).se[0] ** 2 == pytest.approx(0.5 * (9 + 9 + 0), rel=1e-14)
    assert totals(around_estimate, y).se[0] ** 2 == pytest.approx(0.5 * (16 + 4 + 1), rel=1e-14)
    successive = Design.from_replicates(weight, columns, "SDR")
    assert totals(successive, y).se[0] ** 2 == pytest.approx(4 / 3 * 18, rel=1e-14)


# ---- Calibration -----------------------------------------------------------------------------------------


@given(samples(), st.sampled_from(["linear", "raking", "logit"]), st.booleans())
def test_calibrated_totals_are_met_and_known(sample: Sample, method: Any, replicated: bool) -> None:
    """Exactly, and without error; a category's share is known then, too."""
    x, controls = sample.columns, sample.controls()[:2]
    design = sample.design().to_replicates("JKn") if replicated else sample.two_stage()
    bounds = (0.01, 100.0) if method == "logit" else None
    if replicated:  # a category may be in one PSU, and nothing can be known without it
        present = x.groupby(["stratum", "psu"])["age"].unique().explode()
        if (present.value_counts() < 2).any() or x.groupby("sex")["psu"].nunique().min() < 2:
            return
        controls, method, bounds = controls[:1], "linear", None
        if x.groupby("sex").apply(lambda g: g[["stratum", "psu"]].drop_duplicates().shape[0]).min() < 2:
            return
    new = design.calibrate(controls, method, bounds=bounds, allow_negative=True)
    for control in controls:
        assert isinstance(control.totals, dict)
        keys = sorted(control.totals)
        codes = pd.Categorical(control.column, categories=keys).codes
        ours = totals(new, np.eye(len(keys))[codes])
        known = np.array([control.totals[k] for k in keys])
        np.testing.assert_allclose(ours.value.ravel(), known, rtol=1e-12)
        assert (ours.se.ravel() <= 1e-9 * known).all()
        assert (shares(new, codes, len(keys)).se < 1e-9).all()


@given(samples())
def test_a_post_stratified_total_by_hand(sample: Sample) -> None:
    """Residuals from the mean of the post-stratum, times the calibrated weight (Särndal et al. 1992, 7.6)."""
    x = sample.columns
    known = (x.groupby("sex")["weight"].sum() * [1.2, 0.9][: x["sex"].nunique()]).to_dict()
    design = sample.design().calibrate([Control("sex", x["sex"], known)])
    before = x.groupby("sex")["weight"].transform("sum")
    np.testing.assert_allclose(design.weight, x["weight"] * x["sex"].map(known) / before, rtol=1e-12)
    residual = x["y"] - (x["weight"] * x["y"]).groupby(x["sex"]).transform("sum") / before
    assert totals(design, x["y"]).se[0] == pytest.approx(
        totals(sample.design(), residual * x["sex"].map(known) / before).se[0], rel=1e-9, abs=1e-9
    )


@given(samples())
@settings(max_examples=15, deadline=None)
def test_the_errors_of_calibration_are_those_of_its_derivative(sample: Sample) -> None:
    """After two linear calibrations: the influence of a row by moving its weight a little."""
    x, controls = sample.columns, sample.controls()
    weight, y = x["weight"].to_numpy(), x["y"].to_numpy()

    def total(w: np.ndarray) -> float:
        d = Design.from_columns(w).calibrate(controls[:1], allow_negative=True)
        return float(d.calibrate(controls[1:], allow_negative=True).weight @ y)

    steps = 1e-4 * np.eye(len(x))
    influence = np.array([total(weight + s) - total(weight - s) for s in steps]) / 2e-4
    design = sample.design()
    expected = influence_covariance(design, weight * influence)[0, 0]
    twice = design.calibrate(controls[:1], allow_negative=True).calibrate(controls[1:], allow_negative=True)
    scale = totals(design, y).se[0]
    assert totals(twice, y).se[0] == pytest.approx(np.sqrt(expected), rel=1e-5, abs=1e-6 * scale)


@given(samples())
def test_a_household_keeps_one_change(sample: Sample) -> None:
    x = sample.columns
    household = x["stratum"] * 1000 + x["psu"] * 10 + x["household"]
    controls = sample.controls()[2:]
    new = sample.design().calibrate(controls, within=household, allow_negative=True)
    change = (new.weight / x["weight"]).groupby(household)
    np.testing.assert_allclose(change.transform("min"), change.transform("max"), rtol=1e-12)
    assert totals(new, x["x"]).value[0] == pytest.approx(controls[0].totals, rel=1e-12)


def test_bounds_are_kept() -> None:
    rng = np.random.default_rng(3)
    weight, hours = rng.uniform(1, 5, 200), rng.uniform(5, 60, 200)
    known = [
        Control("persons", np.ones(200), float(weight.sum())),
        Control("hours", hours, float((weight * hours).sum() * 1.035)),
    ]
    design = Design.from_columns(weight)
    free = design.calibrate(known).weight / weight
    assert free.max() > 1.1
    for method in ("linear", "raking", "logit"):
        new = design.calibrate(known, method, bounds=(0.9, 1.1))
        change = new.weight / weight
        assert change.min() >= 0.9 - 1e-12
        assert change.max() <= 1.1 + 1e-12
        assert totals(new, hours).value[0] == pytest.approx(known[1].totals, rel=1e-12)


# ---- The entry by rows, chunks, and the order of rows ----------------------------------------------------


@given(samples())
def test_the_entry_by_rows(sample: Sample) -> None:
    """Influence values of means by row, or the means computed from weights, give the errors of the means."""
    x = sample.columns
    domain, y = x["domain"].to_numpy(), x["y"].to_numpy()
    inside = domain[:, None] == np.arange(N_DOMAINS)

    def by_domain(w: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return (w * y) @ inside / (w @ inside)

    for name, design in sample.designs().items():
        estimate = means(design, y, domain, N_DOMAINS)
        if np.isnan(estimate.value).any():
            return
        w = design.weight[:, None]
        influence = w * inside * (y[:, None] - estimate.value) / (w * inside).sum(axis=0)
        expected = estimate.covariance()
        zero = 1e-20 * np.abs(y).max() ** 2  # residuals that cancel leave the rounding of the values themselves
        if design.replicates is not None:
            np.testing.assert_allclose(replicate_covariance(design, by_domain), expected, rtol=1e-8, atol=1e-9)
        elif sample.lonely == "certainty" or name != "two_stage":  # the other rules ask where a domain is
            np.testing.assert_allclose(
                influence_covariance(design, influence), expected, rtol=1e-7, atol=1e-8 * np.abs(expected).max() + zero
            )
        chosen = design_covariance(design, by_domain, influence)
        np.testing.assert_allclose(chosen, chosen.T, rtol=1e-9, atol=1e-12)


def test_replicates_of_a_linear_statistic() -> None:
    """The influence of a total over the replicates is the total over the replicates."""
    rng = np.random.default_rng(8)
    design = Design.from_columns(rng.uniform(1, 3, 30), np.repeat([1, 2, 3], 10)).to_replicates("JKn")
    y = rng.normal(5, 2, (30, 2))
    np.testing.assert_allclose(
        influence_covariance(design, design.weight[:, None] * y), totals(design, y).covariance(), rtol=1e-10
    )
    plain = Design.from_columns(np.ones(30))
    with pytest.raises(ValueError, match="no replicate weights"):
        replicate_covariance(plain, lambda w: w[:1])
    with pytest.raises(ValueError, match="the influence has 3 rows, the design 30"):
        influence_covariance(plain, [1, 2, 3])
    assert influence_covariance(plain, np.zeros(30))[0, 0] == 0


@given(samples(), st.integers(0, 2**32 - 1))
def test_order_and_chunks(sample: Sample, seed: int) -> None:
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(sample.columns))
    moved = Sample(sample.columns.iloc[order], sample.lonely)
    for name, design in sample.designs().items():
        x = sample.columns
        whole = estimates(x, design)
        for statistic, estimate in estimates(moved.columns, moved.designs()[name]).items():
            assert_same(estimate, whole[statistic], rtol=1e-7)
        instrument = design.calibration.instrument if design.calibration else None
        parts: dict[str, list[Moments]] = {"total": [], "ratio": [], "share": []}
        for rows in np.array_split(order, 3):
            where = (design.weight[rows], design.unit[rows], x["domain"].to_numpy()[rows], N_DOMAINS)
            y, u, outcome = (x[c].to_numpy()[rows] for c in ("y", "x", "outcome"))
            part = None if instrument is None else instrument[rows]
            parts["total"].append(Moments.from_arrays(*where, y, part))
            parts["ratio"].append(Moments.from_pair(*where, y, u, part))
            parts["share"].append(Moments.from_codes(*where, outcome, N_OUTCOMES, part))
        added = {statistic: reduce(Moments.add, chunks) for statistic, chunks in parts.items()}
        for statistic, finish, of in [
            ("total", totals_of, "total"), ("mean", means_of, "total"),
            ("ratio", ratios_of, "ratio"), ("share", shares_of, "share"),
        ]:  # fmt: skip
            assert_same(finish(added[of], design.basis), whole[statistic], rtol=1e-9)


@given(samples())
def test_a_difference_with_itself_and_a_sum_of_parts(sample: Sample) -> None:
    x = sample.columns
    for name, design in sample.designs().items():
        estimate = totals(design, x["y"], x["domain"], N_DOMAINS)
        v = estimate.covariance()
        with np.errstate(invalid="ignore"):
            size = np.abs(np.nan_to_num(v)).max(initial=1)
            np.testing.assert_allclose(np.diag(v), estimate.se**2, rtol=1e-9, atol=1e-10 * size, err_msg=name)
        whole = totals(design, x["y"], np.where(x["domain"] >= 0, 0, -1))
        if sample.lonely == "certainty" or name != "two_stage":
            known = ~np.isnan(np.diag(v))
            added = v[np.ix_(known, known)].sum()
            np.testing.assert_allclose(added, whole.se[0] ** 2, rtol=1e-7, atol=1e-9 * size, err_msg=name)
