"""Beside the CSV files of a folder: what stands in each column (Frictionless Data, ``datapackage.json``).

The kinds and words of the columns are data (``library/exchange/columns.yml``). Each file is named with its size and SHA-256,
so that a program that reads the package notices a file that was changed.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from informality.foundation.library import LIBRARY
from informality.foundation.provenance import sha256, write_json
from informality.foundation.specfile import SpecModel, Words, load

PACKAGE = "datapackage.json"


class ColumnSpec(SpecModel):
    kind: Literal["string", "integer", "number"]
    title: Words


class CsvSpec(SpecModel):
    """One CSV file: the columns of its ``key`` together know a row."""

    title: Words
    encoding: Literal["utf-8", "utf-8-sig"] = "utf-8"
    key: list[Words] = Field(default_factory=list)
    columns: dict[str, ColumnSpec]


class ColumnsSpec(SpecModel):
    """``library/exchange/columns.yml``."""

    title: Words
    files: dict[str, CsvSpec]


@cache
def read_columns() -> ColumnsSpec:
    return load(LIBRARY / "exchange" / "columns.yml", ColumnsSpec).spec


@dataclass(frozen=True, slots=True)
class Member:
    """A CSV file of a package: where it is now, its path in the package, and columns that only this study has."""

    file: Path
    path: str
    more: Mapping[str, ColumnSpec] = field(default_factory=dict)


def write_package(study: Mapping[str, Any], members: Sequence[Member], path: Path) -> None:
    """Write the package of some CSV files. ``study``: id, title, agency, survey_title and wave_title are used."""
    package = {
        "profile": "tabular-data-package",
        "name": str(study["id"]).lower(),
        "title": study["title"],
        "description": f"{study['survey_title']}, {study['wave_title']}, {study['agency']}",
        "resources": [_resource(member) for member in members],
    }
    write_json(path, package)


def _resource(member: Member) -> dict[str, Any]:
    name = Path(member.path).name
    first, _, last = name.partition(".")
    spec = read_columns().files[f"{first}.{last.rpartition('.')[2]}"]  # figures.es.csv has the columns of figures.csv
    known = {**spec.columns, **member.more}
    with member.file.open(encoding=spec.encoding, newline="") as file:
        header = next(csv.reader(file))
    unknown = set(header) ^ set(known)
    assert not unknown, f"{name}: columns.yml and the file differ in {', '.join(sorted(unknown))}"
    schema: dict[str, Any] = {
        "fields": [{"name": n, "type": known[n].kind, "title": known[n].title} for n in header],
        "missingValues": [""],
    }
    if spec.key:
        schema["primaryKey"] = spec.key
    return {
        "profile": "tabular-data-resource",
        "name": Path(name).stem.replace(".", "-"),
        "title": spec.title,
        "path": member.path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": spec.encoding,
        "bytes": member.file.stat().st_size,
        "hash": f"sha256:{sha256(member.file)}",
        "schema": schema,
    }
