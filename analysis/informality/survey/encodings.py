"""In which encoding the text of a file is written: what the file says, held against its letters.

A wrong encoding shows nowhere: “Ocupación” becomes “OcupaciÃ³n” or “Ocupaci¾n” and every count stays right. So what
a profile or a file declares is tested on every text that has a letter beyond ASCII, and where nothing is declared,
or the declaration cannot be right, the letters themselves decide between the encodings that the field's files are
written in. Where they cannot, the reader stops and shows how the text would read. The others (windows-1256 for
Arabic, windows-874 for Thai) are never guessed: they have to be declared.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

CANDIDATES = ("windows-1252", "cp850")
PLAUSIBLE, CLEARLY = 0.9, 0.2  # share of odd letters in their place; how much better than the next encoding
SHOWN = 40  # characters of a text that a message shows

_NAMES = {"cp1252": "windows-1252", "utf-8": "UTF-8", "iso8859-1": "latin-1", "utf-16": "UTF-16", "ascii": "ASCII"}
_WORD = re.compile(r"[^\W\d_]+")
_PUNCTUATION = set("¿¡ºª°“”‘’–—…«»·´€§®©²³½¼×")

Source = Literal["profile", "file", "letters", "nothing"]
SAID_BY = {
    "profile": "as the profile says",
    "file": "as the file itself says",
    "letters": "found by its letters",
    "nothing": "no letter beyond ASCII",
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the text of a file was read, who said so, the evidence, and whether a declaration was contradicted.

    ``warning`` is a sentence for the reader of the results, or empty when there is nothing to look at.
    """

    name: str
    source: Source
    evidence: str = ""
    warning: str = ""

    @property
    def words(self) -> str:
        """``windows-1252 (as the file itself says; 35 texts …)``."""
        return f"{self.name} ({'; '.join(filter(None, (SAID_BY[self.source], self.evidence)))})"


class UndecidedError(Exception):
    """The letters do not say which encoding they are in; the message is the evidence."""


class ContradictedError(Exception):
    """What the profile declares cannot be right; the message is the evidence."""


def known_name(name: str) -> str:
    """An encoding as we write it. Raises ``LookupError`` for a name that means nothing."""
    plain = name.strip().lower().replace("_", "-")
    for spelling in (
        plain,
        re.sub(r"^(windows|ibm|cp)-?(\d+)$", r"cp\2", plain),
        plain.replace("macintosh", "mac-roman"),
    ):
        try:
            found = codecs.lookup(spelling).name
        except LookupError:
            continue
        return _NAMES.get(found, re.sub(r"^cp(125\d)$", r"windows-\1", found))
    raise LookupError(name)


def settle(texts: Collection[bytes], *, profile: str | None = None, file: str | None = None) -> Encoding:
    """The encoding of a file, given all its distinct texts that have a byte beyond ASCII.

    ``profile`` and ``file`` are the names declared there. Raises ``LookupError`` for a profile's name that means
    nothing, :class:`ContradictedError` when a text is none in the encoding that the profile declares, and
    :class:`UndecidedError` when nothing that is declared fits and the letters fit several encodings, or none.
    """
    if profile is not None:
        return _of_profile(texts, known_name(profile))
    declared = _declared(file)
    if not texts:
        return Encoding(declared or "UTF-8", "file" if declared else "nothing")
    if proof := _evidence(texts, "UTF-8"):  # nobody writes by chance what UTF-8 allows
        if declared in (None, "UTF-8", "ASCII"):
            return Encoding("UTF-8", "file" if declared == "UTF-8" else "letters", proof)
        return Encoding("UTF-8", "letters", proof, f"the file says that its text is {declared}, but it is UTF-8")
    spoken = "windows-1252" if declared == "latin-1" else declared  # the same, with letters for control characters
    scores = {name: _in_place(texts, name) for name in CANDIDATES}
    best, other = sorted(scores, key=lambda name: -scores[name])[:2]
    clear = scores[best] >= PLAUSIBLE and scores[best] - scores[other] >= CLEARLY
    believed = spoken not in (None, "UTF-8", "ASCII") and not (clear and spoken in scores and spoken != best)
    if believed and (proof := _evidence(texts, str(spoken))):
        return Encoding(str(spoken), "file", proof)
    if not clear:
        longest = max(texts, key=lambda t: (min(len(t), SHOWN), t))
        raise UndecidedError(f"for example {readings(longest)}")
    says = (
        f"the file says that its text is {declared}, which it is not"
        if declared
        else "the file does not say how its text is encoded"
    )
    return Encoding(best, "letters", _evidence(texts, best), f"{says}; it was read as {best}")


def readings(text: bytes, names: Sequence[str] = CANDIDATES) -> str:
    """How a text reads in several encodings, for a message."""
    shown = [f"“{text.decode(name, errors='replace')[:SHOWN]}” in {name}" for name in names]
    return ", ".join(shown)


def _of_profile(texts: Collection[bytes], name: str) -> Encoding:
    if not texts:
        return Encoding(name, "profile")
    proof = _evidence(texts, name)
    if not proof:
        wrong = next(t for t in texts if _decoded(t, name) is None)
        raise ContradictedError(f"the bytes {wrong[:SHOWN]!r} are no text in it")
    utf8 = name != "UTF-8" and _evidence(texts, "UTF-8")
    return Encoding(
        name, "profile", proof, f"the profile says that the text is {name}, but it is UTF-8" if utf8 else ""
    )


def _declared(name: str | None) -> str | None:
    try:
        return known_name(name) if name else None
    except LookupError:
        return None


def _decoded(text: bytes, name: str) -> str | None:
    try:
        return text.decode(name)
    except UnicodeDecodeError:
        return None


def _evidence(texts: Collection[bytes], name: str) -> str:
    """How many texts there are and one of them, when all are text in the encoding; else nothing.

    UTF-8 may end in half a letter, as where the width of a column cut it, if most texts are whole.
    """
    read = [text for text in (_decoded(t, name) for t in texts) if text is not None]
    if len(read) < len(texts):
        cut = sum(_cut(t) for t in texts) if name == "UTF-8" else 0
        if len(read) + cut < len(texts) or cut > len(read):
            return ""
    example = min(read, key=lambda t: (abs(len(t) - 10), t))
    count = f"{len(texts):,} {'text' if len(texts) == 1 else 'texts'}"
    return f"{count} with letters beyond ASCII, such as “{example[:SHOWN].strip()}”"


def _cut(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return "unexpected end" in error.reason
    return False


def _in_place(texts: Collection[bytes], name: str) -> float:
    """The share of characters beyond ASCII that stand where such a letter stands in a word; 0 for no text at all.

    A letter is out of place when it is a capital after a small letter, or when a word of three letters and more
    has hardly any ASCII in it: so looks every alphabet read in the encoding of another.
    """
    good = total = 0
    for raw in texts:
        text = _decoded(raw, name)
        if text is None:
            return 0.0
        odd = [i for i, c in enumerate(text) if c > "\x7f"]
        total += len(odd)
        right = set()
        for found in _WORD.finditer(text):
            letters = found.group()
            foreign = sum(c > "\x7f" for c in letters)
            if len(letters) >= 3 and foreign > 0.6 * len(letters):
                continue
            right |= {
                found.start() + k
                for k, c in enumerate(letters)
                if c > "\x7f" and c.isalpha() and not (c.isupper() and k and letters[k - 1].islower())
            }
        for i in odd:
            between = 0 < i < len(text) - 1 and text[i - 1].isalpha() and text[i + 1].isalpha()
            good += i in right or text[i] == "’" or (text[i] in _PUNCTUATION and not between)
    return good / total if total else 0.0
