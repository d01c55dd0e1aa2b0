"""A wording out of plain values, such as those of a YAML or JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from code_caption.errors import SettingsError
from code_caption.rows.row_wording import AttributeKind, RowWording
from code_caption.words.noun_forms import NounForms


def dict_to_row_wording(values: Mapping[str, Any]) -> RowWording:
    """Read a wording: fields by name, lists for tuples, attribute kinds and nouns as mappings of their own fields.

    >>> kinds = [{"name": "color", "words": ["red", "blue"], "questions": ["What color is the {phrase}?"]}]
    >>> wording = dict_to_row_wording({"attribute_kinds": kinds, "nouns": {"plural_only": ["rails"]}})
    >>> wording.attribute_kinds[0].words, wording.nouns.plural_only
    (('red', 'blue'), ('rails',))

    Raises:
        SettingsError: `wording`: a field is unknown, missing or has a wrong value.
    """
    read = _fields_of(RowWording, values, "a row wording")
    if "attribute_kinds" in read:
        read["attribute_kinds"] = tuple(_kind(each) for each in _listed(read["attribute_kinds"], "attribute_kinds"))
    if "nouns" in read:
        read["nouns"] = NounForms(**_fields_of(NounForms, read["nouns"], "nouns"))
    return RowWording(**read)


def _kind(values: Any) -> AttributeKind:
    read = _fields_of(AttributeKind, values, "an attribute kind")
    if missing := {"name", "words"} - read.keys():
        raise SettingsError("wording", f"an attribute kind must have name and words; got no {', '.join(missing)}.")
    return AttributeKind(**read)


def _fields_of(kind: type, values: Any, what: str) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise SettingsError("wording", f"{what} must be a mapping of names to values; got {type(values).__name__}.")
    known = [field.name for field in fields(kind)]
    given = cast("Mapping[str, Any]", values)
    if unknown := [name for name in given if name not in known]:
        raise SettingsError("wording", f"{what} has the fields {', '.join(known)}; got {unknown[0]!r}.")
    return {name: _tupled(value) for name, value in given.items()}


def _tupled(value: Any) -> Any:
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value


def _listed(value: Any, what: str) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise SettingsError("wording", f"{what} must be a list; got {type(value).__name__}.")
    return cast("tuple[Any, ...]", value)
