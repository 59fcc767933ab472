"""The line under every printed benchmark: when it was run, and on which versions."""

from __future__ import annotations

import datetime
import platform
from importlib.metadata import version


def versions(*more: str) -> str:
    """Date, Python and library versions."""
    libraries = ("numpy", "scipy", "pandas", "statsmodels", *more)
    listed = ", ".join(f"{name} {version(name)}" for name in libraries)
    return f"{datetime.date.today():%-d %B %Y}, Python {platform.python_version()}, {listed}"
