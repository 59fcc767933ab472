"""Every text that is published, gathered from where it stands: the code, the library, the sources of the reports.

``python tests/languages/texts.py`` writes ``library/languages/en.yml`` anew from it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from informality.foundation.library import LIBRARY
from informality.foundation.specfile import read_yaml
from informality.publication.document import front_matter
from informality.publication.translated import pieces

ROOT = Path(__file__).parents[2]
PACKAGE = LIBRARY.parent
PUBLISHING = [*sorted((PACKAGE / "publication").glob("*.py")), PACKAGE / "reporting.py"]
"""The code whose texts are read in a report, a workbook or the explorer."""
META = ("document", "in-short")
"""What is read of the front matter of a report."""
NOT_PUBLISHED = {
    "datapackage.py", "ddi.py", "definition_text.py", "exchanged.py", "labelled.py", "lookup.py", "plain.py", "sdmx.py",
    "view_specs.py",
}  # fmt: skip
"""Texts of the command line, and of files for other programs, which are in English."""
EXEMPT = {
    "word.py": "XML",
    "store.py": "SQL; the store is English",
    "printed.py": "messages and markup",
    "lettering.py": "style sheets",
    "document.py": "messages",
    "page.py": "messages and style sheets",
    "quarto.py": "messages and settings of a program",
}
"""Files whose sentences are not looked for, and why; what they hand to ``say`` is."""
NOT_SAID = frozenset({"Problem", "InformalityError", "compile", "sub", "search", "match", "fullmatch", "findall"})
"""Calls whose texts are messages on the command line, or patterns."""
CODE = re.compile(
    r"[<>=#\\_]|\{\{|:::|^[a-z-]*: |^\S+: [\d.]+(px|em|pt)|^(PRAGMA|INSERT|CREATE|SELECT|offset|upper|lower) |\.(svg|md|ttf|json)"
)
SENTENCE = re.compile(r"[A-Za-z’]{2}[,;:]? +[\w’(“{]|^(?:\W )?[A-Z][a-z]+$")
WORDS_OF_CODE = {
    "Noto Sans", "Noto Sans Lao", "Informality Noto Sans", "Informality Noto Sans Lao", "NotoSans", "NotoSansLao", "Regular",
    "Bold", "Calibri", "Date", "Creator", "DefinitionNote", "ReportInputs", "Cc", "Int64", "share of GDP", "log points",
    "not fitted", "Header", "Footer",
    "'Noto Sans','Noto Sans Lao','Segoe UI',system-ui,'Helvetica Neue',Arial,sans-serif",
}  # fmt: skip


def said(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every literal handed to ``say``, whichever way it is chosen."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say" and node.args:
            for inner in _literals(node.args[0]):
                yield inner.lineno, str(inner.value)


def _literals(node: ast.expr) -> Iterator[ast.Constant]:
    """The texts an expression may come to: a literal, the branches of a choice, the values of a mapping."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def unsaid(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every literal inside a function that reads like words for a reader and is not handed to ``say``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    left_out = {id(c) for n in ast.walk(tree) if _not_words(n) for c in ast.walk(n)}
    left_out |= {id(c) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for c in ast.walk(n) if c is not n}
    left_out |= {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in {id(n): n for f in functions for n in ast.walk(f)}.values():
        if (
            id(node) not in left_out
            and isinstance(node, ast.Constant | ast.JoinedStr)
            and reads_like_words(_text(node))
        ):
            yield node.lineno, _text(node)


def constants(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every literal outside a function that reads like words for a reader."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            if re.match("COMPLAINTS|__all__", ast.unparse(statement)):
                continue  # messages; names
            keys = {id(k) for n in ast.walk(statement.value) if isinstance(n, ast.Dict) for k in n.keys if k}
            calls = {id(c) for n in ast.walk(statement.value) if _not_words(n) for c in ast.walk(n)}
            texts = [n for n in ast.walk(statement.value) if id(n) not in keys | calls and isinstance(n, ast.Constant)]
            worded = [n for n in texts if reads_like_words(_text(n))]
            spoken = isinstance(statement.value, ast.Dict) and bool(worded)  # then single words are for a reader, too
            for node in texts if spoken else worded:
                if (
                    re.search("[a-z]", _text(node))
                    and not CODE.search(_text(node))
                    and _text(node) not in WORDS_OF_CODE
                ):
                    yield node.lineno, _text(node)


def _not_words(node: ast.AST) -> bool:
    """Whether texts below a node are no words for a reader: messages, patterns, keys, what is compared with."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        return name in NOT_SAID | {"say", "startswith", "endswith", "savefig", "set_properties", "write_url"}
    return isinstance(node, ast.Compare | ast.Subscript)


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def reads_like_words(text: str) -> bool:
    """Whether a literal is for a reader: two words, or one with a capital, and no code."""
    return text not in WORDS_OF_CODE and bool(SENTENCE.search(text.replace("\u00a0", " "))) and not CODE.search(text)


# -- where texts come from -----------------------------------------------------------------------------


NAMED = (
    "verified", "derived", "recall", "assumption",  # standings
    "Official", "Tolerance",  # columns of official figures
    "How the files were read", "Fingerprint", "Manifest", "Engine",  # what is recorded of a run
    "Title", "Usual value", "Fact", "Step", "Step title", "N weighted", "Assumed", "Severity", "Place", "Note", "Check",
    "good", "caution", "unreliable", "suppressed", "not determinable",  # grades
    "persons", "hours", "odds ratio", "ratio", "log points", "coefficient", "share of GDP", "share of State revenue",
    "years", "share", "area", "currency", "variance", "geometric mean", "relative risk ratio",  # units
    "Status", "value", "Set to", "Who moves", "Why", "Fix", "Block",  # columns
    "Members on record are reproduced", "Known ratios hold", "What payers pay is all that is contributed",
    "Nothing comes from nothing", "More support, more members; a higher floor, no lower contribution",
    "How rows are split changes nothing", "Rates are rates, and units are not mixed",
    "The life table is that of the country",  # checks of scenarios
)  # fmt: skip
"""Words that are told by their names: columns of frames, units, standings."""


def of_code() -> list[str]:
    """Texts of the code, in the order of files."""
    found = [*NAMED]
    found += [text for path in sorted(PACKAGE.rglob("*.py")) for _, text in said(path)]
    found += [text for path in PUBLISHING if path.name not in NOT_PUBLISHED | {*EXEMPT} for _, text in constants(path)]
    return found


def of_library() -> list[str]:
    """Texts of the library: titles of tables and figures, labels of variables and their categories."""
    found = [*_titled(_yaml("schema.yml"), {"title"}, {"categories", "missing"})]
    found += _titled(_yaml("views.yml"), {"title", "note"}, set())
    coverage = _yaml("coverage_views.yml")
    for part, inside in coverage.items():
        found += _titled(inside, {"title", "note"}, set()) if part == "tables" else _all(inside)
    for folder in ("tables", "models"):
        for path in sorted((LIBRARY / folder).glob("*.yml")):
            found += list(_titled(_yaml(path), {"title"}, set()))
    found += _titled(_yaml("robustness.yml"), {"title", "universe_title"}, set())
    found += _titled(_yaml("quality.yml"), set(), {"blocks"})
    for path in sorted((LIBRARY / "reliability").glob("*.yml")):
        found += _titled(_yaml(path), {"title", "why", "summary"}, set())
    found += [_yaml(path)["summary"] for path in sorted((LIBRARY / "disclosure").glob("*.yml"))]
    for path in sorted((LIBRARY / "definitions").glob("*.yml")):
        spec = _yaml(path)
        found += [spec["title"], spec["summary"]]
        found += [text for step in spec["steps"] for text in _titled(step, {"title"}, {"outcomes", "labels"})]
        found += [rule["why"] for step in spec["steps"] for rule in step["rules"] if "why" in rule]
        found += [
            text for option in spec.get("options", {}).values() for text in _titled(option, {"title"}, {"choices"})
        ]
        found += [
            option.get("title") or name.replace("_", " ").capitalize()
            for name, option in spec.get("options", {}).items()
        ]
        found += [option["unit"] for option in spec.get("options", {}).values() if "unit" in option]
    for folder in ("schemes", "scenarios", "baselines"):
        found += [_yaml(path)["title"] for path in sorted((LIBRARY / folder).glob("*.yml"))]
    for path in sorted({*(LIBRARY / "scenarios").glob("*.yml")} - {LIBRARY / "scenarios" / "template.yml"}):
        spec = _yaml(path)
        found += [spec["summary"], *spec.get("notes", []), *_titled(spec.get("levers", []), {"why"}, set())]
    for folder in ("schemes", "baselines", "scenarios"):
        for path in sorted((LIBRARY / folder).glob("*.yml")):
            spec = _yaml(path)
            found += _units(spec)
            found += [
                *_titled(spec.get("benefits", {}), {"title"}, set()),
                *_titled(spec.get("sources", {}), {"own", "recalled"}, set()),
                *(spec.get("notes", []) if folder == "baselines" else []),
            ]
    demo = _yaml("surveys/lao-demo.yml")
    found += [demo["title"], demo["country"]["name"], demo["agency"], demo["made_up"]]
    found += demo["variables"]["region"]["labels"].values()
    for path in sorted((ROOT / "analysis" / "studies").glob("*.yml")):
        study, _, _ = read_yaml(path)
        found += [study["title"], study["subtitle"]]
    return found


def _units(value: Any) -> Iterator[str]:
    """Units of numbers, without the currency they begin with, which is the same in all languages; not those of conditions."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "unit":
                yield re.sub("^[A-Z]{3} ", "", inner)
            elif key not in ("who", "when"):
                yield from _units(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _units(inner)


def sources() -> list[str]:
    """The sources of the reports, and what several of them include."""
    found = [*sorted((ROOT / "reports").glob("*.qmd")), *sorted((ROOT / "reports").glob("_*.md"))]
    return [path.read_text(encoding="utf-8") for path in found]


def of_reports() -> list[str]:
    """What reports are called, their headings and titles of call-outs; their paragraphs are looked up as they stand."""
    kept = ("heading", "title")
    called = [str(meta[key]) for text in sources() for meta in [front_matter(text, "")] for key in META if key in meta]
    return called + [p.text for text in sources() for p in pieces(text) if p.kind in kept and p.text]


def prose() -> list[str]:
    """Paragraphs and list items of the reports."""
    return [p.text for text in sources() for p in pieces(text) if p.kind in ("paragraph", "item") and p.text]


def _yaml(name: str | Path) -> Any:
    return read_yaml(LIBRARY / name)[0]


def _titled(value: Any, keys: set[str], words: set[str]) -> Iterator[str]:
    """Texts under these keys, at any depth; of those in ``words`` every text below."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in keys and isinstance(inner, str):
                yield inner
            elif key in words:
                yield from _all(inner)
            else:
                yield from _titled(inner, keys, words)
    elif isinstance(value, list):
        for inner in value:
            yield from _titled(inner, keys, words)


def _all(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _all(inner)
    elif isinstance(value, str):
        yield value


def gathered() -> dict[str, list[str]]:
    """Every text, once, under where it comes from."""
    seen: set[str] = set()
    found = {}
    for name, texts in (("reports", of_reports()), ("library", of_library()), ("code", of_code())):
        new = [t for t in dict.fromkeys(text.strip() for text in texts) if re.search("[a-z]", t) and t not in seen]
        seen |= set(new)
        found[name] = new
    return found


HEAD = """\
# Every English text that is published, by where it comes from; catalogues translate these. Not written by hand:
# `python tests/languages/texts.py` gathers it from the code, the library and the sources of the reports.
"""


def quoted(text: str) -> str:
    """A text as YAML, with spaces that do not break written out."""
    return json.dumps(text, ensure_ascii=False).replace("\u00a0", "\\u00a0").replace("\u202f", "\\u202f")


def written(texts: Mapping[str, list[str]]) -> str:
    """The content of ``en.yml``."""
    lines = [HEAD + "language: en", "name: English", "texts:"]
    for name, found in texts.items():
        lines += [f"  {name}:", *(f"    - {quoted(text)}" for text in found)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (LIBRARY / "languages" / "en.yml").write_text(written(gathered()), encoding="utf-8", newline="\n")
