"""The README's example runs and prints what its comments say."""

import re
from pathlib import Path

import pytest


def test_the_example_prints_what_its_comments_say(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == re.findall(r"^print.*  # (.*)$", code, flags=re.MULTILINE)
    assert "hard but solvable" in (tmp_path / "report.html").read_text(encoding="utf-8")
