"""What a report is given: results with their words, and the annex of the run, assembled from a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from informality.classification.classify import NOT_DETERMINABLE
from informality.classification.definition import Definition
from informality.classification.examples import example_table
from informality.publication.annex import STANDING
from informality.publication.coverage_views import read_coverage_views
from informality.publication.inputs import DefinitionNote, OptionNote, QualityNote, ReportInputs, StandardNote
from informality.publication.series import PairNote, WaveNote
from informality.publication.table import Labels
from informality.study import Study
from informality.survey.profile import PartSpec
from informality.tabulation.readings import OWN, READING
from informality.tabulation.robustness import read_robustness, words_of

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"share": "per cent", "persons": "persons", "hours": "hours", "points": "percentage points"}
LONELY = {
    "fail": "none (the program stops if a stratum has a single PSU)",
    "certainty": "a stratum with a single PSU adds nothing to the variance",
    "adjust": "a stratum with a single PSU is centred at the mean of all PSUs, which errs on the large side",
    "average": "a stratum with a single PSU adds the average of the others",
}


def labels(study: Study) -> Labels:
    """Words for every identifier of the results table of a study."""
    schema = study.schema
    missing = {**schema.missing, NOT_DETERMINABLE: "Not determinable"}
    variables = {name: v.spec.title for name, v in schema.variables.items()}
    levels = {name: {**v.spec.categories, **missing} for name, v in schema.variables.items()}
    for definition in study.definitions:
        for name, outcome in definition.outcomes.items():
            variables[name] = outcome.title
            levels[name] = {**levels.get(name, {}), **outcome.labels, **missing}
    variables[READING] = "Reading of the questionnaire"
    levels[READING] = {OWN: "As this report reads it"} | {
        f"{variable}.{name}": f"{schema[variable].spec.title}: {variant.title[:1].lower()}{variant.title[1:]}"
        for (variable, name), variant in study.profile.variants.items()
    }
    levels["statistic"] = {"direct": "From the survey alone", "model": "With the model of all regions"}
    indicators: dict[str, str] = {}
    tables: dict[str, str] = {}
    universes: dict[str, str] = {}
    for plan in study.plans:
        indicators |= {name: i.title for name, i in plan.spec.indicators.items()}
        tables |= {name: t.title for name, t in plan.spec.tables.items()}
        universes |= {name: u.title for name, u in plan.spec.universes.items()}
        for table in plan.spec.tables.values():
            for name, pair in table.compare.items():
                levels[name]["-".join(pair)] = " less ".join(levels[name][one] for one in pair)
    for models in study.models:
        indicators |= models.spec.titles
        tables |= models.spec.titles
        universes |= {name: u.title for name, u in models.spec.universes.items()}
    robustness = read_robustness()
    for name, rate in robustness.rates.items():
        indicators.setdefault(name, rate.title)
    universes.setdefault(robustness.universe, robustness.universe_title)
    if study.scenarios:
        _of_scenarios(study, variables, levels, indicators, tables)
    more, more_levels = words_of(study.definitions, missing)
    return Labels({**variables, **more}, {**levels, **more_levels}, indicators, tables, universes, UNITS)


def _of_scenarios(
    study: Study,
    variables: dict[str, str],
    levels: dict[str, dict[str, str]],
    indicators: dict[str, str],
    tables: dict[str, str],
) -> None:
    """Words for what rows of scenarios are of; those of a study's own tables go before them."""
    words = read_coverage_views()
    variables |= {name: name.capitalize() for name in ("scenario", "year", "scheme", "branch", "payer")}
    variables |= {"quintile": "Fifth of people by means", "welfare_band": "Poor or not"}
    levels["scenario"] = {s.id: s.title for s in study.scenarios}
    levels["scheme"] = {s.id: s.spec.title for s in study.scenarios[0].baseline.schemes.values()}
    levels |= {"payer": words.payers, "branch": words.branches, **words.levels}
    indicators |= {name: title for name, title in words.indicators.items() if name not in indicators}
    tables |= words.stored


def wave_title(study: Study, wave: str | None = None) -> str:
    """A wave in words; without one, the wave that the report describes, or the waves it averages."""
    spec = study.spec
    if wave is not None:
        return study.profile.spec.waves[wave].title
    titles = [study.profile.spec.waves[wave].title for wave in spec.each_wave]
    return f"average of {' and '.join(titles)}" if spec.together == "pool" else titles[-1]


def report_inputs(
    study: Study, results: pd.DataFrame, annex: Mapping[str, Any], provenance: Mapping[str, Any]
) -> ReportInputs:
    """Everything a report prints, from the results, the annex of the run and what the study names."""
    import pandas as pd

    profile, spec = study.profile.spec, study.spec
    counts = {name: pd.DataFrame(rows) for name, rows in annex["rule_counts"].items()}
    return ReportInputs(
        study={
            "id": spec.id,
            "title": spec.title,
            "subtitle": spec.subtitle or "",
            "country": profile.country.name,
            "place": profile.waves[spec.each_wave[-1]].covers or profile.country.name,
            "country_code": profile.country.code,
            "survey": spec.survey,
            "survey_title": profile.title,
            "agency": profile.agency,
            "wave": spec.focus,
            "wave_title": wave_title(study),
            "basis": spec.basis,
            "headline": spec.headline,
            "language": "en",
            "made_up": profile.made_up is not None,
        },
        made_up_notice=study.profile.notice(*spec.each_wave),
        results=results[results["wave"] == spec.focus].reset_index(drop=True),
        series=results if spec.waves else results.iloc[:0],
        waves=[WaveNote(wave, profile.waves[wave].title, profile.waves[wave].middle) for wave in spec.waves],
        readings=[
            (
                f"{study.schema[variable].spec.title}: {variant.title[:1].lower()}{variant.title[1:]}",
                variant.why,
                f"Source: {variant.source} ({STANDING[variant.status]})",
            )
            for (variable, _), variant in study.profile.variants.items()
        ],
        pairs=[PairNote(pair.name, pair.earlier, pair.later, pair.broken(())) for pair in study.pairs],
        labels=labels(study),
        definitions=[definition_note(d, counts[d.id]) for d in study.definitions],
        mapping=_by_wave(study, annex["mapping"]),
        accounting=_by_wave(study, annex["accounting"]),
        quality=_findings(annex["quality"]),
        benchmarks=_by_wave(study, annex["benchmarks"]),
        comparisons=_by_wave(study, annex["comparisons"]),
        reliability=study.standard.legend(),
        design=_design(study, annex["design"]),
        provenance=provenance,
        quality_note=_quality_note(annex["quality"]),
        standard=_standard_note(study),
    )


def _by_wave(study: Study, records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Figures of each wave, under its title; without one in a study of a single wave."""
    import pandas as pd

    frame = pd.DataFrame(list(records))
    if frame.empty or not study.spec.waves:
        return frame.drop(columns="wave", errors="ignore")
    return frame.assign(wave=[study.profile.spec.waves[wave].title for wave in frame["wave"]])


def _findings(quality: Mapping[str, Any]) -> pd.DataFrame:
    """The findings of the checks, each under the title of its block."""
    import pandas as pd

    from informality.survey.quality import Quality, read_quality_rules

    frame = pd.DataFrame(quality["findings"], columns=list(Quality.COLUMNS)).astype({"n": float, "share": float})
    return frame.assign(block=frame["block"].map(read_quality_rules().blocks))


def _standard_note(study: Study) -> StandardNote:
    spec = study.standard.spec
    return StandardNote(spec.title, spec.summary, spec.sources, study.standard.thresholds)


def _quality_note(quality: Mapping[str, Any]) -> QualityNote:
    import pandas as pd

    from informality.survey.quality import read_quality_rules

    limits = read_quality_rules().limits.items()
    return QualityNote(
        quality["summary"]["checks_made"],
        [(row["what"], row["value"]) for row in quality["facts"]],
        [(row["check"], row["why"]) for row in quality["not_made"]],
        pd.DataFrame([{"name": n.replace("_", " "), **limit.model_dump()} for n, limit in limits]),
    )


def definition_note(definition: Definition, counts: pd.DataFrame | None = None) -> DefinitionNote:
    """A definition as it is printed: tables, options, sources, examples, and workers per rule where they were counted."""
    import pandas as pd

    spec = definition.spec
    assumed = {} if counts is None else counts[counts["assumed"]].groupby("step", sort=False)["share"].sum().to_dict()
    return DefinitionNote(
        id=spec.id,
        title=spec.title,
        summary=spec.summary,
        status=spec.status,
        sources=list(spec.sources),
        confirmed=spec.confirmed or "",
        steps=definition.steps,
        options=[_option_note(definition, name) for name in spec.options],
        examples=example_table(definition),
        rule_counts=pd.DataFrame() if counts is None else counts,
        share_assumed={s.decides: float(assumed.get(s.decides, 0.0)) for s in definition.steps},
    )


def _option_note(definition: Definition, name: str) -> OptionNote:
    option, value = definition.spec.options[name], definition.options[name]

    def said(value: float | str) -> str:
        return f"{option.words(value)} {option.unit or ''}".rstrip()

    return OptionNote(
        name,
        option.title or name.replace("_", " "),
        said(value),
        "none: it has to be chosen" if option.value is None else said(option.value),
        f"{option.source} ({option.status})"
        + ("" if value == option.value else "; the value in force was chosen for this use"),
    )


ERRORS = {"too_small": "too small", "too_large": "as a rule too large"}


def _together(study: Study) -> str | None:
    """How several waves were put together; None for one."""
    spec = study.spec
    if not spec.waves:
        return None
    said = [f"{len(spec.waves)} waves, each estimated with its own weights and its own sample."]
    if spec.together == "pool":
        said.append(
            f"For the average of the waves each weight is divided by {len(spec.waves)}: numbers of persons are then "
            "averages over the waves, not sums, and every wave counts by the persons it stands for."
        )
    if study.profile.spec.design.between_waves == "overlapping":
        said.append(
            "Changes and averages rest on one design of all waves, in which a primary sampling unit that was visited again is "
            "one unit; what its visits have in common lowers or raises the error."
        )
    else:
        said.append("The samples of the waves were drawn independently, so that the variances of two waves add up.")
    return " ".join(said)


def _design(study: Study, facts: Mapping[str, Any]) -> dict[str, Any]:
    design = study.profile.spec.design
    ignores = [design.note] if design.note else []
    if design.stratum == "none":
        ignores.append("The file has no strata; the errors take the sample as unstratified.")
    if design.psu == "none":
        ignores.append("The file has no sampling units; the errors take persons as drawn one by one and are too small.")

    def name(columns: str | list[str] | PartSpec) -> str:
        if isinstance(columns, PartSpec):
            return f"{columns.column}, the first {columns.take.first} of its {columns.take.width} characters"
        return columns if isinstance(columns, str) else " with ".join(columns)

    return {
        "strata": facts["strata"],
        "psus": facts["psus"],
        "df": facts["df"],
        "weight": design.weight,
        "stratum": name(design.stratum),
        "psu": name(design.psu),
        "caution": ERRORS["too_small"] if design.psu == "none" else ERRORS.get(design.errors or ""),
        "lonely": LONELY[study.spec.lonely or design.lonely],
        **({"waves": together} if (together := _together(study)) else {}),
        "ignores": ignores,
    }
