"""YAML files that fail well: file, line, what was found, what is allowed, all problems at once.

A file is composed to a node tree (so every key keeps its line and a repeated key is seen), turned
into plain Python values by YAML 1.2 rules (``yes`` and ``no`` stay words), and validated against a
pydantic model that knows every allowed key. :class:`SpecFile` keeps the lines, so later checks
(a category the schema does not have, a column the file lacks) can still say where they stand.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, Union

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.resolver import implicit_resolvers
from yaml import YAMLError as FastYAMLError
from yaml.nodes import Node
from yaml.resolver import BaseResolver

try:
    from yaml.cyaml import CParser
except ImportError:  # this build of PyYAML has no libyaml
    CParser = None

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean

Loc = tuple[Any, ...]
Line = int | tuple[Path, int]
"""A line (from 1) of the file, or of another file that a part was taken over from."""


class SpecModel(BaseModel):
    """Base of every YAML model: unknown keys are errors, values are never coerced across kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no page, workbook or XML file can hold; a tab and a line break are none of them."""
ANY_CHARACTER = frozenset({"delimiter"})
"""Keys that name a character of a data file, which is never printed."""

Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
"""A text that says something: not empty, blanks around it dropped."""

M = TypeVar("M", bound=SpecModel)


@dataclass(frozen=True, slots=True)
class SpecFile(Generic[M]):
    """A validated YAML file together with the line of each of its parts."""

    spec: M
    path: Path
    lines: Mapping[Loc, Line]

    def place(self, *loc: Any) -> str:
        """``ecu-enemdu.yml, line 31`` for the deepest known part of ``loc``."""
        return _place(self.path, self.lines, loc)


def load(path: Path, model: type[M]) -> SpecFile[M]:
    """Read and validate one YAML file.

    Raises :class:`InformalityError` (``ExitCode.SPEC``) holding every problem of the file: a file that
    is missing or not YAML stops at once, duplicate keys and all validation errors are collected.
    """
    return checked(path, *read_yaml(path), model)


def checked(path: Path, data: Any, lines: Mapping[Loc, Line], problems: list[Problem], model: type[M]) -> SpecFile[M]:
    """The plain values of a YAML file, as :func:`read_yaml` gives them, held against their model."""
    try:
        spec = model.model_validate(data)
    except ValidationError as failure:
        seen: dict[tuple[str, str], Problem] = {}
        details = failure.errors(include_url=False)
        for detail in details:
            if _other_member(detail, details):
                continue
            problem = _explain(detail, model, path, lines)
            seen.setdefault((problem.place, problem.what), problem)
        raise InformalityError([*problems, *seen.values()], ExitCode.SPEC) from None
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return SpecFile(spec, path, lines)


def read_yaml(path: Path) -> tuple[Any, dict[Loc, int], list[Problem]]:
    """The plain values of a YAML file, the line (from 1) of every path in it, and duplicate keys.

    Raises :class:`InformalityError` when the file cannot be opened or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = did_you_mean(path.name, [p.name for p in path.parent.glob("*.y*ml")]) if path.parent.is_dir() else ""
        raise InformalityError(
            Problem(str(path), "this file does not exist", fix=near or "check the name and the folder"), ExitCode.SPEC
        ) from None
    except UnicodeDecodeError as failure:
        line = path.read_bytes()[: failure.start].count(b"\n") + 1
        raise InformalityError(
            Problem(
                f"{path.name}, line {line}",
                "the file is not UTF-8 text",
                f"byte {failure.object[failure.start]:#x}",
                "save it again as UTF-8",
            ),
            ExitCode.SPEC,
        ) from None
    except OSError as failure:
        raise InformalityError(
            Problem(str(path), "this file cannot be read", str(failure.strerror)), ExitCode.SPEC
        ) from None
    unprintable = [
        _unprintable(f"{path.name}, line {number}", "this line", found[0])
        for number, line in enumerate(text.split("\n"), start=1)
        if (found := CONTROL.search(line))
    ]
    if unprintable:
        raise InformalityError(unprintable, ExitCode.SPEC)
    try:
        root = composed(text)
    except YAMLError as failure:
        raise InformalityError(_syntax_problem(path, failure, text), ExitCode.SPEC) from None
    if root is None:
        raise InformalityError(
            Problem(path.name, "the file is empty", fix="see the files in the library folder for examples"),
            ExitCode.SPEC,
        )
    lines: dict[Loc, int] = {}
    problems: list[Problem] = []
    value = _construct(root, (), path, lines, problems)
    return value, lines, problems


class _Words(BaseResolver):  # type: ignore[misc]
    """What a plain word is by YAML 1.2: a number, true or false, nothing, or itself; the rules are ruamel's."""


for _versions, _tag, _pattern, _first in implicit_resolvers:
    if (1, 2) in _versions:
        _Words.add_implicit_resolver(_tag, _pattern, _first)


def composed(text: str) -> Node | None:
    """The node tree of a YAML text: by libyaml, which is many times faster; what it does not take is read by ruamel, for
    its messages. Raises ruamel's ``YAMLError``."""
    if CParser is not None:

        class Reader(CParser, _Words):  # type: ignore[misc]
            def __init__(self) -> None:
                CParser.__init__(self, text)
                _Words.__init__(self)

        try:
            return Reader().get_single_node()
        except FastYAMLError:
            pass
    return slowly_composed(text)


def slowly_composed(text: str) -> Node | None:
    """The same by ruamel alone."""
    return YAML(typ="safe", pure=True).compose(text)


def _construct(node: Node, loc: Loc, path: Path, lines: dict[Loc, int], problems: list[Problem]) -> Any:
    lines.setdefault(loc, node.start_mark.line + 1)
    if node.id == "scalar":
        if (found := CONTROL.search(node.value)) and not ANY_CHARACTER.intersection(loc[-1:]):
            name = ".".join(map(str, loc))
            problems.append(_unprintable(f"{path.name}, line {lines[loc]}", f"`{name}`", found[0]))
            return CONTROL.sub("\N{REPLACEMENT CHARACTER}", node.value)  # later checks print what they find
        return _scalar(node)
    if node.id == "sequence":
        return [_construct(child, (*loc, i), path, lines, problems) for i, child in enumerate(node.value)]
    out: dict[Any, Any] = {}
    first_line: dict[Any, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.id != "scalar":
            problems.append(Problem(f"{path.name}, line {line}", "a key must be one word or number"))
            continue
        if found := CONTROL.search(key_node.value):
            problems.append(_unprintable(f"{path.name}, line {line}", "a key", found[0]))
            continue
        key = _scalar(key_node)
        if key in out:
            problems.append(
                Problem(
                    f"{path.name}, line {line}",
                    f"the key `{key}` is given twice",
                    f"first on line {first_line[key]}, again on line {line}",
                    "keep one of them",
                )
            )
            continue
        first_line[key] = lines[(*loc, key)] = line
        out[key] = _construct(value_node, (*loc, key), path, lines, problems)
    return out


def _unprintable(place: str, what: str, character: str) -> Problem:
    return Problem(place, f"{what} holds a character that cannot be printed", f"U+{ord(character):04X}", "delete it")


def _scalar(node: Node) -> Any:
    tag, text = str(node.tag), str(node.value)
    if "_" in text:  # 15_24 is a name here, as in YAML 1.2 proper
        return text
    if tag.endswith(":int"):
        return int(text, 0) if text.lower().lstrip("+-")[:2] in {"0x", "0o"} else int(text)
    if tag.endswith(":float"):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if tag.endswith(":bool"):
        return text.lower() == "true"
    if tag.endswith(":null"):
        return None
    return text


def _syntax_problem(path: Path, failure: YAMLError, text: str) -> Problem:
    mark = getattr(failure, "problem_mark", None)
    if not isinstance(failure, MarkedYAMLError) or mark is None:
        return Problem(path.name, "the file is not valid YAML", str(failure).splitlines()[0])
    lines = text.splitlines()
    shown = lines[mark.line] if mark.line < len(lines) else ""
    place = f"{path.name}, line {mark.line + 1}"
    if "\t" in shown:
        return Problem(
            place, "a tab stands where YAML wants spaces", repr(shown.strip("\n")), "replace each tab by spaces"
        )
    return Problem(
        place,
        "the file is not valid YAML here",
        f"{shown.strip() or 'end of file'} ({failure.problem})",
        "look at this line and the one above: a missing colon, quote, bracket or indent is the usual cause",
    )


def _place(path: Path, lines: Mapping[Loc, Line], loc: Loc) -> str:
    line = lines.get(_known_prefix(lines, loc))
    if isinstance(line, tuple):
        path, line = line
    return f"{path.name}, line {line}" if line else path.name


def _known_prefix(lines: Mapping[Loc, Line], loc: Loc) -> Loc:
    """The part of a pydantic location that exists in the file (names of union members left out)."""
    known: Loc = ()
    for part in loc:
        if (*known, part) in lines:
            known = (*known, part)
    return known


_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list (lines that begin with `-`, or [a, b])",
    "tuple": "a list (lines that begin with `-`, or [a, b])",
    "dict": "a mapping (lines of `key: value`)",
    "model": "a mapping (lines of `key: value`)",
}

_BOUNDS = {
    "greater_than": "more than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
}
_BOUND_NAMES = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}


def _explain(detail: ErrorDetails, model: type[BaseModel], path: Path, lines: Mapping[Loc, Line]) -> Problem:
    loc, kind, found = detail["loc"], detail["type"], detail["input"]
    place = _place(path, lines, loc)
    name = ".".join(str(part) for part in _known_prefix(lines, loc)) or "the file"
    if kind == "extra_forbidden":
        return Problem(
            place,
            f"the key `{loc[-1]}` is not known here",
            f"`{loc[-1]}` in {_parent(lines, loc)}",
            did_you_mean(loc[-1], _fields_at(model, loc[:-1])),
        )
    if kind == "missing":
        return Problem(place, f"`{loc[-1]}` is missing in {_parent(lines, loc)}", fix=f"add a line `{loc[-1]}: …`")
    shown = (
        f"`{found}`" if not isinstance(found, dict | list) else ("a list" if isinstance(found, list) else "a mapping")
    )
    if kind in {"literal_error", "enum"}:
        allowed = [word.strip("' ") for word in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
        allowed = [word for word in allowed if word != "TODO"]  # where it may stand, it is no answer
        if str(found) in allowed:
            return Problem(place, f"`{name}` should be text", shown, f'write it in quotation marks, "{found}"')
        return Problem(place, f"`{name}` has a value that is not allowed", shown, did_you_mean(found, allowed))
    if kind.endswith("_type") or kind.endswith("_parsing"):
        wanted = _KINDS.get(kind.split("_")[0], kind.split("_")[0])
        return Problem(place, f"`{name}` should be {wanted}", shown, f"write {wanted}")
    if kind == "union_tag_invalid":
        tag, allowed = detail["ctx"]["tag"], str(detail["ctx"]["expected_tags"]).replace("'", "").split(", ")
        word = str(detail["ctx"]["discriminator"]).strip("'")
        return Problem(
            _place(path, lines, (*loc, word)), f"`{tag}` is not a known {word}", f"`{tag}`", did_you_mean(tag, allowed)
        )
    if kind == "union_tag_not_found":
        word = str(detail["ctx"]["discriminator"]).strip("'")
        return Problem(place, f"`{word}` is missing in {_parent(lines, (*loc, word))}", fix=f"add a line `{word}: …`")
    if kind in {"too_short", "string_too_short"}:
        return Problem(place, f"`{name}` is empty", shown, "write at least one" if kind == "too_short" else "write it")
    if kind in _BOUNDS:
        bound = f"{_BOUNDS[kind]} {detail['ctx'][_BOUND_NAMES[kind]]:g}"
        return Problem(place, f"`{name}` should be {bound}", shown, f"write a number that is {bound}")
    if kind == "value_error":
        return Problem(place, str(detail["ctx"]["error"]), shown if not isinstance(found, dict) else "")
    return Problem(place, f"`{name}`: {detail['msg']}", shown)


def _other_member(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Whether an error is about the member of a union the user did not mean.

    A mapping is no fixed word, and a word is no mapping and no number: only the errors of the kind that was written count.
    """
    if len(details) == 1:
        return False
    wrong_word = detail["type"] == "literal_error" and isinstance(detail["input"], dict | list)
    wrong_mapping = detail["type"] in {"model_type", "dict_type"} and any(
        other["type"] == "literal_error" and other["loc"][:-1] == detail["loc"][:-1] for other in details
    )
    wrong_number = detail["type"].startswith("float") and any(
        other["type"] == "literal_error" and other["loc"][:-1] == detail["loc"][:-1] for other in details
    )
    return wrong_word or ((wrong_mapping or wrong_number) and isinstance(detail["input"], str))


def _parent(lines: Mapping[Loc, Line], loc: Loc) -> str:
    known = _known_prefix(lines, loc[:-1])
    return f"`{'.'.join(str(p) for p in known)}`" if known else "the file"


def _fields_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """Names of the fields a model has at ``loc``, walking through lists, dicts and unions."""
    found: list[Any] = [model]
    for part in loc:
        following: list[Any] = []
        for kind in found:
            if isinstance(kind, type) and issubclass(kind, BaseModel) and part in kind.model_fields:
                following += _members(kind.model_fields[str(part)].annotation)
            elif typing.get_origin(kind) in (list, tuple, dict, Mapping):
                following += _members(typing.get_args(kind)[-1])
        found = following or found  # a part that names a union member: stay
    models = [kind for kind in found if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [field.alias or name for kind in models for name, field in kind.model_fields.items()]


def _members(annotation: Any) -> list[Any]:
    origin = typing.get_origin(annotation)
    if origin in (Union, types.UnionType):
        return [m for a in typing.get_args(annotation) for m in _members(a)]
    if origin is Annotated:
        return _members(typing.get_args(annotation)[0])
    if origin is tuple:
        return [list[typing.get_args(annotation)[0]]]  # type: ignore[misc]
    return [annotation]
