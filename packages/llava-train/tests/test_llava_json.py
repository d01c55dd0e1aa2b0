from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llava_train import RowError, llava_to_messages, messages_to_llava, read_llava_json, write_llava_json

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(lambda t: "<image>" not in t)
IMAGE = {"type": "image"}


@st.composite
def contents(draw: st.DrawFn) -> list[dict[str, str]]:
    """Parts in normal form: no empty text, no two texts side by side."""
    parts: list[dict[str, str]] = []
    for is_image in draw(st.lists(st.booleans(), max_size=6)):
        if is_image:
            parts.append(IMAGE)
        elif not parts or parts[-1] == IMAGE:
            parts.append({"type": "text", "text": draw(texts)})
    return parts


@st.composite
def dialogues(draw: st.DrawFn) -> dict[str, Any]:
    messages = []
    for _ in range(draw(st.integers(1, 3))):
        answer = {"role": "assistant", "content": [{"type": "text", "text": draw(texts)}]}
        messages += [{"role": "user", "content": draw(contents())}, answer]
    count = sum(part == IMAGE for message in messages for part in message["content"])
    return {"id": draw(texts), "messages": messages, "images": [f"{k}.png" for k in range(count)]}


@given(dialogues())
def test_messages_come_back_from_llava_json_as_they_were(row: dict[str, Any]) -> None:
    assert llava_to_messages(messages_to_llava(row)) == row


def test_the_weight_of_an_answer_survives_both_ways() -> None:
    answer = {"role": "assistant", "content": [{"type": "text", "text": "A duck."}], "weight": 0.25}
    question = {"role": "user", "content": [{"type": "text", "text": "What is it?"}]}
    row = {"id": "1", "messages": [question, answer], "images": []}
    assert messages_to_llava(row)["conversations"][1] == {"from": "gpt", "value": "A duck.", "weight": 0.25}
    assert llava_to_messages(messages_to_llava(row)) == row


@given(dialogues())
def test_a_file_gives_back_the_rows_written(row: dict[str, Any]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = write_llava_json([row], Path(folder) / "rows.json")
        assert read_llava_json(path) == [row]


def test_llava_rows_come_back_from_messages_as_they_were() -> None:
    row = {
        "id": "1",
        "image": ["a.png", "b.png"],
        "source": "kept",
        "conversations": [
            {"from": "system", "value": "Be brief."},
            {"from": "human", "value": "<image>\n<image>\nWhich is older?"},
            {"from": "gpt", "value": "The first."},
            {"from": "human", "value": "Why?"},
            {"from": "gpt", "value": "It is grey."},
        ],
    }
    assert messages_to_llava(llava_to_messages(row)) == row


PICTURE = {"type": "image", "image": "a.png"}
ASKED = [{"role": "user", "content": [IMAGE, {"type": "text", "text": "What?"}]}]
FORMS = {
    "a list": {"images": ["a.png"], "messages": ASKED},
    "one path": {"image": "a.png", "messages": ASKED},
    "a path object": {"images": [Path("a.png")], "messages": ASKED},
    "both columns of a table, one of them empty": {"image": "a.png", "images": None, "messages": ASKED},
    "inside the parts": {"messages": [{"role": "user", "content": [PICTURE, {"type": "text", "text": "What?"}]}]},
    "beside plain texts": {"images": ["a.png"], "messages": [{"role": "user", "content": "What?"}]},
    "parts of a table": {"images": ["a.png"], "messages": [
        {"role": "user", "weight": None, "content": [{**IMAGE, "text": None}, {"type": "text", "text": "What?"}]}]},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_an_image_is_written_wherever_the_row_has_it(form: str) -> None:
    assert messages_to_llava(FORMS[form]) == {
        "image": "a.png", "conversations": [{"from": "human", "value": "<image>\nWhat?"}]
    }  # fmt: skip


def test_an_image_is_read_from_either_column_of_a_table() -> None:
    turns = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A duck."}]
    for columns in ({"image": None, "images": ["a.png"]}, {"image": "a.png", "images": None}):
        assert llava_to_messages({**columns, "conversations": turns})["images"] == ["a.png"]
    with pytest.raises(RowError, match="image_kind: image must be a path or a list of paths; got int"):
        llava_to_messages({"image": 7, "conversations": turns})


def test_a_row_that_cannot_be_written_is_named_and_no_file_is_left(tmp_path: Path) -> None:
    good = {"id": "good", "messages": [{"role": "user", "content": "What?"}]}
    bad = {"id": "bad", "messages": [{"role": "user", "content": "half an emoji: \ud83d"}]}
    with pytest.raises(RowError, match="not_unicode: row 'bad': "):
        write_llava_json([good, bad], tmp_path / "rows.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "value",
    ["<image>\nWhat?", "What?\n<image>", "<image>What?", "\n<image>\nWhat?"],
)
def test_a_line_break_beside_the_placeholder_belongs_to_it(value: str) -> None:
    row = {"image": "a.png", "conversations": [{"from": "human", "value": value}, {"from": "gpt", "value": "A."}]}
    (text,) = [part["text"] for part in llava_to_messages(row)["messages"][0]["content"] if part["type"] == "text"]
    assert text == "What?"


def test_a_literal_placeholder_in_a_text_cannot_be_written() -> None:
    row = {"id": "1", "messages": [{"role": "user", "content": "what is <image> for"}], "images": []}
    with pytest.raises(RowError, match="placeholder_in_text"):
        messages_to_llava(row)


def test_bad_rows_of_a_file_are_named(tmp_path: Path) -> None:
    good = {"id": "good", "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}
    bad = {"id": "bad", "conversations": [{"from": "robot", "value": "a"}]}
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([good, bad, 7]), encoding="utf-8")
    with pytest.raises(RowError, match=r"2 rows of rows\.json: bad \(turn_form.*; 2 \(row_form"):
        read_llava_json(path)


def test_truncated_json_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"id": "1",\n "conv', encoding="utf-8")
    with pytest.raises(RowError, match=r"not_json: rows\.json, line 2"):
        read_llava_json(path)


def test_what_is_no_json_is_refused_with_its_line_also_in_jsonl(tmp_path: Path) -> None:
    good = json.dumps({"id": "1", "conversations": []})
    lines, deep, latin = tmp_path / "rows.jsonl", tmp_path / "deep.json", tmp_path / "latin.json"
    lines.write_text(f'{good}\n\n{good}\n{{"id": "2", "conv', encoding="utf-8")
    deep.write_text("[" * 100_000, encoding="utf-8")
    latin.write_bytes(b'[{"id": "caf\xe9"}]')
    for path, why in ((lines, ", line 4: "), (deep, ", line 1: nested too deeply"), (latin, " must be UTF-8: ")):
        with pytest.raises(RowError, match=f"not_json: {path.name}{why}"):
            read_llava_json(path)


def test_jsonl_keeps_line_separators_inside_texts(tmp_path: Path) -> None:
    row = {"id": "1", "conversations": [{"from": "human", "value": "a\u2028b"}, {"from": "gpt", "value": "c"}]}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert read_llava_json(path)[0]["messages"][0]["content"] == [{"type": "text", "text": "a\u2028b"}]
