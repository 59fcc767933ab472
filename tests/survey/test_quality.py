"""The quality checks: silent on a clean survey, and each finds the fault planted for it, and nothing else.

Authority: the survey is made up below so that nothing in it is odd; every fault is planted by hand in a copy of it, so
what must be found is known. Numbers in the evidence are worked out in the test.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from informality.foundation.schema import read_schema
from informality.survey.harmonise import Harmonised, harmonise
from informality.survey.profile import Profile, read_profile
from informality.survey.quality import Finding, Quality, check_quality, read_quality_rules
from informality.survey.quality.amounts import robust_scores
from informality.survey.quality.form import whipple
from informality.survey.quality.weights import weight_facts
from informality.survey.readers import read_raw

PERSONS, PER_PSU, PER_HOUSEHOLD = 6000, 60, 4
NUMBERS = ("age", "size_min", "size_max", "hours_usual", "hours_actual", "earnings_employee", "income_self", "jobs",
           "tenure_years", "hours_usual_2")  # fmt: skip
WORDS = ("sex", "area", "region", "education", "labour_force_13", "labour_force_19", "status", "domestic_worker", "industry",
         "occupation", "institution", "books", "registered", "social_security", "annual_leave", "contract",
         "pension_contribution", "attends_school", "status_2")  # fmt: skip
REGIONS = ("north", "east", "south", "west")
HEAD = """\
id: clean
title: A survey in which nothing is odd
country: {code: XXA, name: Nowhere}
agency: the tests
language: en
currency: XXX
status: assumption
made_up: MADE UP for a test
bases: ["13", "19"]
waves:
  w1: {title: Wave one, file: clean.csv, source: this test, licence: none}
keys: {person: [id], household: [household]}
design: {weight: weight, stratum: stratum, psu: psu}
variables:
"""


def clean() -> pd.DataFrame:
    """Persons in households in PSUs in strata, with answers that fit each other; blank where not asked."""
    rng = np.random.default_rng(20170)
    n = PERSONS
    row = np.arange(n)
    data = pd.DataFrame({"id": row + 1, "household": row // PER_HOUSEHOLD, "psu": row // PER_PSU})
    data["stratum"] = data["psu"] // 5
    data["weight"] = np.round(rng.lognormal(6, 0.3, n), 4)
    age = rng.integers(5, 80, n)
    age[::PER_HOUSEHOLD] = rng.integers(30, 80, len(age[::PER_HOUSEHOLD]))  # every household has an adult
    data["age"] = age
    data["sex"] = rng.choice(["male", "female"], n)
    data["area"] = np.where(data["psu"] % 2, "urban", "rural")
    data["region"] = np.asarray(REGIONS)[data["stratum"] % 4]
    highest = np.searchsorted([12, 15, 19, 23], age, side="right") + 1
    levels = np.array(["none", "primary", "lower_secondary", "upper_secondary", "post_secondary", "tertiary"])
    data["education"] = levels[np.minimum(rng.integers(0, 6, n), highest)]
    adult = age >= 15
    work = adult & (rng.random(n) < 0.7)
    force = np.where(work, "employed", np.where(rng.random(n) < 0.1, "unemployed", "outside"))
    data["labour_force_13"] = data["labour_force_19"] = np.where(adult, force, "")
    status = rng.choice(["employee", "own_account", "contributing_family", "employer"], n, p=[0.5, 0.32, 0.1, 0.08])
    status[(age < 18) & (status == "employer")] = "own_account"
    paid, independent = status == "employee", np.isin(status, ["own_account", "employer"])
    public = paid & (rng.random(n) < 0.2)
    domestic = paid & ~public & (rng.random(n) < 0.1)
    industry = np.where(public, rng.choice(["O", "P", "Q"], n), np.where(domestic, "T", rng.choice(list("ACFGHI"), n)))
    schooled = np.isin(data["education"], ["tertiary", "post_secondary"])
    occupation = np.where(schooled & paid, "professionals", rng.choice(["service_sales", "craft", "elementary"], n))
    occupation = np.where(industry == "A", "skilled_agricultural", occupation)
    institution = np.where(public, "government", np.where(domestic, "household", "private"))
    size = np.where(status == "own_account", rng.integers(1, 4, n), rng.integers(2, 60, n))
    size = np.where(domestic, 2, size)
    registered = np.where((size > 5) | public, "yes", rng.choice(["yes", "no"], n))
    books = np.where(
        registered == "yes", rng.choice(["complete", "simplified"], n), rng.choice(["informal", "none"], n)
    )
    contract = np.where(registered == "yes", "written", rng.choice(["oral", "none"], n))
    insured = np.where(contract == "written", rng.choice(["yes", "no"], n, p=[0.7, 0.3]), "no")
    hours = np.clip(np.round(rng.normal(40, 9, n)), 4, 58)
    second = rng.random(n) < 0.1
    answers = {
        "status": status, "industry": industry, "occupation": occupation, "institution": institution,
        "size_min": size, "size_max": size, "registered": registered, "books": books, "hours_usual": hours,
        "hours_actual": np.clip(hours + rng.integers(-4, 5, n), 1, 60), "jobs": 1 + second,
        "pension_contribution": np.where(paid, insured, "no"), "tenure_years": np.floor((age - 15) * rng.random(n)),
    }  # fmt: skip
    for name, value in answers.items():
        data[name] = pd.Series(value).where(work)
    of_employees = {"domestic_worker": np.where(domestic, "yes", "no"), "contract": contract, "social_security": insured,
                    "annual_leave": rng.choice(["yes", "no"], n)}  # fmt: skip
    for name, value in of_employees.items():
        data[name] = pd.Series(value).where(work & paid)
    data["earnings_employee"] = pd.Series(np.round(rng.lognormal(7, 0.55, n))).where(work & paid)
    data["income_self"] = pd.Series(np.round(rng.lognormal(6.5, 0.7, n))).where(work & independent)
    data["attends_school"] = np.where(age < 22, rng.choice(["yes", "no"], n), "no")
    data["hours_usual_2"] = pd.Series(rng.integers(3, 15, n)).where(work & second)
    data["status_2"] = pd.Series(rng.choice(["own_account", "employee"], n)).where(work & second)
    data.loc[work & (rng.random(n) < 0.02), "books"] = "unknown"
    data.loc[work & paid & (rng.random(n) < 0.03), "earnings_employee"] = -1
    return data


def profile(folder: Path) -> Profile:
    schema = read_schema()
    lines = []
    for name in schema.measured():
        if name in NUMBERS:
            lines.append(f"  {name}: {{from: {name}, number: {{unknown: [-1]}}}}")
        elif name in WORDS:
            words = (*(schema[name].categories or REGIONS), "unknown", "not_asked")
            form = "{" + ", ".join(f'"{word}": "{word}"' for word in words) + "}"
            labels = ", labels: {" + ", ".join(f"{r}: {r.title()}" for r in REGIONS) + "}" if name == "region" else ""
            lines.append(f"  {name}: {{from: {name}, map: {form}{labels}}}")
        else:
            lines.append(f"  {name}: not_asked")
    path = folder / "clean.yml"
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return read_profile(path)


def harmonised(data: pd.DataFrame, of: Profile, folder: Path) -> Harmonised:
    data.to_csv(folder / "clean.csv", index=False)
    return harmonise(of, read_raw(folder / "clean.csv"), "19")


@pytest.fixture(scope="module")
def base() -> pd.DataFrame:
    return clean()


@pytest.fixture(scope="module")
def of(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    return profile(tmp_path_factory.mktemp("profile"))


@pytest.fixture
def check(base: pd.DataFrame, of: Profile, tmp_path: Path) -> Callable[[Callable[[pd.DataFrame], object]], Quality]:
    """What is found after a fault was planted in a copy of the clean survey."""

    def found(plant: Callable[[pd.DataFrame], object]) -> Quality:
        data = base.copy()
        changed = plant(data)
        return check_quality(harmonised(changed if isinstance(changed, pd.DataFrame) else data, of, tmp_path), of)

    return found


def test_a_clean_survey_gives_no_finding(check: Callable[..., Quality]) -> None:
    quality = check(lambda data: None)
    assert quality.findings == []
    assert quality.counts() == {"error": 0, "warning": 0, "note": 0}
    assert quality.not_made == []  # every rule of the library was tried
    assert quality.made > 100


def some(data: pd.DataFrame, n: int, **where: object) -> pd.Index:
    """The first ``n`` persons who fit."""
    fits = np.ones(len(data), dtype=bool)
    for name, value in where.items():
        fits &= data[name].isin(value if isinstance(value, list) else [value]).to_numpy()
    assert fits.sum() >= n, (where, int(fits.sum()))
    return data.index[fits][:n]


def put(n: int, values: dict[str, object], **where: object) -> Callable[[pd.DataFrame], None]:
    """Plant answers in the first ``n`` persons who fit."""

    def plant(data: pd.DataFrame) -> None:
        at = some(data, n, **where)
        for name, value in values.items():
            data.loc[at, name] = value

    return plant


ADULTS = list(range(26, 60))


def times(name: str, factor: float, share: float) -> Callable[[pd.DataFrame], None]:
    def plant(data: pd.DataFrame) -> None:
        hit = np.random.default_rng(1).random(len(data)) < share
        data[name] = data[name].where(~hit | (data[name] < 0), data[name] * factor)

    return plant


def times_in(name: str, factor: float, region: str) -> Callable[[pd.DataFrame], None]:
    def plant(data: pd.DataFrame) -> None:
        data[name] = data[name].where((data["region"] != region) | (data[name] < 0), data[name] * factor)

    return plant


def same(name: str, value: object, share: float) -> Callable[[pd.DataFrame], None]:
    def plant(data: pd.DataFrame) -> None:
        hit = np.random.default_rng(1).random(len(data)) < share
        data.loc[hit & data[name].notna(), name] = value

    return plant


def low_tail(data: pd.DataFrame) -> None:
    """Many earn less and less: a long tail, and no second cluster."""
    rng = np.random.default_rng(1)
    less = np.where(rng.random(len(data)) < 0.06, np.exp(-rng.uniform(0.5, 4.5, len(data))), 1)
    pay = data["earnings_employee"]
    data["earnings_employee"] = pay.where(~(pay > 0), np.maximum(np.round(pay * less, 2), 0.01))


def set_column(name: str, make: Callable[[pd.DataFrame], object]) -> Callable[[pd.DataFrame], None]:
    def plant(data: pd.DataFrame) -> None:
        data[name] = make(data)

    return plant


def copied_households(data: pd.DataFrame) -> None:
    """Two in a hundred households answer, person by person, what another one of another place answered."""
    answers = [c for c in data if c not in ("id", "household", "psu", "stratum", "weight", "area", "region")]
    places = ["area", "region"]
    for k in range(30):
        data.loc[4 * k : 4 * k + 3, [*answers, *places]] = data.loc[
            3000 + 4 * k : 3003 + 4 * k, [*answers, *places]
        ].to_numpy()


def copied_persons(data: pd.DataFrame) -> None:
    """Two in a hundred workers repeat what a neighbour in the same PSU answered."""
    answers = [c for c in data if c not in ("id", "household", "psu", "stratum", "weight")]
    work = data["status"].notna()
    psu = data["psu"]
    for k in range(0, 90):
        one, two = data.index[work & (psu == k)][[0, 7]]
        data.loc[one, answers] = data.loc[two, answers].to_numpy()


def heaped(data: pd.DataFrame) -> None:
    hit = (np.random.default_rng(1).random(len(data)) < 0.25) & (data["age"] > 25)
    data.loc[hit, "age"] = 5 * ((data.loc[hit, "age"] + 2) // 5)


def single_persons(data: pd.DataFrame) -> None:
    data["household"] = data["household"].where(data.index < 2000, 9000 + data.index)


def not_in_the_south(data: pd.DataFrame) -> None:
    data.loc[(data["region"] == "south") & data["annual_leave"].notna(), "annual_leave"] = "not_asked"


def no_adult(data: pd.DataFrame) -> pd.DataFrame:
    """The adults of some households are lost."""
    return data[(data["household"] >= 300) | (data["age"] < 15)]


FAULTS: dict[str, tuple[Callable[[pd.DataFrame], object], set[str]]] = {
    # form
    "children": (put(40, {"status": "employee"}, age=list(range(5, 15))), {"children"}),
    "outside": (put(30, {"earnings_employee": 900}, status="contributing_family"), {"outside"}),
    "asked_widely": (set_column("contract", lambda d: d["contract"].where(d["status"] != "employer", "none")), {"asked_widely"}),
    "twin_persons": (copied_persons, {"twin_persons"}),
    "twin_households": (copied_households, {"twin_households"}),
    "age_range": (put(5, {"age": 117, "education": "none"}, age=[70, 71]), {"age_range"}),
    "age_heaping": (heaped, {"age_heaping"}),
    "sex_ratio": (set_column("sex", lambda d: d["sex"].where(d.index % 3 != 0, "male")), {"sex_ratio"}),
    "household_size": (set_column("household", lambda d: d["household"].where(d["household"] >= 10, 0)), {"household_size"}),
    "household_no_adult": (no_adult, {"household_no_adult"}),
    "household_one": (single_persons, {"household_one", "household_no_adult"}),
    # answers
    "missing": (same("registered", "unknown", 0.06), {"missing"}),
    "missing_in_group": (put(170, {"pension_contribution": "unknown"}, status="employer"), {"missing_in_group"}),
    "no_answers": (same("annual_leave", "unknown", 1), {"no_answers"}),
    "left_out": (not_in_the_south, {"left_out"}),
    "never_asked": (same("annual_leave", "not_asked", 1), {"never_asked"}),
    "constant": (same("annual_leave", "yes", 1), {"constant"}),
    # amounts
    "units_thousands": (times("earnings_employee", 1000, 0.04), {"units"}),
    "units_year": (times("earnings_employee", 12, 0.1), {"units"}),
    "units_cents": (times("income_self", 0.01, 0.05), {"units"}),
    "units_of_region": (times_in("income_self", 12, "west"), {"units_of_group"}),
    "zero": (same("income_self", 0, 0.05), {"zero"}),
    "negative": (put(5, {"income_self": -250}, status="own_account"), {"negative"}),
    "high": (put(4, {"earnings_employee": 60000}, status="employee"), {"high"}),
    "low": (low_tail, {"low"}),
    "heap": (same("earnings_employee", 1000, 0.4), {"heap"}),
    "heap_of_hours": (same("hours_usual", 40, 0.7), {"heap"}),
    # weights
    "unequal": (put(60, {"weight": 9000}, age=ADULTS), {"unequal"}),
    "small_weight": (put(1, {"weight": 2}), {"unequal"}),
    "scaled": (set_column("weight", lambda d: d["weight"] / d["weight"].mean()), {"scaled"}),
    "equal": (set_column("weight", lambda d: 350.0), {"equal"}),
    "lonely": (set_column("psu", lambda d: d["psu"].where(d["stratum"] != 3, 15)), {"lonely"}),
    "psu_single": (set_column("psu", lambda d: d["psu"].where(d.index < 5000, 9000 + d.index)), {"psu_single"}),
    "psu_large": (set_column("psu", lambda d: np.where(d["stratum"] == 0, d["psu"] % 2, d.index // 6 + 10)), {"psu_large"}),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_check_finds_its_fault_and_nothing_else(fault: str, check: Callable[..., Quality]) -> None:
    plant, expected = FAULTS[fault]
    assert {f.check for f in check(plant).findings} == expected


CONTRADICTIONS: dict[str, tuple[dict[str, object], dict[str, object], set[str]]] = {
    # what is planted, in whom; other rules that the same answers break
    "domestic_elsewhere": ({"institution": "corporation"}, {"domestic_worker": "yes"}, set()),
    "domestic_industry": ({"industry": "G"}, {"domestic_worker": "yes"}, set()),
    "household_large": ({"size_min": 40, "size_max": 40}, {"domestic_worker": "yes"}, set()),
    "unregistered_insured": ({"registered": "no", "books": "none"}, {"social_security": "yes", "institution": "private"}, set()),
    "no_contract_insured": ({"contract": "none"}, {"social_security": "yes"}, set()),
    "unregistered_accounts": ({"registered": "no"}, {"books": "complete", "status": "employer"}, set()),
    "government_unregistered": ({"registered": "no", "books": "none"},
                                {"institution": "government", "social_security": "no"}, set()),
    "public_independent": ({"institution": "public_enterprise"}, {"status": "own_account"}, set()),
    "public_family": ({"institution": "public_enterprise"}, {"status": "contributing_family"}, set()),
    "family_pension": ({"pension_contribution": "yes"}, {"status": "contributing_family"}, set()),
    "family_managers": ({"occupation": "managers"}, {"status": "contributing_family"}, set()),
    "own_account_large": ({"size_min": 12, "size_max": 12}, {"status": "own_account"}, set()),
    "employer_alone": ({"size_min": 1, "size_max": 1}, {"status": "employer"}, set()),
    "employer_young": ({"age": 17, "tenure_years": 0, "education": "primary"}, {"status": "employer"}, set()),
    "public_administration_private": ({"industry": "O", "occupation": "craft"}, {"status": "own_account"}, set()),
    "farmers_elsewhere": ({"industry": "K"}, {"occupation": "skilled_agricultural"}, set()),
    "soldiers_elsewhere": ({"occupation": "armed_forces"}, {"status": "employee", "industry": "G"}, set()),
    "soldiers_independent": ({"occupation": "armed_forces", "industry": "O"}, {"status": "own_account"},
                             {"public_administration_private"}),
    "professionals_unschooled": ({"education": "primary"}, {"occupation": "professionals"}, set()),
    "tertiary_young": ({"education": "tertiary"}, {"age": [13, 14]}, set()),
    "upper_secondary_young": ({"education": "upper_secondary"}, {"age": [11, 12]}, set()),
    "lower_secondary_young": ({"education": "lower_secondary"}, {"age": [7, 8]}, set()),
    "student_hours": ({"hours_usual": 62, "hours_actual": 60}, {"attends_school": "yes", "status": "employee", "jobs": 1}, set()),
    "tenure_age": ({"tenure_years": 38}, {"age": [40, 41, 42], "status": ["employee", "own_account"]}, set()),
    "old_long_hours": ({"age": 88, "hours_usual": 61, "hours_actual": 60, "education": "none", "occupation": "elementary"},
                       {"status": "own_account", "age": list(range(66, 76)), "industry": list("CFGHI"), "jobs": 1}, set()),
    "no_usual_hours": ({"hours_usual": 0}, {"status": ["own_account"]}, set()),
    "hours_usual_112": ({"hours_usual": 120}, {"status": ["own_account"], "jobs": 1, "attends_school": "no"}, set()),
    "hours_actual_112": ({"hours_actual": 120}, {"status": ["own_account"]}, set()),
    "hours_both_112": ({"hours_usual": 58, "hours_usual_2": 56}, {"jobs": 2}, set()),
}  # fmt: skip


def test_every_rule_of_the_library_has_a_fault_here() -> None:
    assert set(CONTRADICTIONS) == set(read_quality_rules().contradictions)


@pytest.mark.parametrize("rule", CONTRADICTIONS)
def test_each_contradiction_is_found_where_it_is_planted(
    rule: str, check: Callable[..., Quality], base: pd.DataFrame
) -> None:
    """Ten workers contradict themselves: the rule says ten of those it is about, and no other rule speaks."""
    values, where, also = CONTRADICTIONS[rule]
    found = {f.check: f for f in check(put(10, values, **where)).findings}
    assert set(found) == {rule, *also}
    assert found[rule].found.startswith("10 of ")
    assert found[rule].count == 10


def test_one_or_two_persons_are_told_no_nearer(check: Callable[..., Quality]) -> None:
    (found,) = check(put(2, {"occupation": "managers"}, status="contributing_family")).findings
    assert found.found.startswith("fewer than 3 of ")
    assert (found.count, found.share, found.severity) == (None, None, "note")


def test_severity_follows_the_weighted_share_and_the_number(check: Callable[..., Quality], base: pd.DataFrame) -> None:
    """Of all soldiers: nearly all are wrong, an error; few of many are, a note; what may be true is no more than it may be."""

    def severity(rule: str, n: int, limits: tuple[float, float]) -> str:
        values, where, _ = CONTRADICTIONS[rule]
        found = next(f for f in check(put(n, values, **where)).findings if f.check == rule)
        assert limits[0] <= (found.share or 0) < limits[1]
        return found.severity

    employers = int((base["status"] == "employer").sum())
    assert severity("employer_alone", 31, (0.01, 0.25)) == "warning"
    assert severity("employer_alone", employers // 2, (0.25, 1)) == "error"
    assert severity("hours_usual_112", 35, (0.001, 0.01)) == "note"
    assert severity("soldiers_elsewhere", 20, (0.99, 1.01)) == "note"  # all there are, but few
    assert severity("own_account_large", 900, (0.25, 1)) == "warning"  # partners may do that
    assert severity("family_pension", 200, (0.25, 1)) == "note"  # so may farmers


def test_a_question_missing_in_one_region_is_named(check: Callable[..., Quality]) -> None:
    def plant(data: pd.DataFrame) -> None:
        data.loc[(data["region"] == "east") & data["annual_leave"].notna(), "annual_leave"] = "unknown"

    (found,) = check(plant).findings
    assert (found.check, found.severity) == ("missing", "warning")
    assert "region East (100.0% of " in found.found


def test_a_fault_of_one_status_is_named(check: Callable[..., Quality], base: pd.DataFrame) -> None:
    of = int((base["status"] == "employer").sum())
    found, _ = check(put(of, {"size_min": -1, "size_max": -1}, status="employer")).findings
    assert "status in employment Employers (100.0% of" in found.found
    workers = int(base["status"].notna().sum())
    assert f"{of:,} of {workers:,} ({of / workers:.1%}" in found.found


def test_amounts_in_two_units_are_told_with_their_ratio(check: Callable[..., Quality]) -> None:
    def one(plant: Callable[[pd.DataFrame], object]) -> Finding:
        (found,) = check(plant).findings
        return found

    assert "some amounts are 1,000 times others" in one(times("earnings_employee", 1000, 0.04)).what
    year = one(times("earnings_employee", 12, 0.1))
    assert (year.severity, "as a year against a month" in year.found) == ("error", True)
    assert year.share == pytest.approx(0.1, abs=0.03)
    assert "1/100 of" in one(times("income_self", 0.01, 0.05)).what


def test_a_region_in_another_unit_is_named(check: Callable[..., Quality]) -> None:
    """Six times leaves no valley between the two; the medians of like persons in the regions tell."""
    (found,) = check(times_in("income_self", 6, "west")).findings
    assert (found.check, found.severity) == ("units_of_group", "error")
    assert "region West" in found.what


def test_kish_by_hand() -> None:
    """Weights 1, 1, 2: (4 squared) / 6 = 8/3 persons; mean 4/3, variance 2/9, so cv is sqrt(2)/4 and 1 + cv² is 9/8."""
    facts = weight_facts(np.array([1.0, 1.0, 2.0]))
    assert (facts.n, facts.total, facts.smallest, facts.median, facts.largest) == (3, 4, 1, 1, 2)
    assert facts.kish == pytest.approx(8 / 3)
    assert facts.cv == pytest.approx(2**0.5 / 4)
    assert facts.effect == pytest.approx(9 / 8) == pytest.approx(1 + facts.cv**2)
    assert facts.ratio == 2


def test_whipple_by_hand() -> None:
    """One person of each age from 20 to 65: of the 40 ages 23 to 62, eight end in 0 or 5. All at 40: 500."""
    ages = np.arange(20, 66).astype(float)
    assert whipple(ages, np.ones(46)) == pytest.approx(500 * 8 / 40)
    assert whipple(np.full(9, 40.0), np.ones(9)) == 500
    assert whipple(np.array([41.0, 40.0]), np.array([3.0, 1.0])) == pytest.approx(125)


def test_robust_scores_by_hand() -> None:
    """0, 1, 2, 4, 8: median 2; deviations above 0, 2, 6 (median 2), below 0, 1, 2 (median 1)."""
    scores = robust_scores(np.array([0.0, 1, 2, 4, 8]))
    assert scores == pytest.approx(np.array([-2, -1, 0, 1, 3]) / 1.4826)


def test_no_evidence_names_a_person(check: Callable[..., Quality]) -> None:
    """The one odd amount is rounded away: 61,234 must not be found in what anyone may read."""
    quality = check(put(4, {"earnings_employee": 61234}, status="employee"))
    assert quality.findings
    assert not any("61,234" in f.found + f.what or "61234" in f.found + f.what for f in quality.findings)


def test_what_is_kept_can_be_read_back(check: Callable[..., Quality]) -> None:
    import json

    quality = check(put(30, {"earnings_employee": 900}, status="contributing_family"))
    kept = json.loads(json.dumps(quality.as_dict()))
    again = Quality.read(kept)
    assert again.sorted() == quality.sorted()
    assert again.as_dict() == kept
    assert kept["summary"] == {"error": 0, "warning": 1, "note": 0, "checks_made": quality.made, "checks_not_made": 0}
