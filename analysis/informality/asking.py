"""What people ask of a study that has been run: one table, or the reasons for one worker."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from informality.classification.explain import Reason, explain
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import Variable
from informality.foundation.schema import Schema
from informality.pipeline import workers_of_last_run
from informality.publication.published import publication
from informality.publication.table import Table
from informality.publication.view_specs import ViewSpec
from informality.publication.views import table_of_view
from informality.reporting import labels, wave_title
from informality.steps import WAVE, focus_design, focus_of, of_wave, sample_design, settings, views
from informality.study import Study, Workspace, read_study
from informality.tabulation.columns import MAX_BY
from informality.tabulation.plan import IndicatorSpec, Plan
from informality.tabulation.tabulate import estimate_one

ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Why:
    """The reasons for one worker under each definition; ``facts`` describe the person."""

    person: str
    facts: tuple[tuple[str, str], ...]
    reasons: tuple[tuple[str, tuple[Reason, ...]], ...]
    made_up: str
    schema: Schema
    questions: dict[str, str]


def one_table(
    name: str, workspace: Workspace, of: str, by: Sequence[str], definition: str | None = None, wave: str | None = None
) -> Table:
    """One indicator by up to three variables, with its total, estimated from the workers of the last run.

    ``of`` is an indicator of the study's tables or an outcome of its definitions (``informal``). Raises
    :class:`InformalityError` for names that mean nothing, with the nearest that do.
    """
    study = read_study(workspace.study_path(name), workspace)
    _known_wave(study, wave)
    everyone, annex = _last_run(study, workspace)
    if wave is None:
        workers, design, asked = focus_of(study, everyone), focus_design(study, everyone), annex["asked"]
    else:
        workers, asked = of_wave(everyone, wave), annex["asked_in"][wave]
        design = sample_design(study, workers)
    seen = views(study, workers, frozenset(asked))
    chosen = definition or study.spec.headline
    problems = []
    if chosen not in seen:
        problems.append(Problem("--definition", f"this study does not use `{chosen}`", fix=did_you_mean(chosen, seen)))
        chosen = study.spec.headline
    view = seen[chosen]
    categories = [n for n, v in view.variables.items() if v.kind == "category"]
    problems += [
        Problem("--by", f"`{b}` is not a variable to tabulate by", fix=did_you_mean(b, categories))
        for b in by
        if b not in categories
    ]
    if len(by) > MAX_BY:
        problems.append(Problem("--by", f"at most {MAX_BY} variables can be crossed", ", ".join(by)))
    found = _indicator(study, of, view.variables, view.definition.outcomes)
    if found is None:
        known = [n for p in study.plans for n in p.spec.indicators] + [
            c for v in view.definition.outcomes.values() for c in v.categories
        ]
        problems.append(
            Problem("--of", f"`{of}` is neither an indicator nor an outcome of `{chosen}`", fix=did_you_mean(of, known))
        )
    if problems:
        raise InformalityError(problems, ExitCode.USAGE)
    assert found is not None
    plan, indicator_name, indicator = found
    if indicator.statistic == "composition" and len(by) > MAX_BY - 1:
        raise InformalityError(
            Problem("--by", f"a composition can be crossed with {MAX_BY - 1} variables", ", ".join(by)), ExitCode.USAGE
        )
    parts = [estimate_one(plan, indicator, b, view, design, settings(study)) for b in ([], list(by)) if b or b == []]
    rows = pd.concat(parts if by else parts[:1], ignore_index=True)
    rows = rows.assign(
        table=ASKED,
        indicator=indicator_name,
        universe=indicator.among,
        definition=chosen,
        study=study.spec.id,
        survey=study.spec.survey,
        wave=wave or study.spec.focus,
        confidence=study.spec.confidence,
    )
    words = labels(study)
    profile = study.profile.spec
    notice = study.profile.notice(*([wave] if wave else study.spec.each_wave))
    source = f"Source: {profile.title}, {wave_title(study, wave)}, {profile.agency}. {notice}".strip()
    pub = publication(rows, words, study.standard.legend(), chosen, source)
    first = [str(indicator.of)] if indicator.statistic == "composition" else []
    breakdowns = [" ".join(first), " ".join([*by, *first])] if by else [" ".join(first)]
    title = f"{words.indicator(indicator_name)}, {words.universe(indicator.among).lower()}, {study.profile.spec.country.name}"
    made = table_of_view(ASKED, ViewSpec(title=title, table=ASKED, by=breakdowns), pub)
    if isinstance(made, str):
        raise InformalityError(
            Problem(f"--of {of}", "this cannot be determined from the survey", made), ExitCode.ESTIMATE
        )
    return made


def _indicator(
    study: Study, of: str, variables: Mapping[str, Variable], outcomes: Mapping[str, Variable]
) -> tuple[Plan, str, IndicatorSpec] | None:
    """The indicator a word means: by name, or the share of employed persons with an outcome."""
    for plan in study.plans:
        if of in plan.spec.indicators and plan.fits(plan.spec.indicators[of], variables):
            return plan, of, plan.spec.indicators[of]
    for step in sorted(outcomes, key=lambda name: name != "job"):
        if of not in outcomes[step].categories:
            continue
        for plan in study.plans:
            for name, spec in plan.spec.indicators.items():
                if spec.statistic == "share" and spec.of == {step: of} and spec.among == "employed":
                    return plan, name, spec
    return None


def why(name: str, workspace: Workspace, person: str, definition: str | None = None, wave: str | None = None) -> Why:
    """The reasons behind one person's classification, from the workers of the last run.

    Somebody who was interviewed in several waves of a study is asked for by wave.
    """
    study = read_study(workspace.study_path(name), workspace)
    _known_wave(study, wave)
    path = workers_of_last_run(study, workspace)
    rows = pd.read_parquet(path, filters=[("person_id", "==", person)])
    if rows.empty:
        known = pd.read_parquet(path, columns=["person_id"])["person_id"]
        raise InformalityError(
            Problem(
                f"--person {person}",
                "there is no such person in this study",
                f"identifiers run like {', '.join(known.head(3))}",
                _near(person, known) or "copy one from workers.parquet",
            ),
            ExitCode.USAGE,
        )
    waves = [w for w in study.spec.each_wave if w in set(rows[WAVE].astype(str))]
    if wave is None and len(waves) > 1:
        raise InformalityError(
            Problem(
                f"--person {person}",
                f"this person was interviewed in {len(waves)} waves, and may have another job in each",
                f"waves {', '.join(waves)}",
                f"say which: --wave {waves[-1]}",
            ),
            ExitCode.USAGE,
        )
    if wave is not None and wave not in waves:
        raise InformalityError(
            Problem(
                f"--person {person}",
                f"this person was not interviewed in wave {wave}",
                f"but in {', '.join(waves)}",
                f"--wave {waves[-1]}",
            ),
            ExitCode.USAGE,
        )
    rows = of_wave(rows, wave or waves[0])
    definitions = [d for d in study.definitions if definition in (None, d.id)]
    if not definitions:
        raise InformalityError(
            Problem(
                "--definition",
                f"this study does not use `{definition}`",
                fix=did_you_mean(definition, study.spec.definitions),
            ),
            ExitCode.USAGE,
        )
    row = rows.iloc[0]
    facts = tuple(
        (
            study.schema[n].spec.title,
            f"{row[n]:g}" if study.schema[n].spec.kind == "number" else study.schema[n].grammar.label(row[n]),
        )
        for n in ("age", "sex", "area", "region", "employed", "status", "industry", "occupation")
        if study.schema[n].spec.kind != "number" or pd.notna(row[n])
    )
    asked = study.profile.of_wave(wave or waves[0]).spec.variables
    questions = {n: f.question for n, f in asked.items() if not isinstance(f, str) and f.question is not None}
    reasons = tuple((d.spec.title, explain(row, d, study.schema)) for d in definitions)
    return Why(person, facts, reasons, study.profile.notice(wave or waves[0]), study.schema, questions)


def _near(person: str, known: pd.Series) -> str:
    """The nearest identifier, sought among those that begin alike for longest; empty when none is near."""
    for length in range(len(person), 0, -1):
        alike = known[known.str.startswith(person[:length])]
        if len(alike):
            fix = did_you_mean(person, alike.head(500))
            return fix if fix.startswith("did you mean") else ""
    return ""


def _last_run(study: Study, workspace: Workspace) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The workers of all waves, and the annex beside them."""
    path = workers_of_last_run(study, workspace)
    annex: dict[str, Any] = json.loads(path.with_name("annex.json").read_text(encoding="utf-8"))
    return pd.read_parquet(path), annex


def _known_wave(study: Study, wave: str | None) -> None:
    if wave is not None and wave not in study.spec.each_wave:
        fix = did_you_mean(wave, study.spec.each_wave)
        raise InformalityError(Problem("--wave", f"this study has no wave `{wave}`", fix=fix), ExitCode.USAGE)
