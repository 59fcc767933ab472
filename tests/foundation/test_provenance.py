"""A result is whole or it is not there, and its manifest says what made it.

Authorities: the hashes are those of Python's own hashlib and of FIPS 180-4; what a killed process leaves
is seen by killing one.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from informality.foundation import provenance
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.provenance import (
    GitState,
    git_state,
    package_fingerprint,
    sha256,
    versions,
    write_atomically,
    write_json,
)


def test_the_new_file_is_filled_beside_the_old_one_and_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.parquet"
    seen: list[Path] = []

    def write(new: Path) -> None:
        assert not new.exists()
        seen.append(new)
        new.write_text(f"version {len(seen)}")
        assert not path.exists() or path.read_text() == "version 1"

    write_atomically(path, write)
    write_atomically(path, write)
    assert path.read_text() == "version 2"
    assert list(path.parent.iterdir()) == [path]
    for new in seen:
        assert (new.parent, new.suffix, new.name[0]) == (path.parent, ".parquet", ".")
    assert seen[0] != seen[1]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: type[BaseException]) -> None:
    path = tmp_path / "results.csv"
    path.write_text("old")

    def write(new: Path) -> None:
        new.write_text("ha")
        raise failure("stopped")

    with pytest.raises(failure, match="stopped"):
        write_atomically(path, write)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_process_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("old")
    program = """
import sys, time
from pathlib import Path
from informality.foundation.provenance import write_atomically

def write(new):
    with new.open("w") as file:
        file.write("half")
        file.flush()
        print("half written", flush=True)
        time.sleep(60)

write_atomically(Path(sys.argv[1]), write)
"""
    environment = os.environ | {"PYTHONPATH": str(provenance.PACKAGE.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half written\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    left = [each for each in tmp_path.iterdir() if each != path]
    assert [each.name[0] for each in left] == ["."]  # what a killed process cannot take away is hidden


def refused(path: Path, write: Callable[[Path], object]) -> str:
    """What the refusal to write ``path`` gives as its evidence."""
    with pytest.raises(InformalityError) as refusal:
        write_atomically(path, write)
    (problem,) = refusal.value.problems
    assert refusal.value.code == ExitCode.OUTPUT
    assert problem.place == str(path)
    assert problem.what == "this file could not be written"
    assert problem.fix.startswith("check that the folder may be written to, that the disk has room")
    return problem.found


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    found = refused(tmp_path / "reports" / "country.html", lambda new: new.write_text("x"))
    assert "File exists" in found or "Not a directory" in found
    assert (tmp_path / "reports").read_text() == "a file"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
def test_a_folder_where_nobody_can_write() -> None:
    assert refused(Path("/proc/informality/results.csv"), lambda new: new.write_text("x"))


def test_a_place_taken_by_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.mkdir()
    (path / "kept").touch()
    refused(path, lambda new: new.write_text("x"))
    assert list(tmp_path.iterdir()) == [path]
    assert (path / "kept").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("old")

    def write(new: Path) -> None:
        new.write_text("half")
        Path("/dev/full").write_text("the rest")

    assert "No space left" in refused(path, write)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@dataclass(frozen=True, slots=True)
class Delivered:
    name: str
    path: Path


def test_json_is_the_same_for_equal_contents_and_known_to_any_reader(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    content = {
        "ລາວ": "ñ",
        "file": Delivered("a", Path("data_raw") / "a.sav"),
        "when": datetime(2024, 5, 1, 12, 30),
        "day": date(2024, 5, 1),
        "n": np.int64(5),
        "share": np.float64(0.5),
        "yes": np.True_,
    }
    write_json(one, content)
    write_json(two, dict(reversed(content.items())))
    assert one.read_bytes() == two.read_bytes()
    assert one.read_text(encoding="utf-8").endswith("}\n")
    assert "ລາວ" in one.read_text(encoding="utf-8")
    assert json.loads(one.read_text(encoding="utf-8")) == {
        "ລາວ": "ñ",
        "file": {"name": "a", "path": "data_raw/a.sav"},
        "when": "2024-05-01T12:30:00",
        "day": "2024-05-01",
        "n": 5,
        "share": 0.5,
        "yes": True,
    }


@pytest.mark.parametrize(
    ("content", "error"), [(float("nan"), ValueError), (np.inf, ValueError), (object(), TypeError)]
)
def test_json_refuses_what_no_reader_would_take(tmp_path: Path, content: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        write_json(tmp_path / "manifest.json", {"value": content})
    assert not list(tmp_path.iterdir())


def test_sha256_is_that_of_the_standard(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")  # the example of FIPS 180-4
    assert sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    large = bytes(range(256)) * 20_000
    path.write_bytes(large)
    assert sha256(path) == hashlib.sha256(large).hexdigest()


def test_the_fingerprint_changes_with_every_program_and_library_file(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (tmp_path / "rules.py").write_text("a = 1")
    (library / "schema.yml").write_text("age: number")
    seen = [package_fingerprint(tmp_path)]
    (library / "schema.yml").write_text("age: years")
    seen.append(package_fingerprint(tmp_path))
    (tmp_path / "rules.py").rename(tmp_path / "rule.py")
    seen.append(package_fingerprint(tmp_path))
    (library / "font.ttf").write_bytes(b"\0")
    seen.append(package_fingerprint(tmp_path))
    assert len(set(seen)) == 4
    # what is compiled or hidden changes nothing
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "rule.pyc").write_bytes(b"\1")
    (tmp_path / ".rule.py.swp").write_bytes(b"\1")
    assert package_fingerprint(tmp_path) == seen[-1]


def test_versions_come_without_importing_the_libraries() -> None:
    program = """
import json, sys
from informality.foundation.provenance import versions
print(json.dumps([versions(), sorted({"numpy", "pandas", "matplotlib", "scipy"} & set(sys.modules))]))
"""
    environment = os.environ | {"PYTHONPATH": str(provenance.PACKAGE.parent)}
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    found, imported = json.loads(answer.stdout)
    assert found == versions()
    assert imported == []
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["numpy"] == np.__version__


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_state_of_a_checkout(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    part = checkout / "part"
    part.mkdir(parents=True)
    git(checkout, "init", "-q")
    assert git_state(checkout) is None  # nothing is committed yet
    (part / "a.py").write_text("a = 1")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "first")
    commit = git(checkout, "rev-parse", "HEAD")
    assert git_state(part) == GitState(commit, dirty=False)
    (checkout / "elsewhere.py").touch()
    assert git_state(part) == GitState(commit, dirty=False)
    assert git_state(checkout) == GitState(commit, dirty=True)
    (part / "a.py").write_text("a = 2")
    assert git_state(part) == GitState(commit, dirty=True)


def test_the_state_of_a_checkout_never_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_state(tmp_path) is None
    assert git_state(tmp_path / "nowhere") is None
    monkeypatch.setenv("PATH", "")
    assert git_state(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"steps": []}', '{"raw": "y", "steps": {}}', '{"raw": {}, "steps": {"workers": 1}}']
)
def test_a_misshapen_manifest_only_costs_time(tmp_path: Path, text: str) -> None:
    from informality.pipeline.last_run import read_manifest

    path = tmp_path / "manifest.json"
    path.write_text(text)
    assert read_manifest(path) == {}
