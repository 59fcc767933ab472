"""Nothing of the oracle is passed over: every number is compared by a test, or has a reason in ``oracle_reasons.yml``.

Here it is checked that every case has a rule, that every rule and reason speaks of something, and says who or why. The
other half is at the end of every oracle test (``Oracle.settle``): it fails for a number of its cases that was not on the right
side of a comparison and has no reason, and for a reason about a number that was.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest


def test_every_case_is_compared_or_has_a_reason(oracle: Any) -> None:
    decided = Counter({i: 0 for i in range(len(oracle.rules))})
    undecided = []
    for file in oracle.files:
        for case in oracle.cases(file):
            rule = oracle.rule(file, case)
            if rule is None:
                undecided.append(f"{file}:{case}")
            decided[rule] += 1
    assert not undecided
    assert not [oracle.rules[i]["case"] for i, number in decided.items() if not number], "rules about nothing"


def test_rules_say_who_or_why(oracle: Any) -> None:
    for rule in oracle.rules:
        assert ("by" in rule) != ("why" in rule), rule
        if "by" in rule:
            module = Path(__file__).with_name(rule["by"] + ".py")
            assert f'MODULE = "{rule["by"]}"' in module.read_text()
        else:
            assert len(rule["why"]) > 20, rule


def test_reasons_speak_of_numbers(oracle: Any) -> None:
    used: set[tuple[int, str]] = set()
    for file in oracle.files:
        for name, case in oracle.cases(file).items():
            rule = oracle.rules[oracle.rule(file, name)]
            if "by" in rule:
                used.update((i, key) for key in case for i in oracle.excuses(file, name, key))
    wanted = {(i, key) for i, excuse in enumerate(oracle.keys_left_out) for key in excuse["keys"]}
    assert not [(oracle.keys_left_out[i]["case"], key) for i, key in wanted - used], "reasons about nothing"
    assert all(len(excuse["why"]) > 20 for excuse in oracle.keys_left_out)


def test_an_omission_would_be_found(oracle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself: a case that nobody compared is reported, key by key."""
    case = dict(oracle.cases("lfs")["brr/mean_informal"], id="no such case")
    monkeypatch.setattr(oracle, "claimed", lambda file, module: [case])
    with pytest.raises(AssertionError, match="no such case se: 1 of 1 numbers were not compared"):
        oracle.settle("lfs", "nobody")
