"""The reference vectors as harmonised frames, and definitions ready to classify them."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from informality.classification.definition import Definition, read_definition
from informality.classification.spec import Value
from informality.foundation.grammar import MISSING, NOT_ASKED, REASON
from informality.foundation.library import find
from informality.foundation.schema import Schema, read_schema

CHOICES_21: dict[str, Value] = {"dc_protection_rule": "require_social_insurance", "cfw_arrangement_exists": "yes"}
"""A choice for each option of ilo-21icls that has no default."""

STATUS = {
    "1": "employee",
    "2": "employer",
    "3": "own_account",
    "4": "cooperative",
    "5": "contributing_family",
    "6": "other",
}
STATUS_18 = {
    "11": "employer_corporation",
    "12": "employer_market",
    "21": "operator_corporation",
    "22": "own_account_market",
    "30": "dependent_contractor",
    "41": "permanent",
    "42": "fixed_term",
    "43": "casual",
    "44": "apprentice",
    "51": "contributing_family",
}
INSTITUTION = {
    "gov": "government",
    "corp": "corporation",
    "ngo": "npish",
    "npi_not_recognised": "npish",
    "intl": "international",
    "hh": "household",
    "priv": "private",
}
DESTINATION = {
    "sale": "only_sale",
    "mainsale": "mainly_sale",
    "mainown": "mainly_own",
    "onlyown": "only_own",
    "nonprofit_for_others": "for_others",
    "dk": "unknown",
}
BOOKS = {
    "full": "complete",
    "simple": "simplified",
    "simple_tax": "simplified_tax",
    "records": "informal",
    "none": "none",
    "dk": "unknown",
}
REGISTERED = {"yes": "yes", "process": "in_process", "no": "no", "local": "local", "dk": "unknown"}
PLACE = {"fixed": "fixed", "home": "own_home", "street": "street", "other": "other"}
ANSWER = {"yes": "yes", "no": "no", "dk": "unknown"}
TAX = {"yes": "yes", "own": "yes", "via_unit": "through_unit", "no": "no", "dk": "unknown"}

COLUMNS: dict[str, tuple[str, dict[str, str]]] = {
    "status": ("status_icse93", STATUS),
    "status_18": ("status_icse18", STATUS_18),
    "institution": ("inst", INSTITUTION),
    "incorporated": ("incorporated", ANSWER),
    "destination": ("destination", DESTINATION),
    "books": ("bookkeeping", BOOKS),
    "registered": ("registration", REGISTERED),
    "has_formal_employee": ("has_formal_employee", ANSWER),
    "place": ("place", PLACE),
    "social_security": ("ss", ANSWER),
    "annual_leave": ("annual_leave", ANSWER),
    "sick_leave": ("sick_leave", ANSWER),
    "own_tax_registered": ("tax_registered_self", TAX),
    "own_social_security": ("ss_self", ANSWER),
    "job_registered": ("job_registered", ANSWER),
    "domestic_worker": ("domestic_worker", ANSWER),
    "pay_declared": ("pay_declared", {"whole": "whole", "part": "part"}),
}
"""Harmonised variable: the column of the vectors, and what its tokens mean. Omitted ("", "na") means not asked."""


def _harmonised(vectors: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Reference vectors as a harmonised frame."""
    columns = {"worker": pd.Series(["yes"] * len(vectors))}
    for name, (column, words) in COLUMNS.items():
        if column in vectors:
            columns[name] = vectors[column].map(lambda t, words=words: NOT_ASKED if t in ("", "na") else words[t])
        else:
            columns[name] = pd.Series([NOT_ASKED] * len(vectors))
    frame = pd.DataFrame({n: pd.Categorical(c, categories=schema[n].grammar.categories) for n, c in columns.items()})
    size = pd.to_numeric(vectors["size"].replace("na", None)) if "size" in vectors else pd.Series(np.nan, vectors.index)
    for name in ("size_min", "size_max"):
        frame[name] = size.to_numpy(dtype=float)
        frame[name + REASON] = pd.Categorical(np.where(size.isna(), NOT_ASKED, None), categories=MISSING)
    return frame


@pytest.fixture(scope="session")
def schema() -> Schema:
    return read_schema()


@pytest.fixture(scope="session")
def harmonised() -> Callable[[pd.DataFrame, Schema], pd.DataFrame]:
    return _harmonised


@pytest.fixture(scope="session")
def read() -> Callable[..., Definition]:
    """A shipped definition, under the choices given; those of ilo-21icls without a default have one here."""

    @functools.cache
    def shipped(name: str, **options: Value) -> Definition:
        chosen = {**CHOICES_21, **options} if name == "ilo-21icls" else options
        return read_definition(find("definitions", name), read_schema(), options=chosen)

    return shipped


@pytest.fixture(scope="session")
def kinds() -> ModuleType:
    """The kinds of case a definition can meet (``cases.py``)."""
    spec = importlib.util.spec_from_file_location("classification_cases", Path(__file__).with_name("cases.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def vectors(shared: Path) -> pd.DataFrame:
    """The 68 definition vectors of the reference page."""
    table = pd.read_csv(shared / "reference" / "definition_vectors.csv", dtype=str, keep_default_na=False)
    assert len(table) == 68
    return table
