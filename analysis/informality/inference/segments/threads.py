"""One thread in the libraries that scikit-learn calls.

Sums made by several threads differ in the last digits from run to run, and nothing published may. On a machine that is
shared it is faster, too: threads that wait for each other are most of the time of small problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit the libraries to one thread while the block runs; it costs some milliseconds, so put it around loops."""
    import sklearn.utils  # noqa: F401  (loads the libraries: those loaded later would not be limited)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
