"""What every output of a study is made from: its inputs, with each table made once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from informality.publication.all_tables import all_tables
from informality.publication.coverage_report import coverage_tables_of, told_of
from informality.publication.coverage_views import Told
from informality.publication.inputs import ReportInputs, publication_of, series_of
from informality.publication.published import Publication, without_scenarios
from informality.publication.series import Series
from informality.publication.table import Table
from informality.publication.view_specs import ViewsSpec, read_views

Titled = dict[str, tuple[str, Table | str]]
"""Title and table by identifier, in printing order; words that say why where there is nothing to print."""


@dataclass(frozen=True)
class Material:
    """The inputs of a study and, where it has scenarios, the facts beside their rows. Not to be changed."""

    inputs: ReportInputs
    facts: Mapping[str, Any] | None = None

    @cached_property
    def views(self) -> ViewsSpec:
        return read_views().spec

    @cached_property
    def whole(self) -> Publication:
        """All results, as they may be printed."""
        return publication_of(self.inputs)

    @cached_property
    def pub(self) -> Publication:
        """What was estimated from the survey, as it may be printed."""
        return without_scenarios(self.whole)

    @cached_property
    def series(self) -> Series | None:
        return series_of(self.inputs)

    @cached_property
    def told(self) -> Told | None:
        """The rows of scenarios with their words; None for a study without."""
        return None if self.facts is None else told_of(self.inputs, self.facts, self.whole)

    @cached_property
    def tables(self) -> Titled:
        """Every table of the survey that ``views.yml`` names."""
        return all_tables(self.views, self.pub)

    @cached_property
    def tables_of_scenarios(self) -> Titled:
        """As a report prints them."""
        return {} if self.told is None else coverage_tables_of(self.told, whole=False)

    @cached_property
    def whole_tables_of_scenarios(self) -> Titled:
        """With a row for every scenario."""
        return {} if self.told is None else coverage_tables_of(self.told, whole=True)
