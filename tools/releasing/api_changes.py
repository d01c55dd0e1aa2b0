"""What changed in the public names of a package, from its last release to now.

Public are the names that `__all__` lists, in the package or in a module of it, and the public members of its classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import griffe


@dataclass(frozen=True)
class ApiChanges:
    """Differences between two versions."""

    added: tuple[str, ...]
    """New public names, dotted, without the package."""
    changed: tuple[str, ...]
    """Names that take or return something else, as `old -> new` signatures, breaking or not."""
    breaking: tuple[str, ...]
    """What may break a caller: names that are gone, parameters that changed."""


def api_changes(import_name: str, old_src: Path, new_src: Path) -> ApiChanges:
    """Compare the package under two `src` folders; nothing of it is imported.

    Not seen: types of parameters when it comes to breaking, and what a command line takes.
    """
    old, new = (_public(_load(import_name, src)) for src in (old_src, new_src))
    gone = [f"`{name}`: Name is not in __all__ any more" for name in old if name not in new]
    common = [name for name in old if name in new]
    found = griffe.find_breaking_changes(_holder(old, common), _holder(new, common))
    return ApiChanges(
        added=tuple(name for name in new if name not in old),
        changed=tuple(_changed_signatures(old, new, common)),
        breaking=(*gone, *(_shown(breakage) for breakage in found)),
    )


def public_names(import_name: str, src: Path) -> list[str]:
    """Return the names in the package's own `__all__`, read from its source."""
    return [str(name) for name in _load(import_name, src).exports or []]


def _load(import_name: str, src: Path) -> griffe.Module:
    loader = griffe.GriffeLoader(search_paths=[src], allow_inspection=False)
    package = loader.load(import_name, try_relative_path=False)
    loader.resolve_aliases(implicit=True, external=False)
    assert isinstance(package, griffe.Module)
    return package


def _public(module: griffe.Module, prefix: str = "") -> dict[str, griffe.Object]:
    """Public objects by dotted name; each once, under the name nearest to the package."""
    found = {f"{prefix}{name}": target for name in module.exports or [] if (target := _target(module, str(name)))}
    for name, inner in module.modules.items():
        if not inner.is_alias:
            deeper = _public(inner, f"{prefix}{name}.")
            found |= {path: target for path, target in deeper.items() if path not in found}
    return found


def _target(module: griffe.Module, name: str) -> griffe.Object | None:
    """What a name stands for; where a function and its module share a name, the import wins as it does in Python."""
    member = module.members.get(name)
    if member is not None and member.is_module and name in member.members:
        member = member.members[name]
    try:
        return member.final_target if isinstance(member, griffe.Alias) else member
    except (griffe.AliasResolutionError, griffe.CyclicAliasError):
        return None  # something of another distribution, passed on


def _holder(objects: dict[str, griffe.Object], names: list[str]) -> griffe.Module:
    """A module with these members alone, for griffe compares members."""
    holder = griffe.Module("holder")
    for name in names:
        objects[name].public = True
        holder.members[name] = objects[name]
    return holder


def _shown(breakage: griffe.Breakage) -> str:
    text = breakage.explain(griffe.ExplanationStyle.MARKDOWN).removeprefix("- ")
    return text.replace("`: *", "`: ", 1).replace("*", "", 1)


def _changed_signatures(
    old: dict[str, griffe.Object], new: dict[str, griffe.Object], names: list[str]
) -> Iterator[str]:
    for name in names:
        before, after = _signatures(old[name], name), _signatures(new[name], name)
        yield from (
            f"{before[path]} -> {after[path]}" for path in before if after.get(path, before[path]) != before[path]
        )


def _signatures(target: griffe.Object, name: str) -> dict[str, str]:
    if isinstance(target, griffe.Function):
        return {name: target.signature(name=name)}
    functions = target.functions.items() if isinstance(target, griffe.Class) else ()
    return {
        f"{name}.{own}": function.signature(name=f"{name}.{own}")
        for own, function in functions
        if own == "__init__" or not own.startswith("_")
    }
