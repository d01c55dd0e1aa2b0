"""New files: whole or not there, in a folder that is made where there is none."""

from pathlib import Path

import pytest
from shard_runner.drafts import draft_of

pytest.importorskip("fsspec")


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_draft_makes_its_folder_and_replaces_what_had_its_name_only_at_the_end(tmp_path: Path, form: str) -> None:
    target = tmp_path / "new" / "er" / "rows.jsonl"
    for text in (b"first", b"second"):
        draft = draft_of(form.format(target))
        before = target.read_bytes() if target.exists() else None
        with draft.open() as file:
            file.write(text)
        assert (target.read_bytes() if target.exists() else None) == before
        draft.place()
        assert target.read_bytes() == text
    given_up = draft_of(form.format(target))
    with given_up.open() as file:
        file.write(b"third")
    given_up.discard()
    assert [path.name for path in target.parent.iterdir()] == ["rows.jsonl"]
