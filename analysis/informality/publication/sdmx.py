"""The estimates as SDMX: one CSV (SDMX-CSV 2.0), its structure (SDMX-JSON 2.0), and what each code is.

Variables with a code list of the ILO take its codes (``library/exchange/sdmx.yml``); all others keep their own names, in a
dimension of their own, and the table of codes says which is which. The structure belongs to the study: it holds the codes that
occur. Values are 64-bit numbers. What has no place in SDMX (a wave that is no period, a unit without a code) is left out and
counted by reason.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from informality.foundation.library import LIBRARY
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecModel, Words, load
from informality.publication.published import Publication
from informality.tabulation.columns import MAX_BY

AGENCY = "INFORMALITY"
VERSION = "1.0"
SCHEMA = "https://json.sdmx.org/2.0.0/sdmx-json-structure-schema.json"
"""The name of the format, by which readers know it; nothing is fetched."""
PREPARED = "2000-01-01T00:00:00Z"
"""A fixed time, so that the same numbers give the same file; when it was made stands in the manifest."""
OWN, GENERIC = "own code, not of the ILO", "SDMX, generic code"
STATUS, TABLE = "OBS_STATUS", "TABLE"
CODES = ("dimension", "code", "words", "variable", "level", "list", "status")
Code = tuple[str, str, str, str, str, str, str]
GENERAL = {
    "FREQ": "Frequency", "REF_AREA": "Country", "SURVEY": "Survey", "DEFINITION": "Definition of informality",
    "INDICATOR": "Indicator", "STATISTIC": "Statistic", "UNIVERSE": "Among whom", "UNIT_MEASURE": "Unit",
}  # fmt: skip
"""Dimensions of every row, before those it is broken down by."""
COLUMN_OF = {
    "SURVEY": "survey", "DEFINITION": "definition", "INDICATOR": "indicator", "STATISTIC": "statistic",
    "UNIVERSE": "universe", "UNIT_MEASURE": "unit",
}  # fmt: skip
MEASURED = {"TIME_PERIOD": "Period", "OBS_VALUE": "Value"}
SCALED = ("se", "ci_low", "ci_high")
NUMBERS = {
    "STD_ERR": ("se", "Standard error"), "CONF_LOW": ("ci_low", "Lower confidence limit"),
    "CONF_HIGH": ("ci_high", "Upper confidence limit"), "CONF_LEVEL": ("confidence", "Level of confidence"),
    "SAMPLE_N": ("n", "Sampled persons"),
}  # fmt: skip
"""Attributes that are numbers: the column each is of, and its name."""
TEXTS = {
    "OBS_STATUS": "Observation status", "RELIABILITY": "Grade of reliability", "STANDING": "Standing of the weakest input",
    "COMMENT_OBS": "Note",
}  # fmt: skip


class UnitSpec(SpecModel):
    code: Words
    title: Words
    times: float = Field(default=1, gt=0)


class CodedSpec(SpecModel):
    """The codes of one variable's levels in a list of the ILO."""

    list: Words
    status: Status
    codes: dict[str, Words]


class DimensionSpec(SpecModel):
    title: Words
    total: Words
    variables: dict[str, CodedSpec]


class PeriodSpec(SpecModel):
    pattern: Words
    frequency: Words
    period: Words


class ExchangeSpec(SpecModel):
    """``library/exchange/sdmx.yml``."""

    title: Words
    sources: list[Words] = Field(min_length=1)
    status: Status
    standing: dict[Literal["frequencies", "grades", "units", "generic"], Status]
    statistics: list[Words]
    units: dict[str, UnitSpec]
    grades: dict[str, UnitSpec]
    periods: list[PeriodSpec]
    frequencies: dict[str, Words]
    missing: dict[str, Words]
    total: Words
    dimensions: dict[str, DimensionSpec]

    def dimension_of(self, variable: str) -> str:
        """The dimension of a variable: of the ILO's, or one of its own."""
        found = (name for name, spec in self.dimensions.items() if variable in spec.variables)
        return next(found, _id(variable).upper())

    def variables_of(self, dimension: str, variables: Sequence[str]) -> list[str]:
        """Those of some variables that stand in a dimension."""
        return [variable for variable in variables if self.dimension_of(variable) == dimension]

    def total_of(self, dimension: str) -> str:
        """The code of rows that are not broken down by a dimension."""
        return self.dimensions[dimension].total if dimension in self.dimensions else self.total

    def list_of_total(self, dimension: str) -> tuple[str, str]:
        """The list of that code, and how sure it is: the ILO has a total in each of its lists."""
        total = self.total_of(dimension)
        if total == self.total:
            return GENERIC, self.standing["generic"]
        listed = next(iter(self.dimensions[dimension].variables.values()))
        return listed.list, listed.status

    def time_of(self, wave: str) -> tuple[str, str]:
        """Frequency and period of a wave by its name; empty where it is no period."""
        for spec in self.periods:
            if match := re.fullmatch(spec.pattern, wave):
                return spec.frequency, match.expand(spec.period)
        return "", ""


@cache
def read_exchange() -> ExchangeSpec:
    return load(LIBRARY / "exchange" / "sdmx.yml", ExchangeSpec).spec


@dataclass(frozen=True, slots=True)
class Exchange:
    """``data``: the rows of the CSV; ``titles``: of its columns after the first three; ``structure``: the JSON;
    ``codes``: :data:`CODES`; ``left_out``: reason and rows of the results table."""

    data: pd.DataFrame
    titles: Mapping[str, str]
    structure: dict[str, Any]
    codes: pd.DataFrame
    left_out: Mapping[str, int]


def exchange(pub: Publication, study: Mapping[str, Any]) -> Exchange:
    """The estimates of a study as SDMX. ``study``: id, title, survey_title, country and country_code are used."""
    spec = read_exchange()
    rows, left_out = _kept(pub.results, spec)
    codes = pd.DataFrame([*_general(rows, spec, pub, study), *_broken_down(rows, spec, pub)], columns=list(CODES))
    general = codes[codes["dimension"].isin(list(GENERAL))]
    broken = [*spec.dimensions, *sorted(set(codes["dimension"]) - set(GENERAL) - {STATUS} - set(spec.dimensions))]
    data = pd.DataFrame({name: rows[column].map(_by_level(general, name)) for name, column in COLUMN_OF.items()})
    data.insert(0, "FREQ", [spec.time_of(str(wave))[0] for wave in rows["wave"]])
    data.insert(1, "REF_AREA", study["country_code"])
    for dimension in broken:
        data[dimension] = spec.total_of(dimension)
        for d, variable in itertools.product(range(1, MAX_BY + 1), spec.variables_of(dimension, _variables(rows))):
            here = rows[f"dim{d}"] == variable
            data.loc[here, dimension] = (
                rows.loc[here, f"level{d}"].fillna("").map(_by_level(codes, dimension, variable))
            )
    data["TIME_PERIOD"] = [spec.time_of(str(wave))[1] for wave in rows["wave"]]
    key = list(data)
    times = rows["unit"].map({name: unit.times for name, unit in spec.units.items()}).astype(float)
    data["OBS_VALUE"] = rows["value"].astype(float) * times
    for name, (column, _) in NUMBERS.items():
        number = rows[column].astype("Int64" if column == "n" else float)
        data[name] = number * times if column in SCALED else number
    data["SAMPLE_N"] = data["SAMPLE_N"].mask(rows["grade"] == "suppressed")
    data[STATUS] = rows["grade"].map({grade: found.code for grade, found in spec.grades.items()})
    data["RELIABILITY"], data["STANDING"] = rows["grade"], rows["status"]
    data["COMMENT_OBS"] = rows["note"].fillna("")
    again = data.duplicated([*key, "OBS_VALUE"])
    first = dict(GENERAL)
    if data[~again].duplicated(key).any():  # tables of one study may use one name for two indicators
        again[:] = False
        data.insert(len(GENERAL), TABLE, rows["table"].map(_id))
        first[TABLE] = "Table"
        named = [
            (TABLE, _id(t), pub.labels.table(t), "", t, OWN, "") for t in sorted(rows["table"].astype(str).unique())
        ]
        codes = pd.concat([codes, pd.DataFrame(named, columns=list(CODES))], ignore_index=True)
    if again.any():
        left_out["numbers that stand in another table, too"] = int(again.sum())
    flow = _id(study["id"]).upper().replace("-", "_")
    data.insert(0, "STRUCTURE", "dataflow")
    data.insert(1, "STRUCTURE_ID", f"{AGENCY}:{flow}({VERSION})")
    data.insert(2, "ACTION", "I")
    own = {_id(variable).upper(): pub.labels.variable(variable) for variable in _variables(rows)}
    titles = {**first, **own, **{name: found.title for name, found in spec.dimensions.items()}}
    titles = {name: titles[name] for name in (*first, *broken)}
    concepts = {**titles, **MEASURED, **{name: title for name, (_, title) in NUMBERS.items()}, **TEXTS}
    structure = _structure(flow, study, list(titles), concepts, codes)
    return Exchange(data[~again].reset_index(drop=True), concepts, structure, codes, left_out)


def _general(rows: pd.DataFrame, spec: ExchangeSpec, pub: Publication, study: Mapping[str, Any]) -> Iterator[Code]:
    """The codes of dimensions that every row has, and of the observation status."""
    words = pub.labels
    for frequency in sorted({spec.time_of(str(wave))[0] for wave in rows["wave"].unique()}):
        yield "FREQ", frequency, spec.frequencies[frequency], "", "", "SDMX, CL_FREQ", spec.standing["frequencies"]
    yield "REF_AREA", study["country_code"], study["country"], "", "", "ISO 3166-1 alpha-3", "verified"
    named: dict[str, Callable[[str], str]] = {
        "SURVEY": lambda _: str(study["survey_title"]),
        "DEFINITION": lambda id: words.level("definition", id),
        "INDICATOR": words.indicator,
        "STATISTIC": str.capitalize,
        "UNIVERSE": words.universe,
    }
    for dimension, name in named.items():
        for id in sorted(rows[COLUMN_OF[dimension]].astype(str).unique()):
            yield dimension, _id(id), name(id), "", id, OWN, ""
    for unit in sorted(rows["unit"].unique()):
        found = spec.units[unit]
        yield "UNIT_MEASURE", found.code, found.title, "", unit, "IMF, CL_UNIT", spec.standing["units"]
    for grade, found in spec.grades.items():
        yield STATUS, found.code, found.title, "", grade, "SDMX, CL_OBS_STATUS", spec.standing["grades"]


def _broken_down(rows: pd.DataFrame, spec: ExchangeSpec, pub: Publication) -> Iterator[Code]:
    """The codes of the levels that occur, and of the total of each dimension."""
    pairs = pd.concat(
        [rows[[f"dim{d}", f"level{d}"]].set_axis(["variable", "level"], axis=1) for d in range(1, MAX_BY + 1)]
    )
    pairs = pairs[pairs["variable"].notna()].fillna("").astype(str).drop_duplicates().sort_values(["variable", "level"])
    for dimension in dict.fromkeys([*spec.dimensions, *(spec.dimension_of(v) for v in pairs["variable"])]):
        listed, status = spec.list_of_total(dimension)
        yield dimension, spec.total_of(dimension), "Total", "", "", listed, status
    for variable, level in pairs.itertuples(index=False):
        yield _coded(spec, pub, variable, level)


def _by_level(codes: pd.DataFrame, dimension: str, variable: str = "") -> dict[str, str]:
    """Code by level of one variable in a dimension."""
    rows = codes[(codes["dimension"] == dimension) & (codes["variable"] == variable)]
    return dict(zip(rows["level"], rows["code"], strict=True))


def _kept(results: pd.DataFrame, spec: ExchangeSpec) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows that have a place in SDMX, and how many have none, by reason."""
    timed = {wave: bool(spec.time_of(str(wave))[0]) for wave in results["wave"].unique()}
    reasons = {
        "rows of scenarios": results["scenario"].notna(),
        "models, differences, bounds and other statistics": ~results["statistic"].isin(spec.statistics),
        "numbers whose unit has no code": ~results["unit"].isin(list(spec.units)),
        "the wave is no single period": ~results["wave"].map(timed).astype(bool),
        "two classifications of one dimension are crossed": _crossed(results, spec),
    }
    out = pd.Series(False, index=results.index)
    left: dict[str, int] = {}
    for reason, rows in reasons.items():
        if n := int((rows & ~out).sum()):
            left[reason] = n
        out |= rows
    return results[~out], left


def _variables(rows: pd.DataFrame) -> list[str]:
    return sorted({str(v) for d in range(1, MAX_BY + 1) for v in rows[f"dim{d}"].dropna().unique()})


def _crossed(rows: pd.DataFrame, spec: ExchangeSpec) -> pd.Series:
    """True for rows with two variables of one dimension."""
    named = [rows[f"dim{d}"].map(lambda v: spec.dimension_of(str(v)), na_action="ignore") for d in range(1, MAX_BY + 1)]
    found = pd.concat(named, axis=1)
    return found.nunique(axis=1) < found.notna().sum(axis=1)


def _coded(spec: ExchangeSpec, pub: Publication, variable: str, level: str) -> Code:
    """A level with its code; a row for a whole breakdown that cannot be determined is "not applicable"."""
    words = pub.labels.level(variable, level) if level else "The breakdown cannot be determined"
    name = spec.dimension_of(variable)
    listed = spec.dimensions[name].variables[variable] if name in spec.dimensions else None
    if listed is not None and level in listed.codes:
        return name, listed.codes[level], words, variable, level, listed.list, listed.status
    if not level or level in spec.missing:
        generic = spec.missing.get(level, spec.missing["not_applicable"])
        return name, generic, words, variable, level, GENERIC, spec.standing["generic"]
    return name, _id(level if listed is None else f"{variable}_{level}"), words, variable, level, OWN, ""


def _id(text: str) -> str:
    """An identifier as SDMX allows it: letters, digits, underscores and hyphens."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", str(text))


def _structure(
    flow: str, study: Mapping[str, Any], titles: Sequence[str], concepts: Mapping[str, str], codes: pd.DataFrame
) -> dict[str, Any]:
    """The SDMX-JSON structure message: code lists, concepts, data structure, dataflow."""
    urn = f"urn:sdmx:org.sdmx.infomodel.{{}}={AGENCY}:{{}}({VERSION})"
    common = {"agencyID": AGENCY, "version": VERSION}

    def item(name: str) -> dict[str, Any]:
        return {"id": name, "conceptIdentity": f"{urn.format('conceptscheme.Concept', f'CS_{flow}')}.{name}"}

    def coded(name: str) -> dict[str, Any]:
        return {"enumeration": urn.format("codelist.Codelist", f"CL_{flow}_{name}")}

    def lists(name: str) -> dict[str, Any]:
        rows = codes[codes["dimension"] == name].drop_duplicates("code")
        items = [
            {"id": r.code, "name": r.words, "description": f"{r.list}{f' ({r.status})' if r.status else ''}"}
            for r in rows.itertuples()
        ]  # a code may be that of several levels
        return {"id": f"CL_{flow}_{name}", **common, "name": concepts[name], "codes": items}

    dimensions = [{**item(name), "localRepresentation": coded(name)} for name in titles]
    time = {**item("TIME_PERIOD"), "localRepresentation": {"format": {"dataType": "ObservationalTimePeriod"}}}
    attributes = []
    for name in (*NUMBERS, *TEXTS):
        kind = {"format": {"dataType": "Integer" if name == "SAMPLE_N" else "Double" if name in NUMBERS else "String"}}
        shown = coded(name) if name == "OBS_STATUS" else kind
        attributes.append(
            {
                **item(name),
                "usage": "optional",
                "attributeRelationship": {"observation": {}},
                "localRepresentation": shown,
            }
        )
    structure = {
        "id": f"DSD_{flow}",
        **common,
        "name": study["title"],
        "dataStructureComponents": {
            "dimensionList": {"id": "DimensionDescriptor", "dimensions": dimensions, "timeDimension": time},
            "measureList": {
                "id": "MeasureDescriptor",
                "measures": [
                    {
                        **item("OBS_VALUE"),
                        "usage": "optional",
                        "localRepresentation": {"format": {"dataType": "Double"}},
                    }
                ],
            },
            "attributeList": {"id": "AttributeDescriptor", "attributes": attributes},
        },
    }
    scheme = {
        "id": f"CS_{flow}",
        **common,
        "name": "Concepts",
        "concepts": [{"id": n, "name": t} for n, t in concepts.items()],
    }
    dataflow = {
        "id": flow,
        **common,
        "name": study["title"],
        "structure": urn.format("datastructure.DataStructure", f"DSD_{flow}"),
    }
    return {
        "meta": {
            "schema": SCHEMA,
            "id": flow,
            "test": bool(study.get("made_up")),
            "prepared": PREPARED,
            "sender": {"id": AGENCY},
        },
        "data": {
            "codelists": [lists(name) for name in (*titles, "OBS_STATUS")],
            "conceptSchemes": [scheme],
            "dataStructures": [structure],
            "dataflows": [dataflow],
        },
    }


def structure_text(made: Exchange) -> str:
    """The structure message as it is written."""
    return json.dumps(made.structure, indent=1, ensure_ascii=False) + "\n"
