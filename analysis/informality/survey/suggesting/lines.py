"""Lines of YAML with comments: values quoted where they have to be, labels kept on one line."""

from __future__ import annotations

import json
import re

from informality.foundation.codes import Code
from informality.foundation.tagged import is_tag

WIDTH = 128
_PLAIN = re.compile(r"[^\W\d_][\w.\-]*(?: [\w.\-]+)*", re.UNICODE)
_SPECIAL = {"true", "false", "null", "~"}


def scalar(text: str) -> str:
    """A text as a YAML value."""
    if text and _PLAIN.fullmatch(text) and text.lower() not in _SPECIAL:
        return text
    return json.dumps(text, ensure_ascii=False)


def key(code: Code) -> str:
    """A code as a YAML key: text in quotation marks, numbers and letters for missing values without."""
    if isinstance(code, str):
        return code if is_tag(code) else json.dumps(code, ensure_ascii=False)
    return str(code)


def number(value: float) -> str:
    """A number as YAML writes it."""
    if value == float("inf"):
        return ".inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def remark(text: str) -> str:
    """A text that may stand in a comment: one line, cut where it is very long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= WIDTH else f"{flat[: WIDTH - 1]}…"


def counted(code: Code, label: str, rows: int) -> str:
    """The label of a code and its rows, for the comment beside it."""
    return f"{remark(label) or 'no label'}: {rows:,}"
