"""Segments as rows of the results table: how large each is, what its members are, and how firmly it stands."""

from __future__ import annotations

import pandas as pd

from informality.foundation.errors import InformalityError
from informality.foundation.grammar import MISSING
from informality.inference.estimates.intervals import interval
from informality.inference.sampling.design import Design
from informality.inference.segments.characteristics import Characteristic
from informality.inference.segments.naming import Wording
from informality.inference.segments.segmentation import Segmentation, segment
from informality.tabulation.model_plan import ModelSet, SegmentsSpec
from informality.tabulation.rows import Settings, dimensions, numbers, without_value
from informality.tabulation.views import View

SEGMENT = "segment"
"""Dimension of the results table whose levels are the names of segments."""


def segment_rows(spec: SegmentsSpec, models: ModelSet, seen: View, design: Design, settings: Settings) -> pd.DataFrame:
    """The rows of one set of segments.

    Statistics: `share` and `total` of each segment; `inside` and `outside`, the shares of each level of a characteristic
    (dim2) among members and among all others; `found_again` of each and `agreement` of all, how firmly they stand when
    the sample is drawn again; `rule` and `accuracy`, the lines of a short rule and how often it is right. The segments are
    what the largest stable number of groups gives; where none is stable, one row says so. Missing answers are levels of
    their own, because who gave no answer may be a group like any other.
    """
    where = models.spec.universes[spec.among].where
    if missing := seen.lacking([*where]):
        return without_value([], "share", "share", "derived", f"the survey did not ask: {'; '.join(missing)}")
    asked = {name: how for name, how in spec.by.items() if name in seen.asked}
    inside = seen.mask(where)
    if seen.undetermined([*where, *asked], where).any():
        return without_value(
            [], "share", "share", "derived", "what the groups rest on is not determinable for everyone"
        )
    codes = {n: seen.frame.loc[inside, n].cat.codes for n in asked}
    varying = [n for n in asked if inside.any() and codes[n].min() < codes[n].max()]
    characteristics = []
    for name in varying:
        how, variable = asked[name], seen.variables[name]
        levels = {c: variable.label(c) for c in variable.categories}
        order = tuple(c for c in variable.categories if c not in MISSING) if how.kind == "ordered" else ()
        characteristics.append(
            Characteristic(
                name,
                how.kind,
                variable.title,
                levels,
                how.phrases,
                how.position,
                order,
                tuple(MISSING) if how.kind == "ordered" else (),
            )
        )
    notes = [f"not asked: {seen.variables[n].title}" for n in spec.by if n not in asked]
    try:
        found = segment(design, seen.frame, characteristics, domain=inside, wording=Wording(everyone=spec.everyone))
    except InformalityError as failure:
        why = "; ".join(f"{p.what}: {p.found}" if p.found else p.what for p in failure.problems)
        return without_value([], "share", "share", "assumption", f"no segments were found: {why}")
    parts = [_sizes(found, settings), _profile(found, settings), _firmness(found, settings), _rule(found, settings)]
    rows = pd.concat(parts, ignore_index=True)
    rows.loc[rows["statistic"] == "agreement", "note"] = "; ".join(notes) or None
    return rows.assign(status=found.status)


def _sizes(found: Segmentation, settings: Settings) -> pd.DataFrame:
    cells = [(name,) for name in found.names]
    n = found.share.n_numerator[0]
    out = []
    for statistic, estimate, unit in (("share", found.share, "share"), ("total", found.total, "persons")):
        low, high = interval(estimate, confidence=settings.confidence)
        value = estimate.value[0]
        out.append(
            numbers(
                dimensions([SEGMENT], cells),
                statistic,
                unit,
                settings,
                value=value,
                se=estimate.se[0],
                low=low[0],
                high=high[0],
                df=estimate.df[0],
                n=n,
                n_weighted=found.total.value[0],
            )
        )
    return pd.concat(out, ignore_index=True)


def _profile(found: Segmentation, settings: Settings) -> pd.DataFrame:
    lines = found.profile()
    out = []
    for statistic in ("inside", "outside"):
        part = lines[(lines["where"] == statistic) & (lines["measure"] == "share")]
        rows = dimensions([SEGMENT, ""], list(zip(part["name"], part["level"], strict=True)))
        rows = rows.assign(dim2=part["characteristic"].astype("str").to_numpy())
        out.append(_shares(rows, statistic, part, settings))
    return pd.concat(out, ignore_index=True)


def _firmness(found: Segmentation, settings: Settings) -> pd.DataFrame:
    n = found.share.n_numerator[0]
    each = numbers(
        dimensions([SEGMENT], [(name,) for name in found.names]), "found_again", "share", settings,
        value=found.recovered, n=n,
    )  # fmt: skip
    whole = numbers(dimensions([], [()]), "agreement", "share", settings, value=found.agreement, n=int(n.sum()))
    return pd.concat([each, whole], ignore_index=True)


def _rule(found: Segmentation, settings: Settings) -> pd.DataFrame:
    table = found.rule.table()
    lines = table[table["line"] > 0]
    out = []
    for measure, statistic in (("right", "rule"), ("caught", "rule_caught")):
        part = lines[lines["measure"] == measure]
        rows = dimensions([SEGMENT, "rule"], list(zip(part["name"], part["rule"], strict=True)))
        out.append(_shares(rows, statistic, part, settings))
    out.append(_shares(dimensions([], [()]), "accuracy", table[table["measure"] == "accuracy"], settings))
    return pd.concat(out, ignore_index=True)


def _shares(rows: pd.DataFrame, statistic: str, table: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    columns = {name: table[name].to_numpy() for name in ("value", "se", "low", "high", "n")}
    return numbers(rows, statistic, "share", settings, **columns)
