"""What people ask of a study that has been run: one table, or the reasons for one worker."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from informality.classification.explain import Reason, explain
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import Variable
from informality.foundation.schema import Schema
from informality.pipeline.last_run import workers_of_last_run
from informality.publication.definition_tables import definition_tables
from informality.publication.published import publication
from informality.publication.table import Table
from informality.publication.view_specs import ViewSpec, read_views
from informality.publication.views import table_of_view
from informality.reporting import labels, wave_title
from informality.steps import WAVE, focus_design, focus_of, ground, of_wave, sample_design, settings, views
from informality.study import Study, Workspace, read_study
from informality.tabulation.columns import MAX_BY
from informality.tabulation.plan import IndicatorSpec, Plan
from informality.tabulation.robustness import Ground
from informality.tabulation.tabulate import estimate_one
from informality.tabulation.views import View

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
    pub = publication(rows, words, study.standard.legend(), chosen, _source(study, wave))
    first = [str(indicator.of)] if indicator.statistic == "composition" else []
    breakdowns = [" ".join(first), " ".join([*by, *first])] if by else [" ".join(first)]
    title = f"{words.indicator(indicator_name)}, {words.universe(indicator.among).lower()}, {study.profile.spec.country.name}"
    made = table_of_view(ASKED, ViewSpec(title=title, table=ASKED, by=breakdowns), pub)
    if isinstance(made, str):
        raise InformalityError(
            Problem(f"--of {of}", "this cannot be determined from the survey", made), ExitCode.ESTIMATE
        )
    return made


def compared(name: str, workspace: Workspace, definitions: Sequence[str]) -> list[Table]:
    """Definitions of a study held against each other, each pair (without names: the others with the main one)."""
    from informality.tabulation.robustness import compared as rows_of

    study = read_study(workspace.study_path(name), workspace)
    known = study.spec.definitions
    problems = [
        Problem("--definitions", f"this study does not use `{d}`", fix=did_you_mean(d, known))
        for d in definitions
        if d not in known
    ]
    problems += [
        Problem("--definitions", f"`{d}` is named twice", fix="keep one of them")
        for d in dict.fromkeys(definitions)
        if list(definitions).count(d) > 1
    ]
    if not problems and len(definitions or known) < 2:
        found = f"it uses {known[0]}" if len(known) == 1 else f"only {definitions[0]} is named"
        fix = "name two or more definitions in the study" if len(known) == 1 else f"name two of {', '.join(known)}"
        problems.append(Problem(study.spec.id, "comparing takes two definitions", found, fix))
    if problems:
        raise InformalityError(problems, ExitCode.USAGE)
    headline = study.spec.headline
    pairs = list(itertools.combinations(definitions, 2)) or [(headline, d) for d in known if d != headline]
    made = _robustness(study, workspace, lambda seen, ground: rows_of(seen, pairs, ground), ["gaps", "flows", "movers"])
    if not made:
        raise InformalityError(
            Problem(study.spec.id, "these definitions decide different things, so no rate of theirs can be compared"),
            ExitCode.ESTIMATE,
        )
    return made


def bounds(name: str, workspace: Workspace, definition: str | None = None) -> list[Table]:
    """The lowest and the highest rates that the missing answers allow, and what rests on assumed rules."""
    from informality.tabulation.robustness import bounded

    study = _with_definition(read_study(workspace.study_path(name), workspace), definition)
    return _robustness(study, workspace, bounded, ["bounds", "groups", "assumed"])


def sensitivity(name: str, workspace: Workspace, definition: str | None = None) -> list[Table]:
    """What each option of the definitions of a study changes."""
    from informality.tabulation.robustness import varied

    study = _with_definition(read_study(workspace.study_path(name), workspace), definition)
    made = _robustness(study, workspace, varied, ["options"])
    if not made:
        raise InformalityError(
            Problem(study.spec.id, "no definition asked for has an option that could be set otherwise"),
            ExitCode.ESTIMATE,
        )
    return made


def _with_definition(study: Study, definition: str | None) -> Study:
    """The study with one of its definitions alone."""
    if definition is None:
        return study
    if definition not in study.spec.definitions:
        raise InformalityError(
            Problem(
                "--definition",
                f"this study does not use `{definition}`",
                fix=did_you_mean(definition, study.spec.definitions),
            ),
            ExitCode.USAGE,
        )
    return replace(study, definitions=tuple(d for d in study.definitions if d.id == definition))


def _robustness(
    study: Study,
    workspace: Workspace,
    rows_of: Callable[[Mapping[str, View], Ground], list[pd.DataFrame]],
    kinds: Sequence[str],
) -> list[Table]:
    """Tables on what rests on the definitions of a study, from the workers of the last run."""
    from informality.tabulation.robustness import together

    workers, annex = _last_run(study, workspace)
    asked = frozenset(annex["asked"])
    rows = focus_of(study, workers)
    on = ground(study, rows, asked, focus_design(study, workers))
    seen = views(study, rows, asked)
    made = together(rows_of(seen, on), on)
    main = study.spec.headline if study.spec.headline in seen else next(iter(seen))
    pub = publication(made, labels(study), study.standard.legend(), main, _source(study))
    shown = [(id, view) for id, view in read_views().spec.robustness.items() if view.kind in kinds]
    return [table for id, view in shown for table in definition_tables(id, view, pub)]


def _source(study: Study, wave: str | None = None) -> str:
    profile = study.profile
    notice = profile.notice(*([wave] if wave else study.spec.each_wave))
    return f"Source: {profile.spec.title}, {wave_title(study, wave)}, {profile.spec.agency}. {notice}".strip()


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
