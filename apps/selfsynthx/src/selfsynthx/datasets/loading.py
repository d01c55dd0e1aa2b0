"""Specs of data sets from YAML: the built-in ones by name, the user's by path, each on top of another."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from selfsynthx.datasets.spec import QUESTION_KINDS, DatasetSpec
from selfsynthx.errors import InputError, SettingsError

_SPECS = Path(str(files("selfsynthx.datasets"))) / "specs"
_SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same in C where PyYAML was built with it, ten times as fast."""
_OWN_FIELDS = ("key", "title")
"""Not taken over from the spec that is extended."""


def known_specs() -> tuple[str, ...]:
    """Names of the built-in specs."""
    return tuple(sorted(path.stem for path in _SPECS.glob("*.yaml")))


def load_spec(name_or_path: str | Path) -> DatasetSpec:
    """The spec with a built-in name, or of a YAML file.

    A file may say `extends:` and the name or path of another spec; what it gives replaces that one's, mappings key by
    key. `questions:` may be the path of a YAML file; `more_questions:` adds to the pools. Paths are relative to the
    file.

    >>> load_spec("cub-200").noun
    'bird'

    Raises:
        SettingsError: the name is not known, or the spec is not valid; the message says which field.
        InputError: the file is missing or is no YAML.
    """
    path = _path_of(str(name_or_path), beside=None)
    raw = _merged(path, ())
    try:
        return DatasetSpec.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(f"{path.name}: {_in_one_line(error)}") from error


def _path_of(name: str, *, beside: Path | None) -> Path:
    """The file of a name or path; with `beside`, paths are relative to that file's folder."""
    if name in known_specs():
        return _SPECS / f"{name}.yaml"
    path = Path(name) if beside is None else beside.parent / name
    if path.suffix.lower() in (".yaml", ".yml"):
        return path
    known = known_specs()
    near = get_close_matches(name.lower().replace("_", "-"), known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise SettingsError(f"a data set must be one of {', '.join(known)}, or a .yaml file; got {name!r}{hint}")


def _merged(path: Path, below: tuple[Path, ...]) -> dict[str, Any]:
    """The values of a file on top of those that it extends."""
    if path.resolve() in below:
        raise SettingsError(f"{path.name} extends itself, by way of {' and '.join(one.name for one in below)}.")
    own = _read_mapping(path)
    own.setdefault("key", path.stem)
    own.setdefault("title", own["key"])
    if isinstance(own.get("questions"), str):
        own["questions"] = _read_mapping(path.parent / own["questions"])
    more = own.pop("more_questions", {})
    parent = own.pop("extends", None)
    base = _merged(_path_of(str(parent), beside=path), (*below, path.resolve())) if parent is not None else {}
    taken = {name: value for name, value in base.items() if name not in _OWN_FIELDS}
    return _with_more(_over(taken, own), more, path)


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in own.items():
        both = isinstance(value, dict) and isinstance(base.get(name), dict)
        merged[name] = {**base[name], **cast("dict[str, Any]", value)} if both else value
    return merged


def _with_more(values: dict[str, Any], more: Any, path: Path) -> dict[str, Any]:
    if not more:
        return values
    if not isinstance(more, dict) or not all(isinstance(texts, list) for texts in cast("Any", more).values()):
        raise SettingsError(f"{path.name}: more_questions must be lists under {', '.join(QUESTION_KINDS)}.")
    pools = values.get("questions")
    known: dict[str, Any] = cast("dict[str, Any]", pools) if isinstance(pools, dict) else {}
    added = cast("dict[str, list[Any]]", more)
    if unknown := sorted(set(added) - set(known)):
        raise SettingsError(f"{path.name}: more_questions adds to {', '.join(known) or 'no pool'}; got {unknown[0]!r}.")
    pools = {kind: [*texts, *added.get(kind, [])] for kind, texts in known.items()}
    return values | {"questions": pools}


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), Loader=_SAFE_LOADER)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}.") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} must hold a mapping of fields to values; got {type(value).__name__}.")
    return cast("dict[str, Any]", value)


def _in_one_line(error: ValidationError) -> str:
    first, *others = error.errors(include_url=False)
    where = ".".join(map(str, first["loc"]))
    text = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        near = get_close_matches(str(first["loc"][-1]), DatasetSpec.model_fields, n=1, cutoff=0.5)
        text = "is no field" + (f"; did you mean {near[0]}?" if near else "")
    rest = f" (and {len(others)} more faults)" if others else ""
    return f"{where}: {text}{rest}" if where else f"{text}{rest}"
