"""What rests on the definition: hand computations on twelve workers, errors against a linearisation written out here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from informality.classification.classify import classify
from informality.classification.definition import Definition, read_definition
from informality.foundation.grammar import MISSING, NOT_APPLICABLE, NOT_ASKED, REASON
from informality.foundation.library import find
from informality.foundation.schema import Schema, read_schema
from informality.inference.sampling.design import Design
from informality.tabulation.reliability import read_standard
from informality.tabulation.robustness import Ground, compared, read_robustness, tabulate_robustness, together
from informality.tabulation.rows import Settings
from informality.tabulation.views import view

CHOICES = {"dc_protection_rule": "registration_suffices", "cfw_arrangement_exists": "no"}
# sex, area, status, registered, social_security, weight, stratum, psu
PEOPLE = [
    ("male", "urban", "employee", "yes", "yes", 10, "s1", "a"),
    ("female", "urban", "employee", "no", "no", 12, "s1", "a"),
    ("male", "urban", "employee", "no", "unknown", 9, "s1", "b"),
    ("female", "urban", "own_account", "yes", "not_applicable", 11, "s1", "b"),
    ("male", "urban", "own_account", "no", "not_applicable", 14, "s1", "c"),
    ("female", "rural", "own_account", "unknown", "not_applicable", 8, "s1", "c"),
    ("male", "rural", "own_account", "unknown", "not_applicable", 7, "s2", "d"),
    ("female", "rural", "contributing_family", "no", "not_applicable", 13, "s2", "d"),
    ("male", "rural", "employee", "yes", "yes", 15, "s2", "e"),
    ("female", "rural", "employee", "unknown", "no", 6, "s2", "e"),
    ("male", "rural", "own_account", "yes", "not_applicable", 10, "s2", "d"),
    ("female", "rural", "employee", "no", "yes", 5, "s2", "e"),
]
TIMES = 6  # each of them so often, with the same weight, so that no cell is withheld
ASKED = {"sex", "area", "status", "registered", "social_security", "employed", "worker", "employed_13"}
WEIGHT = np.repeat([p[5] for p in PEOPLE], TIMES).astype(float)


def each(*flags: int) -> np.ndarray:
    """A flag for each of the twelve, for all rows."""
    return np.repeat(np.array(flags, dtype=float), TIMES)


def linearised(value: np.ndarray, frame: pd.DataFrame) -> float:
    """Standard error of a total of ``value`` (n,), weights in it: PSUs with replacement in strata."""
    psu = pd.Series(value).groupby([frame["stratum"].to_numpy(), frame["psu"].to_numpy()]).sum()
    by_stratum = psu.groupby(level=0)
    return float(np.sqrt((by_stratum.var() * by_stratum.size()).sum()))


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read_schema()


def survey(schema: Schema, people: list[tuple], wanted: set[str]) -> pd.DataFrame:
    """A harmonised frame; what is not said was not asked."""
    table = pd.DataFrame(
        people, columns=["sex", "area", "status", "registered", "social_security", "weight", "stratum", "psu"]
    )
    table = table.loc[table.index.repeat(TIMES)].reset_index(drop=True)
    said = {n: table[n] for n in ("sex", "area", "status", "registered", "social_security")}
    said |= {n: pd.Series(["yes"] * len(table)) for n in ("employed", "worker", "employed_13")}
    said["institution"] = pd.Series(["private"] * len(table))
    said["authority"] = (
        table["status"]
        .map({"employee": "employee", "contributing_family": "contributing_family"})
        .fillna("independent")
    )
    frame: dict[str, object] = {n: table[n] for n in ("weight", "stratum", "psu")}
    for name in (n for n in schema.grammar if n not in frame):
        if schema[name].spec.kind == "number":
            frame[name] = pd.Series(np.nan, index=table.index)
            frame[name + REASON] = pd.Categorical([NOT_ASKED] * len(table), categories=MISSING)
        else:
            words = said.get(name, pd.Series([NOT_ASKED] * len(table)))
            frame[name] = pd.Categorical(words, categories=schema[name].grammar.categories)
    return pd.DataFrame(frame)


Make = Callable[..., tuple[dict, Ground, pd.DataFrame]]


@pytest.fixture(scope="module")
def make(schema: Schema) -> Make:
    def made(
        *definitions: Definition, asked: set[str] | None = None, people: list[tuple] = PEOPLE, basis: str = "13",
        bases: tuple[str, ...] = ("13",),
    ) -> tuple[dict, Ground, pd.DataFrame]:  # fmt: skip
        known = frozenset(ASKED | {"institution"} if asked is None else asked)
        frame = survey(schema, people, set(known))
        frame["employed_19"] = pd.Categorical(
            np.where(frame["psu"] == "a", "no", "yes"), categories=schema["employed_19"].grammar.categories
        )
        workers = pd.concat([frame, *(classify(frame, d, known) for d in definitions)], axis=1)
        design = Design.from_columns(frame["weight"], frame["stratum"], frame["psu"])
        how = Settings("test", "test", "1", "verified", None, 0.95, read_standard("ilostat-cv"))
        ground = Ground(workers, known, design, how, basis, bases, read_robustness())
        return {d.id: view(workers, d, schema, known) for d in definitions}, ground, frame

    return made


def read(name: str, **options: object) -> Definition:
    return read_definition(find("definitions", name), read_schema(), options=options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def two(make: Make) -> tuple[pd.DataFrame, pd.DataFrame]:
    """17th ICLS against the rule of Indonesia: its rows of the results table, and the frame."""
    views, ground, frame = make(read("ilo-17icls"), read("idn-sakernas"))
    return tabulate_robustness(views, "ilo-17icls", ground), frame


# Who is informal, one by one. Under the 17th ICLS: employees without social security (its "don't know" has no leave to fall
# back on: not asked, so assumed informal), own-account workers of units not (or not known to be) registered, family workers.
ILO = each(0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0)


def one(rows: pd.DataFrame, **where: object) -> pd.Series:
    for key, value in where.items():
        rows = rows[rows[key].isna() if value is None else rows[key] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def test_flows_movers_and_difference_by_hand(two: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    rows, frame = two
    indonesia = each(0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0)  # by status alone: employees are formal, the others informal
    total = WEIGHT.sum()
    for before in (0, 1):
        for after in (0, 1):
            inside = (before == ILO) & (after == indonesia)
            where = {
                "table": "flows", "indicator": "informal_employment",
                "level1": ["formal", "informal"][before], "level2": ["formal", "informal"][after],
            }  # fmt: skip
            if not inside.any():
                assert rows[
                    (rows["level1"] == where["level1"])
                    & (rows["level2"] == where["level2"])
                    & (rows["table"] == "flows")
                ].empty
                continue
            share, count = (one(rows, statistic=s, **where) for s in ("flow_share", "flow_total"))
            p = WEIGHT[inside].sum() / total
            assert (share["value"], count["value"]) == pytest.approx((p, WEIGHT[inside].sum()))
            assert share["n"] == count["n"] == inside.sum()
            assert share["se"] == pytest.approx(linearised(WEIGHT * (inside - p) / total, frame))
            assert count["se"] == pytest.approx(linearised(WEIGHT * inside, frame))
    gap = one(rows, table="definition_gaps", statistic="rate_difference", indicator="informal_employment")
    d = np.average(indonesia - ILO, weights=WEIGHT)
    assert gap["value"] == pytest.approx(d)
    assert gap["se"] == pytest.approx(linearised(WEIGHT * (indonesia - ILO - d) / total, frame))
    assert (gap["definition"], gap["level1"], gap["n"]) == ("idn-sakernas", "ilo-17icls", len(frame))
    movers = rows[rows["table"] == "movers"]
    whole = movers[movers["level2"].isna()].set_index("level1")["value"]
    assert whole.to_dict() == {
        "informal>other": WEIGHT[(ILO == 1) & (indonesia == 0)].sum(),
        "other>informal": WEIGHT[(ILO == 0) & (indonesia == 1)].sum(),
    }
    ways = movers[movers["level2"].notna()].set_index(["level2", "level3"])
    assert ways["value"].to_dict() == {
        ("N1b", "B2"): TIMES * (12 + 6),  # employees without social security
        ("N1h", "B2"): TIMES * 9,  # the one of whom it is not known
        ("N3a ← U1 ← S5a", "B4"): TIMES * (11 + 10),  # on own account, registered
    }
    assert ways["n"].to_dict() == {("N1b", "B2"): 12, ("N1h", "B2"): 6, ("N3a ← U1 ← S5a", "B4"): 12}


def test_bounds_by_hand(two: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    rows, frame = two
    mine = {"table": "bounds", "definition": "ilo-17icls", "indicator": "informal_employment", "dim2": None}
    point = one(rows, statistic="point", level1=None, **mine)
    assert point["value"] == pytest.approx(np.average(ILO, weights=WEIGHT))
    # who does not know may be either: the third (social security), the sixth and the seventh (registration of the own unit)
    low = each(0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0)
    for statistic, flag in (("lower", low), ("upper", ILO)):
        row = one(rows, statistic=statistic, level1="unknown", **mine)
        p = np.average(flag, weights=WEIGHT)
        assert row["value"] == pytest.approx(p)
        assert row["se"] == pytest.approx(linearised(WEIGHT * (flag - p) / WEIGHT.sum(), frame))
    # never asked: the books, so the unit of any own-account worker may be formal; of the employees the leave of the third
    low = each(0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0)
    row = one(rows, statistic="lower", level1="either", **mine)
    assert row["value"] == pytest.approx(np.average(low, weights=WEIGHT))
    women = (frame["sex"] == "female").to_numpy()
    row = one(rows, statistic="lower", level1="either", level2="female", **{**mine, "dim2": "sex"})
    assert row["value"] == pytest.approx(np.average(low[women], weights=WEIGHT[women]))
    ends = [
        one(rows, statistic=s, level1="either", **mine)["value"]
        for s in ("interval_low", "lower", "upper", "interval_high")
    ]
    assert ends == sorted(ends) and ends[0] >= 0 and ends[-1] <= 1


def test_the_share_under_assumed_rules_by_hand(two: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    rows, frame = two
    mine = {"table": "assumed", "definition": "ilo-17icls", "indicator": "informal_employment"}
    flag = each(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)  # neither social security nor leave of the third is known
    for level in ("direct", "on_the_way"):
        row = one(rows, level1=level, **mine)
        p = np.average(flag, weights=WEIGHT)
        assert (row["value"], row["se"]) == pytest.approx((p, linearised(WEIGHT * (flag - p) / WEIGHT.sum(), frame)))


def test_options_by_hand(two: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    rows, frame = two
    mine = {"table": "options", "definition": "ilo-17icls", "indicator": "informal_employment"}
    cell7 = {**mine, "level2": "ilo-17icls: no_formal_job_in_informal_sector: yes"}
    other = each(0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 0, 1)  # the last has social security in a unit that is not registered
    d = np.average(other - ILO, weights=WEIGHT)
    row = one(rows, statistic="rate_difference", **cell7)
    assert (row["value"], row["se"]) == pytest.approx((d, linearised(WEIGHT * (other - ILO - d) / WEIGHT.sum(), frame)))
    assert one(rows, statistic="rate", **cell7)["value"] == pytest.approx(np.average(other, weights=WEIGHT))
    moved = one(rows, statistic="moved", **cell7)
    assert (moved["value"], moved["n"]) == (WEIGHT[other != ILO].sum(), TIMES)
    still = {**mine, "level2": "ilo-17icls: missing_ss_rule: count_as_no"}  # the third is informal as it is
    assert one(rows, statistic="rate_difference", **still)["value"] == 0
    assert rows[(rows["level2"] == still["level2"]) & (rows["statistic"] == "moved")].empty  # nobody moves


def test_a_rate_that_is_left_open_has_bounds_beside_it(make: Make) -> None:
    """Under the Resolution of 2023 nobody knows the sector of the sixth and the seventh, who work on own account."""
    views, ground, frame = make(read("ilo-21icls", **CHOICES), read("ilo-17icls"))
    rows = tabulate_robustness(views, "ilo-17icls", ground)
    mine = {"table": "bounds", "definition": "ilo-21icls", "indicator": "informal_employment", "dim2": None}
    point = one(rows, statistic="point", level1=None, **mine)
    assert point["grade"] == "not_determinable" and np.isnan(point["value"])
    assert f"{2 * TIMES} sampled persons" in point["note"]
    low, high = (each(0, 1, 0, 0, 1, x, x, 1, 0, 1, 0, 0) for x in (0, 1))
    high[2 * TIMES : 3 * TIMES] = 1  # the third's social security is not known
    for statistic, flag in (("lower", low), ("upper", high)):
        row = one(rows, statistic=statistic, level1="unknown", **mine)
        assert row["value"] == pytest.approx(np.average(flag, weights=WEIGHT))
        assert row["se"] > 0 and row["grade"] != "not_determinable"
    gap = {"table": "definition_gaps", "indicator": "informal_employment", "unit": "points", "definition": "ilo-21icls"}
    assert one(rows, statistic="rate_difference", **gap)["grade"] == "not_determinable"
    ends = [one(rows, statistic=f"difference_{s}", **gap) for s in ("lower", "upper")]
    as_it_is = each(0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0)  # without leave the third counts as informal
    for row, flag in zip(ends, (as_it_is, as_it_is + each(0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)), strict=True):
        d = np.average(flag - ILO, weights=WEIGHT)
        assert (row["value"], row["se"]) == pytest.approx(
            (d, linearised(WEIGHT * (flag - ILO - d) / WEIGHT.sum(), frame)), abs=1e-15
        )


def test_bases_are_never_pooled(make: Make) -> None:
    """The Resolution is meant for the 19th ICLS basis: both rates are of those employed on it, where the survey tells it."""
    new, old = read("ilo-21icls", **CHOICES), read("ilo-17icls")
    views, ground, frame = make(old, new, bases=("13", "19"))
    rows = tabulate_robustness(views, "ilo-17icls", ground)
    rate = one(
        rows, table="definition_gaps", statistic="rate", definition="ilo-17icls", indicator="informal_employment"
    )
    on_19 = (frame["employed_19"] == "yes").to_numpy()
    assert rate["value"] == pytest.approx(np.average(ILO[on_19], weights=WEIGHT[on_19]))
    assert rate["n"] == on_19.sum() < len(frame)
    gap = one(rows, table="definition_gaps", statistic="rate_difference", indicator="informal_employment")
    assert "19th ICLS basis, the only one that" in gap["note"]

    views, ground, _ = make(old, new)  # this survey tells the 13th only
    gap = one(
        tabulate_robustness(views, "ilo-17icls", ground),
        table="definition_gaps", statistic="rate_difference", indicator="informal_employment",
    )  # fmt: skip
    assert "which this survey cannot tell" in gap["note"]

    spec = old.file.spec.model_copy(update={"bases": ["13"]})
    only_13 = replace(old, file=replace(old.file, spec=spec))
    views, ground, _ = make(only_13, new, bases=("13", "19"))
    refused = together(compared(views, [("ilo-17icls", "ilo-21icls")], ground), ground)
    assert set(refused["table"]) == {"definition_gaps"} and refused["value"].isna().all()
    assert refused["note"].str.contains("meant for different bases of employment").all()


def test_one_definition_only(make: Make) -> None:
    views, ground, _ = make(read("idn-sakernas"))
    rows = tabulate_robustness(views, "idn-sakernas", ground)
    assert set(rows["table"]) == {"bounds", "assumed"}  # nothing to compare with, and no option


def test_nothing_is_determinable(make: Make) -> None:
    """Sex and area alone were asked: the rate may be anything, and no option changes what nobody knows."""
    people = [(*p[:2], "not_asked", "not_asked", "not_asked", *p[5:]) for p in PEOPLE]
    views, ground, _ = make(
        read("ilo-17icls"), read("cri-ece"), asked={"sex", "area", "employed", "worker"}, people=people
    )
    assert (views["ilo-17icls"].frame["job"] == "not_determinable").all()
    rows = tabulate_robustness(views, "ilo-17icls", ground)
    mine = {"table": "bounds", "definition": "ilo-17icls", "indicator": "informal_employment", "dim2": None}
    for scope in ("unknown", "not_asked", "either"):
        ends = [
            one(rows, statistic=s, level1=scope, **mine)["value"]
            for s in ("interval_low", "lower", "upper", "interval_high")
        ]
        assert ends == [0, 0, 1, 1]
    assert one(rows, statistic="point", level1=None, **mine)["grade"] == "not_determinable"
    assert (rows.loc[(rows["table"] == "options") & (rows["unit"] == "points"), "grade"] == "not_determinable").all()
    assert (
        one(rows, table="assumed", level1="direct", definition="ilo-17icls", indicator="informal_employment")["value"]
        == 0
    )
    gap = one(rows, table="definition_gaps", statistic="rate_difference", indicator="informal_employment")
    assert gap["grade"] == "not_determinable"
    assert not len(rows[rows["table"] == "movers"])  # who is open under both does not move


def test_nobody_is_employed(make: Make, schema: Schema) -> None:
    views, ground, _ = make(read("ilo-17icls"), read("cri-ece"))
    for name, seen in list(views.items()):
        nobody = seen.frame.assign(
            employed=pd.Categorical([NOT_APPLICABLE] * len(seen.frame), schema["employed"].grammar.categories)
        )
        views[name] = replace(seen, frame=nobody)
    rows = tabulate_robustness(views, "ilo-17icls", ground)
    assert set(rows["table"]) == {"definition_gaps", "bounds", "assumed"}
    assert rows["value"].isna().all() and (rows["note"] == "nobody in the sample belongs to the group").all()
