import json
from pathlib import Path

import pytest
from llava_train import images_folder, read_rooted_rows

TURNS = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A duck."}]


@pytest.mark.parametrize("images", [None, "photos"])
def test_images_lie_beside_the_file_or_in_the_folder_that_is_given(
    images: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    path = Path("data") / "mix.json"
    rows = [{"id": "a", "image": "one.png", "conversations": TURNS}, {"id": "b", "conversations": TURNS[1:]}]
    path.write_text(json.dumps(rows))
    folder, given = tmp_path / (images or "data"), None if images is None else Path(images)
    assert images_folder(path, given) == folder
    assert [row["images"] for row in read_rooted_rows(path, given)] == [[str(folder / "one.png")], []]
