"""The folder ``exchange`` of a study: SDMX, its codes, and a page that says what is there and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from informality.foundation.provenance import write_atomically
from informality.publication.datapackage import PACKAGE, ColumnSpec, Member, write_package
from informality.publication.inputs import ReportInputs, publication_of
from informality.publication.sdmx import NUMBERS, OWN, Exchange, exchange, structure_text
from informality.publication.store import figures
from informality.publication.table import inert, markdown_text

FOLDER = "exchange"
DATA, STRUCTURE, CODES, ABOUT = "sdmx.csv", "sdmx.json", "codes.csv", "README.md"
PARQUET = "figures.parquet"
EXCHANGED = tuple(f"{FOLDER}/{name}" for name in (DATA, STRUCTURE, CODES, ABOUT))


def write_exchange(
    inputs: ReportInputs, results: pd.DataFrame, store: Path, folder: Path, long: Sequence[Path], beside: Sequence[Path]
) -> None:
    """Write ``folder/exchange``, the figures as Parquet into ``store``, and the data package of the CSV files of both.

    ``long``: ``figures.csv`` in each language, which will stand in ``folder``; ``beside``: CSV files that will stand beside
    the store. The same inputs give the same bytes.
    """
    study, pub = inputs.study, publication_of(inputs, results)
    made = exchange(pub, study)
    place = folder / FOLDER
    _write_csv(made.data, place / DATA)
    _write_csv(made.codes.assign(words=made.codes["words"].map(inert)), place / CODES)
    text, about = structure_text(made), _about(study, made)
    write_atomically(place / STRUCTURE, lambda new: new.write_text(text, encoding="utf-8", newline="\n"))
    write_atomically(place / ABOUT, lambda new: new.write_text(about, encoding="utf-8", newline="\n"))
    words = figures(pub)
    write_atomically(store / PARQUET, lambda new: words.to_parquet(new, index=False))
    columns = {n: ColumnSpec(kind=_kind(n), title=title) for n, title in made.titles.items()}
    members = [
        *(Member(path, path.name) for path in long),
        Member(place / DATA, f"{FOLDER}/{DATA}", columns),
        Member(place / CODES, f"{FOLDER}/{CODES}"),
    ]
    write_package(study, members, folder / PACKAGE)
    write_package(study, [Member(path, path.name) for path in beside], store / PACKAGE)


def _kind(name: str) -> Any:
    return "integer" if name == "SAMPLE_N" else "number" if name in NUMBERS or name == "OBS_VALUE" else "string"


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    write_atomically(path, lambda new: frame.to_csv(new, index=False, encoding="utf-8", lineterminator="\r\n"))


def _about(study: Mapping[str, Any], made: Exchange) -> str:
    own = made.codes[(made.codes["list"] == OWN) & (made.codes["variable"] != "")]
    variables = ", ".join(f"`{v}`" for v in sorted(own["variable"].unique())) or "none"
    left = [f"- {reason}: {n:,} rows" for reason, n in made.left_out.items()] or ["- nothing"]
    lines = [
        f"# {markdown_text(study['title'])}: files for other programs",
        "",
        f"- `{DATA}`: {len(made.data):,} estimates as SDMX-CSV 2.0, shares in per cent; what is not shown has no value "
        "and says so in `OBS_STATUS` (Q suppressed, L not asked, U low reliability).",
        f"- `{STRUCTURE}`: code lists, concepts and data structure as SDMX-JSON 2.0.",
        f"- `{CODES}`: what each code is, and which are those of the ILO.",
        f"- `../{PACKAGE}`: the columns of every CSV file here and one folder up (Frictionless Data).",
        "",
        f"Variables with levels that have no code of the ILO, and keep their own: {variables}.",
        "",
        "Rows of the results table that are not in it:",
        "",
        *left,
        "",
    ]
    return "\n".join(lines)
