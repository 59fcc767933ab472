"""The few words of SQL that a decision table needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from informality.foundation.grammar import Condition

WIDTH = 110
RESERVED = frozenset(
    re.findall(
        r"\w+",
        "all and any array as asc between both by case cast check collate column constraint create cross current date "
        "default desc distinct do else end except exists false fetch filter for foreign from full grant group having in "
        "inner insert intersect into is join key lateral leading left like limit natural not null of offset on only or "
        "order outer over primary references returning right row select set some table then time to trailing true union "
        "unique update user using values view when where window with",
    )
)


def name(identifier: str) -> str:
    """An identifier, in double quotes where a bare word would not do."""
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", identifier) and identifier not in RESERVED
    return identifier if plain else '"' + identifier.replace('"', '""') + '"'


def literal(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else repr(float(value))


def listed(words: Sequence[str]) -> str:
    """``= 'a'`` or ``IN ('a', 'b')``."""
    return f"= {literal(words[0])}" if len(words) == 1 else f"IN ({', '.join(map(literal, words))})"


def comment(text: str) -> str:
    """A comment line; nothing for no text."""
    return f"-- {' '.join(text.split())}\n" if text else ""


def and_(tests: Iterable[str]) -> str:
    return " AND ".join(tests)


def or_(tests: Sequence[str]) -> str:
    """Alternatives, in brackets where there are several, so that they can stand among other tests."""
    if len(tests) == 1:
        return tests[0]
    return "(" + " OR ".join(f"({t})" if " AND " in t else t for t in tests) + ")"


def test(column: str, kind: str, condition: Condition) -> str:
    """One test of one column: words by name, numbers by value, a missing number by its reason."""
    words = [v for v in condition.values if isinstance(v, str)]
    if kind != "number":
        return f"{name(column)} {listed(words)}"
    parts = [f"{name(column)} {c.symbol} {number(c.threshold)}" for c in condition.comparisons]
    parts += [f"{name(column)} = {number(v)}" for v in condition.values if not isinstance(v, str)]
    parts += [f"{name(column + '.missing')} {listed(words)}"] if words else []
    return or_(parts)


def case(branches: Sequence[tuple[str, str, str]], otherwise: str = "") -> str:
    """``CASE`` with branches (test, value, comment); a test that is empty holds always and is the last."""
    lines = []
    for when, then, says in branches:
        lines.append(comment(says).rstrip("\n"))
        if not when and len(branches) > 1:
            lines.append(f"ELSE {then}")
            break
        lines += _broken(f"WHEN {when or '1 = 1'} THEN {then}")
    else:
        lines += [f"ELSE {otherwise}"] if otherwise else []
    lines = [line for line in lines if line]
    one = " ".join(lines)
    if not any(says for _, _, says in branches) and len(one) <= WIDTH:
        return f"CASE {one} END"
    return "CASE\n" + "\n".join(f"      {line}" for line in lines) + "\n    END"


def _broken(text: str) -> list[str]:
    """A long branch, one test a line."""
    if len(text) <= WIDTH or "CASE" in text or "((" in text:
        return [text]
    return text.replace(" AND ", "\n  AND ").replace(" THEN ", "\n  THEN ").split("\n")
