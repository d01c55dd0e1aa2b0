"""How a release edits ranges and changelogs."""

import pytest
from packaging.version import Version
from releasing import ReleaseError
from releasing.changelog import add_line, close_unreleased
from releasing.ranges import raise_ranges

RANGES = [
    ("box>=0.1,<0.2", "0.1.5", "box>=0.1,<0.2"),
    ("box>=0.1,<0.2", "0.2.0", "box>=0.2,<0.3"),
    ("box[x,y]>=0.1, <0.2 ; python_version < '3.13'", "1.0.0", "box[x,y]>=1.0,<2 ; python_version < '3.13'"),
    ("Box>=1.2,<2", "2.0.0", "Box>=2.0,<3"),
    ("box", "0.2.0", "box"),
    ("box-space>=0.1,<0.2", "0.2.0", "box-space>=0.1,<0.2"),
]


@pytest.mark.parametrize(
    ("line", "version", "raised"), RANGES, ids=[f"{line} at {version}" for line, version, _ in RANGES]
)
def test_a_range_moves_only_if_the_version_falls_out_of_it(line, version, raised):
    text = (
        '[project]\ndependencies = ["{0}"]  # ours\n[project.optional-dependencies]\nx = ["{0}", "numpy>=0.1,<0.2"]\n'
    )
    after, moved = raise_ranges(text.format(line), "box", Version(version))
    assert after == text.format(raised)
    assert moved == ([] if line == raised else [f"{line} -> {raised}"])


@pytest.mark.parametrize("line", ["box~=0.1.0", "box>=0.1,<0.2,!=0.1.3", "box==0.1.0"])
def test_a_range_of_another_form_is_refused_if_it_has_to_move(line):
    with pytest.raises(ReleaseError, match=r"^pyproject.toml: box.* excludes 0.2.0 and is not of the form box>=A,<B"):
        raise_ranges(f'[project]\ndependencies = ["{line}"]\n', "box", Version("0.2.0"))


def test_older_versions_of_a_changelog_stay_and_lines_go_before_them():
    old = "## 0.1.0 (2026-01-02)\n\n- Old.\n"
    text, lines = close_unreleased(
        f"# Changelog\n\n## Unreleased\n- One.\n\n  More.\n- Two.\n\n{old}", "0.2.0", "2026-02-03"
    )
    assert lines == "- One.\n\n  More.\n- Two."
    assert text == f"# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-02-03)\n\n{lines}\n\n{old}"
    assert add_line(text, "- Three.") == text.replace("## Unreleased\n", "## Unreleased\n\n- Three.\n")
