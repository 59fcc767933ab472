"""The workers file as it may leave the office: no identifiers, and nobody alone with their key variables.

The rule is data (``library/anonymisation``). Sampling units, strata and weights are kept under new numbers, so that estimates
and their errors come out as they were published; what was done is counted.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE
from informality.foundation.grammar import MISSING, NOT_ASKED, REASON
from informality.foundation.library import find
from informality.foundation.schema import Schema
from informality.foundation.specfile import load
from informality.tabulation.released import WITHHELD, Anonymised, AnonymitySpec, LabelledColumn, NumberSpec


def read_anonymity(name: str, *folders: Path) -> AnonymitySpec:
    """The rule of anonymisation of a name."""
    return load(find("anonymisation", name, *folders), AnonymitySpec).spec


def anonymise(
    workers: pd.DataFrame,
    spec: AnonymitySpec,
    schema: Schema,
    outcomes: Mapping[str, LabelledColumn],
    design: Sequence[str],
) -> Anonymised:
    """The anonymised file of some workers.

    ``outcomes``: columns of the workers with what definitions decided; ``design``: which of weight, stratum and psu the
    sample has. Nothing that is passed in is changed.
    """
    order = _order(workers)
    rows = workers.iloc[order].reset_index(drop=True)
    log: list[tuple[str, str, int]] = [("identifiers left out", "person_id, household_id, period", len(rows))]
    asked = [
        n for n in (*spec.places[::-1], *spec.keys[::-1], *spec.keep) if n in rows and (rows[n] != NOT_ASKED).any()
    ]
    log += [
        ("not in the file: not asked", n, len(rows)) for n in (*spec.places, *spec.keys, *spec.keep) if n not in asked
    ]
    out: dict[str, object] = {"person": np.arange(1, len(rows) + 1), "wave": rows["wave"]}
    columns = [LabelledColumn("person", "Running number"), LabelledColumn("wave", "Wave", _same(rows["wave"]))]
    titles = {
        "weight": "Sampling weight",
        "stratum": "Stratum, numbered anew",
        "psu": "Primary sampling unit, numbered anew",
    }
    for name in design:
        out[name] = (
            rows[name] if name == "weight" else _numbered(rows, [n for n in ("stratum", name) if n in design], order)
        )
        columns.append(LabelledColumn(name, titles[name]))
    log += [("numbered anew", name, len(rows)) for name in design if name != "weight"]
    kept = rows[asked].copy()
    withheld = _withhold(
        kept, [n for n in spec.keys if n in asked], [n for n in spec.places if n in asked], int(spec.fewest.value)
    )
    log += [("withheld", name, n) for name, n in withheld.items()]
    for name in asked:
        out[name] = kept[name]
        columns.append(LabelledColumn(name, schema[name].spec.title, dict(schema[name].spec.categories)))
    for name, column in outcomes.items():
        out[column.name] = rows[name]
        columns.append(column)
    for name, how in spec.numbers.items():
        if name in rows and rows[name].notna().any():
            out[name], cut = _coarse(rows[name], how)
            out[name + REASON] = rows[name + REASON]
            columns.append(LabelledColumn(name, schema[name].spec.title))
            log.append((f"rounded to {how.digits} significant digits", name, int(rows[name].notna().sum())))
            log.append(("cut off at the top", name, cut))
    missing = {
        **{name: schema.missing[name] for name in MISSING},
        WITHHELD: spec.withheld,
        NOT_DETERMINABLE: spec.undecided,
    }
    table = pd.DataFrame(log, columns=["what", "column", "persons"])
    return Anonymised(pd.DataFrame(out), tuple(columns), missing, table, spec)


def _order(workers: pd.DataFrame) -> npt.NDArray[np.int64]:
    """An order of rows that anybody with the raw file gets again, and nobody else."""
    key = pd.util.hash_pandas_object(workers[["person_id", "weight"]].astype(str), index=False).to_numpy()
    seed = int.from_bytes(hashlib.sha256(key.tobytes()).digest()[:8], "big")
    return np.random.default_rng(seed).permutation(len(workers))


def _numbered(rows: pd.DataFrame, names: Sequence[str], order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Running numbers of the groups of some columns, in the order of ``rows``, which is shuffled."""
    return np.asarray(rows.groupby(list(names), sort=False, observed=True, dropna=False).ngroup().to_numpy() + 1)


def _withhold(rows: pd.DataFrame, keys: Sequence[str], places: Sequence[str], fewest: int) -> dict[str, int]:
    """Withhold keys from those who are too few with their values of all keys; persons by variable. ``rows`` is changed.

    As few keys as it takes, the first named before the others: one key alone is tried before two, and so on.
    Where a place is left with too few of whom nothing is shown, others of the same place join them; a place with too few
    persons altogether is withheld.
    """
    everything = [*places, *keys]
    for name in everything:
        rows[name] = rows[name].cat.add_categories(WITHHELD)
    values = np.column_stack([rows[name].cat.codes.to_numpy(dtype=np.int64) for name in everything])
    gone = np.array([len(rows[name].cat.categories) - 1 for name in everything])
    place, key = np.arange(len(places)), np.arange(len(places), len(everything))
    if len(place):
        small = _sizes(values[:, place]) < fewest
        values[np.ix_(small, place)] = gone[place]
    for size in range(1, len(key) + 1):
        for chosen in itertools.combinations(key, size):
            few = _sizes(values) < fewest
            tried = values.copy()
            tried[np.ix_(few, chosen)] = gone[list(chosen)]
            enough = few & (_sizes(tried) >= fewest)
            values[enough] = tried[enough]
    values[np.ix_(_sizes(values) < fewest, key)] = gone[key]
    while (alone := _sizes(values) < fewest).any():
        here = (values[:, place] == values[np.argmax(alone), place]).all(axis=1)
        others = here & (values[:, key] != gone[key]).any(axis=1)
        if not others.any():
            values[alone] = gone
            break
        smallest = np.flatnonzero(others)[np.argmin(_sizes(values)[others])]
        values[np.ix_((values == values[smallest]).all(axis=1), key)] = gone[key]
    for column, name in enumerate(everything):
        rows[name] = pd.Categorical.from_codes(values[:, column], dtype=rows[name].dtype)
    return {n: int(m) for n, m in zip(everything, (values == gone).sum(axis=0), strict=True) if m}


def _sizes(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(n,) how many rows share all values of each row."""
    radix = values.max(axis=0, initial=0) + 2  # a category that is not there has the code -1
    assert float(np.prod(radix.astype(float))) < 2**62, "too many keys for one number"
    code = np.unique((values + 1) @ np.append(np.cumprod(radix[:0:-1])[::-1], 1), return_inverse=True)[1]
    return np.bincount(code)[code]


def _coarse(column: pd.Series, how: NumberSpec) -> tuple[npt.NDArray[np.float64], int]:
    """Numbers cut off at the top and rounded; how many were cut off."""
    values = column.to_numpy(dtype=float)
    limit = np.nanquantile(values, 1 - how.top, method="higher") if how.top else np.inf
    cut = values > limit
    values = np.where(cut, limit, values)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(values == 0, 1.0, np.floor(np.log10(np.abs(values))))
    unit = 10.0 ** (size - how.digits + 1)
    return np.asarray(np.round(values / unit) * unit), int(cut.sum())


def _same(column: pd.Series) -> dict[str, str]:
    return {str(level): str(level) for level in column.cat.categories}
