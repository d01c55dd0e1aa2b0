import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def test_the_example_in_the_readme_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[0]
    assert len([line for line in code.splitlines() if line]) <= 20
    exec(compile(code.replace("[row[", "ids = [row["), "README", "exec"), names := {})
    assert names["ids"] == ["duck#0", "duck#1", "barn#0", "barn#1"]
    said = [line[2:] for line in code.splitlines() if line.startswith("# ")]
    assert [_without_times(line) for line in capsys.readouterr().out.splitlines()] == [*map(_without_times, said)]


def _without_times(line: str) -> list[str]:
    return re.sub(r"\d+\.\d +[\d,.]+", "TIMES", line).split()
