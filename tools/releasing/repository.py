"""The git side of a release: what must hold before, a tree to work in, and how the result comes back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributions.commands import CommandError, run

from releasing.errors import ReleaseError


def check_ready(root: Path, branch: str) -> None:
    """Check that `branch` is checked out and that every file is committed.

    Raises:
        ReleaseError: it is not so.
    """
    here = run("git", "branch", "--show-current", cwd=root).strip() or "no branch (a detached HEAD)"
    if here != branch:
        raise ReleaseError(
            f"a release is made on {branch}; {here} is checked out. Run git switch {branch}, or give --branch."
        )
    changed = run("git", "status", "--porcelain", cwd=root).splitlines()
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise ReleaseError(f"uncommitted changes: {changed[0][3:]}{more}. Commit them or put them away.")


@contextmanager
def spare_tree(root: Path) -> Iterator[Path]:
    """Yield a second checkout of HEAD outside the workspace, which is gone afterwards.

    Whatever fails in there leaves the repository as it was.
    """
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        tree = Path(folder).resolve() / "tree"
        run("git", "worktree", "add", "--quiet", "--detach", tree, "HEAD", cwd=root)
        try:
            yield tree
        finally:
            run("git", "worktree", "remove", "--force", tree, cwd=root)


def commit(tree: Path, message: str) -> str:
    """Commit everything in the spare tree and return the commit's name."""
    run("git", "add", "--all", cwd=tree)
    run("git", "commit", "--quiet", "--message", message, cwd=tree)
    return run("git", "rev-parse", "HEAD", cwd=tree).strip()


def take_over(root: Path, revision: str, tag: str, message: str) -> None:
    """Put an annotated tag on the commit and move the checked-out branch forward to it; both, or neither.

    Raises:
        CommandError: there is such a tag, or the branch moved on in the meantime.
    """
    run("git", "tag", "--annotate", "--cleanup=verbatim", "--message", message, tag, revision, cwd=root)
    try:
        run("git", "merge", "--quiet", "--ff-only", revision, cwd=root)
    except CommandError:
        run("git", "tag", "--delete", tag, cwd=root)
        raise
