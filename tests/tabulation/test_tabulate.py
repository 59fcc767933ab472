"""Tables as data: hand-computed cells, what is hidden, what cannot be determined, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.classification.classify import classify
from informality.classification.definition import Definition, read_definition
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.grammar import MISSING, REASON
from informality.foundation.library import find
from informality.foundation.schema import Schema, read_schema
from informality.inference.sampling.design import Design
from informality.tabulation.columns import COLUMNS
from informality.tabulation.plan import read_plan
from informality.tabulation.reliability import read_standard
from informality.tabulation.rows import Settings
from informality.tabulation.tabulate import tabulate
from informality.tabulation.views import outcome_variables, view

UNIVERSES = {
    "employed": {"title": "Employed", "where": {"employed": "yes"}},
    "employees": {"title": "Employees", "where": {"employed": "yes", "status": "employee"}},
    "informal": {"title": "Informal", "where": {"employed": "yes", "job": "informal"}},
    "nobody": {"title": "Nobody", "where": {"employed": "yes", "area": "unknown"}},
}
RATE = {"title": "Rate", "statistic": "share", "of": {"job": "informal"}, "among": "employed"}


def workers(schema: Schema, definition: Definition, n: int = 24) -> pd.DataFrame:
    """24 persons, 4 strata x 3 PSUs x 2: employees of companies, own-account in agriculture, two without work.

    Weights are 1 for men and 3 for women; every second person is a woman.
    """
    i = np.arange(n)
    kind = np.where(i >= 22, "idle", np.where(i % 3 == 0, "own", "employee"))
    text: dict[str, Any] = {
        "sex": np.where(i % 2 == 0, "male", "female"),
        "area": np.where(i < 12, "urban", "rural"),
        "worker": np.where(kind == "idle", "no", "yes"),
        "employed": np.where(kind == "idle", "no", "yes"),
        "status": np.select([kind == "own", kind == "employee"], ["own_account", "employee"], "not_applicable"),
        "institution": np.select([kind == "own", kind == "employee"], ["private", "corporation"], "not_applicable"),
        "destination": np.select([kind == "own"], ["only_sale"], "not_applicable"),
        "books": np.select([kind == "own"], ["none"], "not_applicable"),
        "registered": np.select([kind == "own"], ["no"], "not_applicable"),
        "place": np.select([kind == "own"], ["farm"], "not_applicable"),
        "social_security": np.select([kind == "employee"], [np.where(i % 4 == 0, "no", "yes")], "not_applicable"),
        "annual_leave": "not_applicable",
        "sick_leave": "not_applicable",
    }
    frame = pd.DataFrame(
        {
            k: pd.Categorical(v if isinstance(v, np.ndarray) else [v] * n, categories=schema[k].grammar.categories)
            for k, v in text.items()
        }
    )
    frame["hours_usual"] = np.where(kind == "idle", np.nan, 30.0 + i)
    frame["hours_usual" + REASON] = pd.Categorical(np.where(kind == "idle", "not_applicable", None), categories=MISSING)
    for name in ("size_min", "size_max"):
        frame[name] = np.nan
        frame[name + REASON] = pd.Categorical(["not_applicable"] * n, categories=MISSING)
    frame["weight"] = np.where(i % 2 == 0, 1.0, 3.0)
    frame["stratum"], frame["psu"] = (i // 6).astype(str), (i // 2).astype(str)
    return pd.concat([frame, classify(frame, definition, schema.grammar)], axis=1)


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read_schema()


@pytest.fixture(scope="module")
def definition(schema: Schema) -> Definition:
    return read_definition(find("definitions", "ilo-17icls"), schema)


def made(
    tables: dict[str, Any],
    indicators: dict[str, Any],
    folder: Path,
    schema: Schema,
    definition: Definition,
    asked: frozenset[str] | None = None,
    method: Any = "logit",
    frame: pd.DataFrame | None = None,
) -> pd.DataFrame:
    path = folder / "plan.yml"
    path.write_text(json.dumps({"title": "T", "universes": UNIVERSES, "indicators": indicators, "tables": tables}))
    variables = {**schema.grammar, **outcome_variables(definition)}
    plan = read_plan(path, variables)
    people = workers(schema, definition) if frame is None else frame
    seen = view(people, definition, schema, asked if asked is not None else frozenset(schema.grammar))
    design = Design.from_columns(people["weight"], people["stratum"], people["psu"])
    settings = Settings("s", "v", "w", "verified", method, 0.95, read_standard("ilostat-cv"))
    return tabulate(plan, [seen], definition.id, design, settings)


def test_a_share_by_hand(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    """Informal: own-account i = 0, 3, 6 ... 21 (8 persons) and employees with i % 4 == 0 (4, 8, 16, 20).

    Weights: own-account 0, 6, 12, 18 are men (4 x 1) and 3, 9, 15, 21 women (4 x 3) = 16; the employees are men, 4.
    Employed: persons 0 to 21, 11 men and 11 women, 11 + 33 = 44. Rate 20/44; men 8/11; women 12/33.
    """
    table = {"t": {"title": "T", "indicators": ["rate"], "by": [[], ["sex"]]}}
    rows = made(table, {"rate": RATE}, tmp_path, schema, definition)
    assert list(rows.columns) == list(COLUMNS)
    assert rows["value"].tolist() == pytest.approx([20 / 44, 8 / 11, 12 / 33], rel=1e-14)
    assert rows["level1"].tolist()[1:] == ["male", "female"]
    assert rows["n"].tolist() == [22, 11, 11]
    assert rows["n_weighted"].tolist() == [44, 11, 33]
    assert rows["unit"].unique().tolist() == ["share"]
    # standard error of the total by the textbook formula: ratio residuals, PSU totals within strata
    people = workers(schema, definition)
    inside = (people["employed"] == "yes").to_numpy()
    hit = (people["ilo-17icls.job"] == "informal").to_numpy()
    residual = people["weight"] * (hit - 20 / 44) * inside / 44
    psu = residual.groupby([people["stratum"], people["psu"]]).sum()
    variance = sum(3 / 2 * ((g - g.mean()) ** 2).sum() for _, g in psu.groupby(level=0))
    assert rows["se"].iloc[0] == pytest.approx(np.sqrt(variance), rel=1e-12)
    # persons 22 and 23, without work, are a PSU of their own: 11 PSUs with an employed person, 4 strata
    assert rows["df"].iloc[0] == 11 - 4


def test_total_mean_ratio_and_composition_by_hand(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    indicators = {
        "jobs": {"title": "J", "statistic": "total", "of": {"job": "informal"}, "among": "employed"},
        "employed": {"title": "E", "statistic": "total", "of": {}, "among": "employed"},
        "hours": {"title": "H", "statistic": "mean", "of": "hours_usual", "among": "employed", "unit": "hours"},
        "in_informal": {
            "title": "R",
            "statistic": "ratio",
            "of": "hours_usual",
            "where": {"job": "informal"},
            "among": "employed",
        },
        "parts": {"title": "C", "statistic": "composition", "of": "component", "among": "employed"},
    }
    table = {"t": {"title": "T", "indicators": list(indicators), "by": [[]]}}
    rows = made(table, indicators, tmp_path, schema, definition).set_index("indicator")
    i = np.arange(22)
    weight, hours = np.where(i % 2 == 0, 1.0, 3.0), 30.0 + i
    informal = (i % 3 == 0) | (i % 4 == 0)
    assert rows.loc["jobs", "value"] == 20
    assert rows.loc["jobs", "n"] == 12
    assert rows.loc["employed", ["value", "n", "n_weighted"]].tolist() == [44, 22, 44]
    assert rows.loc["hours", "value"] == pytest.approx((weight * hours).sum() / 44, rel=1e-14)
    assert rows.loc["in_informal", "value"] == pytest.approx(
        (weight * hours * informal).sum() / (weight * hours).sum(), rel=1e-14
    )
    parts = rows.loc["parts"]
    assert dict(zip(parts["level1"], parts["value"], strict=True)) == pytest.approx(
        {"IE_IS": 16 / 44, "IE_FS": 4 / 44, "FE_FS": 24 / 44}
    )
    assert parts["value"].sum() == pytest.approx(1, rel=1e-14)
    assert (rows["unit"] == ["persons", "persons", "hours", "share", "share", "share", "share"]).all()


def test_domains_add_up(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    indicators = {"jobs": {"title": "J", "statistic": "total", "of": {}, "among": "employed"}}
    by = [[], ["sex"], ["sex", "area"], ["sex", "area", "status"]]
    rows = made({"t": {"title": "T", "indicators": ["jobs"], "by": by}}, indicators, tmp_path, schema, definition)
    depth = rows[["dim1", "dim2", "dim3"]].notna().sum(axis=1)
    for d in (0, 1, 2):
        assert rows.loc[depth == d, ["value", "n"]].sum().tolist() == [44, 22]
    hidden = rows["grade"].eq("suppressed")
    assert hidden[depth == 3].any()  # cells of fewer than five cases are not shown
    assert not hidden[depth < 3].any()
    numbers = ["value", "se", "ci_low", "ci_high", "cv", "deff", "n", "n_weighted", "df"]
    assert rows.loc[hidden, numbers].isna().all(axis=None)
    assert rows.loc[hidden, "note"].eq("fewer than 5 sampled cases").all()


def test_normal_interval_on_request(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    table = {"t": {"title": "T", "indicators": ["rate"], "by": [[]]}}
    row = made(table, {"rate": RATE}, tmp_path, schema, definition, method="normal").iloc[0]
    assert row["ci_high"] - row["value"] == pytest.approx(1.959963984540054 * row["se"], rel=1e-12)


def test_a_question_not_asked_gives_a_row_that_says_so(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    indicators = {
        "leave": {"title": "L", "statistic": "composition", "of": "sick_leave", "among": "employees"},
        "rate": RATE,
    }
    table = {"t": {"title": "T", "indicators": ["leave", "rate"], "by": [["education"]]}}
    rows = made(
        table,
        indicators,
        tmp_path,
        schema,
        definition,
        asked=frozenset(set(schema.grammar) - {"sick_leave", "education"}),
    )
    assert rows["grade"].tolist() == ["not_determinable", "not_determinable"]
    assert rows["note"].tolist() == [
        "the survey did not ask: Paid sick leave; Education",
        "the survey did not ask: Education",
    ]
    assert rows["value"].isna().all()
    assert rows["dim1"].tolist() == ["sick_leave", "education"]


def test_undetermined_jobs_take_the_value_away(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    """Without social security and leave no employee's job is known: the rate is not determinable, never informal."""
    asked = frozenset(set(schema.grammar) - {"social_security", "annual_leave"})
    people = workers(schema, definition).loc[:, lambda f: [c for c in f.columns if not c.startswith("ilo")]]
    people = pd.concat([people, classify(people, definition, asked)], axis=1)
    women = {"title": "W", "statistic": "share", "of": {"sex": "female"}, "among": "informal"}
    table = {"t": {"title": "T", "indicators": ["rate", "women"], "by": [[], ["status"]]}}
    rows = made(table, {"rate": RATE, "women": women}, tmp_path, schema, definition, asked=asked, frame=people)
    by = rows.set_index(["indicator", rows["level1"].fillna("all")])["grade"]
    assert by["rate", "all"] == by["rate", "employee"] == by["women", "all"] == "not_determinable"
    assert by["rate", "own_account"] != "not_determinable"
    note = rows.loc[rows["grade"] == "not_determinable", "note"].iloc[0]
    assert note == "the questions needed were not asked of 14 sampled persons in this group"


def test_an_empty_universe_is_named(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    table = {"t": {"title": "T", "indicators": ["rate"], "by": [[]]}}
    with pytest.raises(InformalityError) as failure:
        made(table, {"rate": {**RATE, "among": "nobody"}}, tmp_path, schema, definition)
    assert failure.value.code == ExitCode.ESTIMATE
    assert failure.value.problems[0].what == "nobody is in the universe `nobody` of `rate`"


def test_mistakes_in_a_plan_all_at_once(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    indicators = {
        "rate": {**RATE, "among": "employd"},
        "mean": {"title": "M", "statistic": "mean", "of": "sex", "among": "employed"},
    }
    table = {
        "t": {
            "title": "T",
            "indicators": ["ratee"],
            "by": [["sexx"], ["age"], ["sex", "sex"], ["sex", "area", "status", "job"]],
        }
    }
    with pytest.raises(InformalityError) as failure:
        made(table, indicators, tmp_path, schema, definition)
    assert [p.what for p in failure.value.problems] == [
        "there is no universe `employd`",
        "`sex` is not a number variable",
        "there is no indicator `ratee`",
        "`sexx` is not a category variable",
        "`age` is not a category variable",
        "a variable is crossed with itself",
        "at most 3 variables can be crossed",
    ]


def test_a_breakdown_by_what_is_measured_is_left_out(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    table = {"t": {"title": "T", "indicators": ["rate"], "by": [[], ["job"]]}}
    assert len(made(table, {"rate": RATE}, tmp_path, schema, definition)) == 1


def test_grades_by_hand() -> None:
    standard = read_standard("ilostat-cv")
    n = np.array([4, 5, 14, 15, 15, 15, 15, 15, 15])
    cv = np.array([0.01, 0.01, 0.01, 0.165, 0.1651, 0.333, 0.3331, np.nan, 0.0])
    width = np.full(9, 0.2999)
    grade, _ = standard.grade(pd.DataFrame({"n": n, "cv": cv, "width": width}))
    wide = pd.DataFrame({"n": n[3:5], "cv": cv[3:5], "width": np.array([0.30, np.nan])})
    assert standard.grade(wide)[0] == ["unreliable", "caution"]
    assert grade == [
        "suppressed",
        "unreliable",
        "unreliable",
        "good",
        "caution",
        "caution",
        "unreliable",
        "caution",
        "good",
    ]


def test_the_weakest_option_travels_with_the_result(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    """The Lao rule is verified, its size threshold is recalled; a threshold of one's own is an assumption."""
    lao = read_definition(find("definitions", "lao-lfs2017"), schema)
    assert lao.spec.status == "verified"
    assert lao.status == "recall"
    assert definition.status == "verified"
    own = read_definition(find("definitions", "ilo-17icls"), schema, options={"size_threshold": 10})
    assert own.status == "assumption"
    table = {"t": {"title": "T", "indicators": ["rate"], "by": [[]]}}
    assert made(table, {"rate": RATE}, tmp_path, schema, own, frame=workers(schema, own))["status"].tolist() == [
        "assumption"
    ]


def test_missing_answers_are_counted_beside_the_number(schema: Schema, definition: Definition, tmp_path: Path) -> None:
    """Of 22 employed, 2 have no sex and 3 no hours: a share keeps them in its base, a mean leaves them out, both say so."""
    people = workers(schema, definition)
    people.loc[[0, 1], "sex"] = "unknown"
    people.loc[[3, 4, 5], "hours_usual"] = np.nan
    people.loc[[3, 4, 5], "hours_usual" + REASON] = "unknown"
    indicators = {
        "women": {"title": "W", "statistic": "share", "of": {"sex": "female"}, "among": "employed"},
        "unknown": {"title": "U", "statistic": "share", "of": {"sex": "unknown"}, "among": "employed"},
        "hours": {"title": "H", "statistic": "mean", "of": "hours_usual", "among": "employed", "unit": "hours"},
        "rate": RATE,
    }
    table = {"t": {"title": "T", "indicators": list(indicators), "by": [[]]}}
    rows = made(table, indicators, tmp_path, schema, definition, frame=people).set_index("indicator")
    told = rows["note"].fillna("")
    assert told["women"].endswith(
        "2 sampled persons without a usable answer are in the base, but not counted as having it"
    )
    assert told["hours"] == "3 sampled persons without a usable answer are left out"
    assert rows["n"].to_dict() == {"women": 22, "unknown": 22, "hours": 19, "rate": 22}
    assert not any("usable answer" in told[name] for name in ("unknown", "rate"))
