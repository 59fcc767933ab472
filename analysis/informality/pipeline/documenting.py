"""The harmonised file in words, for its codebook: every column, whom it is about, and how it was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from informality.foundation.grammar import REASON
from informality.publication.ddi import Codebook, Described
from informality.reporting import wave_title
from informality.steps import WAVE
from informality.study import Study
from informality.tabulation.disclosure import counts
from informality.tabulation.views import words

if TYPE_CHECKING:
    import pandas as pd

FILE = "workers.parquet"


def codebook(study: Study, workers: pd.DataFrame, results: pd.DataFrame, design: Mapping[str, Any]) -> Codebook:
    """What the DDI codebook of a study's workers says. ``design``: strata and psus, as the annex of the run has them."""
    import pandas as pd

    spec, profile = study.spec, study.profile.spec
    categories = [n for n in workers if isinstance(workers[n].dtype, pd.CategoricalDtype) and _told(n)]
    shown = counts(workers, categories, results, study.disclosure.fewest_cases)
    licences = {wave: profile.waves[wave].licence for wave in spec.each_wave}
    facts = {
        "id": spec.id,
        "title": spec.title,
        "agency": profile.agency,
        "survey_title": profile.title,
        "country": profile.country.name,
        "country_code": profile.country.code,
        "waves": [wave_title(study, wave) for wave in spec.each_wave],
        "licence": "; ".join(dict.fromkeys(licences.values())),
        "sample": f"{design['strata']:,} strata and {design['psus']:,} primary sampling units in the file",
        "weight": f"Column `weight`, from `{profile.design.weight}` of the survey file",
        "notice": ". ".join(filter(None, (spec.title, spec.subtitle, study.profile.notice(*spec.each_wave)))),
    }
    return Codebook(facts, FILE, len(workers), list(_variables(study, workers, shown)))


def _told(name: str) -> bool:
    """Columns whose levels may be counted: not why a number is missing, nor which rule decided."""
    return not name.endswith((REASON, ".rule")) and name != WAVE


def _variables(
    study: Study, workers: pd.DataFrame, shown: Mapping[str, Mapping[str, tuple[int, float]]]
) -> Iterator[Described]:
    missing, asked = study.schema.missing, study.profile.of_wave(study.spec.each_wave[-1]).spec.variables
    outcomes = {
        f"{d.id}.{n}": (f"{o.title}: {d.spec.title}", {c: o.label(c) for c in o.categories if c not in missing})
        for d in study.definitions
        for n, o in d.outcomes.items()
    }
    for name in map(str, workers):
        counted, bare = shown.get(name, {}), name.removesuffix(REASON).removesuffix(".rule")
        here = {level: words for level, words in missing.items() if _occurs(workers[name], level)}
        if name in study.schema.variables:
            spec, form = study.schema[name].spec, asked.get(name)
            question = (getattr(form, "question", None) or "") if form is not None else ""
            universe = words(spec.universe) if spec.universe else ""
            yield Described(
                name, spec.title, spec.kind, dict(spec.categories), here if spec.kind == "category" else {}, counted,
                question, universe, spec.note or "", spec.unit or "",
            )  # fmt: skip
        elif name in outcomes:
            title, levels = outcomes[name]
            yield Described(name, title, "category", levels, here, counted)
        elif name.endswith(REASON):
            yield Described(name, f"{study.schema[bare].spec.title}: why it is missing", "category", {}, here)
        elif name.endswith(".rule") and bare in outcomes:
            yield Described(name, f"{outcomes[bare][0]}: the rule that decided", "text")
        else:
            yield Described(name, name.replace("_", " ").replace(".", " ").capitalize(), "text")


def _occurs(column: pd.Series, level: str) -> bool:
    import pandas as pd

    return isinstance(column.dtype, pd.CategoricalDtype) and bool((column == level).any())
