"""Flags made from a settings model: one for each field, `--training-lr` for a nested one."""

import os
import types
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, cast, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shard_runner.cli.settings import is_secret, nested_model

FieldPath = tuple[str, ...]


def fields_of(model: type[BaseModel], path: FieldPath = ()) -> Iterator[tuple[FieldPath, FieldInfo]]:
    """Yield every plain field of a model and of the models in it, with its path."""
    for name, info in model.model_fields.items():
        inner = nested_model(info.annotation)
        if inner and get_origin(info.annotation) not in (list, tuple, dict):
            yield from fields_of(inner, (*path, name))
        else:
            yield (*path, name), info


def parameter_name(path: FieldPath) -> str:
    """Return the keyword under which click passes a field's flag."""
    return "__".join(path)


def setting_flags(model: type[BaseModel]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds a flag for each field that a command line can express."""
    options = [option for path, info in fields_of(model) for option in _option(path, info)]

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def given_flags(model: type[BaseModel], parameters: Mapping[str, Any]) -> dict[FieldPath, Any]:
    """Return what flags and, for keys, the environment say; fields that neither names are left out."""
    given: dict[FieldPath, Any] = {}
    for path, info in fields_of(model):
        secret = is_secret(info.annotation)
        value = os.environ.get(path[-1].upper()) if secret else parameters.get(parameter_name(path))
        if value is not None and value != ():
            given[path] = list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value
    return given


def _option(path: FieldPath, info: FieldInfo) -> Iterator[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    if is_secret(info.annotation):
        return
    flag = "--" + "-".join(path).replace("_", "-")
    declared = [parameter_name(path)]
    text = _help(info)
    kind = _without_none(info.annotation)
    if kind is bool:
        yield click.option(f"{flag}/--no-{flag[2:]}", *declared, default=None, help=text)
    elif get_origin(kind) in (list, tuple) and _click_type(_first(kind)) is not None:
        yield click.option(flag, *declared, type=_click_type(_first(kind)), multiple=True, help=f"{text} [repeatable]")
    elif (click_type := _click_type(kind)) is not None:
        yield click.option(flag, *declared, type=click_type, default=None, help=text)


def _help(info: FieldInfo) -> str:
    text = info.description or ""
    default = info.get_default(call_default_factory=True) if not info.is_required() else None
    if isinstance(default, Enum):
        default = default.value
    if info.is_required():
        return f"{text} [needed]"
    return text if default is None or default in ([], ()) else f"{text} [default: {default}]"


def _first(kind: Any) -> Any:
    return (get_args(kind) or (str,))[0]


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        rest = [other for other in get_args(kind) if other is not type(None)]
        return rest[0] if len(rest) == 1 else str
    return kind


def _click_type(kind: Any) -> "click.ParamType[Any] | type | None":
    if get_origin(kind) is Literal:
        return click.Choice([str(value) for value in get_args(kind)])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return click.Choice([str(member.value) for member in kind])
    if isinstance(kind, type) and issubclass(kind, Path):
        return click.Path(path_type=Path)
    return kind if kind in (str, int, float) else None
