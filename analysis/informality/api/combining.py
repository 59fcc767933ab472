"""Two results made one: of one sample, in one unit, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from informality.api import units
from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.estimates.derived import Derived
from informality.publication.formats import MINUS

if TYPE_CHECKING:
    from informality.api.results import Result

ALL = "All"
SIGNS = {"+": "+", "-": MINUS, "*": "×", "/": "÷"}


def combine(
    a: Result, b: Result, sign: str, operation: Callable[[Any, Any], Derived], *, independent: bool = False
) -> Result:
    """Two results of one survey (or of surveys said to be ``independent``), cell by cell, or one number with each cell."""
    if not independent:
        require_one_sample([a, b])
    unit = units.combined(a.unit, b.unit, sign)
    if len(a) > 1 and len(b) > 1:
        b = in_order_of(a, b)
    numbers = operation(replace(a.numbers, independent=a.numbers.independent or independent), b.numbers)
    title, name, mark = a.title, "", f" {SIGNS[sign]} "
    if a.title == b.title and a.context.survey == b.context.survey:
        name = mark.join(part.name or ("each" if part.dims else ALL) for part in (a, b)) if a.name or b.name else ""
    else:
        shared = a.context.survey == b.context.survey
        title = mark.join(p.full_title if shared else f"{p.full_title} ({p.context.survey})" for p in (a, b))
    wide = a if len(a) >= len(b) else b
    if a.context.survey != b.context.survey:
        wide = replace(wide, context=a.context.with_survey_of(b.context))
    return wide.formed(numbers, title, name, unit, [a, b])


def require_one_sample(results: Sequence[Result]) -> None:
    """Raise :class:`InformalityError` (ESTIMATE) for results of different designs, unless they are said to be independent."""
    samples = {id(source.units) for part in results for source in part.numbers.sources}
    if len(samples) > 1 and not any(part.numbers.independent for part in results):
        raise InformalityError(
            Problem(
                "combining results",
                "the results come from different surveys, and what their samples share cannot be seen",
                "; ".join(dict.fromkeys(part.context.survey for part in results)),
                "pool the waves with inf.pool() and estimate from the pooled survey; or, if the samples were drawn "
                "independently, say so: inf.difference(a, b, independent=True)",
            ),
            ExitCode.ESTIMATE,
        )


def in_order_of(a: Result, b: Result) -> Result:
    """``b`` with its cells in the order of those of ``a``; an error where they have not the same cells."""
    places = {cell: i for i, cell in enumerate(b.cells)}
    if a.dims == b.dims and places.keys() == set(a.cells):
        return b.pick([places[cell] for cell in a.cells], 0)
    lone = [
        label for x, y in ((a, b), (b, a)) for label, cell in zip(x.labels, x.cells, strict=True) if cell not in y.cells
    ]
    found = (
        f"only in one of them: {'; '.join(lone)}"
        if a.dims == b.dims
        else f"one is by {', '.join(a.dims) or 'nothing'}, the other by {', '.join(b.dims) or 'nothing'}"
    )
    raise InformalityError(
        Problem(
            "combining results",
            "the two results do not have the same cells",
            found,
            "break both down alike, or pick the cells by their levels first",
        ),
        ExitCode.ESTIMATE,
    )
