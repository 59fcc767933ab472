"""Segments: planted ones are found, nothing but the data moves them, and their sizes are design-based shares.

Authorities: populations with known segments made in the test; correspondence analysis by singular values (Benzecri's
form, which shares no code with ours); the adjusted Rand index by hand and scikit-learn's; our own `shares` and `means`,
which are proved against R elsewhere.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from informality.inference import Design, interval, means, shares, totals
from informality.inference.segments.characteristics import Characteristic, distinct, read_cases
from informality.inference.segments.choices import Choices, standard_choices
from informality.inference.segments.drawing import resampled
from informality.inference.segments.embedding import RawColumns
from informality.inference.segments.naming import Wording
from informality.inference.segments.segmentation import Segmentation, segment
from informality.inference.segments.stability import adjusted_rand, recovered

EDUCATION = ("none", "primary", "secondary", "tertiary")
KNOWN = [
    Characteristic("area", title="Area", phrases={"rural": "rural", "urban": "urban"}, position="before"),
    Characteristic("age", "number", title="Age", phrases={"low": "young", "high": "older"}, position="before"),
    Characteristic("hours", "number", title="Hours a week", phrases={"high": "with long hours"}),
    Characteristic(
        "status", title="Status", position="head",
        labels={"own": "Own-account workers", "employee": "Employees", "family": "Family workers"},
        phrases={"own": "own-account workers", "employee": "employees", "family": "family workers"},
    ),
    Characteristic(
        "industry", title="Industry",
        labels={"farm": "Agriculture", "trade": "Trade", "state": "Government"},
        phrases={"farm": "in agriculture", "trade": "in trade", "state": "in government"},
    ),
    Characteristic(
        "education", "ordered", title="Education", order=EDUCATION, apart=("unknown",),
        phrases={"none": "without schooling", "primary": "with primary education", "tertiary": "with tertiary education"},
    ),
]  # fmt: skip


def planted(n: int = 1600, seed: int = 3, noise: float = 0.08) -> pd.DataFrame:
    """Four kinds of workers of unequal size and weight, in 40 PSUs of 4 strata; one answer in twelve is random."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(4, n, p=[0.4, 0.25, 0.2, 0.15])
    typical = {
        "area": ["rural", "urban", "urban", "rural"],
        "status": ["own", "own", "employee", "family"],
        "industry": ["farm", "trade", "state", "farm"],
        "education": ["primary", "secondary", "tertiary", "none"],
    }
    frame = pd.DataFrame({"kind": kind})
    for name, means_, sd in (("age", [48, 36, 42, 20], 4), ("hours", [35, 60, 44, 22], 4)):
        frame[name] = np.round(rng.normal(np.array(means_)[kind], sd))
    for name, values in typical.items():
        anything = rng.choice(sorted(set(values)), n)
        frame[name] = np.where(rng.random(n) < noise, anything, np.array(values)[kind])
    frame.loc[rng.random(n) < 0.03, "education"] = "unknown"
    frame["psu"] = rng.integers(0, 40, n)
    frame["stratum"] = frame["psu"] // 10
    frame["weight"] = rng.uniform(1, 9, n) * np.array([1.0, 2.0, 0.5, 3.0])[kind]
    frame["worker"] = rng.random(n) < 0.8
    return frame


X = planted()


def design_of(x: pd.DataFrame) -> Design:
    return Design.from_columns(x["weight"], x["stratum"], x["psu"])


def quick(**changes: float) -> Choices:
    """The choices of the library, with less work."""
    given = {"resamples": 6.0, "starts": 3.0, "most_segments": 6.0, **changes}
    standard = standard_choices()
    return standard.model_copy(
        update={name: getattr(standard, name).model_copy(update={"value": value}) for name, value in given.items()}
    )


def segments_of(x: pd.DataFrame, **options: Any) -> Segmentation:
    chosen = {"choices": quick(), "seed": 5, "wording": Wording(everyone="workers"), **options}
    return segment(design_of(x), x, KNOWN, domain=x["worker"].to_numpy(), **chosen)


FOUND = segments_of(X)
INSIDE = X["worker"].to_numpy()


# ---- What is found ---------------------------------------------------------------------------------------


def test_planted_segments_are_found_and_counted() -> None:
    assert len(FOUND) == 4 and FOUND.chosen_by == "stability"
    found, true = FOUND.code[INSIDE], X["kind"].to_numpy()[INSIDE]
    assert adjusted_rand(found, true, X["weight"].to_numpy()[INSIDE]) > 0.85
    assert (FOUND.code[~INSIDE] == -1).all()
    curve = FOUND.stability.table().set_index("segments")
    assert curve.loc[4, "value"] > 0.9 and not curve.loc[[5, 6], "stable"].any()
    assert FOUND.agreement == curve.loc[4, "value"]
    assert (FOUND.recovered > 0.85).all()


def test_names_say_who_they_are() -> None:
    """Each name holds words of the answers that were planted for its kind, the noun among them, and no others."""
    typical = [
        {"rural", "older", "own-account workers", "in agriculture", "with primary education"},
        {"urban", "own-account workers", "in trade", "with long hours"},
        {"urban", "employees", "in government", "with tertiary education"},
        {"rural", "young", "family workers", "in agriculture", "without schooling"},
    ]
    words = {phrase for what in KNOWN for phrase in what.phrases.values()}
    for k, name in enumerate(FOUND.names):
        kind = int(X["kind"][FOUND.code == k].mode()[0])
        said = {phrase for phrase in words if phrase in name.lower()}
        assert len(said) == 4 and said <= typical[kind], name
    assert "Urban own-account workers with long hours, in trade" in FOUND.names
    assert "Urban employees in government, mostly with tertiary education" in FOUND.names


def test_names_are_told_apart_even_where_there_are_few_words() -> None:
    wordless = [Characteristic(c.name, c.kind, order=c.order, apart=c.apart) for c in KNOWN]
    design, strict = design_of(X), quick(mostly=1.01, apart=99.0, resamples=2.0)
    assert segment(design, X, wordless, k=3, choices=strict).names == ("People (1)", "People (2)", "People (3)")
    told = segment(design, X, [KNOWN[0], *wordless[1:]], k=2, choices=strict).names
    assert set(told) == {"People, more often rural", "People, more often urban"}


def test_a_number_chosen_by_the_caller_is_said_to_be() -> None:
    three = segments_of(X, k=3)
    assert len(three) == 3 and three.chosen_by == "the caller"
    assert three.stability.k == (3,)
    assert FOUND.status == "assumption"


def test_segments_print_with_what_they_can_be_trusted_for() -> None:
    text = str(FOUND)
    share = FOUND.share.value[0, 0]
    assert text.startswith(f"1. {FOUND.names[0]}: {share:.1%} (") and f"{FOUND.share.n_numerator[0, 0]:,} cases" in text
    assert f"4 segments, chosen by stability: agreement between 6 resamples {FOUND.agreement:.2f}" in text
    assert "Industry: Trade " in text and ", others " in text


# ---- Sizes and profiles ----------------------------------------------------------------------------------


def test_sizes_are_the_shares_and_totals_of_the_codes() -> None:
    design = design_of(X)
    share = shares(design, FOUND.code, 4)
    table = FOUND.table()
    low, high = interval(share)
    mine = table.query("statistic == 'share'")
    for name, theirs in (("value", share.value), ("se", share.se), ("low", low), ("high", high)):
        np.testing.assert_array_equal(mine[name], theirs[0])
    np.testing.assert_array_equal(mine["n"], np.bincount(FOUND.code[INSIDE]))
    total = totals(design, (FOUND.code[:, None] == np.arange(4)).astype(float))
    mine = table.query("statistic == 'total'")
    np.testing.assert_array_equal(mine["value"], total.value[0])
    np.testing.assert_array_equal(mine["se"], total.se[0])
    assert mine["value"].is_monotonic_decreasing
    assert mine["value"].sum() == pytest.approx(X["weight"][INSIDE].sum(), rel=1e-12)


def test_profiles_are_shares_and_means_inside_and_outside() -> None:
    design, profile = design_of(X), FOUND.profile()
    side = np.where(FOUND.code < 0, -1, (FOUND.code == 1).astype(int))
    levels = ["farm", "trade", "state"]
    share = shares(design, pd.Index(levels).get_indexer(X["industry"]), 3, side, 2)
    age = means(design, X["age"], side, 2)
    for place, where in ((1, "inside"), (0, "outside")):
        rows = profile[(profile["segment"] == 2) & (profile["where"] == where)]
        mine = rows[rows["characteristic"] == "industry"].set_index("level").loc[levels]
        np.testing.assert_allclose(mine["value"], share.value[place], rtol=1e-12)
        np.testing.assert_allclose(mine["se"], share.se[place], rtol=1e-9)
        mine = rows[rows["characteristic"] == "age"].iloc[0]
        assert (mine["value"], mine["se"]) == (age.value[place], age.se[place])
    both = share.value[1] - share.value[0]
    gap = profile.query("segment == 2 and where == 'difference' and characteristic == 'industry'").set_index("level")
    np.testing.assert_allclose(gap.loc[levels, "value"], both, rtol=1e-9)
    assert gap["distance"].iloc[0] == pytest.approx(np.abs(both).sum() / 2)
    variance = share.covariance()
    c = np.array([-1, 0, 0, 1, 0, 0])
    assert gap.loc["farm", "se"] == pytest.approx(np.sqrt(c @ variance @ c), rel=1e-9)
    by_distance = profile.query("segment == 2 and where == 'inside'")["distance"]
    assert by_distance.is_monotonic_decreasing


# ---- The rule --------------------------------------------------------------------------------------------


def test_the_rule_puts_everyone_somewhere_and_says_how_often_it_is_right() -> None:
    rule, w = FOUND.rule, X["weight"].to_numpy()
    assert ((rule.leaf >= 0) == INSIDE).all()
    assert len(set(rule.lines)) == len(rule.lines) <= 8
    right = rule.leads_to[rule.leaf[INSIDE]] == FOUND.code[INSIDE]
    in_sample = np.average(right, weights=w[INSIDE])
    assert in_sample == pytest.approx(float((rule.caught.value[0] * rule.right.value[:, 1]).sum()), rel=1e-12)
    assert 0.85 < rule.accuracy.value[0, 1] <= in_sample + 0.01
    table = rule.table()
    assert table.query("measure == 'caught'")["value"].sum() == pytest.approx(1)
    assert {"caught", "right", "found", "accuracy"} == set(table["measure"])


def test_the_rule_can_be_applied_by_reading_it() -> None:
    """Each line is read back as a sentence and applied to the file by other code."""
    rule = FOUND.rule
    titles = {c.title: c for c in KNOWN}
    for i, line in enumerate(rule.lines):
        holds = INSIDE.copy()
        for part in line.split("; "):
            if part == "everyone":
                continue
            title, _, text = part.partition(": ")
            what = titles[title]
            column = X[what.name]
            if what.kind == "number":
                for limit in text.split(", "):
                    words, number = limit.rsplit(" ", 1)
                    holds &= (column <= float(number)) if words == "up to" else (column > float(number))
                continue
            level_of = {what.labels.get(level, level): level for level in column.unique()}
            if text.startswith("not "):
                holds &= ~column.isin([level_of[t.removeprefix("not ")] for t in text.split(", ")]).to_numpy()
            else:
                holds &= column.isin([level_of[t] for t in text.split(" or ")]).to_numpy()
        np.testing.assert_array_equal(holds, rule.leaf == i, err_msg=line)


# ---- Nothing but the data moves them ---------------------------------------------------------------------


def same_segments(a: Segmentation, b: Segmentation, order: Sequence[int] | None = None) -> None:
    code = b.code if order is None else b.code[np.argsort(order)]
    np.testing.assert_array_equal(a.code, code)
    assert a.names == b.names and a.rule.lines == b.rule.lines
    np.testing.assert_allclose(a.stability.mean, b.stability.mean, rtol=1e-9)
    np.testing.assert_allclose(a.share.value, b.share.value, rtol=1e-9)
    np.testing.assert_allclose(a.share.se, b.share.se, rtol=1e-9)
    np.testing.assert_allclose(a.rule.accuracy.value, b.rule.accuracy.value, rtol=1e-9)


def test_order_of_rows_and_scale_of_weights() -> None:
    order = np.random.default_rng(1).permutation(len(X))
    same_segments(FOUND, segments_of(X.iloc[order].assign(weight=lambda d: d["weight"] * 1234.5)), order)


def test_a_row_split_in_two_with_half_the_weight() -> None:
    twice = pd.concat([X, X.iloc[::3]]).reset_index(drop=True)
    twice.loc[np.r_[0 : len(X) : 3, len(X) : len(twice)], "weight"] /= 2
    split = segments_of(twice)
    np.testing.assert_array_equal(split.code[: len(X)], FOUND.code)
    np.testing.assert_array_equal(split.code[len(X) :], FOUND.code[::3])
    np.testing.assert_allclose(split.share.se, FOUND.share.se, rtol=1e-9)
    np.testing.assert_allclose(split.stability.mean, FOUND.stability.mean, rtol=1e-9)


def test_the_same_seed_bit_for_bit_and_another_nearly() -> None:
    again = segments_of(X)
    assert FOUND.table().equals(again.table()) and FOUND.stability.table().equals(again.stability.table())
    assert FOUND.profile().equals(again.profile()) and FOUND.rule.table().equals(again.rule.table())
    other = segments_of(X, seed=6, k=4)
    assert adjusted_rand(other.code[INSIDE], FOUND.code[INSIDE], X["weight"].to_numpy()[INSIDE]) > 0.95


def test_rows_outside_the_domain_hold_anything() -> None:
    y = X.assign(age=np.where(INSIDE, X["age"], np.nan), status=np.where(INSIDE, X["status"], "x"))
    same_segments(FOUND, segments_of(y))


def test_weights_are_honoured() -> None:
    """A weight of k is k people: segments of the weighted file are those of the file with rows repeated."""
    x = planted(500).assign(weight=lambda d: d["kind"] + 1.0)
    longer = x.loc[x.index.repeat(x["weight"].astype(int))].assign(weight=1.0).reset_index(drop=True)
    a, b = segments_of(x, k=4), segments_of(longer, k=4)
    np.testing.assert_array_equal(np.repeat(a.code, x["weight"].astype(int)), b.code)
    np.testing.assert_allclose(a.stability.mean, b.stability.mean, rtol=1e-9)


# ---- The parts -------------------------------------------------------------------------------------------


def test_categories_are_those_of_correspondence_analysis() -> None:
    """Squared distances in all dimensions are Q times those of multiple correspondence analysis by singular values."""
    names = ["area", "status", "industry"]
    design = design_of(X)
    cases = read_cases(design, X, [Characteristic(n) for n in names], None, "test")
    w = cases.sums(design.weight)
    z = np.hstack([pd.get_dummies(X[n].iloc[cases.first]).to_numpy(float) for n in names])
    p = (z * w[:, None]) / (w.sum() * len(names))
    r, c = p.sum(axis=1), p.sum(axis=0)
    u, d, _ = np.linalg.svd((p - np.outer(r, c)) / np.sqrt(np.outer(r, c)), full_matrices=False)
    kept = len(names) * d**2 > 1
    assert kept.sum() >= 2
    theirs = np.sqrt(len(names)) * (u * d)[:, kept] / np.sqrt(r)[:, None]
    ours = RawColumns.of(cases, w).coordinates(w, rare=0.0)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), rtol=0, atol=1e-9)


def test_numbers_are_their_principal_components() -> None:
    rng = np.random.default_rng(0)
    x = pd.DataFrame(
        rng.normal(size=(300, 3)) @ rng.normal(size=(3, 3)) * [1, 100, 0.01] + [5, 1e6, 0], columns=list("abc")
    )
    design = Design.from_columns(rng.uniform(1, 5, 300))
    cases = read_cases(design, x, [Characteristic(n, "number") for n in "abc"], None, "test")
    w = cases.sums(design.weight)
    ours = RawColumns.of(cases, w).coordinates(w, 0.05)
    values = x.to_numpy()[cases.first]
    z = values - np.average(values, axis=0, weights=w)
    z /= np.sqrt(np.average(z**2, axis=0, weights=w))
    size, axes = np.linalg.eigh((z * (w / w.sum())[:, None]).T @ z)
    theirs = (z @ axes[:, size > 1])[:, ::-1]
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), rtol=0, atol=1e-8)


def test_a_missing_number_and_a_level_apart_stand_at_the_mean_with_a_level_of_their_own() -> None:
    """By hand: the standardised columns of an order and a number with gaps, whose squared lengths are known."""
    x = pd.DataFrame({"e": ["low", "low", "high", "unknown"] * 5, "v": [1.0, 3.0, np.nan, 8.0] * 5})
    design = Design.from_columns(np.ones(20))
    known = [Characteristic("e", "ordered", order=("low", "high"), apart=("unknown",)),
             Characteristic("v", "number", missing="not known")]  # fmt: skip
    cases = read_cases(design, x, known, None, "test")
    w = cases.sums(design.weight)
    raw = RawColumns.of(cases, w)
    mean = raw.x.T @ (w / w.sum())
    squares = (raw.x.T @ (raw.x * (w / w.sum())[:, None])).toarray() - np.outer(mean, mean)
    z = (raw.x.toarray() - mean) @ raw._scale(mean, squares, 0.05)
    low, high, unknown, gap = z[cases.pattern[[0, 2, 3, 2]]]
    # ridits 1/4 and 5/8 of the ordered half and quarter, centred by their mean 3/8: -1/8 and 1/4
    assert high[0] == pytest.approx(-2 * low[0]) and unknown[0] == pytest.approx(0)
    assert gap[2] == pytest.approx(0)  # the missing number is average
    np.testing.assert_allclose(((z**2) * w[:, None]).sum(axis=0) / w.sum(), [1, 0.75, 1, 0.75])


def test_adjusted_rand_by_hand() -> None:
    """Shares 0.4, 0.1; 0.1, 0.4: sum p2 = 0.34, E = 0.25, (0.34 - 0.25) / (0.5 - 0.25) = 0.36."""
    a, b, w = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([4.0, 1.0, 1.0, 4.0])
    assert adjusted_rand(a, b, w) == pytest.approx(0.36)
    assert adjusted_rand(a, a, w) == adjusted_rand(a, 1 - a, w) == 1
    assert adjusted_rand(a, np.zeros(4, dtype=int), w) == 0
    assert adjusted_rand(a[:2], a[:2], w[:2]) == 1
    many = np.repeat(np.arange(4), (w * 1000).astype(int))
    assert adjusted_rand(a, b, w) == pytest.approx(adjusted_rand_score(a[many], b[many]), abs=1e-3)


def test_recovered_by_hand() -> None:
    """Segment 0 (weight 5) and its nearest (weight 6) share 4: 4 / 7; segment 1: 3 / 6."""
    a, b, w = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([4.0, 1.0, 2.0, 3.0])
    np.testing.assert_allclose(recovered(a, [b, a], w), [(4 / 7 + 1) / 2, (3 / 6 + 1) / 2])


def test_resamples_take_whole_psus_within_strata() -> None:
    design = design_of(X)
    for weight in resampled(design, 5, 0):
        factor = pd.Series(weight / design.weight).round(9)
        assert factor.groupby(X["psu"]).nunique().max() == 1
        per_psu = factor.groupby([X["stratum"], X["psu"]]).first().groupby("stratum")
        np.testing.assert_allclose(per_psu.sum(), 10)  # the weight of 9 drawn PSUs times 10/9
        np.testing.assert_allclose((per_psu.apply(lambda f: (f * 9 / 10).round(6) % 1).to_numpy()), 0)


def test_bootstrap_replicates_of_a_published_file_serve_as_resamples() -> None:
    made = design_of(X).to_replicates("bootstrap", number=12, seed=1)
    factors = made.replicates.factors[made.unit]  # type: ignore[union-attr]
    design = Design.from_replicates(X["weight"], factors * X["weight"].to_numpy()[:, None], "bootstrap", scale=1 / 11)
    found = segment(design, X, KNOWN, domain=INSIDE, choices=quick(), k=4, groups=X["psu"], seed=5)
    np.testing.assert_array_equal(found.code, FOUND.code)
    np.testing.assert_allclose(found.share.value, FOUND.share.value, rtol=1e-12)


def test_distinct_numbers_patterns_by_what_they_hold() -> None:
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 3, 200), rng.integers(0, 4, 200)]
    pattern, first = distinct(codes)
    both = np.column_stack(codes)
    np.testing.assert_array_equal(both[first], np.unique(both, axis=0))
    np.testing.assert_array_equal(both[first][pattern], both)
    wide = [rng.integers(0, 1 << 31, 50) for _ in range(5)]  # more combinations than a number can count
    pattern, first = distinct([*codes[:1], *wide] if len(wide[0]) == 200 else wide)
    assert len(first) == 50 and (np.column_stack(wide)[first[pattern]] == np.column_stack(wide)).all()


def test_scikit_learn_is_not_loaded_before_it_is_needed() -> None:
    code = (
        "import sys; import informality.cli, informality.inference.segments.segmentation, "
        "informality.inference.segments.scores; print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
