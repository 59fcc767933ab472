"""Names for segments, put together from the words of the caller and the levels that set a segment apart.

A level is part of a name if it is common in the segment and more common than outside. What four in five are is said
plainly; what more than half are is said with "mostly". (The limits are :class:`Choices`.) A name is a handle, not
a definition: beside it stands the profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from informality.inference.segments.choices import Choices
from informality.inference.segments.profiles import Contrast


@dataclass(frozen=True, slots=True)
class Wording:
    """The words between the words; ``everyone``: what the cases are, when no noun fits most of a segment."""

    everyone: str = "people"
    mostly: str = "mostly {}"
    more_often: str = "more often {}"
    both: str = "{} and {}"
    either: str = "{} or {}"
    against: str = "{title}: {label} {inside:.0%}, others {outside:.0%}"
    mean_against: str = "{title}: {inside:,.3g} on average, others {outside:,.3g}"


@dataclass(frozen=True, slots=True)
class _Part:
    """A phrase, whether it goes without "mostly", and where it stands."""

    phrase: str
    plain: bool
    contrast: Contrast


def names(sets: Sequence[Sequence[Contrast]], choices: Choices, wording: Wording | None = None) -> tuple[str, ...]:
    """A name for each segment, all different. ``sets``: its contrasts, the largest distance first."""
    words = wording or Wording()
    parts = [_parts(mine, choices, words) for mine in sets]
    most = int(choices.parts.value)
    made = [_name(p, most, words) for p in parts]
    for more in range(most + 1, most + 1 + max(len(p) for p in parts)):
        if len(set(made)) == len(made):
            break
        made = [_name(p, more, words) if made.count(name) > 1 else name for p, name in zip(parts, made, strict=True)]
    return tuple(_told_apart(made, sets, words))


def description(contrasts_: Sequence[Contrast], words: Wording, number: int = 4) -> str:
    """The levels on which a segment differs most, one for each of its most distant characteristics, with both shares."""
    told = []
    for contrast in contrasts_[:number]:
        what = contrast.column.what
        if not contrast.levels:
            line = words.mean_against.format(title=what.printed, inside=contrast.inside[0], outside=contrast.outside[0])
        else:
            at = int(contrast.difference.value.argmax())
            line = words.against.format(
                title=what.printed, label=what.label(contrast.levels[at]),
                inside=contrast.inside[at], outside=contrast.outside[at],
            )  # fmt: skip
        told.append(line)
    return "; ".join(told)


def _parts(mine: Sequence[Contrast], choices: Choices, words: Wording) -> list[_Part]:
    found = [_part(contrast, choices, words) for contrast in mine]
    return [part for part in found if part]


def _part(contrast: Contrast, choices: Choices, words: Wording) -> _Part | None:
    what = contrast.column.what
    if not contrast.levels:
        phrase = what.phrases.get("high" if contrast.spreads > 0 else "low", "")
        return _Part(phrase, True, contrast) if phrase and abs(contrast.spreads) >= choices.apart.value else None
    inside, lead = contrast.inside, contrast.difference.value
    first, second = (int(i) for i in np.argsort(-inside, kind="stable")[:2])
    either = [first]
    joint = inside[first] + inside[second]
    if inside[first] < choices.plainly.value <= joint and inside[second] >= choices.second.value:
        either = sorted([first, second])
    for said in (either, [first]):
        phrases = [what.phrases.get(contrast.levels[i], "") for i in said]
        share = float(inside[said].sum())
        ahead = what.position == "head" or float(lead[said].sum()) >= choices.ahead.value
        if all(phrases) and ahead and share >= choices.mostly.value:
            join = words.both if what.position == "head" else words.either
            phrase = phrases[0] if len(said) == 1 else join.format(*phrases)
            return _Part(phrase, share >= choices.plainly.value, contrast)
    return None


def _name(parts: Sequence[_Part], most: int, words: Wording) -> str:
    heads = [p for p in parts if p.contrast.column.what.position == "head"]
    others = [p for p in parts if p.contrast.column.what.position != "head"][:most]
    others.sort(key=lambda p: p.contrast.place)
    before = [p.phrase for p in others if p.plain and p.contrast.column.what.position == "before"]
    after = [p.phrase for p in others if p.plain and p.contrast.column.what.position == "after"]
    tail = [words.mostly.format(p.phrase) for p in others if not p.plain]
    head = heads[0].phrase if heads else words.everyone
    if heads and not heads[0].plain:
        head = words.mostly.format(head)
        if before:  # "rural people, mostly employees", not "rural mostly employees"
            head, tail = words.everyone, [head, *tail]
    text = ", ".join([" ".join([*before, head, *after[:1]]), *after[1:], *tail])
    return text[:1].upper() + text[1:]


def _told_apart(made: list[str], sets: Sequence[Sequence[Contrast]], words: Wording) -> list[str]:
    """Names still alike are told apart by what is most different between them, or else by number."""
    out = list(made)
    for name in {n for n in made if made.count(n) > 1}:
        alike = [i for i, n in enumerate(made) if n == name]
        for i in alike:
            best, phrase = 0.0, ""
            for contrast in sets[i]:
                if not contrast.levels:
                    continue
                others = [
                    c.inside for j in alike if j != i for c in sets[j]
                    if c.column is contrast.column and c.levels == contrast.levels
                ]  # fmt: skip
                lead = contrast.inside - np.mean(others, axis=0)
                for level, ahead in zip(contrast.levels, lead, strict=True):
                    if ahead > best and level in contrast.column.what.phrases:
                        best, phrase = float(ahead), contrast.column.what.phrases[level]
            if phrase:
                out[i] = f"{name}, {words.more_often.format(phrase)}"
    return [f"{name} ({out[: i + 1].count(name)})" if out.count(name) > 1 else name for i, name in enumerate(out)]
