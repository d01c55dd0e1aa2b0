import json
from pathlib import Path
from typing import Any

import pytest
from cvc.captions import read_captions
from cvc.errors import InputError


def written(folder: Path, document: Any) -> Path:
    path = folder / "captions.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "document",
    [
        [{"image": "a.png", "text_input": "A duck."}, {"image": "a.png", "text_input": "A pond."}],
        [{"image": "a.png", "caption": "A duck."}, {"image": "a.png", "caption": "A pond."}],
        [{"image": "a.png", "captions": ["A duck.", "A pond."]}],
        {
            "images": [{"id": 7, "file_name": "a.png"}],
            "annotations": [{"image_id": 7, "caption": "A duck."}, {"image_id": 7, "caption": "A pond."}],
        },
    ],
)
def test_all_shapes_of_caption_files_give_the_same_row(document: Any, tmp_path: Path) -> None:
    assert read_captions(written(tmp_path, document)) == [
        {"id": "a", "image": "a.png", "captions": ["A duck.", "A pond."]}
    ]


def test_the_first_answer_of_a_llava_conversation_is_its_caption(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "<image>\nDescribe."}, {"from": "gpt", "value": "A duck."}]
    [row] = read_captions(written(tmp_path, [{"id": "1", "image": "a.png", "conversations": turns}]))
    assert row["captions"] == ["A duck."]


def test_what_is_no_text_becomes_none_and_a_missing_image_an_empty_name(tmp_path: Path) -> None:
    document = '[{"image": "a.png", "caption": 3}, {"image": "a.png", "caption": "\\ud800"}, {"caption": "x"}, "junk"]'
    rows = read_captions(written(tmp_path, document))
    assert [(row["id"], row["captions"]) for row in rows] == [("a", [None, None]), ("(no image)", ["x", "junk"])]


def test_images_of_one_name_and_two_types_keep_their_extensions(tmp_path: Path) -> None:
    rows = read_captions(written(tmp_path, [{"image": name, "caption": "x"} for name in ("a.png", "a.jpg", "b.png")]))
    assert [row["id"] for row in rows] == ["a.png", "a.jpg", "b"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ('[{"image": "a.png", "capt', "not complete JSON"),
        ("[]", "holds no captions"),
        ('{"a": 1}', "without COCO's"),
        ("3", "must hold a list"),
    ],
)
def test_a_file_that_is_none_of_them_is_named_with_what_is_wrong(document: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        read_captions(written(tmp_path, document))
