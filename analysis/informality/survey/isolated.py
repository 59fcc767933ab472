"""Reading with a library that can crash, in a process of its own, so that damaged bytes end in a sentence."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import pyarrow as pa

from informality.survey.readstat import About, DamagedError, batches, describe

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from informality.survey.readstat import serve; serve()"
)


class Opened(Protocol):
    """An open file: what it says of itself, and its columns in batches."""

    about: About

    def batches(self, columns: Sequence[str], text: Sequence[str], size: int) -> Iterator[pa.RecordBatch]: ...


class Here:
    """A file read in this process."""

    def __init__(self, path: str, kind: str) -> None:
        self.path, self.kind = path, kind
        self.about = describe(path, kind)

    def batches(self, columns: Sequence[str], text: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
        return batches(self.path, self.kind, columns, text, size)


class Apart:
    """A file read in another process, which may die of it."""

    def __init__(self, process: subprocess.Popen[bytes], last_words: Any, path: str, kind: str) -> None:
        self.process, self.last_words = process, last_words
        self.about = About(**self._ask({"path": path, "kind": kind})["about"])

    def batches(self, columns: Sequence[str], text: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
        self._ask({"columns": list(columns), "text": list(text), "size": size})
        try:
            with pa.ipc.open_stream(self.process.stdout) as stream:
                yield from stream
        except (pa.ArrowException, OSError):
            self._failed()
        if self.process.wait() != 0:
            self._failed()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            self._failed()
        if "damaged" in answer:
            raise DamagedError(answer["damaged"])
        return answer

    def _failed(self) -> None:
        """Raise what the process died of."""
        code = self.process.wait()
        self.last_words.seek(0)
        words = self.last_words.read().decode(errors="replace").strip()
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            raise DamagedError(f"the library that reads it crashed ({name})")
        if code == 3 or (sys.platform == "win32" and code > 0x8000_0000):
            raise DamagedError(words.rpartition("damaged: ")[2] or "the library that reads it crashed")
        raise RuntimeError(f"the reading process ended with code {code}: {words}")


@contextmanager
def opened(path: str, kind: str, *, trusted: bool) -> Iterator[Opened]:
    """Open a file of a statistical package: here when its bytes are ``trusted``, else in a process of its own.

    Raises :class:`DamagedError` when it cannot be read, however badly.
    """
    if trusted:
        yield Here(path, kind)
        return
    command = [sys.executable, "-P", "-c", START, json.dumps(sys.path)]
    with tempfile.TemporaryFile() as last_words:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=last_words)
        try:
            yield Apart(process, last_words, path, kind)
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError, ValueError):
                    stream.close()  # type: ignore[union-attr]
