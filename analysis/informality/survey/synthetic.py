"""A made-up labour force survey, written as a genuine SPSS file.

A recipe (YAML) holds every number: published totals, assumptions about everything not published, and the
questionnaire with its codes and labels. The same recipe, seed and library versions give the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyreadstat

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.specfile import read_yaml
from informality.survey.synthetic_answers import interview
from informality.survey.synthetic_people import Chance, Recipe, draw_people, rake
from informality.survey.synthetic_work import assign_work, work_margins

STATUSES = ("verified", "derived", "recall", "assumption")
DECIMALS_OF_WEIGHTS = 4
BETWEEN_LANGUAGES = " / "

_CREATED_AT = 92  # byte of the creation date in the header of an SPSS system file
_CREATED = b"01 Jan 2200:00:00"  # "dd mmm yy" then "hh:mm:ss"


def write_survey(recipe: Path | Mapping[str, Any], destination: Path, seed: int | None = None) -> None:
    """Write the made-up survey of ``recipe`` to ``destination``, an SPSS ``.sav`` file.

    ``recipe`` is a YAML file or what such a file holds; ``seed`` replaces the seed of the recipe. Numbers not
    asked or left blank are system-missing; don't know and refused are declared user-missing. The file appears
    complete or not at all.

    Raises :class:`InformalityError` when the recipe has a mistake (``SPEC``) or the file cannot be written
    (``OUTPUT``).
    """
    read = read_recipe(recipe)
    data = make_survey(read, seed)
    partial = destination.with_name(f".{destination.name}.{os.getpid()}.part")
    try:
        _write_sav(data, read, partial)
        os.replace(partial, destination)
    except (OSError, pyreadstat.PyreadstatError, pyreadstat.ReadstatError) as failure:
        raise InformalityError(
            Problem(
                str(destination),
                "the made-up survey cannot be written here",
                str(failure),
                "choose an existing folder that you may write to",
            ),
            ExitCode.OUTPUT,
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def make_survey(recipe: Recipe, seed: int | None = None) -> pd.DataFrame:
    """The coded file as a frame of floats: one row per person, one column per variable of the recipe.

    ``recipe`` is what :func:`read_recipe` returned. Missing codes stand as numbers, blanks as NaN.
    """
    chance = Chance(np.random.default_rng(recipe["seed"] if seed is None else seed))
    people = assign_work(draw_people(recipe, chance), recipe, chance)
    weight = rake(people["weight"].to_numpy(), work_margins(people, recipe))
    people["weight"] = weight.round(DECIMALS_OF_WEIGHTS)
    answers = interview(people, recipe, chance)
    return pd.DataFrame({name: _encode(answers[name], codes(recipe, name)) for name in recipe["variables"]})


def read_recipe(recipe: Path | Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of a file, or of what such a file holds, with every figure replaced by its value.

    A figure is a mapping with ``value``, ``unit``, ``date``, ``source`` and ``status``. A number that stands
    outside a figure and is not a ``code`` is a mistake: it would have no source.
    """
    data, lines, problems = read_yaml(recipe) if isinstance(recipe, Path) else (recipe, {}, [])
    file = recipe.name if isinstance(recipe, Path) else "recipe"

    def place(loc: tuple[Any, ...]) -> str:
        return f"{file}, line {lines[loc]}" if loc in lines else file

    def plain(node: Any, loc: tuple[Any, ...]) -> Any:
        name = ".".join(map(str, loc))
        if isinstance(node, Mapping):
            if "value" not in node:
                return {key: plain(child, (*loc, key)) for key, child in node.items()}
            lacking = [key for key in ("unit", "date", "source", "status") if key not in node]
            if lacking:
                problems.append(Problem(place(loc), f"the figure `{name}` lacks {', '.join(lacking)}"))
            elif node["status"] not in STATUSES:
                problems.append(
                    Problem(
                        place(loc),
                        f"the figure `{name}` has a status that is not allowed",
                        f"`{node['status']}`",
                        f"use one of {', '.join(STATUSES)}",
                    )
                )
            return node["value"]
        if isinstance(node, int | float) and loc[-1] != "code":
            problems.append(
                Problem(
                    place(loc),
                    f"the number `{name}` has no source",
                    f"{node}",
                    "write it as a figure: unit, date, source, status, value",
                )
            )
        return node

    read = plain(data, ())
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return cast(dict[str, Any], read)


def codes(recipe: Recipe, variable: str) -> dict[str, float]:
    """Code of each named answer of a variable, its missing answers included."""
    return {name: float(entry["code"]) for name, entry in _entries(recipe, variable).items()}


def _entries(recipe: Recipe, variable: str) -> dict[str, Mapping[str, Any]]:
    description = recipe["variables"][variable]
    missing = recipe["missing_codes"][description["missing"]] if "missing" in description else {}
    return {**description.get("codes", {}), **missing}


def _encode(answers: pd.Series, codes: Mapping[str, float]) -> pd.Series:
    named = answers.map(codes)
    coded = named.where(named.notna(), pd.to_numeric(answers, errors="coerce")).astype(float)
    lost = answers[coded.isna() & answers.notna()].unique()
    if len(lost):
        raise InformalityError(
            Problem(
                f"recipe, variables.{answers.name}",
                "an answer has no code",
                ", ".join(map(str, lost)),
                "add it to the codes of this variable",
            ),
            ExitCode.SPEC,
        )
    return coded


def _write_sav(data: pd.DataFrame, recipe: Recipe, path: Path) -> None:
    variables = recipe["variables"]
    missing = {name: recipe["missing_codes"][v["missing"]] for name, v in variables.items() if "missing" in v}
    labels = {
        name: {float(entry["code"]): _both(entry) for entry in _entries(recipe, name).values()} for name in variables
    }
    labels["stratum"] = _stratum_labels(data, labels)
    pyreadstat.write_sav(
        data,
        path,
        file_label=recipe["file_label"],
        column_labels={name: _both(v) for name, v in variables.items()},
        row_compress=True,
        note=list(recipe["notes"]),
        variable_value_labels={name: table for name, table in labels.items() if table},
        missing_ranges={name: [entry["code"] for entry in table.values()] for name, table in missing.items()},
        variable_measure={name: v["measure"] for name, v in variables.items()},
        variable_format={name: v["format"] for name, v in variables.items()},
    )
    with path.open("r+b") as file:  # the moment of writing would make every file different
        file.seek(_CREATED_AT)
        file.write(_CREATED)
        os.fsync(file.fileno())


def _both(entry: Mapping[str, Any]) -> str:
    """A label in Lao and English."""
    return f"{entry['lo']}{BETWEEN_LANGUAGES}{entry['en']}"


def _stratum_labels(data: pd.DataFrame, labels: Mapping[str, Mapping[float, str]]) -> dict[float, str]:
    """Province and area of each stratum, in Lao and English."""
    rows = data[["stratum", "province", "vtype1", "vtype2"]].drop_duplicates().sort_values("stratum")
    out = {}
    for stratum, province, area, road in rows.to_numpy(dtype=float):
        names = (labels["province"][province], labels["vtype2"].get(road, labels["vtype1"][area]))
        words = zip(*(name.split(BETWEEN_LANGUAGES) for name in names), strict=True)
        out[float(stratum)] = BETWEEN_LANGUAGES.join(", ".join(language) for language in words)
    return out
