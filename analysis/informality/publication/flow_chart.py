"""The flow chart of a decision table: questions, answers and outcomes, one above the other.

Drawn narrow, so that it is read on a telephone and beside the text of a printed page alike; the outcomes stand at the
right. A step that would not fit on a page is drawn in parts that refer to each other. Text stays text: it can be searched
and read aloud, and the description holds every rule in words. The same table gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from informality.foundation.language import english_mark, listed, say
from informality.foundation.questions import Asks, Ends, Lists, Node, Tests, questions
from informality.foundation.reading import words
from informality.foundation.rules import Rule, Step
from informality.publication.figures import GRID, INK, LOOKS, SOFT, SPARE
from informality.publication.lettering import embedded, folded, width
from informality.publication.table import one_line

WIDE, TALL = 376.0, 840.0
"""Width of a drawing and the height it may have, in CSS pixels; set 10.5 cm wide it fits on a printed A4 page."""
STEP_IN, PILL, GAP = 14.0, 112.0, 7.0
TEXT, SMALL, LEADING = 11.5, 10.0, 1.3
TINT = "#eef1f4"
UNDECIDED = frozenset({"not_determinable", "not_known", "not_classified", "none", "unknown", "not_applicable"})
FAMILY = "'Noto Sans','Noto Sans Lao','Segoe UI',system-ui,'Helvetica Neue',Arial,sans-serif"


@dataclass(frozen=True, slots=True)
class _Goes:
    """Stands where another part goes on."""

    part: str


_Drawn = Node | _Goes


@dataclass(slots=True)
class _Sheet:
    """What is drawn so far, and how far down."""

    step: Step
    looks: dict[str, str]
    shapes: list[str] = field(default_factory=list)
    y: float = 0.0

    def lines(
        self, x: float, text: str, room: float, size: float, fill: str = INK, bold: bool = False, mark: str = ""
    ) -> float:
        """Folded text from here on down, with the ``mark`` of its language; the width of its first line."""
        lines = folded(one_line(text), room, size, bold)
        weight = ' font-weight="700"' if bold else ""
        for line in lines:
            self.y += size * LEADING
            place = f'x="{x:.1f}" y="{self.y - size * 0.28:.1f}" font-size="{size:g}"'
            self.shapes.append(f'<text {place} fill="{fill}"{weight}{mark}>{html.escape(line)}</text>')
        return width(lines[0], size, bold) if lines else 0.0

    def line(self, x1: float, y1: float, x2: float, y2: float, arrow: bool = False) -> None:
        self.shapes.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#9aa3ab" fill="none"/>')
        if arrow:
            self.shapes.append(f'<path d="M{x2:.1f} {y2:.1f}l-5 -2.5v5z" fill="#9aa3ab"/>')


def step_charts(step: Step, prefix: str) -> list[str]:
    """The drawings of one step, in order: ``<svg>`` elements that can stand in a page; ``prefix`` makes their ids."""
    return [
        f'<svg class="flow" viewBox="0 0 {WIDE:g} {high:.0f}" width="{WIDE:g}" height="{high:.0f}" role="img" '
        f'aria-labelledby="{prefix}-{part}-title {prefix}-{part}-desc" font-family="{FAMILY}">'
        f'<title id="{prefix}-{part}-title">{html.escape(title)}</title>'
        f'<desc id="{prefix}-{part}-desc">{html.escape(says)}</desc>{body}</svg>'
        for part, title, says, body, high in _parts(step)
    ]


def chart_file(title: str, steps: Sequence[Step]) -> str:
    """One SVG file with every step of a definition, one below the other, its letters inside."""
    bodies, says, y = [], [], 0.0
    head = _Sheet(steps[0], {})
    head.lines(0, title, WIDE, 15, bold=True)
    y = head.y + 12
    for number, step in enumerate(steps, 1):
        top = _Sheet(step, {})
        top.lines(0, f"{number}. {step.title}", WIDE, 13, bold=True)
        bodies.append(f'<g transform="translate(0 {y:.1f})">{"".join(top.shapes)}</g>')
        y += top.y + 6
        for _, _, described, body, high in _parts(step):
            bodies.append(f'<g transform="translate(0 {y:.1f})">{body}</g>')
            says.append(described)
            y += high + 14
        y += 12
    body = "".join(head.shapes) + "".join(bodies)
    edge = 14.0
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-edge:g} {-edge:g} {WIDE + 2 * edge:g} {y + edge:.0f}" '
        f'width="{WIDE + 2 * edge:g}" height="{y + edge:.0f}" role="img" aria-labelledby="title desc" font-family="{FAMILY}">'
        f'<title id="title">{html.escape(one_line(title))}</title><desc id="desc">{html.escape(" ".join(says))}</desc>'
        f"<style>{embedded(html.unescape(body))}</style>"
        f'<rect x="{-edge:g}" y="{-edge:g}" width="100%" height="100%" fill="#fff"/>{body}</svg>\n'
    )


# -- parts ---------------------------------------------------------------------------------------------


def _parts(step: Step) -> Iterator[tuple[str, str, str, str, float]]:
    """Letter, title, description, shapes and height of each part of a step's drawing."""
    looks = _looks(step)
    parts = _cut(questions(step), step, looks)
    for letter, (path, node) in parts.items():
        sheet = _Sheet(step, looks)
        title = step.title
        if len(parts) > 1:
            part = say("part {letter}", letter=letter)
            title += f", {part}" + (f": {path}" if path else "")
            sheet.lines(0, _capital(part) + (f". {path}" if path else ""), WIDE, SMALL, SOFT, bold=True)
            sheet.y += 4
        _node(sheet, node, 0.0)
        says = " ".join(_said(rule, step) for rule in _rules(node))
        yield (
            letter,
            one_line(say("Flow chart: {title}", title=title)),
            one_line(says),
            "".join(sheet.shapes),
            sheet.y + 4,
        )


def _said(rule: Rule, step: Step) -> str:
    tests = "; ".join(_test(axis.variable, rule.when[axis.variable.name]) for axis in step.axes
                      if axis.variable.name in rule.when)  # fmt: skip
    outcome = step.outcomes[rule.then] + (" " + say("(assumed)") if rule.assumed else "")
    number = _capital(say("rule {rule}", rule=rule.id))
    return f"{number}. {tests or _capital(say('otherwise'))}: {outcome}."


def _rules(node: _Drawn) -> Iterator[Rule]:
    if isinstance(node, Ends):
        yield node.rule
    elif not isinstance(node, _Goes):
        for _, below in _below(node):
            yield from _rules(below)


def _below(node: _Drawn) -> Sequence[tuple[str, _Drawn]]:
    """What follows from a node, each with the words that lead to it."""
    if isinstance(node, Asks):
        return [(_test(node.variable, answer), below) for answer, below in node.answers]
    return [(_and(tests), below) for tests, below in node.cases] if isinstance(node, Lists) else []


def _with(node: _Drawn, old: _Drawn, new: _Drawn) -> _Drawn:
    """The same tree with one node replaced."""
    if node is old:
        return new
    if isinstance(node, Asks):
        return dataclasses.replace(node, answers=tuple((a, _with(b, old, new)) for a, b in node.answers))  # type: ignore[misc]
    if isinstance(node, Lists):
        return dataclasses.replace(node, cases=tuple((t, _with(b, old, new)) for t, b in node.cases))  # type: ignore[misc]
    return node


def _high(node: _Drawn, step: Step, looks: dict[str, str]) -> float:
    sheet = _Sheet(step, looks)
    _node(sheet, node, 0.0)
    return sheet.y


def _cut(root: _Drawn, step: Step, looks: dict[str, str]) -> dict[str, tuple[str, _Drawn]]:
    """The tree in parts that fit on a page, the largest branch that fits being taken off until the rest does."""
    parts: dict[str, tuple[str, _Drawn]] = {}
    while _high(root, step, looks) > TALL:
        inside = [(path, b, _high(b, step, looks)) for path, b in _branches(root, "")]
        fitting = [found for found in inside if 120 < found[2] <= TALL]
        if not fitting:
            break
        path, branch, _ = max(fitting, key=lambda found: found[2])
        letter = chr(ord("B") + len(parts))
        parts[letter] = (path, branch)
        root = _with(root, branch, _Goes(letter))
    return {"A": ("", root), **parts}


def _branches(node: _Drawn, path: str) -> Iterator[tuple[str, _Drawn]]:
    for says, below in _below(node):
        here = "; ".join(filter(None, (path, says)))
        if isinstance(below, Asks | Lists):
            yield here, below
            yield from _branches(below, here)


# -- drawing -------------------------------------------------------------------------------------------


def _looks(step: Step) -> dict[str, str]:
    """A colour for each outcome: its fixed one, none where nothing is decided, else one of the spare ones."""
    spare = iter([colour for colour, _ in SPARE] * (1 + len(step.outcomes) // len(SPARE)))
    looks = {}
    for outcome in step.outcomes:
        if outcome in LOOKS and outcome:
            looks[outcome] = LOOKS[outcome][0]
        else:
            looks[outcome] = TINT if outcome in UNDECIDED else next(spare)
    return looks


def _test(variable: object, condition: object) -> str:
    return f"{variable.title or variable.name}: {words(condition, variable)}"  # type: ignore[attr-defined, arg-type]


def _and(tests: Tests) -> str:
    return listed([_test(variable, condition) for variable, condition in tests])


def _node(sheet: _Sheet, node: _Drawn, x: float) -> None:
    if isinstance(node, Asks):
        _box(sheet, f"{node.variable.title or node.variable.name}?", x)
        spine, low = sheet.y, sheet.y
        for answer, below in node.answers:
            low = _branch(sheet, _capital(words(answer, node.variable)), below, x)
        sheet.line(x + 7, spine, x + 7, low)
    elif isinstance(node, Lists):
        _box(sheet, say("The first of these that fits decides:" if node.in_order else "One of these fits:"), x)
        spine, low = sheet.y, sheet.y
        for number, (tests, below) in enumerate(node.cases, 1):
            own = tests or (below.tests if isinstance(below, Ends) else ())
            ends = Ends(below.rule) if isinstance(below, Ends) and not tests else below
            low = _branch(sheet, f"{number}. {_and(own) or _capital(say('otherwise'))}", ends, x)
        sheet.line(x + 7, spine, x + 7, low)
    else:
        _branch(sheet, _and(node.tests) or _capital(say("always")) if isinstance(node, Ends) else "", node, x - STEP_IN)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _box(sheet: _Sheet, text: str, x: float) -> None:
    """A question, in a box as wide as its words need."""
    top, at = sheet.y, len(sheet.shapes)
    room = WIDE - x - 16
    sheet.y += 3
    sheet.lines(x + 8, text, room, TEXT, INK, bold=True)
    sheet.y += 4
    across = min(max(width(line, TEXT, True) for line in folded(one_line(text), room, TEXT, True)) + 16, WIDE - x)
    box = f'<rect x="{x:.1f}" y="{top:.1f}" width="{across:.1f}" height="{sheet.y - top:.1f}" rx="5" fill="{TINT}"/>'
    sheet.shapes.insert(at, box)


def _branch(sheet: _Sheet, says: str, below: _Drawn, x: float) -> float:
    """One answer and what follows from it; how far down its mark on the spine stands."""
    sheet.y += GAP
    top, left = sheet.y, x + STEP_IN + 4
    mark = top + TEXT * 0.75
    ends = isinstance(below, Ends | _Goes)
    room = WIDE - left - (PILL + 14 if ends else 0)
    first = sheet.lines(left, says, room, TEXT)
    sheet.line(x + 7, mark, left - 3, mark)
    if not ends:
        sheet.y += 5
        _node(sheet, below, x + STEP_IN)
        return mark
    if isinstance(below, Ends):
        for variable, condition in below.tests:
            sheet.lines(left, say("and {test}", test=_test(variable, condition)), room, TEXT)
        why = below.rule.why + (f" [{below.rule.cite}]" if below.rule.cite else "")
        sheet.lines(left, why, room, SMALL, SOFT, mark=english_mark(below.rule.why))
    if left + first + 4 < WIDE - PILL - 8:
        sheet.line(left + first + 3, mark, WIDE - PILL - 3, mark, arrow=True)
    foot = _pill(sheet, below, top)
    sheet.y = max(sheet.y, foot)
    return mark


def _pill(sheet: _Sheet, below: _Drawn, top: float) -> float:
    """The outcome of a rule, or the part that goes on, at the right; how far down it reaches."""
    left = WIDE - PILL
    if isinstance(below, Ends):
        rule = below.rule
        fill, label = sheet.looks[rule.then], sheet.step.outcomes[rule.then]
        under = say("rule {rule}, assumed" if rule.assumed else "rule {rule}", rule=rule.id)
        opening = f'<g class="rule" data-rule="{html.escape(rule.id)}">'
        edge = ' stroke="#1d2329" stroke-width="1.4" stroke-dasharray="4 2.5"' if rule.assumed else ""
    else:
        assert isinstance(below, _Goes)
        fill, label, under, opening = "#ffffff", say("goes on in part {letter}", letter=below.part), "", "<g>"
        edge = f' stroke="{SOFT}"'
    if fill == TINT and not edge:
        edge = f' stroke="{GRID}"'
    ink = INK if _light(fill) else "#ffffff"
    inside = _Sheet(sheet.step, sheet.looks, y=top + 1)
    inside.lines(left + 8, label, PILL - 14, 10, ink, bold=True)
    if under:
        inside.lines(left + 8, under, PILL - 14, 8.5, ink)
    foot = inside.y + 3.5
    place = f'x="{left + 0.7:.1f}" y="{top - 1.3:.1f}" width="{PILL - 1.4:.1f}" height="{foot - top + 1.3:.1f}"'
    rect = f'<rect {place} rx="4" fill="{fill}"{edge}/>'
    sheet.shapes.append(f"{opening}{rect}{''.join(inside.shapes)}</g>")
    return foot


def _light(colour: str) -> bool:
    """Whether dark letters are read better on a colour (relative luminance, WCAG 2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05)
