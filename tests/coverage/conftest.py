"""Eight workers of the golden scenario, a small made-up sample, and baselines written by the tests."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from informality.classification.classify import classify
from informality.classification.definition import Definition, read_definition
from informality.coverage.baseline import Baseline, read_baseline
from informality.coverage.people import grammar
from informality.foundation.grammar import MISSING, REASON
from informality.foundation.library import LIBRARY, find
from informality.foundation.schema import Schema, read_schema
from informality.inference.sampling.design import Design

KIND = {"unit": "any", "source": "own", "status": "recall"}
NUMBERS = ("age", "size_min", "size_max", "hours_usual", "hours_actual", "earnings_employee", "income_self", "jobs")


def number(value: float, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {"value": value, **KIND} if low is None else {"value": value, "low": low, "high": high, **KIND}


GOLDEN: dict[str, Any] = {
    "id": "golden",
    "title": "Eight rows",
    "summary": "The golden scenario of the reference page, section 3.10.",
    "country": "lao",
    "schemes": ["lao-enterprise", "lao-voluntary"],
    "choices": {"lao-voluntary": {"floor": "follows_minimum_wage", "entry_cap": "ceiling_only"}},
    "years": {"base": 2025, "first": 2025, "last": 2025},
    "sources": {"own": "the reference page"},
    "takeup": {
        "start": number(0.05),
        "observed": "keep",
        "beta_subsidy": number(0.93, 0.45, 1.40),
        "beta_assistance": number(1.5, 0.39, 3.1),
        "p_max": number(1.0),
        "speed": number(0.3),
        "leaving": number(0.1),
        "retention": number(0.25),
    },
    "newly_covered": {"start": number(0.1), "step": number(0.05), "cap": number(0.45)},
    "density": {
        "mandatory": {"paid": number(1), "stay": number(1)},
        "voluntary": {"paid": number(0.6, 0.35, 0.85), "stay": number(0.95)},
        "present": {"paid": number(1), "stay": number(1)},
    },
    "claims": {"mandatory": number(1), "voluntary": number(1)},
    "capacity": {"burden": number(0.10), "applied": ["burden"], "margin": number(0)},
    "finance": {
        "admin_share": number(0.05),
        "admin_per_member": number(60000),
        "wage_shift": number(0.5),
        "informality_response": number(0.3),
    },
    "pensions": {
        "real_wage": number(0.02),
        "discount": number(0.03),
        "liability_rates": [0.02, 0.03, 0.04],
        "entry_age": number(25),
    },
}


def write(folder: Path, kind: str, spec: dict[str, Any]) -> Path:
    """A file of the library's kind, in a project folder laid out as ``analysis`` is."""
    place = folder / f"{spec['id']}.yml"
    out = io.StringIO()
    YAML(typ="safe", pure=True).dump(spec, out)
    place.write_text(out.getvalue(), encoding="utf-8")
    return place


def frame_of(schema: Schema, columns: dict[str, Any], definition: Definition | None = None) -> pd.DataFrame:
    """A classified workers frame from some columns; variables left out are not applicable."""
    n = len(next(iter(columns.values())))
    made: dict[str, Any] = {}
    for name, variable in schema.variables.items():
        if variable.spec.kind == "category":
            given = columns.get(name, ["not_applicable"] * n)
            made[name] = pd.Categorical(given, categories=variable.grammar.categories)
        elif name in NUMBERS:
            values = np.asarray(columns.get(name, [np.nan] * n), dtype=float)
            made[name] = values
            made[name + REASON] = pd.Categorical(np.where(np.isnan(values), "unknown", None), categories=MISSING)
    for name in ("person_id", "household_id", "stratum", "psu"):
        made[name] = columns.get(name, [str(i) for i in range(n)])
    made["weight"] = np.asarray(columns["weight"], dtype=float)
    frame = pd.DataFrame(made)
    return frame if definition is None else pd.concat([frame, classify(frame, definition, schema.grammar)], axis=1)


@pytest.fixture(scope="session")
def schema() -> Schema:
    return read_schema()


@pytest.fixture(scope="session")
def definition(schema: Schema) -> Definition:
    return read_definition(find("definitions", "ilo-17icls"), schema)


@pytest.fixture(scope="session")
def eight(schema: Schema, definition: Definition) -> pd.DataFrame:
    """The eight rows of the golden scenario, in order."""
    formal, micro = {"institution": "corporation"}, {"institution": "private"}
    rows: list[dict[str, Any]] = [
        {
            "weight": 1000,
            "sex": "female",
            "age": 34,
            "status": "employee",
            "social_security": "yes",
            "earnings_employee": 3.0e6,
            **formal,
        },
        {
            "weight": 500,
            "sex": "male",
            "age": 40,
            "status": "employee",
            "social_security": "yes",
            "earnings_employee": 6.0e6,
            **formal,
        },
        {
            "weight": 800,
            "sex": "female",
            "age": 28,
            "status": "employee",
            "social_security": "no",
            "earnings_employee": 2.0e6,
            **formal,
        },
        {
            "weight": 1200,
            "sex": "male",
            "age": 22,
            "status": "employee",
            "social_security": "no",
            "earnings_employee": 1.8e6,
            "size_group": "under_5",
            **micro,
        },
        {
            "weight": 3000,
            "sex": "female",
            "age": 45,
            "status": "own_account",
            "own_social_security": "no",
            "income_self": 1.0e6,
            "agriculture": "agriculture",
            **micro,
        },
        {
            "weight": 1500,
            "sex": "male",
            "age": 38,
            "status": "own_account",
            "own_social_security": "no",
            "income_self": 3.5e6,
            **micro,
        },
        {
            "weight": 2000,
            "sex": "female",
            "age": 50,
            "status": "contributing_family",
            "own_social_security": "no",
            **micro,
        },
        {
            "weight": 300,
            "sex": "male",
            "age": 52,
            "status": "employer",
            "own_social_security": "yes",
            "income_self": 8.0e6,
            "size_group": "under_5",
            **micro,
        },
    ]
    shared = {
        "employed": "yes",
        "employed_13": "yes",
        "employed_19": "yes",
        "labour_force": "employed",
        "worker": "yes",
        "area": "rural",
        "domestic_worker": "no",
        "annual_leave": "no",
        "sick_leave": "no",
        "registered": "no",
        "books": "none",
        "destination": "only_sale",
        "place": "farm",
        "agriculture": "non_agriculture",
        "size_group": "50_plus",
        "age_group": "25_34",
    }
    names = dict.fromkeys(k for row in [shared, *rows] for k in row)
    blank: dict[str, Any] = {"earnings_employee": np.nan, "income_self": np.nan}
    columns = {k: [{**shared, **row}.get(k, blank.get(k, "not_applicable")) for row in rows] for k in names}
    for i, row in enumerate(rows):
        if row["institution"] == "corporation":
            for k in ("registered", "books", "destination"):
                columns[k][i] = "not_applicable"
    return frame_of(schema, columns, definition)


@pytest.fixture(scope="session")
def eight_design(eight: pd.DataFrame) -> Design:
    return Design.from_columns(eight["weight"])


@pytest.fixture
def baseline_of(tmp_path: Path, schema: Schema, definition: Definition) -> Callable[..., Baseline]:
    """A baseline from the golden one with some keys replaced."""

    def made(**changes: Any) -> Baseline:
        path = write(tmp_path, "baselines", {**GOLDEN, **changes})
        return read_baseline(str(path), grammar(schema, definition))

    return made


LIBRARY_SCENARIOS = sorted(p.stem for p in (LIBRARY / "scenarios").glob("*.yml") if p.stem != "template")


@pytest.fixture(scope="session")
def sample(schema: Schema, definition: Definition) -> pd.DataFrame:
    """480 made-up persons in 8 strata x 5 PSUs, every tenth worker without known earnings; households of four."""
    rng = np.random.default_rng(7)
    n = 480
    i = np.arange(n)
    status = rng.choice(["employee", "own_account", "contributing_family", "employer"], n, p=[0.35, 0.45, 0.15, 0.05])
    employed = np.where(rng.random(n) < 0.85, "yes", "no")
    inside = employed == "yes"
    employee, own = status == "employee", np.isin(status, ["own_account", "employer"])
    earned = np.round(np.exp(rng.normal(14.6, 0.6, n)), -4)
    earned[rng.random(n) < 0.1] = np.nan
    institution = np.where(
        employee, rng.choice(["government", "private", "corporation"], n, p=[0.2, 0.4, 0.4]), "private"
    )
    domestic = employee & (i % 17 == 0)
    institution = np.where(domestic, "household", institution)

    def among(mask: np.ndarray, values: Any) -> np.ndarray:
        return np.where(mask & inside, values, "not_applicable")

    columns = {
        "weight": rng.uniform(500, 3000, n),
        "sex": rng.choice(["male", "female"], n),
        "age": rng.integers(15, 64, n),
        "area": np.where(i % 20 < 8, "urban", "rural"),
        "employed": employed,
        "employed_13": employed,
        "employed_19": employed,
        "worker": employed,
        "labour_force": np.where(inside, "employed", "outside"),
        "status": np.where(inside, status, "not_applicable"),
        "institution": among(inside, institution),
        "domestic_worker": among(employee, np.where(domestic, "yes", "no")),
        "social_security": among(employee, rng.choice(["yes", "no", "unknown"], n, p=[0.35, 0.55, 0.10])),
        "own_social_security": among(~employee, rng.choice(["yes", "no"], n, p=[0.03, 0.97])),
        "agriculture": among(inside, rng.choice(["agriculture", "non_agriculture"], n)),
        "size_group": among(inside, rng.choice(["under_5", "5_9", "50_plus"], n)),
        "registered": among(institution == "private", "no"),
        "books": among(institution == "private", "none"),
        "place": among(institution == "private", "street"),
        "destination": among(own, "only_sale"),
        "annual_leave": among(employee, "no"),
        "sick_leave": among(employee, "no"),
        "earnings_employee": np.where(employee & inside, earned, np.nan),
        "income_self": np.where(own & inside, earned, np.nan),
        "size_min": np.where(inside, 1.0, np.nan),
        "size_max": np.where(inside, 4.0, np.nan),
        "hours_usual": np.where(inside, rng.integers(10, 60, n), np.nan),
        "person_id": i.astype(str),
        "household_id": (i // 4).astype(str),
        "stratum": (i // 60).astype(str),
        "psu": (i // 12).astype(str),
        "age_group": np.full(n, "25_34"),
    }
    return frame_of(schema, columns, definition)


@pytest.fixture(scope="session")
def sample_design(sample: pd.DataFrame) -> Design:
    return Design.from_columns(sample["weight"], sample["stratum"], sample["psu"])


LAO: dict[str, Any] = {
    **GOLDEN,
    "id": "sample",
    "years": {"base": 2025, "first": 2025, "last": 2029},
    "schemes": ["lao-government", "lao-enterprise", "lao-voluntary"],
    "choices": {**GOLDEN["choices"], "lao-government": {"old_age.min_years": "fifteen"}},
    "administrative": [
        {"schemes": ["lao-government", "lao-enterprise"], "members": 120_000, "source": "own", "status": "verified"},
        {"schemes": ["lao-voluntary"], "members": 15_000, "source": "own", "status": "verified"},
    ],
    "takeup": {
        **{k: v for k, v in GOLDEN["takeup"].items() if k != "start"},
        "observed": "model",
        "p_max": number(0.5, 0.4, 0.6),
        "covariates": {"log_income": number(0.6, 0.3, 0.9)},
    },
    "capacity": {
        "burden": number(0.12, 0.1, 0.15),
        "applied": ["burden"],
        "margin": number(0),
        "welfare": {
            "measure": "labour_income",
            "headcount": number(0.2),
            "food_share": number(0.75),
            "near_poor": number(1.5),
        },
    },
}


@pytest.fixture
def lao_of(tmp_path: Path, schema: Schema, definition: Definition) -> Callable[..., Baseline]:
    """A baseline with three schemes and records for the sample, with some keys replaced."""

    def made(**changes: Any) -> Baseline:
        return read_baseline(str(write(tmp_path, "baselines", {**LAO, **changes})), grammar(schema, definition))

    return made
