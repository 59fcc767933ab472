"""Made-up report inputs, and the report made from them once."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from informality.publication.inputs import ReportInputs
from informality.publication.kept import Kept
from informality.publication.published import Publication, publication
from informality.publication.report import Material, build_reports

FORMATS = ("html", "pdf", "docx", "review")
REPORTS = Path(__file__).resolve().parents[2] / "reports"
COUNTRY = REPORTS / "country.qmd"
DOCUMENTS = [REPORTS / f"{name}.qmd" for name in ("country", "brief", "methods", "compendium")]


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"publication_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def mock() -> ModuleType:
    return _module("mock")


@pytest.fixture(scope="session")
def ddi() -> ModuleType:
    """The schema of DDI-Codebook."""
    return _module("ddi_schema")


@pytest.fixture(scope="session")
def inputs(mock: ModuleType) -> ReportInputs:
    """The made-up inputs. Not to be changed."""
    return mock.inputs()


@pytest.fixture(scope="session")
def pub(inputs: ReportInputs) -> Publication:
    """What every table and figure made from them shares."""
    return publication(inputs.results, inputs.labels, inputs.reliability, str(inputs.study["headline"]), "Source: mock")


@pytest.fixture(scope="session")
def country() -> Path:
    return COUNTRY


@pytest.fixture(scope="session")
def built(mock: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder holding the report in every format and ``_build``, made from the mock."""
    folder = tmp_path_factory.mktemp("report")
    build_reports(Material(mock.inputs()), [COUNTRY], folder, FORMATS)
    return folder


@pytest.fixture(scope="session")
def material(mock: ModuleType) -> Material:
    return Material(mock.inputs())


@pytest.fixture(scope="session")
def key() -> str:
    """What the documents rest on, in one word; a later run with the same may take them over."""
    return "the same numbers"


@pytest.fixture(scope="session")
def documents(material: Material, key: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder holding the page of every document of a study without scenarios, and ``_build``. Not to be changed."""
    folder = tmp_path_factory.mktemp("documents")
    build_reports(material, DOCUMENTS, folder, ["html"], Kept(None, key))
    return folder
