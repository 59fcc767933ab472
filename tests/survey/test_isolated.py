"""Damaged bytes never take the program down: they end in a refusal, however the library that reads them dies of it.

Authority: bytes of whole files changed at random (with a fixed seed), and a reader told to die.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.survey import isolated
from informality.survey.readers import read_raw
from informality.survey.readstat import DamagedError

FRAME = pd.DataFrame(
    {"a": [1.0, 2, np.nan, 9] * 20, "s": ["x", "ñandú", "", "w" * 300] * 20, "b": [1.0, 2, 3, 2.5] * 20}
)


def write_all(folder: Path) -> dict[str, bytes]:
    labels = {"column_labels": {"a": "Año"}, "variable_value_labels": {"a": {1: "sí", 9: "NS"}}}
    short = FRAME.assign(s=FRAME["s"].str[:100])
    pyreadstat.write_sav(FRAME, folder / "plain.sav", missing_ranges={"a": [9]}, **labels)
    pyreadstat.write_sav(FRAME, folder / "rows.sav", row_compress=True, **labels)
    pyreadstat.write_sav(FRAME, folder / "whole.zsav", compress=True, **labels)
    pyreadstat.write_dta(FRAME, folder / "new.dta", **labels)
    pyreadstat.write_dta(short, folder / "old.dta", version=10, **labels)
    pyreadstat.write_por(FRAME.assign(s="x").rename(columns=str.upper), folder / "p.por")
    pyreadstat.write_xport(short, folder / "p.xpt")
    FRAME.to_parquet(folder / "p.parquet")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def spoil(content: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, half of them near the beginning, where most of what matters stands."""
    spoilt = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        end = len(spoilt) if chance.random() < 0.5 else min(len(spoilt), 600)
        spoilt[chance.randrange(end)] = chance.choice([0, 127, 128, 255, chance.randrange(256)])
    return bytes(spoilt)


@pytest.mark.parametrize(
    "name", ["plain.sav", "rows.sav", "whole.zsav", "new.dta", "old.dta", "p.por", "p.xpt", "p.parquet"]
)
def test_spoilt_bytes_end_in_a_refusal_or_in_a_table(tmp_path: Path, name: str) -> None:
    """Never in another exception. A changed value is not seen: that is what the sha256 in a profile is for."""
    content = write_all(tmp_path)[name]
    path = tmp_path / f"spoilt{Path(name).suffix}"
    chance = random.Random(name)
    refusals: list[InformalityError] = []
    for _ in range(12 if name != "p.parquet" else 200):
        path.write_bytes(spoil(content, chance))
        try:
            raw = read_raw(path)
        except InformalityError as refusal:
            refusals.append(refusal)
        else:
            assert raw.rows == len(raw.frame)
    assert refusals
    assert {refusal.code for refusal in refusals} == {ExitCode.DATA_FILE}
    assert all(p.place and p.what and p.found and p.fix for refusal in refusals for p in refusal.problems)


@pytest.mark.parametrize(
    ("death", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "the library that reads it crashed (SIGSEGV)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the library that reads it crashed (SIGKILL)"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_reader_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, death: str, words: str) -> None:
    path = tmp_path / "p.sav"
    pyreadstat.write_sav(FRAME, path)
    whole = isolated.START
    monkeypatch.setattr(isolated, "START", death)
    with pytest.raises(InformalityError) as refused:
        read_raw(path)
    (problem,) = refused.value.problems
    assert (problem.place, problem.what) == (str(path), "the file is cut short or damaged")
    assert problem.found == f"{path.stat().st_size:,} bytes; {words}"
    # and one that dies half-way, after it has told what the file holds
    half = (
        whole.replace("serve()", "import informality.survey.readstat as r; r.batches = lambda *a: (")
        + f"exec({death!r}), iter(()))[1]; r.serve()"
    )
    monkeypatch.setattr(isolated, "START", half)
    with pytest.raises(InformalityError, match=r"crashed \(SIG"):
        read_raw(path)


def test_a_fault_of_ours_is_not_laid_on_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.sav"
    pyreadstat.write_sav(FRAME, path)
    monkeypatch.setattr(isolated, "START", "raise TypeError('a fault of ours')")
    with pytest.raises(RuntimeError, match="a fault of ours"):
        read_raw(path)


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "p.sav"
    pyreadstat.write_sav(FRAME, path)
    with isolated.opened(str(path), "sav", trusted=False) as source:
        assert isinstance(source, isolated.Apart)
        process = source.process
        assert process.poll() is None
        next(source.batches(["a"], [], 10))  # and no more of it
    assert process.returncode in (0, -signal.SIGKILL if sys.platform != "win32" else 1)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DamagedError), isolated.opened(str(path), "sav", trusted=False):
        pass


def test_a_folder_of_the_user_does_not_change_what_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.sav"
    pyreadstat.write_sav(FRAME, path)
    (tmp_path / "json.py").write_text("raise ImportError('not the json that was meant')")
    monkeypatch.chdir(tmp_path)
    assert read_raw(path).rows == 80
