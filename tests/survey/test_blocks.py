"""Blocks of the schema: what a survey lacks as a whole is declared in one line, and counted in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.library import LIBRARY, find
from informality.foundation.schema import read_schema
from informality.survey.profile import Profile, read_profile

LAO = find("surveys", "lao-demo")
LINE = "blocks: {second_job: not_asked, national: not_asked, conditions: not_asked, older_codes: not_asked}\n"


def edited(tmp_path: Path, new: str, more: str = "") -> Profile:
    text = LAO.read_text(encoding="utf-8")
    assert text.count(LINE) == 1
    text = text.replace(LINE, new).replace("  jobs: {from: mj01,", f"{more}  jobs: {{from: mj01,")
    path = tmp_path / "lao-demo.yml"
    path.write_text(text, encoding="utf-8")
    return read_profile(path)


def test_every_shipped_profile_accounts_for_every_variable() -> None:
    measured, fillable = set(read_schema().measured()), set(read_schema().may_fill())
    for path in sorted((LIBRARY / "surveys").glob("*.yml")):
        profile = read_profile(path)
        assert measured <= set(profile.spec.variables) <= fillable, path.name


def test_a_block_stands_for_its_variables(tmp_path: Path) -> None:
    profile = edited(tmp_path, LINE)
    schema = profile.schema
    assert set(profile.lacking) == {"second_job", "national", "conditions", "older_codes"}
    assert all(profile.spec.variables[n] == "not_asked" for block in profile.lacking for n in schema.block(block))
    assert not profile.measured & set(schema.block("second_job"))


def test_a_variable_of_a_block_may_be_named_all_the_same(tmp_path: Path) -> None:
    """The line speaks of the rest of the block; then the block is not lacking, and its variables are counted one by one."""
    profile = edited(tmp_path, LINE, "  hours_usual_2: {from: hw01, number: {min: 0, max: 168}}\n")
    assert "second_job" not in profile.lacking
    assert "hours_usual_2" in profile.measured
    assert profile.spec.variables["status_2"] == "not_asked"


def test_without_the_line_the_variables_are_missing(tmp_path: Path) -> None:
    with pytest.raises(InformalityError) as failure:
        edited(tmp_path, LINE.replace("second_job: not_asked, ", ""))
    (problem,) = failure.value.problems
    assert failure.value.code == ExitCode.SPEC
    assert problem.what == "some variables of the schema are not mentioned"
    assert problem.found.startswith("status_2, status_18_2, domestic_worker_2")
    assert problem.fix.endswith(
        "for a whole block (second_job, national, conditions, older_codes) write `blocks: {name: not_asked}`"
    )


def test_a_block_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InformalityError) as failure:
        edited(tmp_path, LINE.replace("second_job", "second_jobs"))
    first = failure.value.problems[0]
    assert first.what == "the schema has no block `second_jobs`"
    assert first.fix == "did you mean `second_job`?"
