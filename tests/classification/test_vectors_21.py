"""The Resolution of 2023: the 24 vectors of its own, and the 21st-ICLS columns of the 68, with their corrections.

Authority: reference page on the Resolution (read in full), section 7 and ``icls21_vectors.csv``; its section 3 for what
changes in the older vectors, which were written before the text had been read.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.classification.classify import classify, column
from informality.classification.definition import Definition, read_definition
from informality.classification.spec import DefinitionSpec
from informality.foundation.library import find
from informality.foundation.schema import Schema
from informality.foundation.specfile import load

Harmonise = Callable[[pd.DataFrame, Schema], pd.DataFrame]
Read = Callable[..., Definition]
OPEN = "not_determinable"
ALTERNATIVES = {"entity": ("U1", "U2a", "U2b", "U2c"), "recognition": ("U12", "U5", "U6", "U6a", "U6b", "U7")}


def outcomes(frame: pd.DataFrame, rule: Definition, schema: Schema) -> pd.DataFrame:
    """Unit, job, component and cell of every row."""
    out = classify(frame, rule, schema.grammar)
    return pd.DataFrame({s: out[column(rule.id, s)].astype(str) for s in ("unit", "job", "component", "cell")})


# -- the vectors of the Resolution ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def resolution(shared: Path) -> pd.DataFrame:
    table = pd.read_csv(shared / "reference" / "icls21_vectors.csv", dtype=str, keep_default_na=False)
    assert len(table) == 24
    # R23 says in its note, not in a column, that the contribution is on part of the pay
    part = table["note"].str.contains("contribution on part of the pay")
    assert table["id"][part].tolist() == ["R23"]
    return table.rename(columns={"ss_employer": "ss", "tax_registered": "tax_registered_self"}).assign(
        pay_declared=np.where(part, "part", "")
    )


YES_NO = {"true": "yes", "false": "no"}


def options_of(row: pd.Series) -> dict[str, str]:
    """The national choices a vector is made under."""
    found = {
        "local_register_counts": YES_NO.get(row["local_register_counts"]),
        "simplified_tax_accounts_register": YES_NO.get(row["simplified_tax_accounts_register"]),
        "dc_protection_rule": row["dc_protection_rule"] or None,
        "cfw_arrangement_exists": YES_NO.get(row["cfw_arrangement_exists"]),
    }
    return {name: word for name, word in found.items() if word}


def test_the_24_vectors(resolution: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read) -> None:
    frame = harmonised(resolution, schema)
    rule = read("ilo-21icls")
    for i, row in resolution.iterrows():
        got = outcomes(frame.loc[[i]], rule.with_options(options_of(row)), schema).iloc[0]
        assert got["unit"] == row["sector_21"], row["id"]
        assert got["job"] == row["job_21"], row["id"]
        assert got["component"] == (row["component_21"] or "not_employment"), row["id"]
        numbered = f"cell_{row['cell_table3']}" if row["cell_table3"] else None
        assert got["cell"] == (numbered or row["job_21"]), row["id"]


def test_partly_declared_pay_is_reported_apart(
    resolution: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read
) -> None:
    """R23: the job stays formal (58, 94(a)), with partly informal activities."""
    rule = read("ilo-21icls")
    out = classify(harmonised(resolution, schema), rule, schema.grammar)
    activities = out[column(rule.id, "activities")].astype(str).set_axis(resolution["id"])
    assert activities["R23"] == "partly"
    assert activities["R24"] == "not_known"  # insured; not known on which part of the pay
    assert activities["R22"] == "none"


# -- the older vectors, with the corrections of section 3 ----------------------------------------------

CORRECTIONS: dict[str, tuple[dict[str, str], str]] = {
    "E15": ({"sector_21": "formal", "component_21": "FE_FS"}, "36, 87: a formal employee makes the unit formal"),
    "E16": ({"sector_21": "formal", "component_21": "FE_FS"}, "36, 87: a formal employee makes the unit formal"),
    "O10": (
        {"job_21": "not_employment", "component_21": "not_employment"},
        "Table 3: own-use production, no employment",
    ),
    "O11": (
        {"job_21": "not_employment", "component_21": "not_employment"},
        "Table 3: own-use production, no employment",
    ),
    "F06": (
        {"job_21": "not_employment", "component_21": "not_employment"},
        "Table 3: own-use production, no employment",
    ),
}
"""Vector: what changes in its expected columns, and why (reference page on the Resolution, section 3)."""
UNDER_71A = {"K02": {"job_21": "formal", "component_21": "FE_FS"}, "K04": {"job_21": "formal", "component_21": "FE_FS"}}
UNDER_71B = {"K02": {"job_21": "informal", "component_21": "IE_FS"}, "K04": {"job_21": OPEN, "component_21": OPEN}}
"""K02, K04: registered, but not (or not known to be) insured; which rule of paragraph 71 holds is a national choice."""
JOB_REGISTERED = {"F02": "no", "F03": "yes"}
"""Point 10: 90(b) wants the job registered *and* contributions; the note of each row says both in one."""
NO_STATUS = ["X01", "X02"]
"""Their 21st-ICLS columns are empty: the Resolution has no workers "not classifiable by status"."""


def expected(vectors: pd.DataFrame, more: dict[str, dict[str, str]]) -> pd.DataFrame:
    table = vectors.set_index("id")[["sector_21", "job_21", "component_21"]].copy()
    for id, changes in [*((i, c) for i, (c, _) in CORRECTIONS.items()), *more.items()]:
        for name, value in changes.items():
            table.loc[id, name] = value
    return table.drop(index=NO_STATUS).set_axis(["unit", "job", "component"], axis=1)


@pytest.fixture(scope="module")
def older(vectors: pd.DataFrame) -> pd.DataFrame:
    registered = vectors["id"].map(JOB_REGISTERED).fillna("na")
    return vectors.assign(job_registered=registered, status_icse18=vectors["status_icse18"].replace("", "na"))


@pytest.mark.parametrize(
    ("choice", "changes"), [("registration_suffices", UNDER_71A), ("require_social_insurance", UNDER_71B)]
)
def test_the_68_vectors_with_the_proxies_on(
    choice: str,
    changes: dict[str, dict[str, str]],
    older: pd.DataFrame,
    schema: Schema,
    harmonised: Harmonise,
    read: Read,
) -> None:
    """They were worked with place and size as proxies ("T8"); all but the corrected rows stand."""
    rule = read("ilo-21icls", proxy_place_size="yes", dc_protection_rule=choice)
    got = outcomes(harmonised(older, schema), rule, schema).set_axis(older["id"])
    want = expected(older, changes)
    pd.testing.assert_frame_equal(got.loc[want.index, ["unit", "job", "component"]], want, check_names=False)


def test_the_68_vectors_as_published(older: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read) -> None:
    """With the proxies off, what only they decided is not determinable; the page names those that were formal.

    E18, E20, P03, P06 had become formal by place and size. E19, E21, E22, O07 and O08 differ from them in place and size
    alone and had become informal by the same proxy, so by invariant (iv) they are left open with them.
    """
    rule = read("ilo-21icls")
    got = outcomes(harmonised(older, schema), rule, schema).set_axis(older["id"])
    want = expected(older, UNDER_71B)
    by_proxy = older["id"][older["node_21"].str.startswith("T8") & ~older["node_21"].str.startswith("T8 ss")]
    left_open = sorted(set(by_proxy) - {"E16", "K05", "K06"})  # 87, and contractors by their own registration
    assert left_open == ["E18", "E19", "E20", "E21", "E22", "O07", "O08", "P03", "P06"]
    for id in left_open:
        employee = older.set_index("id").loc[id, "status_icse93"] == "1"
        want.loc[id] = [OPEN, "informal" if employee else OPEN, OPEN]  # J3 needs no sector
    pd.testing.assert_frame_equal(got.loc[want.index, ["unit", "job", "component"]], want, check_names=False)


SECTOR_NODE = {
    "S1": "T3", "S6": "T4", "S7": "T4", "S11a": "T8 size*", "S11b": "T8 size*",
    "S11c": "T8 default*", "S11d": "T8 default*", "S11e": "T8 default*",
    "U1": "T1", "U2a": "T1", "U2b": "T2", "U2c": "T2", "U5": "T6", "U6": "T5", "U87": "T8 ss",
    "N1": "T7", "N2": "T7", "N3": "T7", "N4": "T7", "D1": "own status", "D2": "own status",
}  # fmt: skip
"""The node of the provisional flow (reference definitions page, 3.6) that each of our rules stands for."""
JOB_NODE = {"R1": "J3 ss", "R2": "J3 no ss", "R3a": "J3 leave", "R3b": "J3 leave", "R3c": "J3 leave"}
NODES = {
    "E10": ("T8 ss", "26(a): a non-profit institution is formal if recognised; here the contribution shows it (87)"),
    "E15": ("T8 ss", "36, 87: decided by the employee's job, not by registration"),
    "E16": ("T8 ss", "36, 87: decided by the employee's job, not by default"),
    **{
        k: ("own status", "39, 48, 75: a contractor's sector is their own status")
        for k in ("K01", "K02", "K03", "K04", "K05", "K06")
    },
}
"""Vector: the node of the sector that changes, and why."""


def test_the_nodes_of_the_68_vectors(older: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read) -> None:
    """Not only the result: the rule that decides is the one the flow names, where the Resolution did not change it."""
    rule = read("ilo-21icls", proxy_place_size="yes")
    out = classify(harmonised(older, schema), rule, schema.grammar)
    by = {s.decides: out[column(rule.id, s.decides, rule=True)].astype(str).tolist() for s in rule.steps}
    for i, (id, node) in enumerate(zip(older["id"], older["node_21"], strict=True)):
        if id in NO_STATUS:
            assert node == ""
            continue
        unit, recognition, entity = by["unit"][i], by["recognition"][i], by["entity"][i]
        deciding = unit if unit in SECTOR_NODE else entity if recognition == "U12" else recognition
        want, _, want_job = node.partition(" / ")
        assert SECTOR_NODE[deciding] == NODES.get(id, (want, ""))[0], (id, deciding)
        job, relation = by["job"][i], by["relation"][i]
        got_job = JOB_NODE[relation] if job.startswith("J3") else "J1" if job.startswith(("J0", "J1")) else job[:2]
        assert want_job.startswith(got_job), (id, job, relation)


def test_own_use_producers_are_those_the_19th_icls_does_not_employ(
    older: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read
) -> None:
    """The columns `employed_13` and `employed_19`: the same three rows leave employment."""
    job = outcomes(harmonised(older, schema), read("ilo-21icls"), schema)["job"]
    assert (older["employed_13"] == "1").all()
    assert older["id"][job.eq("not_employment")].tolist() == older["id"][older["employed_19"].eq("0")].tolist()
    assert older["id"][older["employed_19"].eq("0")].tolist() == ["O10", "O11", "F06"]


def test_a_local_register_is_a_national_choice(
    older: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read
) -> None:
    """O06, municipal licence: informal unless the country says that its local registers count (33)."""
    frame = harmonised(older, schema)[older["id"].eq("O06").to_numpy()]
    assert outcomes(frame, read("ilo-21icls"), schema)["unit"].tolist() == ["informal"]
    assert outcomes(frame, read("ilo-21icls", local_register_counts="yes"), schema)["unit"].tolist() == ["formal"]


def test_no_status_is_a_choice(older: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read) -> None:
    frame = harmonised(older, schema)[older["id"].isin(NO_STATUS).to_numpy()]
    assert outcomes(frame, read("ilo-21icls"), schema)["job"].tolist() == ["formal", "informal"]  # as in the 17th
    strict = read("ilo-21icls", status_not_classifiable=OPEN)
    assert outcomes(frame, strict, schema)["job"].tolist() == [OPEN, OPEN]


def test_rows_decided_without_the_text_are_flagged(
    older: pd.DataFrame, schema: Schema, harmonised: Harmonise, read: Read
) -> None:
    """The leave fallback, registration in process or unknown, missing contributions: assumed, and counted as such."""
    rule = read("ilo-21icls", proxy_place_size="yes")
    out = classify(harmonised(older, schema), rule, schema.grammar)
    flagged = {}
    for step in rule.steps:
        assumed = {r.id for r in step.rules if r.assumed}
        flagged[step.decides] = set(older["id"][out[column(rule.id, step.decides, rule=True)].isin(assumed)])
    assert {"E05", "E08", "E09", "D03"} <= flagged["relation"]
    assert not flagged["relation"] & {"E01", "E04", "E14", "D01", "D02"}
    assert {"O05", "O06"} <= flagged["recognition"]
    assert {"E18", "E20", "P03", "P06"} <= flagged["unit"]
    assert not flagged["unit"] & {"E17", "E23", "O01", "O02"}
    assert flagged["job"] == {"F04"}


# -- invariants ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd(schema: Schema) -> pd.DataFrame:
    """40,000 workers with answers drawn at random, every answer with every other."""
    rng = np.random.default_rng(21)
    names = [
        "status", "status_18", "incorporated", "institution", "destination", "books", "registered", "has_formal_employee",
        "place", "social_security", "annual_leave", "sick_leave", "own_tax_registered", "own_social_security",
        "job_registered", "domestic_worker", "pay_declared",
    ]  # fmt: skip
    n = 40_000
    frame = pd.DataFrame({"worker": pd.Categorical(["yes"] * n, categories=schema["worker"].grammar.categories)})
    for name in names:
        categories = schema[name].grammar.categories
        frame[name] = pd.Categorical.from_codes(rng.integers(len(categories), size=n), categories=categories)
    for name in ("size_min", "size_max"):
        frame[name] = rng.choice([1.0, 5, 6, 50, np.nan], size=n)
        frame[name + ".missing"] = pd.Categorical(
            np.where(frame[name].isna(), "unknown", None), ["unknown", "not_asked", "not_applicable"]
        )
    return frame


def setting(schema: Schema, frame: pd.DataFrame, **answers: str) -> pd.DataFrame:
    """Everybody gives the same answer."""
    same = {n: pd.Categorical([v] * len(frame), categories=schema[n].grammar.categories) for n, v in answers.items()}
    return frame.assign(**same)


def test_invariants_of_table_3(crowd: pd.DataFrame, schema: Schema, read: Read) -> None:
    for choice, arrangement in itertools.product(("registration_suffices", "require_social_insurance"), ("yes", "no")):
        rule = read("ilo-21icls", dc_protection_rule=choice, cfw_arrangement_exists=arrangement)
        out = classify(crowd, rule, schema.grammar)
        unit, job, kind = (out[column(rule.id, s)].astype(str) for s in ("unit", "job", "kind"))
        assert not (unit.eq("informal") & job.eq("formal")).any()  # (i)
        employed = unit.eq("household") & job.ne("not_employment")
        assert employed.any() and kind[employed].eq("employee").all()  # (ii)
        assert job[kind.eq("owner_operator")].eq("formal").all()  # (iii)
        assert unit[kind.eq("owner_operator")].eq("formal").all()


def test_size_and_place_change_nothing_unless_asked_to(crowd: pd.DataFrame, schema: Schema, read: Read) -> None:
    """(iv), and that the option does use them."""
    other = crowd.sample(frac=1, random_state=1).reset_index(drop=True)
    size = ["place", "size_min", "size_min.missing", "size_max", "size_max.missing"]
    moved = crowd.assign(**{n: other[n] for n in size})
    off, on = read("ilo-21icls"), read("ilo-21icls", proxy_place_size="yes")
    pd.testing.assert_frame_equal(outcomes(crowd, off, schema), outcomes(moved, off, schema))
    assert not outcomes(crowd, on, schema).equals(outcomes(moved, on, schema))


def test_a_contractors_sector_is_their_own(crowd: pd.DataFrame, schema: Schema, read: Read) -> None:
    """(v) Nothing about the unit depended on moves it."""
    rule = read("ilo-21icls", proxy_place_size="yes")
    contractors = setting(schema, crowd, status_18="dependent_contractor")
    other = crowd.sample(frac=1, random_state=2).reset_index(drop=True)
    of_unit = [
        "institution",
        "incorporated",
        "destination",
        "books",
        "registered",
        "has_formal_employee",
        "place",
        "status",
    ]
    moved = contractors.assign(**{n: other[n] for n in of_unit})
    pd.testing.assert_frame_equal(outcomes(contractors, rule, schema), outcomes(moved, rule, schema))


def test_insurance_never_makes_less_formal(crowd: pd.DataFrame, schema: Schema, read: Read) -> None:
    """(vi) An employee who becomes insured, and what that does to a colleague; (vii) self-insurance moves no owner."""
    rule = read("ilo-21icls")
    employees = setting(schema, crowd, status_18="permanent")
    before = outcomes(setting(schema, employees, social_security="no"), rule, schema)
    after = outcomes(setting(schema, employees, social_security="yes"), rule, schema)
    assert after["job"].eq("formal").all()
    assert not (before["unit"].eq("formal") & after["unit"].ne("formal")).any()
    colleague = setting(schema, crowd, social_security="no")
    alone = outcomes(setting(schema, colleague, has_formal_employee="no"), rule, schema)
    beside = outcomes(setting(schema, colleague, has_formal_employee="yes"), rule, schema)
    for name in ("unit", "job"):
        assert not (alone[name].eq("formal") & beside[name].ne("formal")).any()
    assert (alone["unit"].eq("informal") & beside["unit"].eq("formal")).any()  # 28(a)(v)
    for status in ("employer_market", "own_account_market"):
        owners = setting(schema, crowd, status_18=status)
        yes = outcomes(setting(schema, owners, own_social_security="yes"), rule, schema)
        pd.testing.assert_frame_equal(yes, outcomes(setting(schema, owners, own_social_security="no"), rule, schema))


def test_the_criteria_are_alternatives(crowd: pd.DataFrame, schema: Schema, read: Read, tmp_path: Path) -> None:
    """(viii) The order of U1, U2, U5, U6 and U7 changes no outcome."""
    file = load(find("definitions", "ilo-21icls"), DefinitionSpec)
    usual = outcomes(crowd, read("ilo-21icls"), schema)
    rng = np.random.default_rng(8)
    for turn in range(4):
        steps = []
        for step in file.spec.steps:
            rules = list(step.rules)
            places = [i for i, r in enumerate(rules) if r.id in ALTERNATIVES.get(step.decides, ())]
            assert len(places) == len(ALTERNATIVES.get(step.decides, ()))
            for place, other in zip(places, rng.permutation(places) if turn else places[::-1], strict=True):
                rules[place] = step.rules[other]
            steps.append(step.model_copy(update={"rules": rules}))
        path = tmp_path / "permuted.yml"
        path.write_text(file.spec.model_copy(update={"steps": steps}).model_dump_json(exclude_defaults=True), "utf-8")
        permuted = read_definition(path, schema, options=read("ilo-21icls").options)
        pd.testing.assert_frame_equal(outcomes(crowd, permuted, schema), usual)


def test_every_rule_cites_a_paragraph_or_says_why_it_cannot(read: Read) -> None:
    """A rule without a paragraph is assumed, says that something is not known, or only carries on."""
    for step in read("ilo-21icls").steps[:7]:
        for rule in step.rules:
            free = (
                rule.assumed
                or "not known" in rule.why
                or "not classifiable" in rule.why
                or rule.id in ("R0", "U0", "P4d", "P5d")
            )
            assert free or re.search(r"\d", rule.cite) or rule.cite == "Table 3", (step.decides, rule.id)
