"""Every table that ``library/views.yml`` names, as table objects: reports, the workbook and the compendium share them."""

from __future__ import annotations

from informality.foundation.language import say
from informality.publication.definition_tables import definition_tables
from informality.publication.gap_tables import table_of_gap
from informality.publication.model_tables import table_of_model
from informality.publication.published import Publication
from informality.publication.segment_tables import table_of_segments
from informality.publication.table import Table
from informality.publication.view_specs import ViewsSpec
from informality.publication.views import table_of_view


def all_tables(views: ViewsSpec, pub: Publication) -> dict[str, tuple[str, Table | str]]:
    """Title and table by identifier, in printing order; words that say why where there is nothing to print."""
    made: dict[str, tuple[str, Table | str]] = {}
    for id, view in views.tables.items():
        made[id] = say(view.title), table_of_view(id, view, pub)
    for id, model in views.models.items():
        made[f"model-{id}"] = say(model.title), table_of_model(f"model-{id}", model, pub)
    for id, gap in views.gaps.items():
        made[f"gap-{id}"] = say(gap.title), table_of_gap(f"gap-{id}", gap, pub)
    for id, groups in views.segments.items():
        made[f"segments-{id}"] = say(groups.title), table_of_segments(f"segments-{id}", groups, pub)
    for id, kind in views.robustness.items():
        made |= {table.id: (table.title, table) for table in definition_tables(id, kind, pub)}
    return made
