"""What people take away beside the report: summary store, workbook, explorer, and the long table as CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from informality.foundation.language import ENGLISH, spoken
from informality.foundation.provenance import write_atomically
from informality.publication.explorer import write_explorer
from informality.publication.inputs import publication_of
from informality.publication.material import Material
from informality.publication.store import figures, write_store
from informality.publication.table import inert
from informality.publication.translated import name_in
from informality.publication.workbook import write_workbook

STORE, BOOK, EXPLORER, LONG = "summary.sqlite", "tables.xlsx", "explorer.html", "figures.csv"


def write_products(material: Material, results: pd.DataFrame, hidden: pd.DataFrame, store: Path, folder: Path) -> None:
    """Write the store to ``store`` and the others into ``folder``.

    ``material`` is that of the reports, of the wave they describe; ``results`` hold all waves; ``hidden`` is the log of
    disclosure control. The same inputs give the same bytes. The store is made in English only: questions are asked of
    its identifiers. All of them hold the scenarios, too.
    """
    inputs, code = material.inputs, spoken().code
    everything = publication_of(inputs, results)
    if code == ENGLISH:
        write_store(inputs, everything, hidden, store / STORE, material.told.quo if material.told else "")
    tables = {**material.tables, **material.whole_tables_of_scenarios}
    write_workbook(inputs, everything, tables, folder / name_in(BOOK, code))
    write_explorer(inputs, everything, folder / name_in(EXPLORER, code))
    long = figures(everything)
    text = long.select_dtypes(exclude="number").columns
    long[text] = long[text].map(inert, na_action="ignore")
    write_atomically(
        folder / name_in(LONG, code),
        lambda new: long.to_csv(new, index=False, encoding="utf-8-sig", lineterminator="\r\n"),
    )
