"""How near is near enough, said once, and a record of how near it was (shown by ``pytest -n 0``) and of what was compared."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

TOLERANCE = 1e-9  # relative; the same formula in another order of summation differs by 1e-15 to 1e-12
_worst: dict[str, tuple[int, float]] = {}
_compared: dict[str, set[float]] = {}  # the numbers that were on the right side of a comparison, by case


def _agree(family: str, ours: Any, theirs: Any, floor: Any = 0.0, where: object = "") -> None:
    """Assert ours == theirs to 1e-9 relative, NaN (None) where theirs is; ``floor`` is what passes for 0."""
    a = np.asarray(ours, dtype=float)
    b = np.asarray(theirs, dtype=float)
    assert a.shape == b.shape, f"{where} {family}: shape {a.shape}, expected {b.shape}"
    allowed = TOLERANCE * np.abs(b) + floor
    good = (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= allowed)
    assert good.all(), f"{where} {family}: {a[~good]}, expected {b[~good]}"
    counted = ~np.isnan(b) & (np.abs(b) > floor)
    relative = np.abs(a[counted] - b[counted]) / np.abs(b[counted])
    number, worst = _worst.get(family, (0, 0.0))
    _worst[family] = number + a.size, max(worst, relative.max(initial=0.0))
    if isinstance(where, str):
        _compared.setdefault(where, set()).update(np.where(np.isnan(b), np.inf, b).ravel().tolist())


def _covariance_floor(est: Any, se: Any) -> np.ndarray:
    """What passes for a covariance of 0: residuals that cancel leave rounding of the size of the estimate."""
    error = np.nan_to_num(np.asarray(se, dtype=float))
    rounding = 1e-12 * error + 1e-15 * np.abs(np.asarray(est, dtype=float))
    product = np.outer(rounding, error)
    return product + product.T + np.outer(rounding, rounding)


@pytest.fixture(scope="session")
def covariance_floor() -> Callable[[Any, Any], np.ndarray]:
    return _covariance_floor


@pytest.fixture(scope="session")
def agree() -> Callable[..., None]:
    return _agree


class Oracle:
    """The reference numbers of the shared folder, who compares which, and the check that nothing is passed over.

    ``oracle_reasons.yml`` says of every case which test module compares it, or why none does, and of every key that is
    not compared why not. A case is told from others by file and id: ``lfs:base/mean_informal``.
    """

    files = ("api", "lfs", "lfs_calibration", "models")

    def __init__(self, shared: Path) -> None:
        self._shared = shared
        self._read: dict[str, dict[str, dict[str, Any]]] = {}
        reasons = YAML(typ="safe").load(Path(__file__).with_name("oracle_reasons.yml"))
        self.rules: list[dict[str, Any]] = reasons["cases"]
        self.keys_left_out: list[dict[str, Any]] = reasons["keys"]

    def cases(self, file: str) -> dict[str, dict[str, Any]]:
        """All cases of a file by id."""
        if file not in self._read:
            path = self._shared / "oracle" / "json" / "survey-4.5" / f"{file}.json"
            self._read[file] = {case["id"]: case for case in json.loads(path.read_text())["cases"]}
        return self._read[file]

    def rule(self, file: str, case: str) -> int | None:
        """The first rule that speaks of a case."""
        found = (i for i, rule in enumerate(self.rules) if re.search(rule["case"], f"{file}:{case}"))
        return next(found, None)

    def claimed(self, file: str, module: str) -> list[dict[str, Any]]:
        """The cases that a test module has to compare."""
        places = {case: self.rule(file, case) for case in self.cases(file)}
        return [self.cases(file)[c] for c, i in places.items() if i is not None and self.rules[i].get("by") == module]

    def excuses(self, file: str, case: str, key: str) -> Iterator[int]:
        """The places of the reasons not to compare a key."""
        for i, excuse in enumerate(self.keys_left_out):
            if key in excuse["keys"] and re.search(excuse["case"], f"{file}:{case}"):
                yield i

    def settle(self, file: str, module: str) -> None:
        """Fail for every key of the module's cases that was neither compared nor excused, or both."""
        faults = []
        for case in self.claimed(file, module):
            compared = _compared.get(case["id"], set())
            for key, value in case.items():
                numbers = set() if value is None else _numbers(value)  # R has nothing there
                left = numbers - compared
                excused = list(self.excuses(file, case["id"], key))
                if left and not excused:
                    faults.append(f"{case['id']} {key}: {len(left)} of {len(numbers)} numbers were not compared")
                if numbers and not left and excused:
                    faults.append(f"{case['id']} {key}: is compared, so there is no reason not to")
        assert not faults, f"{len(faults)} keys of {file}\n" + "\n".join(faults[:60])


def _numbers(value: Any) -> set[float]:
    """All numbers in a value of the oracle; R's NA among them counts as infinite, words and flags not at all."""
    if isinstance(value, bool | str):
        return set()
    if isinstance(value, list):
        return set().union(*(_numbers(part) for part in value)) if value else set()
    if value is None:
        return {np.inf}
    return {float(value)}


@pytest.fixture(scope="session")
def oracle(shared: Path) -> Oracle:
    return Oracle(shared)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _worst:
        terminalreporter.section("agreement with R survey: numbers compared, largest relative difference")
        for family, (number, worst) in sorted(_worst.items()):
            terminalreporter.write_line(f"{family:<32}{number:>7,}  {worst:.1e}")
