"""What an earlier run left and still holds: pieces of the documents, and documents that would come out the same.

A build folder says in ``_made.json`` from what it was made. A run from the same numbers takes over its tables and figures,
and every document whose text has not changed, so that a change of words costs no more than the one document. Whatever
was changed since by somebody else is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from informality.foundation.provenance import sha256
from informality.publication.document import Document
from informality.publication.pieces import Pieces

NOTE = "_made.json"


@dataclass(slots=True)
class Kept:
    """The build folder of an earlier run and what it was made from; ``key`` stands for everything but the words.

    Without a ``key`` nothing is taken over. ``texts``: by the name of a rendered file, what it was rendered from.
    """

    build: Path | None = None
    key: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    def _note(self) -> Mapping[str, Any]:
        try:
            found = json.loads((self.build / NOTE).read_text(encoding="utf-8")) if self.build and self.key else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) and found.get("key") == self.key else {}

    def pieces(self, figures: Collection[str]) -> Pieces | None:
        """The pieces of the earlier run, with all of these ``figures``; None where they have to be made."""
        note = self._note()
        named = {f"_figures/{id}.md" for id in figures}
        if self.build is None or not note or not named <= note["pieces"].keys() | set(note["unknown"]):
            return None
        paths = {name: self.build / name for name in note["pieces"]}
        if any(not path.is_file() or sha256(path) != note["pieces"][name] for name, path in paths.items()):
            return None
        return Pieces({name: path.read_text(encoding="utf-8") for name, path in paths.items()}, dict(note["shown"]))

    def rendered(self, name: str, document: Document, form: str) -> bytes | None:
        """The file of this name as the earlier run left it beside its build folder, if it would come out the same."""
        digest = hashlib.sha256(f"{self.key}\n{form}\n".encode())
        digest.update(json.dumps([dict(document.meta), document.text], ensure_ascii=False, sort_keys=True).encode())
        self.texts[name] = digest.hexdigest()
        note = self._note()
        made = note.get("rendered", {}).get(name, {})
        if self.build is None or not made or made["text"] != self.texts[name]:
            return None
        path = self.build.parent / name
        return path.read_bytes() if path.is_file() and sha256(path) == made["sha256"] else None

    def write(self, folder: Path, pieces: Pieces, figures: Collection[str], files: Mapping[str, Path]) -> None:
        """Note in a new build ``folder`` what it and the rendered ``files`` were made from."""
        unknown = sorted(f"_figures/{id}.md" for id in figures if f"_figures/{id}.md" not in pieces.files)
        content = {
            "key": self.key,
            "shown": pieces.shown,
            "pieces": {name: sha256(folder / name) for name in sorted(pieces.files)},
            "unknown": unknown,
            "rendered": {
                name: {"text": self.texts.get(name, ""), "sha256": sha256(path)} for name, path in sorted(files.items())
            },
        }
        (folder / NOTE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
