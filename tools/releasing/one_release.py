"""A release from beginning to end, in a second checkout; the repository changes in the last step alone."""

from __future__ import annotations

import datetime
import difflib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from distributions.commands import CommandError, run
from distributions.releases import Release, build_release, extract, releases
from distributions.wheels import Wheel
from workspace_rules.members import Member, normalised, read_members

from releasing.api_changes import api_changes, public_names
from releasing.archive_checks import archive_problems
from releasing.archives import Built, build
from releasing.changelog import close_unreleased
from releasing.dependants import raise_dependants
from releasing.errors import ReleaseError
from releasing.install_checks import install, install_problems
from releasing.repository import check_ready, commit, spare_tree, take_over
from releasing.siblings import needed_siblings
from releasing.versions import bump, check_part


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    name: str
    """Package."""
    part: str
    """One of `versions.PARTS`."""
    dry_run: bool = False
    """Show all and change nothing."""
    allow_breaking: bool = False
    """Go on where public names broke and the part is not major."""
    branch: str = "main"
    """Branch that releases are made on."""


def make_release(root: Path, asked: Asked, say: Callable[[str], None]) -> None:
    """Release one member of the workspace at `root`; tell each step to `say`.

    Raises:
        ReleaseError: something is in the way; the repository is as it was.
    """
    try:
        _release(root, asked, say)
    except CommandError as error:
        raise ReleaseError(str(error)) from error


def _release(root: Path, asked: Asked, say: Callable[[str], None]) -> None:
    find_member(root, asked.name)
    check_ready(root, asked.branch)
    with spare_tree(root) as tree:
        member = find_member(tree, asked.name)
        last = next(reversed(releases(root, member.name, merged=True)), None)
        check_part(member, asked.part, last)
        release = bump(tree, member, asked.part)
        say(f"{member.name} {last.version if last else '(never released)'} -> {release.version}, tag {release.tag}")
        lines = _close_changelog(member, release, say)
        _check_api(tree, member, last, asked, say)
        raise_dependants(tree, release, say)
        built = _build_and_verify(tree, member.name, release, say)
        if asked.dry_run:
            say(f"\nWhat would be committed:\n{run('git', 'diff', cwd=tree)}\nDry run: nothing was changed.")
            return
        _finish(root, tree, release, lines, built, say)


def find_member(root: Path, name: str) -> Member:
    """Return a member of the workspace by its distribution name.

    Raises:
        ReleaseError: there is none; the error names the nearest.
    """
    members = {member.name: member for member in read_members(root)}
    if normalised(name) not in members:
        near = difflib.get_close_matches(name, members, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(members)}."
        raise ReleaseError(f"no package {name} in this workspace. {hint}")
    return members[normalised(name)]


def _close_changelog(member: Member, release: Release, say: Callable[[str], None]) -> str:
    path = member.folder / "CHANGELOG.md"
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = path.read_text(encoding="utf-8")
    text, lines = close_unreleased(text, str(release.version), date, member.shown(path))
    path.write_text(text, encoding="utf-8")
    say(f"\nChangelog of {release.version} ({date}):\n{lines}")
    return lines


def _check_api(tree: Path, member: Member, last: Release | None, asked: Asked, say: Callable[[str], None]) -> None:
    if last is None:
        say(f"\nPublic names: first release, there is no tag {member.name}-v* to compare with.")
        return
    old = extract(tree, last, f"{member.shown(member.folder)}/src", tree.parent / "last")
    changes = api_changes(member.import_name, old, member.folder / "src")
    say(f"\nPublic names since {last.tag}:")
    for title, lines in (("new", changes.added), ("changed", changes.changed), ("may break", changes.breaking)):
        say("\n".join([f"  {title}: {len(lines)}", *(f"    {line}" for line in lines)]))
    if changes.breaking and asked.part != "major" and not asked.allow_breaking:
        raise ReleaseError(
            f"a {asked.part} release must not break callers; {len(changes.breaking)} changes may, first "
            f"{changes.breaking[0]}. Undo them, release major, or (below 1.0) minor with --allow-breaking."
        )


def _build_and_verify(tree: Path, name: str, release: Release, say: Callable[[str], None]) -> Built:
    members = {one.name: one for one in read_members(tree)}
    siblings = needed_siblings(tree, members[name], members)
    built = build(tree, release, tree.parent / "dist")
    earlier = [_build_earlier(tree, one, members[one.name]) for one in siblings.released]
    _verify(tree, members, release, built, earlier)
    beside = " beside " + ", ".join(f"{one.name} {one.version}" for one in earlier) if earlier else ""
    say(f"\nBuilt, and verified in a clean environment{beside}: {built.sdist.name}, {built.wheel.name}")
    if siblings.unreleased:
        say(f"  not released yet, though extras need them: {', '.join(siblings.unreleased)}")
    return built


def _build_earlier(tree: Path, release: Release, member: Member) -> Wheel:
    return build_release(tree, release, member.shown(member.folder), tree.parent / "siblings")


def _verify(tree: Path, members: dict[str, Member], release: Release, built: Built, siblings: list[Wheel]) -> None:
    member = members[release.name]
    problems = archive_problems(built, release, member, set(members))
    environment = install(tree.parent / "clean", built.wheel, siblings)
    names = public_names(member.import_name, member.folder / "src")
    problems += install_problems(environment, release, names, set(members))
    if problems:
        raise ReleaseError(f"the built {built.wheel.name} is not fit for release: {' '.join(problems)}")


def _finish(root: Path, tree: Path, release: Release, lines: str, built: Built, say: Callable[[str], None]) -> None:
    title = f"{release.name} {release.version}"
    revision = commit(tree, title)
    take_over(root, revision, release.tag, f"{title}\n\n{lines}\n")
    (root / "dist").mkdir(exist_ok=True)
    for path in (built.sdist, built.wheel):
        shutil.copy2(path, root / "dist" / path.name)
    say(f"\nCommitted and tagged {release.tag}; the files are in dist/.")
    say(f"Publish it: git push origin HEAD {release.tag} (docs/releasing.md).")
    say(f"Take it back before that: git tag -d {release.tag} && git reset --hard HEAD~1")
