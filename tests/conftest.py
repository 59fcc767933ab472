"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# One thread of linear algebra for each process, before numpy is imported: there is a process of tests for each core already,
# and threads that wait for each other over small matrices made these take five times as long.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# The same cases every time where a run decides about a submission, and fewer, because it has 20 minutes; new ones at every
# run elsewhere.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=25)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with survey files and reference numbers that are too large, or not ours, to keep here."""
    place = Path(os.environ.get("INFORMALITY_SHARED", REPOSITORY.parent / "shared"))
    if not place.is_dir():
        pytest.skip(f"no reference files in {place}; say where they are with INFORMALITY_SHARED")
    return place
