"""Anonymised files: nobody alone with the key variables, nothing that identifies, estimates and their errors as they were.

Authority: counting by hand on persons made up here; pyreadstat, which reads both formats back; the design proved elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from informality.foundation.grammar import MISSING, REASON
from informality.foundation.schema import Schema, read_schema
from informality.inference.estimates.estimate import means
from informality.inference.sampling.design import Design
from informality.publication.labelled import what_was_done, write_labelled
from informality.tabulation.anonymous import anonymise, read_anonymity
from informality.tabulation.released import WITHHELD, Anonymised, LabelledColumn

KEYS = ["region", "area", "education", "age_group", "sex", "status", "industry"]
JOB = {"d.job": LabelledColumn("d.job", "Nature of the job", {"formal": "Formal", "informal": "Informal"})}


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read_schema().with_open({"region": {"north": "North", "south": "South"}})


def workers(schema: Schema, n: int = 600) -> pd.DataFrame:
    """Persons of whom many are alike, and a few are not."""
    draw = np.random.default_rng(3)
    chosen = {
        "region": ["north", "south"], "area": ["urban", "rural"], "education": ["none", "primary", "tertiary"],
        "age_group": ["15_24", "25_34", "65_plus"], "sex": ["male", "female"], "status": ["employee", "own_account"],
        "industry": ["A", "C", "G"], "employed": ["yes", "no"], "contract": ["written", "unknown", "not_applicable"],
    }  # fmt: skip
    frame = pd.DataFrame({"person_id": [f"raw-{i}" for i in range(n)], "household_id": "h", "period": None})
    frame["psu"] = (np.arange(n) // 20).astype(str)
    frame["stratum"] = (np.arange(n) // 100).astype(str)
    frame["weight"] = 1.0 + draw.random(n)
    for name in schema.measured():
        levels = chosen.get(name, ["not_asked"])
        if schema[name].spec.kind == "category":
            weights = np.array([8.0, 4.0, 1.0][: len(levels)])
            picked = draw.choice(levels, n, p=weights / weights.sum())
            frame[name] = pd.Categorical(picked, categories=schema[name].grammar.categories)
    for name in (
        "age_group",
        "employed",
        "labour_force",
        "size_group",
        "hours_band",
        "protection_count",
        "own_use_producer",
    ):
        levels = chosen.get(name, ["not_asked"])
        frame[name] = pd.Categorical(draw.choice(levels, n), categories=schema[name].grammar.categories)
    frame["region"] = pd.Categorical(
        np.where(np.arange(n) < 300, "north", "south"), categories=schema["region"].grammar.categories
    )
    for name in ("hours_usual", "earnings_employee", "income_self"):
        frame[name] = np.where(draw.random(n) < 0.2, np.nan, draw.lognormal(7, 1, n))
        codes = np.where(frame[name].isna(), draw.integers(0, 3, n), -1)
        frame[name + REASON] = pd.Categorical.from_codes(codes, categories=MISSING)
    frame["wave"] = pd.Categorical(["2022"] * n)
    frame["d.job"] = pd.Categorical(draw.choice(["formal", "informal", "not_determinable"], n, p=[0.3, 0.6, 0.1]))
    return frame


@pytest.fixture(scope="module")
def raw(schema: Schema) -> pd.DataFrame:
    return workers(schema)


@pytest.fixture(scope="module")
def made(raw: pd.DataFrame, schema: Schema) -> Anonymised:
    return anonymise(raw, read_anonymity("default"), schema, JOB, ["weight", "stratum", "psu"])


def test_nobody_is_alone_with_the_key_variables(raw: pd.DataFrame, made: Anonymised) -> None:
    """Counted anew in the file that is written, a withheld value as a value of its own."""
    before = raw.astype(str).groupby(KEYS).size()
    assert (before < 3).sum() > 50, "nobody was alone, so nothing is tested"
    after = made.frame[KEYS].astype(str).groupby(KEYS).size()
    assert after.min() >= 3 and after.sum() == len(raw)
    withheld = made.log[made.log["what"] == "withheld"].set_index("column")["persons"]
    for name in KEYS:
        assert (made.frame[name] == WITHHELD).sum() == withheld.get(name, 0), name
    kept = (made.frame[KEYS] != WITHHELD).all(axis=1)
    assert 0.3 < kept.mean() < 1
    assert {"region", "area"}.isdisjoint(withheld.index), "a neighbour of the same sampling unit would give it away"


def test_the_one_who_differs_takes_the_smallest_group_along(schema: Schema) -> None:
    """Eleven alike, three alike, one alone: whatever is withheld from the one alone, nobody shares it; the three join."""
    frame = workers(schema, 15)
    for name, level in {
        "region": "north",
        "area": "urban",
        "education": "none",
        "age_group": "15_24",
        "sex": "male",
    }.items():
        frame[name] = pd.Categorical([level] * 15, categories=schema[name].grammar.categories)
    frame["status"] = pd.Categorical(["employee"] * 15, categories=schema["status"].grammar.categories)
    frame["industry"] = pd.Categorical([*["A"] * 11, *["C"] * 3, "G"], categories=schema["industry"].grammar.categories)
    made = anonymise(frame, read_anonymity("default"), schema, JOB, ["weight"])
    shown = made.frame["industry"].astype(str).value_counts().to_dict()
    assert shown == {"A": 11, WITHHELD: 4}
    # two who differ in the same way need one more key at most: here one key does for three
    frame["industry"] = pd.Categorical([*["A"] * 12, "C", "G", "H"], categories=schema["industry"].grammar.categories)
    made = anonymise(frame, read_anonymity("default"), schema, JOB, ["weight"])
    assert made.frame["industry"].astype(str).value_counts().to_dict() == {"A": 12, WITHHELD: 3}
    assert (made.frame["status"] == "employee").all()


def test_no_identifier_is_left_and_units_are_the_same_under_new_numbers(raw: pd.DataFrame, made: Anonymised) -> None:
    assert not {"person_id", "household_id", "period", "age"} & set(made.frame)
    assert not made.frame.astype(str).apply(lambda c: c.str.contains("raw-")).any(axis=None)
    back = raw.set_index("weight").loc[made.frame["weight"]]
    for name in ("stratum", "psu"):
        pairs = set(zip(back[name], made.frame[name], strict=True))
        assert len(pairs) == raw[name].nunique() == made.frame[name].nunique() == made.frame[name].max()
    assert made.frame["psu"].tolist() != back["psu"].astype(int).add(1).tolist()
    again = anonymise(raw, read_anonymity("default"), read_schema(), {}, ["psu"])
    pd.testing.assert_series_equal(again.frame["psu"], made.frame["psu"])
    other = anonymise(
        raw.assign(person_id=raw["person_id"] + "x"), read_anonymity("default"), read_schema(), {}, ["psu"]
    )
    assert other.frame["psu"].tolist() != made.frame["psu"].tolist(), "the order comes from the raw file alone"


@pytest.mark.parametrize("ending", ["dta", "sav"])
def test_labels_and_kinds_of_missing_survive(
    raw: pd.DataFrame, made: Anonymised, schema: Schema, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"file.{ending}"
    write_labelled(made, "ການສຳຫຼວດ", path)
    write_labelled(made, "ການສຳຫຼວດ", tmp_path / f"again.{ending}")
    assert path.read_bytes() == (tmp_path / f"again.{ending}").read_bytes()
    read = pyreadstat.read_dta if ending == "dta" else pyreadstat.read_sav
    data, meta = read(path, user_missing=True)
    assert len(data) == len(raw) and meta.file_label == "ການສຳຫຼວດ"
    titles = {name: title for name, title in meta.column_names_to_labels.items() if name not in ("person", "wave")}
    assert titles["contract"] == schema["contract"].spec.title and titles["d_job"] == "Nature of the job"
    words = {**schema["contract"].spec.categories, **made.missing}
    labels = meta.variable_value_labels["contract"]
    shown = [labels[x if isinstance(x, str) else float(x)] for x in data["contract"]]
    assert shown == [words[level] for level in made.frame["contract"].astype(str)]
    decided = [meta.variable_value_labels["d_job"][x if isinstance(x, str) else float(x)] for x in data["d_job"]]
    assert pd.Series(decided).value_counts()["Not determinable"] == (raw["d.job"] == "not_determinable").sum()
    codes = {k: c.stata if ending == "dta" else float(c.number) for k, c in made.spec.codes.items()}
    for kind in MISSING:
        there = (made.frame["hours_usual" + REASON] == kind).to_numpy()
        assert there.any() and (data["hours_usual"] == codes[kind]).to_numpy().tolist() == there.tolist()
    plain, _ = read(path)
    assert plain["hours_usual"].isna().sum() == raw["hours_usual"].isna().sum()
    assert plain["contract"].isna().sum() == raw["contract"].isin(MISSING).sum()


@pytest.mark.parametrize(
    ("ending", "file", "variable", "value"),
    [("dta", 79, 79, 240), ("sav", 20, 84, 39)],  # of SPSS 64, 255 and 120 bytes: 21, 85 and 40 signs of 3 bytes each
)
def test_a_text_too_long_for_the_format_ends_with_a_sign_of_it(
    made: Anonymised, ending: str, file: int, variable: int, value: int, tmp_path: Path
) -> None:
    long, fits = "ນ" * 240, "x" * 64
    columns = tuple(replace(c, title=long, levels=dict.fromkeys(c.levels, long)) for c in made.columns)
    write_labelled(replace(made, columns=columns), long, tmp_path / f"long.{ending}")
    write_labelled(made, fits, tmp_path / f"fits.{ending}")
    read = pyreadstat.read_dta if ending == "dta" else pyreadstat.read_sav
    _, meta = read(tmp_path / f"long.{ending}", metadataonly=True)
    assert meta.file_label == long[:file] + "…"
    assert set(meta.column_names_to_labels.values()) == {long[:variable] + "…"}
    assert meta.variable_value_labels["contract"][1.0] == (long if value == 240 else long[:value] + "…")
    assert read(tmp_path / f"fits.{ending}", metadataonly=True)[1].file_label == fits


def test_estimates_from_the_file_are_those_of_the_workers_to_the_last_digits(
    raw: pd.DataFrame, made: Anonymised, tmp_path: Path
) -> None:
    write_labelled(made, "t", tmp_path / "t.dta")
    data, meta = pyreadstat.read_dta(tmp_path / "t.dta")
    informal = {v: k for k, v in meta.variable_value_labels["d_job"].items()}["Informal"]

    def share(weight: pd.Series, stratum: pd.Series, psu: pd.Series, y: np.ndarray) -> tuple[float, float]:
        found = means(Design.from_columns(weight, stratum, psu), y.astype(float), np.zeros(len(y), dtype=np.int64), 1)
        return found.value.item(), found.se.item()

    ours = share(raw["weight"], raw["stratum"], raw["psu"], (raw["d.job"] == "informal").to_numpy())
    theirs = share(data["weight"], data["stratum"], data["psu"], (data["d_job"] == informal).to_numpy())
    np.testing.assert_allclose(theirs, ours, rtol=1e-12)


def test_money_is_rounded_and_cut_off_at_the_top(raw: pd.DataFrame, made: Anonymised) -> None:
    values, found = np.sort(raw["earnings_employee"].dropna()), np.sort(made.frame["earnings_employee"].dropna())
    assert len(values) == len(found)
    digits = {f"{x:.10g}".rstrip("0").replace(".", "").lstrip("0") for x in found}
    assert max(map(len, digits)) <= 2
    done = made.log.set_index(["what", "column"])["persons"]
    cut = done["cut off at the top", "earnings_employee"]
    assert cut == int(0.01 * (len(values) - 1))  # those above the 99 % point
    assert (found[-cut - 1 :] == found[-1]).all() and found[-1] <= values[-cut - 1] * 1.05
    np.testing.assert_allclose(found[: -cut - 1], values[: -cut - 1], rtol=0.051)
    assert what_was_done(made)["fewest"]["value"] == 3
