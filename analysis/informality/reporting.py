"""What a report is given: results with their words, and the annex of the run, assembled from a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from informality.classification.classify import NOT_DETERMINABLE
from informality.classification.definition import Definition
from informality.classification.examples import example_table
from informality.foundation.language import listed, say, spoken
from informality.foundation.reading import in_language
from informality.publication.annex import STANDING
from informality.publication.coverage_views import read_coverage_views
from informality.publication.inputs import (
    DefinitionNote,
    DisclosureNote,
    OptionNote,
    QualityNote,
    ReportInputs,
    StandardNote,
)
from informality.publication.notes import lower_first
from informality.publication.series import PairNote, WaveNote
from informality.publication.table import Labels
from informality.publication.view_specs import read_views
from informality.study import Study
from informality.survey.profile import PartSpec
from informality.tabulation.disclosure import RULES
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
    missing = {**schema.missing, NOT_DETERMINABLE: say("Not determinable")}
    variables = {name: v.spec.title for name, v in schema.variables.items()}
    levels = {name: {**v.spec.categories, **missing} for name, v in schema.variables.items()}
    for definition in study.definitions:
        for name, outcome in definition.outcomes.items():
            variables[name] = outcome.title
            levels[name] = {**levels.get(name, {}), **outcome.labels, **missing}
    variables[READING] = say("Reading of the questionnaire")
    levels[READING] = {OWN: say("As this report reads it")} | {
        f"{variable}.{name}": _variant(schema[variable].spec.title, variant.title)
        for (variable, name), variant in study.profile.variants.items()
    }
    levels["statistic"] = {"direct": say("From the survey alone"), "model": say("With the model of all regions")}
    indicators: dict[str, str] = {}
    tables: dict[str, str] = {}
    universes: dict[str, str] = {}
    for plan in study.plans:
        indicators |= {name: i.title for name, i in plan.spec.indicators.items()}
        tables |= {name: t.title for name, t in plan.spec.tables.items()}
        universes |= {name: u.title for name, u in plan.spec.universes.items()}
        for table in plan.spec.tables.values():
            for name, pair in table.compare.items():
                first, second = (say(levels[name][one]) for one in pair)
                levels[name]["-".join(pair)] = say("{first} less {second}", first=first, second=second)
    for models in study.models:
        indicators |= models.spec.titles
        tables |= models.spec.titles
        universes |= {name: u.title for name, u in models.spec.universes.items()}
    robustness = read_robustness()
    for name, rate in robustness.rates.items():
        indicators.setdefault(name, rate.title)
    universes.setdefault(robustness.universe, robustness.universe_title)
    for (
        view
    ) in read_views().spec.robustness.values():  # of tables that no plan names; the first view of one is of all of it
        tables.setdefault(view.table, view.title)
    if study.scenarios:
        _of_scenarios(study, variables, levels, indicators, tables)
    more, more_levels = words_of(study.definitions, missing)
    return Labels({**variables, **more}, {**levels, **more_levels}, indicators, tables, universes, UNITS)


def _variant(variable: str, variant: str) -> str:
    """Another reading of a question: what it is about, and how it is read."""
    return say("{variable}: {reading}", variable=say(variable), reading=lower_first(say(variant)))


def _of_scenarios(
    study: Study,
    variables: dict[str, str],
    levels: dict[str, dict[str, str]],
    indicators: dict[str, str],
    tables: dict[str, str],
) -> None:
    """Words for what rows of scenarios are of; those of a study's own tables go before them."""
    words = read_coverage_views()
    variables |= {
        "scenario": say("Scenario"),
        "year": say("Year"),
        "scheme": say("Scheme"),
        "branch": say("Branch"),
        "payer": say("Payer"),
    }
    variables |= {"quintile": say("Fifth of people by means"), "welfare_band": say("Poor or not")}
    levels["scenario"] = {s.id: s.title for s in study.scenarios}
    levels["scheme"] = {s.id: s.spec.title for s in study.scenarios[0].baseline.schemes.values()}
    levels |= {"payer": words.payers, "branch": words.branches, **words.levels}
    indicators |= {name: title for name, title in words.indicators.items() if name not in indicators}
    tables |= words.stored


def _counts(counts: pd.DataFrame, definition: str, hidden: pd.DataFrame | None) -> pd.DataFrame:
    """The workers each rule decided, without numbers where none may be told; ``note`` says why."""
    counts = counts.astype({"n": "Int64"}).assign(note="")
    if hidden is None:
        return counts
    untold = hidden[(hidden["table"] == RULES) & (hidden["definition"] == definition)]
    why = {(r.indicator, r.level1): r.why for r in untold.itertuples()}
    counts["note"] = [say(why.get(key, "")) for key in zip(counts["step"], counts["rule"], strict=True)]
    told = ["n", "n_weighted", "share"]
    counts[told] = counts[told].mask(counts["note"] != "")
    return counts


def wave_title(study: Study, wave: str | None = None) -> str:
    """A wave in words; without one, the wave that the report describes, or the waves it averages."""
    spec = study.spec
    if wave is not None:
        return say(study.profile.spec.waves[wave].title)
    titles = [say(study.profile.spec.waves[wave].title) for wave in spec.each_wave]
    return say("average of {waves}", waves=listed(titles)) if spec.together == "pool" else titles[-1]


def report_inputs(
    study: Study,
    results: pd.DataFrame,
    annex: Mapping[str, Any],
    provenance: Mapping[str, Any],
    hidden: pd.DataFrame | None = None,
) -> ReportInputs:
    """Everything a report prints, from the results, the annex of the run and what the study names.

    ``hidden``: the log of disclosure control as text, which names the rules of which no number may be told.
    """
    import pandas as pd

    profile, spec = study.profile.spec, study.spec
    counts = {name: _counts(pd.DataFrame(rows), name, hidden) for name, rows in annex["rule_counts"].items()}
    return ReportInputs(
        study={
            "id": spec.id,
            "title": say(spec.title),
            "subtitle": say(spec.subtitle or ""),
            "country": say(profile.country.name),
            "place": say(profile.waves[spec.each_wave[-1]].covers or profile.country.name),
            "country_code": profile.country.code,
            "survey": spec.survey,
            "survey_title": say(profile.title),
            "agency": say(profile.agency),
            "wave": spec.focus,
            "wave_title": wave_title(study),
            "basis": spec.basis,
            "headline": spec.headline,
            "language": spoken().code,
            "made_up": profile.made_up is not None,
        },
        made_up_notice=say(study.profile.notice(*spec.each_wave)),
        results=results[results["wave"] == spec.focus].reset_index(drop=True),
        series=results if spec.waves else results.iloc[:0],
        waves=[WaveNote(wave, say(profile.waves[wave].title), profile.waves[wave].middle) for wave in spec.waves],
        readings=[
            (
                _variant(study.schema[variable].spec.title, variant.title),
                variant.why,
                say("Source: {source} ({standing})", source=variant.source, standing=say(STANDING[variant.status])),
            )
            for (variable, _), variant in study.profile.variants.items()
        ],
        pairs=[PairNote(pair.name, pair.earlier, pair.later, pair.broken(())) for pair in study.pairs],
        labels=labels(study),
        definitions=[definition_note(d, counts[d.id]) for d in study.definitions],
        mapping=_without_few(_by_wave(study, annex["mapping"]), study.disclosure.fewest_cases),
        accounting=_by_wave(study, annex["accounting"]),
        quality=_findings(annex["quality"]),
        benchmarks=_by_wave(study, annex["benchmarks"]),
        comparisons=_by_wave(study, annex["comparisons"]),
        reliability=study.standard.legend(),
        design=_design(study, annex["design"]),
        provenance=provenance,
        quality_note=_quality_note(annex["quality"]),
        standard=_standard_note(study),
        disclosure=_disclosure_note(study),
    )


def _by_wave(study: Study, records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Figures of each wave, under its title; without one in a study of a single wave."""
    import pandas as pd

    frame = pd.DataFrame(list(records))
    if frame.empty or not study.spec.waves:
        return frame.drop(columns="wave", errors="ignore")
    return frame.assign(wave=[say(study.profile.spec.waves[wave].title) for wave in frame["wave"]])


def _without_few(mapping: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """How codes were read, without the number of rows where it is small, nor that of the next code, which would tell it.

    A code that several variables are read from is untold under all of them.
    """
    if mapping.empty:
        return mapping
    n = mapping["n"].astype("Float64")
    variable = mapping.groupby([c for c in ("wave", "variable") if c in mapping]).ngroup()
    few = n.between(1, fewest - 1)
    enough = n[(n >= fewest) & variable.isin(variable[few])].sort_values()
    untold = few | mapping.index.isin(enough.groupby(variable).head(1).index)
    code = mapping.groupby([c for c in ("wave", "column", "code") if c in mapping], dropna=False).ngroup()
    return mapping.assign(n=n.mask(code.isin(code[untold])))


def _findings(quality: Mapping[str, Any]) -> pd.DataFrame:
    """The findings of the checks, each under the title of its block."""
    import pandas as pd

    from informality.survey.quality import Quality, read_quality_rules

    frame = pd.DataFrame(quality["findings"], columns=list(Quality.COLUMNS)).astype({"n": float, "share": float})
    return frame.assign(block=frame["block"].map(read_quality_rules().blocks))


def _standard_note(study: Study) -> StandardNote:
    spec = study.standard.spec
    return StandardNote(say(spec.title), say(spec.summary), spec.sources, study.standard.thresholds)


def _disclosure_note(study: Study) -> DisclosureNote:
    policy = study.disclosure
    limits = [(say("Fewest sampled persons in a cell that is shown"), str(policy.fewest_cases))]
    limits += [
        (
            say("Largest share of a sum of money that one sampled person may hold")
            if rule.persons == 1
            else say("Largest share of a sum of money that {n} sampled persons together may hold", n=rule.persons),
            say("{share} per cent", share=f"{100 * rule.share:g}"),
        )
        for rule in policy.dominance
    ]
    if policy.round_persons_to > 1:
        limits.append((say("Numbers of persons are rounded to"), str(policy.round_persons_to)))
    return DisclosureNote(say(policy.summary), policy.status, limits, policy.sources)


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
    of_assumed = {} if counts is None else counts[counts["assumed"]].groupby("step", sort=False)["share"]
    assumed = {step: shares.sum(skipna=False) for step, shares in of_assumed}
    return DefinitionNote(
        id=spec.id,
        title=say(spec.title),
        summary=say(spec.summary),
        status=spec.status,
        sources=list(spec.sources),
        confirmed=spec.confirmed or "",
        steps=[in_language(step) for step in definition.steps],
        options=[_option_note(definition, name) for name in spec.options],
        examples=example_table(definition),
        rule_counts=pd.DataFrame() if counts is None else counts,
        share_assumed={s.decides: float(assumed.get(s.decides, 0.0)) for s in definition.steps},
    )


def _option_note(definition: Definition, name: str) -> OptionNote:
    option, value = definition.spec.options[name], definition.options[name]

    def said(value: float | str) -> str:
        return f"{say(option.words(value))} {say(option.unit) if option.unit else ''}".rstrip()

    return OptionNote(
        name,
        say(option.title or name.replace("_", " ").capitalize()),
        said(value),
        say("none: it has to be chosen") if option.value is None else said(option.value),
        f"{option.source} ({option.status})"
        + ("" if value == option.value else say("; the value in force was chosen for this use")),
    )


ERRORS = {"too_small": "too small", "too_large": "as a rule too large"}


def _together(study: Study) -> str | None:
    """How several waves were put together; None for one."""
    spec = study.spec
    if not spec.waves:
        return None
    said = [say("{number} waves, each estimated with its own weights and its own sample.", number=len(spec.waves))]
    if spec.together == "pool":
        said.append(
            say(
                (
                    "For the average of the waves each weight is divided by {number}: numbers of persons are then "
                    "averages over the waves, not sums, and every wave counts by the persons it stands for."
                ),
                number=len(spec.waves),
            )
        )
    if study.profile.spec.design.between_waves == "overlapping":
        said.append(
            say(
                "Changes and averages rest on one design of all waves, in which a primary sampling unit that was "
                "visited again is one unit; what its visits have in common lowers or raises the error."
            )
        )
    else:
        said.append(
            say("The samples of the waves were drawn independently, so that the variances of two waves add up.")
        )
    return " ".join(said)


def _design(study: Study, facts: Mapping[str, Any]) -> dict[str, Any]:
    design = study.profile.spec.design
    ignores = [design.note] if design.note else []
    if design.stratum == "none":
        ignores.append(say("The file has no strata; the errors take the sample as unstratified."))
    if design.psu == "none":
        ignores.append(
            say("The file has no sampling units; the errors take persons as drawn one by one and are too small.")
        )

    def name(columns: str | list[str] | PartSpec) -> str:
        if isinstance(columns, PartSpec):
            return say(
                "{column}, the first {first} of its {width} characters",
                column=columns.column,
                first=columns.take.first,
                width=columns.take.width,
            )
        return (
            columns
            if isinstance(columns, str)
            else " ".join([columns[0], *(say("with {column}", column=c) for c in columns[1:])])
        )

    return {
        "strata": facts["strata"],
        "psus": facts["psus"],
        "df": facts["df"],
        "weight": design.weight,
        "stratum": name(design.stratum),
        "psu": name(design.psu),
        "caution": say(caution)
        if (caution := ERRORS.get("too_small" if design.psu == "none" else design.errors or ""))
        else None,
        "lonely": say(LONELY[study.spec.lonely or design.lonely]),
        **({"waves": together} if (together := _together(study)) else {}),
        "ignores": ignores,
    }
