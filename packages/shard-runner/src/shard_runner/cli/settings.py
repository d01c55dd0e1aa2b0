"""Settings of an app: a file, then flags over it, checked by one pydantic model."""

import copy
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar, cast, get_args

import click
import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, create_model

from shard_runner.errors import PipelineError
from shard_runner.placement import Placement


class RunSettings(BaseModel):
    """Settings that every run has; an app's model gets those that it does not have itself."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    missing_error: ClassVar[type[click.UsageError]] = click.UsageError
    """What `needed` raises; an app may set its own."""

    seed: int = Field(0, ge=0, description="Seed of the whole run.")
    limit: int | None = Field(None, ge=1, description="At most so many rows of each source: a smoke run of anything.")
    shard_size: int = Field(
        1000,
        ge=1,
        description="Input rows of a shard; with another size, figures of networks may differ in their last digits.",
    )
    max_failed_share: float = Field(
        0.5, ge=0, le=1, description="A stage stops when more than this share of its rows failed."
    )
    engine: Literal["local", "ray"] = Field(
        "local", description="Where shards are worked on: this machine, or actors on a Ray cluster."
    )
    workers: int = Field(
        1, ge=1, description="Worker processes or actors of each stage; 1 on this machine works in the process itself."
    )
    gpus_per_worker: float = Field(
        0.0, ge=0, description="GPUs of each worker, a fraction to share one; 0: each sees what is there."
    )
    overlap: bool = Field(False, description="Stages start on what those before them have finished.")
    ray_address: str | None = Field(
        None, description="Ray cluster that is running, such as `auto`; by default Ray is started on this machine."
    )
    exchange: str | None = Field(
        None, description="Folder or fsspec URI for finished shards, where Ray's machines share no file system."
    )

    placement_fields: ClassVar[frozenset[str]] = frozenset(
        {"engine", "workers", "gpus_per_worker", "overlap", "ray_address", "exchange"}
    )
    """Settings that say where the work is done; the result does not depend on them."""

    def placement(self) -> Placement:
        """Return where the work is to be done.

        Raises:
            click.UsageError: settings that do not go together.
        """
        try:
            return Placement(**{name: getattr(self, name) for name in self.placement_fields})
        except PipelineError as error:
            raise click.UsageError(str(error)) from error

    def needed(self, name: str, why: str) -> Any:
        """Return the value of a setting that has no default.

        Raises:
            click.UsageError: it was not given; of the class `missing_error`.

        >>> RunSettings().needed("limit", "how much to try")
        Traceback (most recent call last):
        ...
        click.exceptions.UsageError: --limit is needed: how much to try.
        """
        value = getattr(self, name)
        if value is None:
            raise self.missing_error(f"--{name.replace('_', '-')} is needed: {why}.")
        return value

    def picked(self, *names: str) -> dict[str, Any]:
        """Return some settings as plain values, for a stage's fingerprint.

        >>> RunSettings(seed=3).picked("seed", "limit")
        {'seed': 3, 'limit': None}
        """
        values = self.model_dump(mode="json")
        return {name: values[name] for name in names}


S = TypeVar("S", bound=BaseModel)


def with_run_settings(model: type[S]) -> type[S]:
    """Return a model with the fields of `RunSettings` beside its own, refusing unknown keys."""
    missing: dict[str, Any] = {
        name: (info.annotation, info)
        for name, info in RunSettings.model_fields.items()
        if name not in model.model_fields
    }
    forbidding = create_model(model.__name__, __base__=model, **missing)
    forbidding.model_config["extra"] = "forbid"
    forbidding.model_rebuild(force=True)
    return forbidding


def read_settings(model: type[S], config: Path | None, flags: Mapping[tuple[str, ...], Any]) -> S:
    """Return checked settings from a YAML file and flags over it; a flag's key is the path to its field.

    Raises:
        click.UsageError: unknown keys (naming the nearest known one) and values that do not fit.
    """
    return checked_settings(model, _read_yaml(config) if config else {}, flags, source=str(config))


def checked_settings(
    model: type[S], values: Mapping[str, Any], flags: Mapping[tuple[str, ...], Any], *, source: str
) -> S:
    """Return settings from the values that a source of that name holds, and flags over them.

    Raises:
        click.UsageError: unknown keys (naming the nearest known one) and values that do not fit.
    """
    _refuse_unknown(model, values, source, ())
    try:
        return model.model_validate(with_values(values, flags))
    except ValidationError as error:
        raise click.UsageError(_faults(error)) from error


def with_values(values: Mapping[str, Any], more: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """Return nested values with others put in, each at its path.

    >>> with_values({"training": {"lr": 1}}, {("training", "steps"): 5})
    {'training': {'lr': 1, 'steps': 5}}
    """
    made = copy.deepcopy(dict(values))
    for path, value in more.items():
        inner = made
        for name in path[:-1]:
            if not isinstance(inner.get(name), dict):
                inner[name] = {}
            inner = inner[name]
        inner[path[-1]] = value
    return made


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"{path} can't be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise click.UsageError(f"{path} must hold settings as `key: value` lines; got a {type(values).__name__}")
    return cast("dict[str, Any]", values)


def nested_model(annotation: Any) -> type[BaseModel] | None:
    """Return the settings model that a field holds, also an optional one; None for a plain field."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def is_secret(annotation: Any) -> bool:
    """Tell whether a field holds a key, which comes from the environment only."""
    return annotation is SecretStr or SecretStr in get_args(annotation)


def _refuse_unknown(model: type[BaseModel], values: Mapping[str, Any], source: str, path: tuple[str, ...]) -> None:
    for key, value in values.items():
        if key not in model.model_fields:
            raise click.UsageError(_unknown(model, str(key), source, path))
        kind = model.model_fields[key].annotation
        if is_secret(kind):
            where = ".".join((*path, key))
            raise click.UsageError(
                f"{where} is a key: keep it out of {source}, and set {key.upper()} in the environment"
            )
        inner = nested_model(kind)
        if inner and isinstance(value, dict):
            _refuse_unknown(inner, cast("dict[str, Any]", value), source, (*path, key))


def _unknown(model: type[BaseModel], key: str, source: str, path: tuple[str, ...]) -> str:
    known = [".".join((*path, name)) for name in model.model_fields]
    asked = ".".join((*path, key))
    near = difflib.get_close_matches(asked, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return f"{source}: unknown key {asked!r}; {hint}"


def _faults(error: ValidationError) -> str:
    texts = [_fault(fault) for fault in error.errors(include_url=False, include_input=True)]
    return "; ".join(texts)


def _fault(fault: Any) -> str:
    where = ".".join(map(str, fault["loc"])) or "settings"
    if fault["type"] == "missing":
        flag = "--" + "-".join(map(str, fault["loc"])).replace("_", "-")
        return f"{where} is needed; give it in the --config file or as {flag}"
    given = "" if fault["type"] == "value_error" else f" (got {fault['input']!r})"
    return f"{where}: {fault['msg']}{given}"
