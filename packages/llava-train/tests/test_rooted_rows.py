import json
from pathlib import Path

import pytest
from llava_train import RowError, images_folder, read_rooted_rows, write_rooted_rows

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


def test_a_file_that_is_written_with_its_images_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    asked = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What?"}]}
    row = {"id": "a", "images": ["data/photos/one.png"], "messages": [asked, {"role": "assistant", "content": "Duck."}]}
    path = write_rooted_rows([row], Path("data/base.json"))
    assert json.loads(path.read_text())[0]["image"] == "photos/one.png"
    moved = Path("data").rename("moved")
    assert [row["images"] for row in read_rooted_rows(moved / "base.json")] == [
        [str(tmp_path / "moved/photos/one.png")]
    ]
    with pytest.raises(RowError, match=r"row 'a': elsewhere/one.png must lie in"):
        write_rooted_rows([row | {"images": ["elsewhere/one.png"]}], path)
