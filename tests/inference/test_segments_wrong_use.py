"""Wrong use of segments and propensities, and what the user is told. The sentences are part of the behaviour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.inference import Design
from informality.inference.segments.characteristics import Characteristic as Known
from informality.inference.segments.choices import Choices, standard_choices
from informality.inference.segments.dependence import dependence
from informality.inference.segments.importance import importance
from informality.inference.segments.learners import Boosting, PlainLogit
from informality.inference.segments.propensity import propensity
from informality.inference.segments.scores import calibration_curve, scores
from informality.inference.segments.segmentation import segment


def people(n: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "sex": rng.choice(["female", "male"], n),
            "education": rng.choice(["none", "primary", "tertiary", "unknown"], n),
            "age": rng.integers(15, 65, n).astype(float),
            "country": "Lao PDR",
            "informal": rng.integers(0, 2, n),
            "psu": np.arange(n) % 12,
        }
    )


X = people()
DESIGN = Design.from_columns(np.linspace(1, 3, len(X)), None, X["psu"])
EDUCATION = Known("education", "ordered", order=("none", "primary", "tertiary"), apart=("unknown",))
LOGIT: dict[str, Any] = {"learner": PlainLogit(), "folds": 3, "inner_folds": 2}


def told(code: ExitCode, use: Callable[[], Any]) -> str:
    with pytest.raises(InformalityError) as error:
        use()
    assert error.value.code == code
    return str(error.value)


def quick(**values: float) -> Choices:
    standard, given = standard_choices(), {"resamples": 3.0, "starts": 2.0, **values}
    changed = {name: getattr(standard, name).model_copy(update={"value": value}) for name, value in given.items()}
    return standard.model_copy(update=changed)


# ---- Characteristics -------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", ["segments", "propensity"])
def test_characteristics_declared_wrongly_are_told_at_once(use: str) -> None:
    wrong = [Known("sexx"), Known("sex"), Known("sex"), Known("age", "ordered"),
             Known("education", "ordered", order=("none", "unknown"), apart=("unknown",))]  # fmt: skip

    def run() -> Any:
        return segment(DESIGN, X, wrong) if use == "segments" else propensity(DESIGN, X, X["informal"], wrong)

    text = told(ExitCode.SPEC, run)
    for sentence in (
        "`sexx` is not a variable of the data", "did you mean `sex`?", "`sex` is named twice",
        "the order of `age` is not said", "`education` has a level both in its order and apart from it",
    ):  # fmt: skip
        assert text.count(sentence) == 1
    assert "no characteristic is named" in told(ExitCode.SPEC, lambda: segment(DESIGN, X, []))


def test_missing_values_must_be_declared() -> None:
    x = X.assign(age=X["age"].where(X.index > 4), sex=X["sex"].where(X.index > 1, None))
    text = told(ExitCode.DATA, lambda: segment(DESIGN, x, [Known("sex"), Known("age", "number"), EDUCATION]))
    assert "`sex` is missing in some rows of the domain" in text and "2 of 240 rows" in text
    assert "give such rows a category of their own" in text
    assert "`age` is missing in some rows of the domain" in text and "5 of 240 rows" in text
    assert 'say what a missing value is called, missing="not known"' in text


def test_orders_and_numbers_hold_what_they_say() -> None:
    short = Known("education", "ordered", order=("none", "primary"))
    text = told(ExitCode.DATA, lambda: segment(DESIGN, X, [short, Known("sex", "number")]))
    assert "`education` has levels that its order does not place" in text and "tertiary, unknown" in text
    assert "`sex` is declared as a number but holds words" in text
    x = X.assign(age=X["age"].where(X.index > 0, np.inf))
    assert "`age` is infinite in some rows" in told(ExitCode.DATA, lambda: segment(DESIGN, x, [Known("age", "number")]))


def test_a_characteristic_with_one_level() -> None:
    for use in (lambda k: segment(DESIGN, X, k), lambda k: propensity(DESIGN, X, X["informal"], k)):
        text = told(ExitCode.ESTIMATE, lambda use=use: use([Known("sex"), Known("country")]))  # type: ignore[misc]
        assert "`country` is the same for every case, so it tells nobody apart" in text
        assert "all 240 cases have Lao PDR" in text


# ---- Domains and samples ---------------------------------------------------------------------------------


def test_empty_domains_and_one_psu() -> None:
    nobody, one = np.zeros(len(X), dtype=bool), (X["psu"] == 3).to_numpy()
    for use in (
        lambda d: segment(DESIGN, X, [Known("sex"), EDUCATION], domain=d),
        lambda d: propensity(DESIGN, X, X["informal"], [Known("sex")], domain=d),
    ):
        assert "nobody in the sample belongs to the domain" in told(
            ExitCode.ESTIMATE, lambda use=use: use(nobody)  # type: ignore[misc]
        )  # fmt: skip
        assert "all cases lie in one primary sampling unit (PSU)" in told(
            ExitCode.ESTIMATE, lambda use=use: use(one)  # type: ignore[misc]
        )  # fmt: skip


def test_replicate_weights_do_not_say_who_was_drawn_together() -> None:
    jackknife = DESIGN.to_replicates("JKn")
    text = told(ExitCode.ESTIMATE, lambda: segment(jackknife, X, [Known("sex"), EDUCATION], k=2, choices=quick()))
    assert "the replicate weights are not such" in text and "12 JKn replicates" in text
    text = told(ExitCode.ESTIMATE, lambda: propensity(jackknife, X, X["informal"], [Known("sex")], **LOGIT))
    assert "replicate weights do not say which cases were drawn together" in text and "groups=" in text
    made = propensity(jackknife, X, X["informal"], [Known("sex")], groups=X["psu"], **LOGIT)
    assert made.groups == 12 and scores([made]).areas.cov[0, 0] > 0
    gone = told(
        ExitCode.DATA,
        lambda: propensity(DESIGN, X, X["informal"], [Known("sex")], groups=X["psu"].where(X.index > 2), **LOGIT),
    )
    assert "the group is missing in some rows" in gone and "3 of 240 rows" in gone


# ---- Segments --------------------------------------------------------------------------------------------


def test_more_segments_than_different_cases() -> None:
    text = told(ExitCode.ESTIMATE, lambda: segment(DESIGN, X, [Known("sex"), Known("informal")], k=5, choices=quick()))
    assert "more segments are asked for than there are different cases in the domain" in text
    assert "5 segments, 4 different combinations of characteristics" in text
    found = segment(DESIGN, X, [Known("sex"), Known("informal")], choices=quick(stability=0.0, found_again=0.0))
    assert max(found.stability.k) <= 4


def test_segments_that_nothing_supports() -> None:
    """Characteristics without any tie: however many segments are cut, other samples cut them elsewhere."""
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(240, 4)), columns=list("abcd"))
    known = [Known(name, "number") for name in "abcd"]
    text = told(ExitCode.ESTIMATE, lambda: segment(DESIGN, x, known, choices=quick(resamples=6)))
    assert "no number of segments is stable" in text and "2 segments: agreement 0." in text
    assert "choose a number, k=, and publish its agreement with it" in text
    chosen = segment(DESIGN, x, known, k=3, choices=quick())
    assert chosen.agreement < 0.8 and chosen.chosen_by == "the caller"


def test_numbers_of_segments_folds_groups_and_shuffles() -> None:
    with pytest.raises(ValueError, match="segments are at least 2, not 1"):
        segment(DESIGN, X, [EDUCATION], k=1)
    with pytest.raises(ValueError, match="at least 2 folds, not 1"):
        propensity(DESIGN, X, X["informal"], [Known("sex")], folds=1)
    made = propensity(DESIGN, X, X["informal"], [Known("sex")], **LOGIT)
    with pytest.raises(ValueError, match="at least 2 groups"):
        calibration_curve(made, 1)
    with pytest.raises(ValueError, match="at least 2 shuffles"):
        importance(made, 1)
    with pytest.raises(ValueError, match="two learners have one name"):
        scores([made, made])
    with pytest.raises(ValueError, match="reference must be one of"):
        scores([made], reference="forest")


# ---- Propensities ----------------------------------------------------------------------------------------


def test_outcomes() -> None:
    known = [Known("sex")]
    text = told(ExitCode.ESTIMATE, lambda: propensity(DESIGN, X, np.ones(240), known, what="informal job"))
    assert "informal job: the outcome is the same for every case in the domain" in text and "it is 1" in text
    text = told(ExitCode.DATA, lambda: propensity(DESIGN, X, X["education"], known))
    assert "the outcome must be 0 or 1, or True or False" in text and "frame['job'] == 'informal'" in text
    text = told(ExitCode.DATA, lambda: propensity(DESIGN, X, X["informal"].where(X.index > 9), known))
    assert "the outcome is missing in some rows of the domain" in text and "10 of 240 rows" in text
    lone = (X["psu"] == 5).astype(int)
    text = told(ExitCode.ESTIMATE, lambda: propensity(DESIGN, X, lone, known, **LOGIT))
    assert "the outcome is the same for every case in a part of the folds" in text and "few PSUs hold all cases" in text
    text = told(ExitCode.ESTIMATE, lambda: propensity(DESIGN, X, lone, known, **{**LOGIT, "calibration": "none"}))
    assert "the outcome is the same for every case without fold" in text and "it is 0" in text


def test_fewer_psus_than_folds() -> None:
    text = told(ExitCode.ESTIMATE, lambda: propensity(DESIGN, X, X["informal"], [Known("sex")], folds=15))
    assert "the cases lie in fewer primary sampling units (PSUs) than there are folds" in text
    assert "12, for 15 folds" in text and "ask for fewer folds" in text


def test_unknown_calibration_and_too_many_levels() -> None:
    text = told(ExitCode.ESTIMATE, lambda: propensity(DESIGN, X, X["informal"], [Known("sex")], calibration="plat"))  # type: ignore[arg-type]
    assert "did you mean `platt`?" in text
    x = pd.concat([X, X]).assign(village=[f"v{i}" for i in range(480)]).reset_index(drop=True)
    design = Design.from_columns(np.ones(480), None, x["psu"])
    text = told(
        ExitCode.ESTIMATE, lambda: propensity(design, x, x["informal"], [Known("village")], learner=Boosting(5, 5))
    )
    assert "a characteristic has more than 255 levels" in text and "`village` has 480" in text


def test_dependence_on_what_is_not_there() -> None:
    made = propensity(DESIGN, X, X["informal"], [Known("sex"), Known("age", "number")], **LOGIT)
    assert "did you mean `sex`?" in told(ExitCode.ESTIMATE, lambda: dependence(made, "sexx"))
    assert "choose some: at=[20, 40, 60]" in told(ExitCode.ESTIMATE, lambda: dependence(made, "age"))
    assert "`sex` has no level `other`" in told(ExitCode.ESTIMATE, lambda: dependence(made, "sex", ["other"]))


def test_propensities_of_different_cases_are_not_compared() -> None:
    a = propensity(DESIGN, X, X["informal"], [Known("sex")], **LOGIT)
    b = propensity(DESIGN, X, X["informal"], [Known("sex")], domain=(X["age"] > 20).to_numpy(), **LOGIT)
    text = told(ExitCode.ESTIMATE, lambda: scores([a, replace(b, learner="another")]))
    assert "they are not of the same cases, outcome and folds" in text
