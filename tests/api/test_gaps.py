"""Gaps taken apart from Python: the same numbers as the core's, whom they are about, and what is refused.

Authority: `inference.decomposition`, proved against R in tests of its own, on columns made by hand; weighted means
by numpy for what each group has; the arithmetic of the parts; messages by hand.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import informality as inf
from informality.inference.decomposition import gaps

EMPLOYED, INFORMAL = {"employed": "yes"}, {"job": "informal"}
MISSING = ["unknown", "not_asked", "not_applicable"]
BETWEEN = {"sex": ("Women", "male")}  # by printed label or by identifier
ON = "age + area + education"


@pytest.fixture(scope="module")
def gap(lfs: inf.Survey) -> inf.Gap:
    return inf.decompose(lfs, INFORMAL, ON, BETWEEN, EMPLOYED)


def columns(lfs: inf.Survey) -> tuple[pd.DataFrame, np.ndarray]:
    workers = lfs.frame
    frame = pd.DataFrame(
        {
            n: workers[n].cat.set_categories([c for c in workers[n].cat.categories if c not in MISSING])
            for n in ("sex", "area", "education")
        }
    )
    frame["sex"] = frame["sex"].cat.set_categories(["female", "male"])
    frame = frame.assign(
        age=workers["age"], hours=workers["hours_usual"], informal=(workers["job"] == "informal") * 1.0
    )
    return frame, (workers["employed"] == "yes").to_numpy()


def test_a_gap_in_shares_is_that_of_the_core_and_of_the_groups(lfs: inf.Survey, gap: inf.Gap) -> None:
    frame, employed = columns(lfs)
    inside = employed & frame.drop(columns="hours").notna().all(axis=1).to_numpy()
    core = gaps.yun(lfs.design, frame, f"informal ~ {ON}", ("sex", "female", "male"), domain=inside)
    assert gap.n == core.n and sum(gap.n) == inside.sum()
    assert list(gap.core.labels["part"]) == list(core.labels["part"])
    np.testing.assert_allclose(gap.core.value, core.value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(gap.core.se, core.se, rtol=1e-7, atol=1e-12)
    weight = lfs.design.weight
    for level in ("female", "male"):
        who = inside & (frame["sex"] == level).to_numpy()
        assert gap[f"observed: {level}"] == pytest.approx(
            np.average(frame["informal"][who], weights=weight[who]), rel=1e-9
        )
    assert gap["gap"] == pytest.approx(gap["observed: female"] - gap["observed: male"], abs=1e-14)
    assert gap["explained"] + gap["unexplained"] == pytest.approx(gap["gap"], abs=1e-10)


def test_the_groups_the_other_way_round_turn_the_sign(lfs: inf.Survey, gap: inf.Gap) -> None:
    other = inf.decompose(lfs, INFORMAL, ON, {"sex": ("male", "female")}, EMPLOYED)
    for name in ("gap", "explained", "unexplained"):
        assert other[name] == pytest.approx(-gap[name], rel=1e-8, abs=1e-12)


def test_a_gap_in_a_number_twofold_and_threefold(lfs: inf.Survey) -> None:
    frame, employed = columns(lfs)
    inside = employed & frame.notna().all(axis=1).to_numpy()
    groups = ("sex", "female", "male")
    for method, options in (("oaxaca", {"reference": "Men"}), ("threefold", {"method": "threefold"})):
        ours = inf.decompose(lfs, "hours_usual", ON, BETWEEN, EMPLOYED, **options)
        more = {"reference": "male"} if method == "oaxaca" else {}
        core = getattr(gaps, method)(lfs.design, frame, f"hours ~ {ON}", groups, **more, domain=inside)
        np.testing.assert_allclose(ours.core.value, core.value, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(ours.core.se, core.se, rtol=1e-7, atol=1e-10)
        who = inside & (frame["sex"] == "male").to_numpy()
        mean = np.average(frame["hours"][who], weights=lfs.design.weight[who])
        assert ours["observed: male"] == pytest.approx(mean, rel=1e-9)
    assert "Endowments are read as explained" in " ".join(ours.to_text(100).split())


def test_it_prints_in_the_words_of_the_survey_with_how_to_read_it(gap: inf.Gap) -> None:
    text = " ".join(gap.to_text(100).split())
    for words in (
        "Women less Men",
        "Gap",
        "Explained All together",
        "Unexplained All together",
        "Education",
        "Constant",
    ):
        assert words in text, words
    assert "not thereby justified" in text and "not proof of discrimination" in text and "MADE-UP DATA" in text
    row = gap.to_pandas().set_index(["part", "group", "term"]).loc[("gap", "", "")]
    assert f"{row['value'] * 100:.1f}".lstrip("-") in text
    assert "female" not in text


def test_all_mistakes_at_once(lfs: inf.Survey) -> None:
    with pytest.raises(inf.InformalityError) as refused:
        inf.decompose(lfs, {"job": "informl"}, "ages", {"sex": ("female", "mal")}, method="both")  # type: ignore[arg-type]
    told = {(p.place, p.what) for p in refused.value.problems}
    assert ("decompose, method", "`both` is not a way to take a gap apart") in told
    assert ("decompose, between", "`mal` is not a level of `sex`") in told
    assert {place for place, _ in told} >= {"decompose, of", "decompose, on"}


@pytest.mark.parametrize(
    ("between", "what"),
    [
        ({"sex": "female"}, "`sex` needs two of its categories"),
        ({"sex": ("male", "male")}, "`sex` needs two of its categories"),
        ("sex", "`between` must be one variable and two of its categories"),
        ({"sexx": ("a", "b")}, "`sexx` is not a category variable"),
        ({"age": ("a", "b")}, "`age` is a number, and groups are made by categories"),
        ({"area": ("urban", "rural")}, "`area`, which makes the groups, is also in the formula"),
    ],
)
def test_groups_that_are_none(lfs: inf.Survey, between: object, what: str) -> None:
    with pytest.raises(inf.InformalityError) as refused:
        inf.decompose(lfs, INFORMAL, ON, between, EMPLOYED)  # type: ignore[arg-type]
    assert [p.what for p in refused.value.problems] == [what]


def test_the_groups_are_not_in_the_universe_too(lfs: inf.Survey) -> None:
    with pytest.raises(inf.InformalityError, match="`sex` makes the groups"):
        inf.decompose(lfs, INFORMAL, ON, BETWEEN, {"employed": "yes", "sex": "male"})
