"""What is wrong with a scheme file is said with file and line, all at once. Messages written out by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from informality.coverage.baseline import read_baseline
from informality.coverage.country import read_country
from informality.coverage.people import grammar
from informality.coverage.scheme import read_scheme
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.library import LIBRARY
from informality.foundation.schema import Schema

SCHEMES = sorted(p.stem for p in (LIBRARY / "schemes").glob("*.yml"))


def broken(schema: Schema, folder: Path, name: str, *swaps: tuple[str, str]) -> InformalityError:
    text = (LIBRARY / "schemes" / f"{name}.yml").read_text(encoding="utf-8")
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        read_scheme(str(folder / f"{name}.yml"), schema.grammar)
    assert failure.value.code == ExitCode.SPEC
    return failure.value


@pytest.mark.parametrize("name", SCHEMES)
def test_shipped_schemes_are_sound(name: str, schema: Schema) -> None:
    scheme = read_scheme(name, schema.grammar)
    assert scheme.spec.law.article
    assert all(rule.why or rule.cite for rule in scheme.covers.rules)


@pytest.mark.parametrize("name", ["lao", "vnm", "khm", "mex", "per", "geo"])
def test_shipped_baselines_leave_nothing_open(name: str, schema: Schema) -> None:
    baseline = read_baseline(name, grammar(schema, None))
    assert not [p for s in baseline.schemes.values() for p in s.open_questions()]


def test_branch_rates_must_add_up(schema: Schema, tmp_path: Path) -> None:
    error = broken(schema, tmp_path, "lao-enterprise", ("employer: {pension: 0.025", "employer: {pension: 0.035"))
    problem = error.problems[0]
    assert "do not add up" in problem.what
    assert "0.07, `check` says 0.06" in problem.found
    assert problem.place.startswith("lao-enterprise.yml, line ")


def test_all_problems_come_at_once(schema: Schema, tmp_path: Path) -> None:
    error = broken(
        schema,
        tmp_path,
        "lao-enterprise",
        ("check: {employer: 0.06, employee: 0.055}", "check: {employer: 0.06}"),
        ("source: V-18, status: verified}", "source: V-99, status: verified}"),
        ("then: {index: minimum_wage, multiple: 5,", "then: {index: minimal_wage, multiple: 5,"),
    )
    words = " | ".join(p.what for p in error.problems)
    assert "lacks the total of `employee`" in words
    assert "`V-99` is not in `sources`" in words
    assert "follows `minimal_wage`" in words
    assert any(p.fix == "did you mean `minimum_wage`?" for p in error.problems)


def test_a_floor_above_the_ceiling_on_some_day(schema: Schema, tmp_path: Path) -> None:
    error = broken(schema, tmp_path, "khm-pension", ("value: 400000", "value: 1400000"))
    assert "the floor lies above the ceiling" in error.problems[0].what
    assert "floor 1,400,000, ceiling 1,200,000" in error.problems[0].found


def test_gaps_between_days(schema: Schema, tmp_path: Path) -> None:
    error = broken(
        schema,
        tmp_path,
        "vnm-voluntary",
        (
            "{from: 2022-01-01, value: 20, source: recalled",
            "{from: 2022-01-01, until: 2024-12-31, value: 20, source: recalled",
        ),
    )
    assert "have a gap" in error.problems[0].what
    assert error.problems[0].found == "one value holds until 2024-12-31, the next begins on 2025-07-01"


def test_unknown_keys_and_ranges(schema: Schema, tmp_path: Path) -> None:
    error = broken(
        schema,
        tmp_path,
        "lao-voluntary",
        ("accrual: {value: 0.02,", "acrual: {value: 0.02,"),
        ("days: {value: 105, low: 90", "days: {value: 80, low: 90"),
    )
    words = " | ".join(p.what for p in error.problems)
    assert "the key `acrual` is not known here" in words
    assert "the value 80 lies outside its range, 90 to 105" in words


def test_an_assumption_needs_a_range(schema: Schema, tmp_path: Path) -> None:
    error = broken(schema, tmp_path, "vnm-voluntary", ("{value: 0.6, low: 0.3, high: 1.0,", "{value: 0.6,"))
    assert "an assumption needs a range" in error.problems[0].what


def test_unresolved_values_refuse_to_run(schema: Schema) -> None:
    scheme = read_scheme("lao-voluntary", schema.grammar)
    with pytest.raises(InformalityError) as failure:
        scheme.require_resolved()
    assert [p.what for p in failure.value.problems] == [
        "sources disagree about `floor`, and nobody has chosen",
        "sources disagree about `entry_cap`, and nobody has chosen",
    ]
    chosen = read_scheme("lao-voluntary", schema.grammar, choices={"floor": "held", "entry_cap": "announced"})
    chosen.require_resolved()
    known = chosen.value_at("floor", date(2025, 7, 1))
    assert known is not None
    assert known.value == 1_200_000
    assert known.status == "assumption"  # derived in the file, but sources conflict and a study chose
    with pytest.raises(InformalityError, match="has no version `hold`"):
        read_scheme("lao-voluntary", schema.grammar, choices={"floor": "hold"})


def test_a_floor_follows_the_minimum_wage_with_its_lag(schema: Schema) -> None:
    enterprise = read_scheme("lao-enterprise", schema.grammar)
    floors = [enterprise.value_at("floor", date(y, 7, 1)).value for y in (2017, 2019, 2022, 2024, 2025)]  # type: ignore[union-attr]
    assert floors == [900_000, 1_100_000, 1_100_000, 1_600_000, 2_500_000]
    voluntary = read_scheme(
        "lao-voluntary", schema.grammar, choices={"floor": "follows_minimum_wage", "entry_cap": "announced"}
    )
    at = {d: voluntary.value_at("floor", d).value for d in (date(2023, 11, 1), date(2024, 12, 1), date(2028, 7, 1))}  # type: ignore[union-attr]
    assert at[date(2023, 11, 1)] == 1_200_000  # the minimum wage was 1.6 million already
    assert at[date(2024, 12, 1)] == 2_500_000
    assert at[date(2028, 7, 1)] == pytest.approx(read_country("lao").amount("minimum_wage", date(2027, 7, 1)))


def test_the_ceiling_rule_of_five_minimum_wages(schema: Schema) -> None:
    """4.5 million in 2017 is five times 900,000; the rule gives 12.5 million in 2025 (lao_facts, section 1)."""
    rule = read_scheme("lao-enterprise", schema.grammar, choices={"ceiling": "as_written"})
    values = [
        rule.value_at("ceiling", d).value
        for d in (date(2017, 7, 1), date(2018, 7, 1), date(2023, 12, 1), date(2025, 7, 1))
    ]  # type: ignore[union-attr]
    assert values == [4.5e6, 5.5e6, 8.0e6, 12.5e6]


def test_poverty_lines_and_ages_of_the_country() -> None:
    """CPI-uprated lines 608,623 and 656,351 (1.6, to the rounding of the printed rates); people 15-64 as printed."""
    lao = read_country("lao")
    assert lao.amount("poverty_line", date(2024, 7, 1)) == pytest.approx(608_623, rel=1e-4)
    assert lao.amount("poverty_line", date(2025, 7, 1)) == pytest.approx(656_351, rel=1e-4)
    assert lao.population is not None
    assert [round(lao.population.between(y, 15, 65) / 1e6, 3) for y in (2025, 2030, 2035)] == [5.167, 5.584, 5.982]


def test_a_change_by_path(schema: Schema) -> None:
    changed = read_scheme("lao-enterprise", schema.grammar, changes={"benefits.old_age.accrual.value": 0.015})
    assert changed.spec.benefits.old_age is not None
    assert changed.spec.benefits.old_age.accrual.value == 0.015
    with pytest.raises(InformalityError, match=r"no `benefits.old_agee` to change"):
        read_scheme("lao-enterprise", schema.grammar, changes={"benefits.old_agee.accrual.value": 0.015})
