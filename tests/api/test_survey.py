"""Opening, classifying and pooling surveys; the snippet of the design page, word for word.

Authority: what the pipeline makes of the same file; R's numbers on INEC's file, which `tabulation/test_ecuador.py` holds.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import informality as inf
from informality.foundation.grammar import UNKNOWN
from informality.steps import raw_file, read_harmonised
from informality.study import Workspace, profile_and_wave

SNIPPET = """\
import informality as inf
lfs  = inf.classify(inf.open_survey("ecu-enemdu", wave="2021q1"), "ilo-17icls")
rate = inf.share(lfs, of={"job": "informal"}, among={"employed": "yes"}, by="sex")
rate["female"] - rate["male"]          # with its own standard error
fit  = inf.logit(lfs, of={"job": "informal"}, on="sex + age_group + education + industry")
fit.margins()
"""


def run(snippet: str) -> dict[str, object]:
    """The names a snippet leaves, and as `shown` what a notebook would show of its lines."""
    space: dict[str, object] = {}
    shown = []
    for line in snippet.splitlines():
        code = line.split("#")[0].strip()
        if code.startswith(("import", "lfs ", "rate =", "fit ")):
            exec(code, space)
        else:
            shown.append(eval(code, space))
    return {**space, "shown": shown}


def test_the_snippet_of_the_design_runs_on_the_made_up_survey() -> None:
    found = run(SNIPPET.replace("ecu-enemdu", "lao-demo").replace("2021q1", "2022"))
    gap, effects = found["shown"]
    assert 0 < gap.se < 0.05 and len(effects) > 20
    assert "Women \u2212 Men" in str(gap) and "Women \u2212 Men" in str(effects)


def test_the_snippet_of_the_design_runs_on_ecuador(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word; and INEC's own sector by sex and area, value, error and normal interval as R has them (survey 4.x)."""
    folder = shared / "data" / "ecu_enemdu_2021q1"
    if not any(folder.glob("*.sav")):
        pytest.skip("the survey file of Ecuador is not here")
    monkeypatch.setenv("INFORMALITY_DATA", str(folder))
    found = run(SNIPPET)
    lfs, rate, fit = found["lfs"], found["rate"], found["fit"]
    assert isinstance(lfs, inf.Survey) and isinstance(rate, inf.Result) and isinstance(fit, inf.Fit)
    assert len(lfs) == 88829
    gap, effects = found["shown"]
    assert gap.value == pytest.approx(rate.value[1] - rate.value[0], rel=1e-12)
    assert fit.n == int((lfs.frame["job"] != "not_applicable").sum())
    assert effects.to_pandas().query("variable == 'sex'")["value"].item() > 0
    assert lfs.made_up == ""
    reference = pd.read_csv(folder / "reference_estimates.csv")
    reference = reference[reference["estimate"] == "informal-sector share of employment"].set_index("domain")
    for by, codes in (("sex", ("p02=1", "p02=2")), ("area", ("area=1", "area=2"))):
        ours = inf.share(lfs, of={"secemp": "informal"}, among={"employed": "yes"}, by=by)
        theirs = reference.loc[list(codes)]
        np.testing.assert_allclose(ours.value, theirs["value"], rtol=1e-9)
        np.testing.assert_allclose(ours.se, theirs["se"], rtol=1e-9)
        low, high = ours.interval("normal")
        np.testing.assert_allclose([low, high], [theirs["ci_low"], theirs["ci_high"]], rtol=1e-9)
        np.testing.assert_allclose(ours.to_pandas()["deff"], theirs["deff"], rtol=1e-9)


def test_a_survey_is_what_the_pipeline_reads(opened: inf.Survey, tmp_path: Path) -> None:
    profile, wave = profile_and_wave("lao-demo", Workspace(tmp_path), None)
    raw = raw_file(profile, wave, Workspace(tmp_path), lambda text: None, tmp_path)
    read = read_harmonised(profile, wave, raw, "19")
    assert opened.frame.dtypes.equals(read.frame.dtypes)
    assert opened.frame.equals(read.frame)  # pandas' own testing takes twenty seconds over the categories
    assert opened.people.asked == read.asked
    assert opened.title == "Made-up Lao labour force survey, 2022" and "MADE-UP DATA" in repr(opened)
    assert opened.design.units.lonely == "adjust"
    assert opened.account is not None and opened.account.equals(read.accounting)
    text = repr(opened)
    assert "28,930 persons standing for 7,621,730" in text
    assert "51 strata, 328 primary sampling units, 277 degrees of freedom, lonely rule `adjust`" in text
    assert not list(tmp_path.glob("data_raw/*"))


def test_basis_and_lonely_rule_are_chosen_when_opening() -> None:
    other = inf.open_survey("lao-demo", basis="13", lonely="certainty")
    assert other.basis == "13" and other.design.units.lonely == "certainty"
    assert float(inf.total(other, {}, {"employed": "yes"})) == pytest.approx(
        float(inf.total(other, {}, {"employed_13": "yes"}))
    )


def test_options_of_a_definition_count_as_assumptions(opened: inf.Survey) -> None:
    strict = inf.classify(opened, "ilo-17icls", options={"ilo-17icls": {"size_threshold": 20}})
    plain = inf.classify(opened, "ilo-17icls")
    assert strict.definitions[0].status == "assumption"
    assert (strict.frame["unit"] != plain.frame["unit"]).any()
    assert "ilo-17icls.job.rule" in plain.frame and "job" not in opened.frame


def test_nothing_changes_the_survey(lfs: inf.Survey) -> None:
    before = pd.util.hash_pandas_object(lfs.frame).sum()
    rate = inf.share(lfs, {"job": "informal"}, {"employed": "yes"}, by="sex")
    inf.logit(lfs, {"job": "informal"}, "sex", {"employed": "yes"}).margins()
    _ = rate - rate
    assert pd.util.hash_pandas_object(lfs.frame).sum() == before


def test_columns_of_a_frame_become_variables() -> None:
    frame = pd.DataFrame(
        {
            "w": [1.0, 2, 3, 4],
            "code": [2, 1, 1, np.nan],
            "word": ["b", None, "a", "a"],
            "yes": [True, False, True, True],
            "size": pd.array([1, None, 3, 4], dtype="Int64"),
            "day": pd.to_datetime(["2024-01-01"] * 4),
            "grade": pd.Categorical(["low", "high", "low", "low"], ["low", "high"], ordered=True),
        },
        index=[5, 5, 6, 7],
    )
    survey = inf.from_frame(frame, weight="w", labels={"code": {1: "One", 2: "Two", 3: "Three"}})
    kinds = {name: (v.kind, v.categories) for name, v in survey.people.variables.items()}
    assert kinds["code"] == ("category", ("1", "2", "3", UNKNOWN))
    assert kinds["word"] == ("category", ("a", "b", UNKNOWN))
    assert kinds["yes"] == ("category", ("False", "True"))
    assert kinds["grade"] == ("category", ("low", "high"))
    assert kinds["size"][0] == kinds["w"][0] == "number"
    assert "day" not in kinds and "day" in survey.frame
    assert float(inf.share(survey, {"code": 1})) == pytest.approx(0.5)
    assert float(inf.share(survey, {"code": UNKNOWN})) == pytest.approx(0.4)
    assert float(inf.share(survey, {"yes": True})) == pytest.approx(0.8)
    assert float(inf.total(survey, {"size": [">= 3", UNKNOWN]})) == pytest.approx(9)
    assert inf.share(survey, {"yes": "True"}, by="code").cells == (("1",), ("2",), (UNKNOWN,))
    assert inf.share(survey, {"yes": (True, False)}, {"word": {"a", "b"}}).value == 1
    assert frame.index.tolist() == [5, 5, 6, 7]
    unchanged = json.loads(frame.drop(columns="day").to_json(orient="records"))
    assert unchanged[1]["word"] is None
