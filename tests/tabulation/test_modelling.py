"""Models as rows of the results table: saturated models by hand, who is left out, what cannot be fitted, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from informality.classification.definition import Definition, read_definition
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.grammar import MISSING, REASON
from informality.foundation.library import find
from informality.foundation.schema import Schema, read_schema
from informality.inference.sampling.design import Design
from informality.tabulation.columns import COLUMNS
from informality.tabulation.model_plan import read_model_set
from informality.tabulation.modelling import tabulate_models
from informality.tabulation.reliability import read_standard
from informality.tabulation.rows import Settings
from informality.tabulation.views import outcome_variables, view

UNIVERSES = {"employed": {"title": "Employed", "where": {"employed": "yes"}}}
N = 400


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read_schema()


@pytest.fixture(scope="module")
def definition(schema: Schema) -> Definition:
    return read_definition(find("definitions", "ilo-17icls"), schema)


@pytest.fixture(scope="module")
def people(schema: Schema, definition: Definition) -> pd.DataFrame:
    """400 employed persons in 40 PSUs; job, sex, education and area drawn, earnings depend on job, weights vary."""
    rng = np.random.default_rng(11)

    def category(name: str, values: Any) -> pd.Categorical:
        return pd.Categorical(values, categories=schema[name].grammar.categories)

    sex = rng.choice(["male", "female"], N)
    area = rng.choice(["urban", "rural"], N)
    education = rng.choice(["primary", "tertiary", "unknown"], N, p=[0.6, 0.35, 0.05])
    informal = rng.random(N) < 0.3 + 0.2 * (sex == "female") + 0.2 * (education == "primary")
    education[:12] = "none"
    informal[:12] = True  # nobody without schooling has a formal job
    frame = pd.DataFrame(
        {
            "sex": category("sex", sex),
            "area": category("area", area),
            "education": category("education", education),
            "employed": category("employed", ["yes"] * N),
            "status": category("status", rng.choice(["employee", "own_account", "other"], N)),
        }
    )
    jobs = [*definition.outcomes["job"].categories, "not_determinable", "not_applicable"]
    frame["ilo-17icls.job"] = pd.Categorical(np.where(informal, "informal", "formal"), categories=jobs)
    frame["earnings_employee"] = np.exp(8 - 0.4 * informal + rng.normal(0, 0.3, N))
    frame.loc[20:29, "earnings_employee"] = 0.0
    frame.loc[30:34, "earnings_employee"] = np.nan
    frame["earnings_employee" + REASON] = pd.Categorical([None] * N, categories=MISSING)
    frame.loc[30:34, "earnings_employee" + REASON] = "unknown"
    frame["weight"] = rng.uniform(1, 5, N)
    frame["stratum"], frame["psu"] = (np.arange(N) // 100).astype(str), (np.arange(N) // 10).astype(str)
    for name in definition.outcomes:
        if f"ilo-17icls.{name}" not in frame:
            frame[f"ilo-17icls.{name}"] = frame["ilo-17icls.job"]
        frame[f"ilo-17icls.{name}.rule"] = pd.array([pd.NA] * N, dtype="Int16")
    return frame


def made(
    model: dict[str, Any],
    folder: Path,
    schema: Schema,
    definition: Definition,
    people: pd.DataFrame,
    asked: frozenset[str] | None = None,
    kind: str = "models",
) -> pd.DataFrame:
    path = folder / "models.yml"
    model = {"title": "M", "among": "employed", **model}
    path.write_text(json.dumps({"title": "T", "universes": UNIVERSES, kind: {"m": model}}))
    models = read_model_set(path, {**schema.grammar, **outcome_variables(definition)})
    seen = view(people, definition, schema, frozenset(schema.grammar) if asked is None else asked)
    design = Design.from_columns(people["weight"], people["stratum"], people["psu"])
    settings = Settings("s", "v", "w", "verified", "logit", 0.95, read_standard("ilostat-cv"))
    return tabulate_models(models, seen, design, settings)


def one(rows: pd.DataFrame, statistic: str, level: str, outcome: str | None = None) -> pd.Series:
    found = rows[(rows["statistic"] == statistic) & (rows["level1"] == level)]
    if outcome is not None:
        found = found[found["level2"] == outcome]
    assert len(found) == 1
    return found.iloc[0]


LOGIT = {"kind": "logit", "of": {"job": "informal"}, "on": ["sex"], "adjusted": ["sex"]}


def test_a_saturated_logit_by_hand(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    """With one factor the model reproduces the weighted shares: effect, adjusted share and odds ratio follow from them.

    The error of the effect is that of the difference of the two shares: residuals over group weights, PSU totals within
    strata, the textbook formula.
    """
    rows = made({**LOGIT, "reference": {"sex": "male"}}, tmp_path, schema, definition, people)
    assert list(rows.columns) == list(COLUMNS)
    informal = (people["ilo-17icls.job"] == "informal").to_numpy(dtype=float)
    w = people["weight"].to_numpy()
    share, residual = {}, np.zeros(N)
    for sex, sign in (("male", -1), ("female", 1)):
        group = (people["sex"] == sex).to_numpy()
        share[sex] = float(w[group] @ informal[group] / w[group].sum())
        residual += sign * w * (informal - share[sex]) * group / w[group].sum()
    gap = share["female"] - share["male"]
    psu = pd.Series(residual).groupby([people["stratum"], people["psu"]]).sum()
    se = np.sqrt(sum(10 / 9 * ((g - g.mean()) ** 2).sum() for _, g in psu.groupby(level=0)))

    effect = one(rows, "effect", "female")
    assert effect["value"] == pytest.approx(gap, rel=1e-10)
    assert effect["se"] == pytest.approx(se, rel=1e-9)
    assert effect["unit"] == "points"
    assert effect["df"] == 40 - 4  # PSUs less strata
    assert effect["p"] == pytest.approx(2 * stats.t.sf(gap / se, 36), rel=1e-9)
    half = stats.t.ppf(0.975, 36) * se
    assert [effect["ci_low"], effect["ci_high"]] == pytest.approx([gap - half, gap + half], rel=1e-9)
    odds = {sex: p / (1 - p) for sex, p in share.items()}
    ratio = one(rows, "ratio", "female")
    assert ratio["value"] == pytest.approx(odds["female"] / odds["male"], rel=1e-9)
    assert ratio["unit"] == "odds ratio"
    assert np.log(ratio["ci_high"] / ratio["ci_low"]) / 2 == pytest.approx(
        stats.t.ppf(0.975, 35) * ratio["se"] / ratio["value"], rel=1e-9
    )  # a coefficient has the degrees of freedom of the design, plus one, less the two coefficients
    for sex, p in share.items():
        assert one(rows, "adjusted", sex)["value"] == pytest.approx(p, rel=1e-10)
        assert one(rows, "effect", sex)["n"] == (people["sex"] == sex).sum()
    assert one(rows, "effect", "male")["note"] == "reference"
    assert one(rows, "ratio", "male")["value"] == 1.0
    assert one(rows, "coefficient", "male")["value"] == 0.0
    test = rows[rows["statistic"] == "joint_test"].iloc[0]
    coefficient = one(rows, "coefficient", "female")
    assert test["value"] == pytest.approx((coefficient["value"] / coefficient["se"]) ** 2, rel=1e-9)
    assert test["p"] == pytest.approx(coefficient["p"], rel=1e-6)


def test_rows_stand_in_the_order_of_the_schema_whatever_the_reference(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    model = {**LOGIT, "on": ["education", "sex"], "reference": {"education": "tertiary"}}
    rows = made(model, tmp_path, schema, definition, people)
    effects = rows[(rows["statistic"] == "effect") & (rows["dim1"] == "education")]
    assert effects["level1"].tolist() == ["primary", "tertiary"]
    assert effects["note"].tolist()[1] == "reference"


def test_who_is_left_out_is_counted(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    rows = made({**LOGIT, "on": ["sex", "education", "region"]}, tmp_path, schema, definition, people,
                frozenset(schema.grammar) - {"region"})  # fmt: skip
    cases = rows[rows["statistic"] == "cases"].iloc[0]
    unknown = int((people["education"] == "unknown").sum())
    assert cases["n"] == N - 12 - unknown
    assert cases["note"] == (
        "12 sampled persons are left out because all have the outcome (Education: No schooling); "
        "left out of the model, because the survey did not ask: Region; "
        f"{unknown} of {N - 12} sampled persons are left out, without a usable answer on: Education ({unknown})"
    )
    assert "none" not in set(rows["level1"].dropna())


def test_earnings_in_logarithms_give_ratios_of_geometric_means(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    model = {"kind": "linear", "of": "earnings_employee", "log": True, "on": ["job"], "reference": {"job": "formal"}}
    rows = made(model, tmp_path, schema, definition, people)
    used = people[people["earnings_employee"] > 0]
    mean = {
        job: np.average(np.log(g["earnings_employee"]), weights=g["weight"])
        for job, g in used.groupby("ilo-17icls.job", observed=True)
    }
    ratio = one(rows, "ratio", "informal")
    assert ratio["value"] == pytest.approx(np.exp(mean["informal"] - mean["formal"]), rel=1e-10)
    assert ratio["unit"] == "ratio"
    cases = rows[rows["statistic"] == "cases"].iloc[0]
    assert cases["note"] == f"15 of {N} sampled persons are left out, without a usable answer on: " + (
        "Monthly earnings of employees (15)"
    )
    quantile = made({**model, "kind": "quantile", "tau": 0.5}, tmp_path, schema, definition, people)
    assert 0.5 < one(quantile, "ratio", "informal")["value"] < 0.9  # the earnings are made with exp(-0.4) = 0.67


def test_a_multinomial_model_by_hand(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    model = {"kind": "multinomial", "of": "status", "outcomes": ["employee", "own_account"], "on": ["sex"]}
    rows = made(model, tmp_path, schema, definition, people)
    used = people[people["status"].isin(["employee", "own_account"])]
    own = {
        sex: np.average(g["status"] == "own_account", weights=g["weight"])
        for sex, g in used.groupby("sex", observed=True)
    }
    effect = one(rows, "effect", "female", "own_account")
    assert effect["value"] == pytest.approx(own["female"] - own["male"], rel=1e-9)
    assert one(rows, "effect", "female", "employee")["value"] == pytest.approx(-effect["value"], rel=1e-9)
    assert f"({(people['status'] == 'other').sum()})" in rows[rows["statistic"] == "cases"].iloc[0]["note"]


def test_few_cases_are_marked_and_hidden(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    few = people.copy()
    few.loc[100:107, "education"] = "lower_secondary"
    few.loc[200:202, "education"] = "post_secondary"
    few.loc[[100, 101, 200], "ilo-17icls.job"] = "formal"
    few.loc[[102, 103, 201], "ilo-17icls.job"] = "informal"
    rows = made({**LOGIT, "on": ["education", "sex"], "adjusted": []}, tmp_path, schema, definition, few)
    assert one(rows, "effect", "lower_secondary")["grade"] == "unreliable"
    hidden = one(rows, "effect", "post_secondary")
    assert hidden["grade"] == "suppressed"
    assert hidden[["value", "se", "ci_low", "ci_high", "p", "n", "n_weighted"]].isna().all()


@pytest.mark.parametrize(
    ("model", "asked", "note"),
    [
        ({**LOGIT, "of": {"social_security": "yes"}}, {"social_security"}, "the survey did not ask: Employer pays"),
        ({**LOGIT, "on": ["industry"]}, {"industry"}, "left out of the model, because the survey did not ask: Economic activity"),
        ({**LOGIT, "on": ["employed"]}, set(), "left out of the model, because all cases are alike in: Employed"),
        (
            {**LOGIT, "of": {"sex": ["male", "female"]}, "on": ["area"]}, set(),
            "the model cannot be fitted: the outcome `outcome` is the same for every case: it is 1",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_says_why(
    model: dict[str, Any],
    asked: set[str],
    note: str,
    schema: Schema,
    definition: Definition,
    people: pd.DataFrame,
    tmp_path: Path,
) -> None:
    known = (frozenset(schema.grammar) | {"job"}) - asked
    seen = people.assign(industry=pd.Categorical(["not_asked"] * N, categories=schema["industry"].grammar.categories))
    rows = made({**model, "adjusted": []}, tmp_path, schema, definition, seen, known)
    assert len(rows) == 1
    assert rows["grade"].tolist() == ["not_determinable"]
    assert rows["note"].iloc[0].startswith(note)


def test_an_outcome_that_is_not_determinable_gives_no_model(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    seen = people.copy()
    seen.loc[:6, "ilo-17icls.job"] = "not_determinable"
    rows = made(LOGIT, tmp_path, schema, definition, seen)
    assert rows["grade"].tolist() == ["not_determinable"]
    assert rows["note"].iloc[0] == "the questions needed were not asked of 7 sampled persons in this group"


def test_mistakes_in_a_file_of_models_are_told_together(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    path = tmp_path / "models.yml"
    models = {
        "a": {"title": "A", "kind": "logit", "of": {"jobb": "informal"}, "among": "employd", "on": ["sex", "sexx"]},
        "b": {"title": "B", "kind": "linear", "of": "sex", "among": "employed", "on": ["age", "age"],
              "reference": {"area": "urban"}, "adjusted": ["area"]},
        "c": {"title": "C", "kind": "multinomial", "of": "status", "outcomes": ["own_acount"], "among": "employed",
              "on": ["status", "sex"], "reference": {"sex": "woman"}},
    }  # fmt: skip
    path.write_text(json.dumps({"title": "T", "universes": UNIVERSES, "models": models}, indent=1))
    with pytest.raises(InformalityError) as caught:
        read_model_set(path, {**schema.grammar, **outcome_variables(definition)})
    assert caught.value.code == ExitCode.SPEC
    text = "\n".join(f"{p.place}: {p.what}. {p.fix}" for p in caught.value.problems)
    for expected in (
        "there is no universe `employd`. did you mean `employed`?",
        "`sexx` is not a variable. did you mean `sex`?",
        "`sex` is not a number variable",
        "`age` is named twice",
        "`area` is not a covariate of this model",
        "`status` has no category `own_acount`. did you mean `own_account`?",
        "`status` is part of the outcome, so it explains itself",
        "`sex` has no category `woman`",
    ):
        assert expected in text, text
    assert "jobb" in text
    assert all(p.place.startswith("models.yml, line") for p in caught.value.problems)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"kind": "logit", "of": "job"}, "a logit model is `of` a condition"),
        ({"kind": "multinomial", "of": "status"}, "multinomial and ordered models name their `outcomes`"),
        ({"kind": "logit", "of": {"job": "informal"}, "log": True}, "`per` and `log` are for numbers"),
        ({"kind": "quantile", "of": "age", "adjusted": ["sex"]}, "a quantile regression has no adjusted shares"),
    ],
)
def test_a_model_that_contradicts_itself(
    model: dict[str, Any], words: str, schema: Schema, definition: Definition, tmp_path: Path
) -> None:
    path = tmp_path / "models.yml"
    whole = {"title": "M", "among": "employed", "on": ["sex"], **model}
    path.write_text(json.dumps({"title": "T", "universes": UNIVERSES, "models": {"m": whole}}))
    with pytest.raises(InformalityError) as caught:
        read_model_set(path, {**schema.grammar, **outcome_variables(definition)})
    assert words in str(caught.value.problems)


# -- gaps, segments, areas -----------------------------------------------------------------------------


def part(rows: pd.DataFrame, statistic: str, variable: str | None = None, level: str | None = None) -> pd.Series:
    found = rows[rows["statistic"] == statistic]
    found = found[found["dim1"].isna() if variable is None else found["dim1"] == variable]
    found = found[found["level1"].isna() if level is None else found["level1"] == level]
    assert len(found) == 1
    return found.iloc[0]


def test_a_gap_in_shares_is_the_difference_of_the_shares_and_its_parts_add_up(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    gap = {
        "method": "yun",
        "of": {"job": "informal"},
        "between": {"sex": ["female", "male"]},
        "on": ["education", "area"],
    }
    rows = made(gap, tmp_path, schema, definition, people, kind="decompositions")
    used = people[people["education"].isin(["primary", "tertiary"])]  # nobody without schooling has a formal job
    share = {
        sex: np.average(g["ilo-17icls.job"] == "informal", weights=g["weight"])
        for sex, g in used.groupby("sex", observed=True)
    }
    assert part(rows, "observed", "sex", "female")["value"] == pytest.approx(share["female"], rel=1e-9)
    assert part(rows, "observed", "sex", "female")["unit"] == "share"
    assert part(rows, "gap")["value"] == pytest.approx(share["female"] - share["male"], rel=1e-8)
    whole = part(rows, "explained")["value"] + part(rows, "unexplained")["value"]
    assert whole == pytest.approx(part(rows, "gap")["value"], rel=1e-9)
    terms = sum(part(rows, "explained", name)["value"] for name in ("education", "area"))
    assert terms == pytest.approx(part(rows, "explained")["value"], rel=1e-8)
    assert part(rows, "gap")["unit"] == "points"
    assert part(rows, "cases")["note"].startswith("12 sampled persons are left out because all have the outcome in one")
    assert part(rows, "gap")["n"] == min((used["sex"] == s).sum() for s in ("male", "female"))


def test_a_gap_in_logarithms_is_told_as_a_ratio_whose_parts_multiply(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    gap = {"method": "oaxaca", "of": "earnings_employee", "log": True, "between": {"job": ["formal", "informal"]},
           "on": ["sex", "education"], "note": "A note."}  # fmt: skip
    rows = made(gap, tmp_path, schema, definition, people, kind="decompositions")
    used = people[people["education"].isin(["primary", "tertiary"]) & (people["earnings_employee"] > 0)]
    mean = {
        job: np.exp(np.average(np.log(g["earnings_employee"]), weights=g["weight"]))
        for job, g in used.groupby("ilo-17icls.job", observed=True) if len(g)
    }  # fmt: skip
    assert part(rows, "observed", "job", "formal")["value"] == pytest.approx(mean["formal"], rel=1e-9)
    assert part(rows, "gap")["value"] == pytest.approx(mean["formal"] / mean["informal"], rel=1e-9)
    product = part(rows, "explained")["value"] * part(rows, "unexplained")["value"]
    assert product == pytest.approx(part(rows, "gap")["value"], rel=1e-9)
    assert part(rows, "gap")["unit"] == "ratio"
    assert part(rows, "cases")["note"].startswith(
        "A note; 12 sampled persons are left out because only one of the groups"
    )


def test_reweighting_has_a_line_for_each_statistic(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    gap = {"method": "reweighting", "of": "earnings_employee", "log": True, "between": {"job": ["formal", "informal"]},
           "on": ["sex", "area"], "quantiles": [0.5]}  # fmt: skip
    rows = made(gap, tmp_path, schema, definition, people, kind="decompositions")
    found = rows[(rows["statistic"] == "counterfactual")]
    assert found["level2"].tolist() == ["mean", "quantile 0.5"]
    assert found["unit"].tolist() == ["geometric mean", "currency"]
    for statistic in ("mean", "quantile 0.5"):
        mine = rows[(rows["level1"] == statistic) | (rows["level2"] == statistic)].set_index("statistic")["value"]
        assert mine["explained"] * mine["unexplained"] == pytest.approx(mine["gap"], rel=1e-9)


def test_segments_hold_everybody_once_and_say_what_sets_them_apart(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    planted = people.copy()  # two kinds of people, told apart by three answers
    other = np.random.default_rng(5).random(N) < 0.4
    for name, (a, b) in {
        "sex": ("male", "female"),
        "area": ("urban", "rural"),
        "education": ("tertiary", "primary"),
    }.items():
        planted[name] = pd.Categorical(np.where(other, a, b), categories=planted[name].cat.categories)
    spec = {"everyone": "workers", "by": {
        "sex": {"position": "before", "phrases": {"male": "male", "female": "female"}},
        "area": {"phrases": {"rural": "in the country", "urban": "in town"}}, "education": {"kind": "ordered"},
    }}  # fmt: skip
    rows = made(spec, tmp_path, schema, definition, planted, kind="segments")
    share = rows[(rows["statistic"] == "share")]
    weight = np.average(other, weights=planted["weight"])
    assert share["level1"].tolist() == ["Female workers in the country", "Male workers in town"]
    assert share["value"].tolist() == pytest.approx([1 - weight, weight], rel=1e-12)
    total = rows[(rows["statistic"] == "total")]
    assert total["value"].sum() == pytest.approx(planted["weight"].sum(), rel=1e-12)
    inside = rows[
        (rows["statistic"] == "inside") & (rows["level1"] == "Male workers in town") & (rows["level2"] == "urban")
    ]
    assert inside["value"].tolist() == [1.0]
    assert rows.loc[rows["statistic"] == "accuracy", "value"].tolist() == [1.0]
    assert rows["status"].unique().tolist() == ["assumption"]  # thresholds of ours


def test_areas_show_the_direct_estimate_and_the_model_beside_it(
    schema: Schema, definition: Definition, people: pd.DataFrame, tmp_path: Path
) -> None:
    spec = {"of": {"job": "informal"}, "areas": "industry"}
    rng = np.random.default_rng(2)
    letters = ["A", "C", "F", "G", "H", "I"]
    placed = people.assign(
        industry=pd.Categorical(rng.choice(letters, N), categories=schema["industry"].grammar.categories)
    )
    rows = made(spec, tmp_path, schema, definition, placed, kind="small_areas")
    direct = rows[rows["statistic"] == "direct"].set_index("level1")
    model = rows[rows["statistic"] == "model"].set_index("level1")
    gamma = rows[rows["statistic"] == "gamma"].set_index("level1")
    assert direct.index.tolist() == letters
    for letter in letters:
        mine = placed[placed["industry"] == letter]
        share = np.average(mine["ilo-17icls.job"] == "informal", weights=mine["weight"])
        assert direct.loc[letter, "value"] == pytest.approx(share, rel=1e-12)
        assert direct.loc[letter, "n"] == len(mine)
    # the areas without a case have the line of all, and the others lie between their own number and it
    line = model.loc["B", "value"]
    assert model.loc["B", "note"] == "not in the model, from the line of all areas alone: no sample"
    g = gamma.loc[letters, "value"].astype(float)
    assert model.loc[letters, "value"].tolist() == pytest.approx(
        (g * direct["value"] + (1 - g) * line).tolist(), rel=1e-9
    )
    assert model["n"].isna().all()


def test_mistakes_in_the_other_analyses_are_told_together(
    schema: Schema, definition: Definition, tmp_path: Path
) -> None:
    path = tmp_path / "models.yml"
    content = {
        "title": "T", "universes": UNIVERSES,
        "decompositions": {"a": {"title": "A", "method": "yun", "of": {"job": "informal"}, "among": "employed",
                                 "between": {"sex": ["female", "man"]}, "on": ["sex", "area"]}},
        "segments": {"a": {"title": "S", "among": "employees",
                           "by": {"sex": {"phrases": {"woman": "women"}}, "age": {}}}},
        "small_areas": {"c": {"title": "C", "of": {"job": "informal"}, "among": "employed", "areas": "regio",
                              "covariates": {}}},
    }  # fmt: skip
    path.write_text(json.dumps(content, indent=1))
    with pytest.raises(InformalityError) as caught:
        read_model_set(path, {**schema.grammar, **outcome_variables(definition)})
    text = "\n".join(f"{p.place}: {p.what}" for p in caught.value.problems)
    for expected in (
        "two things are named `a`",
        "`sex` has no category `man`",
        "`sex` makes the groups, so it cannot also explain them",
        "there is no universe `employees`",
        "`sex` has no category `woman`",
        "`age` is not a category variable",
        "`regio` is not a category variable",
    ):
        assert expected in text, text
