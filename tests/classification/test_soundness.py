"""No case falls through: deleting any rule, or adding one that cannot fire, is refused with the case."""

from __future__ import annotations

from pathlib import Path

import pytest

from informality.classification.definition import DefinitionSpec, read_definition
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.library import find
from informality.foundation.schema import read_schema
from informality.foundation.specfile import load

DEFINITIONS = ("ilo-17icls", "lao-lfs2017", "ecu-sector")


def write(spec: DefinitionSpec, path: Path) -> Path:
    """A definition as JSON, which is YAML."""
    path.write_text(spec.model_dump_json(exclude_defaults=True), encoding="utf-8")
    return path


def rules_of(name: str) -> list[tuple[str, int, int]]:
    spec = load(find("definitions", name), DefinitionSpec).spec
    return [(name, s, r) for s, step in enumerate(spec.steps) for r in range(len(step.rules))]


@pytest.mark.parametrize(("name", "s", "r"), [case for name in DEFINITIONS for case in rules_of(name)])
def test_deleting_any_rule_is_refused(name: str, s: int, r: int, tmp_path: Path) -> None:
    spec = load(find("definitions", name), DefinitionSpec).spec
    step = spec.steps[s]
    gone = step.rules[r]
    steps = list(spec.steps)
    steps[s] = step.model_copy(update={"rules": [*step.rules[:r], *step.rules[r + 1 :]]})
    broken = write(spec.model_copy(update={"steps": steps, "examples": []}), tmp_path / "broken.yml")
    with pytest.raises(InformalityError) as failure:
        read_definition(broken, read_schema())
    assert failure.value.code == ExitCode.DEFINITION
    gaps = [p for p in failure.value.problems if f"step `{step.decides}` has a gap" in p.what]
    assert gaps, failure.value.problems
    assert gaps[0].found.startswith("for example ")
    for variable in gone.when:
        assert f"{variable}: " in gaps[0].found  # the case that falls through is spelled out


@pytest.mark.parametrize("name", DEFINITIONS)
def test_adding_a_rule_that_cannot_fire_is_refused(name: str, tmp_path: Path) -> None:
    spec = load(find("definitions", name), DefinitionSpec).spec
    step = spec.steps[0]
    twin = step.rules[0].model_copy(update={"id": "extra"})
    steps = [step.model_copy(update={"rules": [*step.rules, twin]}), *spec.steps[1:]]
    broken = write(spec.model_copy(update={"steps": steps, "examples": []}), tmp_path / "broken.yml")
    with pytest.raises(InformalityError) as failure:
        read_definition(broken, read_schema())
    texts = [p.what for p in failure.value.problems]
    assert any("rule `extra`" in t and "can never fire" in t for t in texts)
    assert any(f"rules `{step.rules[0].id}` and `extra`" in t and "fit the same case" in t for t in texts)


def test_a_wrong_worked_example_is_refused(tmp_path: Path) -> None:
    spec = load(find("definitions", "ecu-sector"), DefinitionSpec).spec
    wrong = spec.examples[0].model_copy(update={"expect": {"sector": "formal"}})
    broken = write(spec.model_copy(update={"examples": [wrong]}), tmp_path / "broken.yml")
    with pytest.raises(InformalityError) as failure:
        read_definition(broken, read_schema())
    assert failure.value.code == ExitCode.DEFINITION
    assert "sector: domestic by rule D, expected formal" in failure.value.problems[0].found


@pytest.mark.parametrize("name", DEFINITIONS)
def test_shipped_definitions_are_sound_and_sourced(name: str) -> None:
    definition = read_definition(find("definitions", name), read_schema())
    assert definition.spec.sources
    assert len(definition.spec.examples) >= 5
    assert all(rule.why or rule.cite for step in definition.steps for rule in step.rules), "a reason for every rule"


def test_an_option_changes_the_threshold() -> None:
    """Nine workers on fixed premises, registration not asked: formal from 6, not from 10."""
    from informality.classification.definition import decide_one

    worker = {"status": "employer", "institution": "private", "place": "fixed", "size_min": 9, "size_max": 9}
    schema = read_schema()
    usual = read_definition(find("definitions", "ilo-17icls"), schema)
    strict = read_definition(find("definitions", "ilo-17icls"), schema, options={"size_threshold": 10})
    assert decide_one(usual, worker)["job"] == ("formal", "N2a")
    assert decide_one(strict, worker)["job"] == ("informal", "N2b")


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(InformalityError) as failure:
        read_definition(find("definitions", "ilo-17icls"), read_schema(), options={"size_treshold": 10})
    assert "did you mean `size_threshold`?" in failure.value.problems[0].fix
