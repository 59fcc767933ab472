"""Every shipped definition is sound whatever is chosen: no case falls through, no rule is idle, the examples come out.

Deleting any rule, or adding one that cannot fire, is refused with the case.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from informality.classification import settings
from informality.classification.definition import Definition, decide_one, prove_every_choice, read_definition
from informality.classification.examples import check_examples, example_table
from informality.classification.spec import DefinitionSpec, Value
from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.grammar import RuleSpec
from informality.foundation.library import LIBRARY, find
from informality.foundation.proof import prove
from informality.foundation.rules import compile_steps
from informality.foundation.schema import read_schema
from informality.foundation.specfile import load

Read = Callable[..., Definition]
DEFINITIONS = sorted(path.stem for path in (LIBRARY / "definitions").glob("*.yml"))


def write(spec: DefinitionSpec, path: Path) -> Path:
    """A definition as JSON, which is YAML."""
    path.write_text(spec.model_dump_json(exclude_defaults=True), encoding="utf-8")
    return path


def in_force(spec: DefinitionSpec, rule: RuleSpec, usual: dict[str, Value]) -> dict[str, Value]:
    """Options under which a rule is in force."""
    asked = {n: cell for n, cell in rule.when.items() if n in spec.options}
    return {**usual, **{n: str(cell[0] if isinstance(cell, list) else cell) for n, cell in asked.items()}}


def proved(spec: DefinitionSpec, values: dict[str, Value]) -> list[Problem]:
    """What the proof finds in the steps of a definition, under these options."""
    steps, problems = compile_steps(
        spec.steps,
        read_schema().grammar,
        options=settings.numbers(spec, values),
        choices=settings.choices(spec, values),
        place=lambda *loc: str(loc),
    )
    assert not problems
    return prove(steps, spec.id)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_deleting_any_rule_leaves_a_gap(name: str, read: Read) -> None:
    """In a step where each case belongs to one rule, every rule is needed, and the gap names what it tested."""
    definition = read(name)
    spec = definition.spec
    for s, step in enumerate(spec.steps):
        if step.match != "only_one":
            continue
        for r, gone in enumerate(step.rules):
            values = in_force(spec, gone, dict(definition.options))
            steps = list(spec.steps)
            steps[s] = step.model_copy(update={"rules": [*step.rules[:r], *step.rules[r + 1 :]]})
            found = proved(spec.model_copy(update={"steps": steps}), values)
            gaps = [p for p in found if f"step `{step.decides}` has a gap" in p.what]
            assert gaps, (gone.id, found)
            assert gaps[0].found.startswith("for example ")
            # a rule that stands alone in testing a variable takes the variable with it
            left = {n for rule in steps[s].rules for n in rule.when}
            assert all(f"{n}: " in gaps[0].found for n in gone.when if n in left and n not in spec.options), gone.id


@pytest.mark.parametrize("name", DEFINITIONS)
def test_adding_a_rule_that_cannot_fire_is_found(name: str, read: Read) -> None:
    definition = read(name)
    spec = definition.spec
    for s, step in enumerate(spec.steps):
        twin = step.rules[0].model_copy(update={"id": "extra"})
        steps = list(spec.steps)
        steps[s] = step.model_copy(update={"rules": [*step.rules, twin]})
        texts = [p.what for p in proved(spec.model_copy(update={"steps": steps}), dict(definition.options))]
        assert any("rule `extra`" in t and "can never fire" in t for t in texts)
        overlap = any(f"rules `{step.rules[0].id}` and `extra`" in t and "fit the same case" in t for t in texts)
        assert overlap == (step.match == "only_one")


def test_an_unsound_file_is_refused_with_the_case(tmp_path: Path) -> None:
    spec = load(find("definitions", "ecu-sector"), DefinitionSpec).spec
    step = spec.steps[0]
    broken = spec.model_copy(update={"steps": [step.model_copy(update={"rules": step.rules[1:]})], "examples": []})
    with pytest.raises(InformalityError) as failure:
        read_definition(write(broken, tmp_path / "broken.yml"), read_schema())
    assert failure.value.code == ExitCode.DEFINITION
    (gap,) = failure.value.problems
    assert "step `sector` has a gap" in gap.what
    assert gap.found.startswith("for example domestic_worker: yes")


def test_a_gap_under_a_choice_that_was_not_made_is_refused_too(tmp_path: Path) -> None:
    """Reading proves every combination: the rule for `left_open` is missed although `informal` is in force."""
    spec = load(find("definitions", "cri-ece"), DefinitionSpec).spec
    step = spec.steps[0]
    rules = [r for r in step.rules if r.id != "E4"]
    broken = spec.model_copy(update={"steps": [step.model_copy(update={"rules": rules})], "examples": []})
    with pytest.raises(InformalityError) as failure:
        read_definition(write(broken, tmp_path / "broken.yml"), read_schema())
    assert failure.value.code == ExitCode.DEFINITION
    assert "dont_know: left_open" in failure.value.problems[0].found


def test_a_wrong_worked_example_is_refused(tmp_path: Path) -> None:
    spec = load(find("definitions", "ecu-sector"), DefinitionSpec).spec
    wrong = spec.examples[0].model_copy(update={"expect": {"sector": "formal"}})
    broken = write(spec.model_copy(update={"examples": [wrong]}), tmp_path / "broken.yml")
    with pytest.raises(InformalityError) as failure:
        read_definition(broken, read_schema())
    assert failure.value.code == ExitCode.DEFINITION
    assert "sector: domestic by rule D, expected formal" in failure.value.problems[0].found


def test_a_wrong_example_under_other_options_is_found(tmp_path: Path, read: Read) -> None:
    definition = read("cri-ece")
    spec = definition.spec
    examples = [e.model_copy(update={"expect": {"job": "formal"}}) if e.options else e for e in spec.examples]
    path = write(spec.model_copy(update={"examples": examples}), tmp_path / "cri-ece.yml")
    (problem,) = check_examples(read_definition(path, read_schema()))
    assert "job: not_determinable by rule E4, expected formal" in problem.found


@pytest.mark.parametrize("name", DEFINITIONS)
def test_shipped_definitions_are_sound_sourced_and_worked(name: str, read: Read) -> None:
    definition = read(name)
    spec = definition.spec
    assert spec.id == name
    assert spec.sources and spec.confirmed
    assert all(rule.why for step in definition.steps for rule in step.rules), "a reason for every rule"
    assert len(spec.examples) >= 10
    assert all(e.why for e in spec.examples), "a line of reason for every example"
    titles = [e.title for e in spec.examples]
    assert len(set(titles)) == len(titles)
    assert check_examples(definition) == []
    assert {n for e in spec.examples for n in e.expect} >= {"job", "sector"} & set(definition.outcomes)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_no_choice_leaves_a_gap_or_an_idle_rule(name: str, read: Read) -> None:
    """Every combination of choices, each compiled and proved by itself."""
    assert prove_every_choice(read(name)) == []


@pytest.mark.parametrize("name", DEFINITIONS)
def test_examples_are_printed_in_words(name: str, read: Read) -> None:
    table = example_table(read(name))
    assert list(table.columns) == ["example", "answers", "outcome", "why"]
    assert len(table) == len(read(name).spec.examples)
    assert not table["answers"].str.contains("_").any()  # labels, not codes
    assert not table["outcome"].str.contains("_").any()


def test_examples_of_the_reference_page_carry_its_numbers(read: Read, vectors: object) -> None:
    """An example named after a vector says what the vector says."""
    import pandas as pd

    assert isinstance(vectors, pd.DataFrame)
    by_id = vectors.set_index("id")
    seen = 0
    for name, unit, job in (("ilo-17icls", "sector_17", "job_17"), ("lao-lfs2017", "lao2017_ilo", "lao2017_ilo")):
        for example in read(name).spec.examples:
            id = example.title.rpartition("(")[2].rstrip(")")
            if id not in by_id.index:
                continue
            seen += 1
            row = by_id.loc[id]
            assert example.expect["unit"] == row[unit].split("/")[0], (name, id)
            assert example.expect["job"] == row[job].split("/")[-1], (name, id)
    assert seen >= 25


# -- options -------------------------------------------------------------------------------------------


def test_an_option_changes_the_threshold(read: Read) -> None:
    """Nine workers on fixed premises, registration not asked: formal from 6, not from 10."""
    worker = {"status": "employer", "institution": "private", "place": "fixed", "size_min": 9, "size_max": 9}
    assert decide_one(read("ilo-17icls"), worker)["job"] == ("formal", "N2a")
    assert decide_one(read("ilo-17icls", size_threshold=10), worker)["job"] == ("informal", "N2b")


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(InformalityError) as failure:
        read_definition(find("definitions", "ilo-17icls"), read_schema(), options={"size_treshold": 10})
    assert "did you mean `size_threshold`?" in failure.value.problems[0].fix


def test_a_choice_that_does_not_exist_is_refused() -> None:
    wrong: dict[str, Value] = {"dont_know": "infromal"}
    with pytest.raises(InformalityError) as failure:
        read_definition(find("definitions", "cri-ece"), read_schema(), options=wrong)
    (problem,) = failure.value.problems
    assert problem.what == "option `dont_know` of `cri-ece` does not take this value"
    assert problem.found == "`infromal`"
    assert problem.fix == "did you mean `informal`?"
    with pytest.raises(InformalityError) as failure:
        read_definition(find("definitions", "ilo-17icls"), read_schema(), options={"size_threshold": "six"})
    assert failure.value.problems[0].fix == "write a number"


def test_a_national_choice_without_a_default_has_to_be_made() -> None:
    with pytest.raises(InformalityError) as failure:
        read_definition(find("definitions", "ilo-21icls"), read_schema())
    assert failure.value.code == ExitCode.SPEC
    first, second = failure.value.problems
    assert first.what == "`ilo-21icls` has no default for `dc_protection_rule`: the standard leaves it to the country"
    assert "registration_suffices (" in first.found and "require_social_insurance (" in first.found
    assert (
        first.fix
        == "say in the study which it is: `options: {ilo-21icls: {dc_protection_rule: registration_suffices}}`"
    )
    assert "`cfw_arrangement_exists`" in second.what


def test_the_status_says_whether_a_study_chose(read: Read) -> None:
    assert read("ilo-17icls").status == "verified"
    assert read("ilo-17icls", size_threshold=6).status == "verified"  # the value of the file
    assert read("ilo-17icls", size_threshold=10).status == "assumption"
    assert read("zaf-qlfs-2025q3").status == "recall"


def test_an_option_is_a_number_or_a_choice(tmp_path: Path) -> None:
    spec = load(find("definitions", "cri-ece"), DefinitionSpec).spec
    text = spec.model_dump_json(exclude_defaults=True)
    for old, new, message in (
        ('"value":"informal"', '"value":"maybe"', "`value` is not one of the choices informal, left_open"),
        ('"value":"informal"', '"value":"informal","unit":"persons"', "a choice has no unit"),
    ):
        path = tmp_path / "cri-ece.yml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(InformalityError) as failure:
            read_definition(path, read_schema())
        assert any(message in p.what for p in failure.value.problems), failure.value.problems


def test_printed_rules_name_the_option_that_puts_them_in_force(read: Read) -> None:
    from informality.foundation import reading

    printed = reading.markdown(read("ilo-21icls").step("job"))
    assert "registered but not insured \\[71(b)\\] (option dc protection rule)" in printed
    assert "registration protects" not in printed  # not in force


@pytest.mark.parametrize(
    ("option", "choice", "vector", "unit", "job"),
    [
        ("dk_registration", "proxies", "P06", "formal", "formal"),  # fixed premises, 10 workers
        ("dk_registration", "proxies", "E23", "formal", "formal"),  # the employer pays social security
        ("dk_registration", "proxies", "O07", "informal", "informal"),  # one worker, place not known
        ("missing_ss_rule", "either_leave", "E06", "formal", "formal"),
        ("missing_ss_rule", "count_as_no", "E05", "formal", "informal"),
        ("leave_can_override_ss_no", "yes", "E04", "formal", "formal"),
        ("no_formal_job_in_informal_sector", "yes", "E15", "informal", "informal"),
    ],
)
def test_the_ambiguities_of_the_17th_icls_are_options(
    option: str,
    choice: str,
    vector: str,
    unit: str,
    job: str,
    read: Read,
    vectors: object,
    harmonised: Callable[..., object],
) -> None:
    """Reference page, section 9: the other reading of A1, A2, A3, A4 and A11, one vector each."""
    import pandas as pd

    from informality.classification.classify import classify

    assert isinstance(vectors, pd.DataFrame)
    schema = read_schema()
    frame = harmonised(vectors, schema)
    assert isinstance(frame, pd.DataFrame)
    row = frame[vectors["id"].eq(vector).to_numpy()]
    usual = classify(row, read("ilo-17icls"), schema.grammar).iloc[0]
    other = classify(row, read("ilo-17icls", **{option: choice}), schema.grammar).iloc[0]
    assert (str(other["ilo-17icls.unit"]), str(other["ilo-17icls.job"])) == (unit, job)
    assert (usual["ilo-17icls.unit"], usual["ilo-17icls.job"]) != (unit, job) or vector == "O07"
