"""A definition with one of its options set otherwise: all that its file allows, one at a time."""

from __future__ import annotations

from dataclasses import dataclass

from informality.classification.definition import Definition
from informality.classification.spec import Value


@dataclass(frozen=True, slots=True)
class Variant:
    """A definition in which one option has another value than the one in force."""

    option: str
    value: Value
    definition: Definition


def variants(definition: Definition) -> tuple[Variant, ...]:
    """Every other value of every option, in the order of the file.

    A choice may be any of its words; a number one of the ``alternatives`` its file names, or its default where the
    study has set another. A number without alternatives is not varied.
    """
    out = []
    for name, option in definition.spec.options.items():
        values: list[Value] = list(option.choices) if option.choices else [*option.alternatives]
        if not option.choices and option.value is not None:
            values.append(option.value)
        out += [
            Variant(name, value, definition.with_options({name: value}))
            for value in dict.fromkeys(values)
            if value != definition.options[name]
        ]
    return tuple(out)
