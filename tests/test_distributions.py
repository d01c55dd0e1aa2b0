"""Commands of the tools run as outside the workspace, and say in one line what failed."""

import sys

import pytest
from distributions.commands import CommandError, run


def test_a_command_knows_nothing_of_the_environment_that_is_active_here(tmp_path, monkeypatch):
    ours = {"PYTHONPATH", "PYTHONHASHSEED", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_NO_SYNC"}
    for name in ours:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("UV_INDEX", "kept")
    seen = run(sys.executable, "-c", "import os; print(*os.environ)", cwd=tmp_path).split()
    assert ours & set(seen) == set()
    assert {"UV_INDEX", "PATH", "HF_HUB_OFFLINE"} <= set(seen)


def test_a_command_that_fails_says_in_one_line_which_and_why(tmp_path):
    with pytest.raises(CommandError) as caught:
        run(sys.executable, "-c", "import sys; print('one\\ntwo', file=sys.stderr); sys.exit(3)", cwd=tmp_path)
    assert str(caught.value).startswith(f"{sys.executable} -c import sys;")
    assert str(caught.value).endswith(" failed: one two")
    assert caught.value.lines == ["one", "two"]


def test_a_command_that_fails_without_a_word_tells_its_status(tmp_path):
    with pytest.raises(CommandError, match=r"failed: exit status 3$"):
        run(sys.executable, "-c", "raise SystemExit(3)", cwd=tmp_path)
