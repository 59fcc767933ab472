"""What a profile says of one harmonised variable: the four forms it may take."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from informality.foundation.codes import Code
from informality.foundation.grammar import CellValue, RuleSpec
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecModel, Words
from informality.foundation.tagged import MissingCode


class TakeSpec(SpecModel):
    """Leading digits of a classification code: pad with zeros to ``width``, keep the ``first`` digits."""

    width: int = Field(ge=1)
    first: int = Field(ge=1)


class NumberSpec(SpecModel):
    """How a numeric column is read: codes that mean missing (``99``, or ``.a``), bands, and the range that is possible.

    ``elsewhere``: codes whose answer stands in the column under ``else``, as a blank's does.
    """

    unknown: list[MissingCode] = Field(default_factory=list)
    not_applicable: list[MissingCode] = Field(default_factory=list)
    not_asked: list[MissingCode] = Field(default_factory=list)
    elsewhere: list[float] = Field(default_factory=list)
    min: float | None = None
    max: float | None = None
    values: dict[float, float | Literal["unknown", "not_asked", "not_applicable", "TODO"]] | None = None


class FormSpec(SpecModel):
    """How one harmonised variable is made from raw columns. A ``map`` beside ``codes`` adds to the shared list.

    ``where`` is a condition on raw columns: elsewhere the question was put in other words, and counts as not asked here.
    ``variants``: other readings of the questionnaire that are defensible too; results are shown under each of them.
    """

    column: Words | None = Field(default=None, alias="from")
    take: TakeSpec | None = None
    map: dict[Code, Words] | None = None
    codes: Words | None = None
    number: NumberSpec | None = None
    otherwise: FormSpec | None = Field(default=None, alias="else")
    rules: list[RuleSpec] | None = None
    blank: Words | None = None
    labels: dict[str, Words] = Field(default_factory=dict)
    asked_of: dict[str, CellValue] = Field(default_factory=dict)
    where: dict[str, CellValue] = Field(default_factory=dict)
    question: Words | None = None
    note: Words | None = None
    variants: dict[Words, VariantSpec] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_form(self) -> FormSpec:
        given = [n for n in ("map", "codes", "number", "rules") if getattr(self, n) is not None]
        if len(given) != 1 and given != ["map", "codes"]:
            raise ValueError(f"give exactly one of map, codes, number, rules (found {', '.join(given) or 'none'})")
        if (self.rules is None) != (self.column is not None):
            raise ValueError("`from` names the column of map, codes and number; rules name their own columns")
        if self.otherwise is not None and (self.number is None or self.otherwise.number is None):
            raise ValueError("`else` follows a number and holds a number")
        if self.number is not None and self.number.elsewhere and self.otherwise is None:
            raise ValueError("`elsewhere` names codes that the column under `else` answers: add `else`")
        for name in ("take", "blank"):
            if getattr(self, name) is not None and (self.number is not None or self.rules is not None):
                raise ValueError(f"`{name}` goes with map and codes only")
        for name in ("asked_of", "where"):
            if getattr(self, name) and self.rules is not None:
                raise ValueError(f"rules say themselves who was not asked: remove `{name}` and add a rule")
        if self.where and (self.blank is not None or self.otherwise is not None):
            raise ValueError("`where` goes with neither `blank` nor `else`")
        return self


class VariantSpec(FormSpec):
    """Another reading of one variable: what it is called, why somebody would read the questionnaire so, and who does."""

    title: Words
    why: Words
    source: Words
    status: Status

    @model_validator(mode="after")
    def _has_no_variants(self) -> VariantSpec:
        if self.variants:
            raise ValueError("a variant has no variants of its own: name it beside the others")
        return self
