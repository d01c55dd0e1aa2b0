from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llava_train import (
    RowError,
    SettingsError,
    read_dialogue,
    read_llama_factory,
    read_ms_swift,
    write_llama_factory,
    write_ms_swift,
    write_trl,
)
from PIL import Image

Row = dict[str, Any]
IMAGE = {"type": "image"}
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(lambda t: t.strip())

PALE_BLUE = (204, 204, 255)  # a fifth of blue, on white


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three pictures of one colour each, in a folder."""
    (tmp_path / "pictures").mkdir()
    for name, color in (("red", (255, 0, 0)), ("green", (0, 255, 0)), ("blue", (0, 0, 255))):
        Image.new("RGB", (36, 40), color).save(tmp_path / "pictures" / f"{name}.png")
    return tmp_path


@pytest.fixture
def long_row() -> Row:
    """Two turns and three images, the middle one between texts, the last not saved yet."""
    return {
        "id": "a/1",
        "messages": [
            {"role": "system", "content": [text("Be brief.")]},
            {"role": "user", "content": [IMAGE, text("Which one, this or "), IMAGE, text("?")]},
            {"role": "assistant", "content": [text("a duck")]},
            {"role": "user", "content": [text("what is hidden "), IMAGE]},
            {"role": "assistant", "content": [text("a train")]},
        ],
        "images": ["pictures/red.png", "pictures/green.png", Image.new("RGBA", (36, 40), (0, 0, 255, 51))],
    }


@pytest.fixture
def text_row() -> Row:
    return {"id": "b", "messages": [{"role": "user", "content": "two ?"}, {"role": "assistant", "content": "yes"}]}


def colors(row: Row, root: Path) -> list[tuple[int, ...]]:
    return [Image.open(root / path).convert("RGB").getpixel((0, 0)) for path in row["images"]]


def parts(row: Row) -> list[Any]:
    return [message["content"] for message in read_dialogue(row).messages]


def test_ms_swift_rows_have_tags_where_their_images_stand(root: Path, long_row: Row, text_row: Row) -> None:
    path = write_ms_swift([long_row, text_row], root / "rows.jsonl")
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert [message["content"] for message in first["messages"]] == [
        "Be brief.", "<image>Which one, this or <image>?", "a duck", "what is hidden <image>", "a train"
    ]  # fmt: skip
    assert first["images"] == ["pictures/red.png", "pictures/green.png", "rows_images/000000-2.png"]
    assert colors(first, root) == [(255, 0, 0), (0, 255, 0), PALE_BLUE]
    assert second == {
        "id": "b",
        "messages": [{"role": "user", "content": "two ?"}, {"role": "assistant", "content": "yes"}],
        "images": [],
    }


def test_llama_factory_finds_the_file_its_columns_and_its_tags(root: Path, long_row: Row, text_row: Row) -> None:
    (root / "dataset_info.json").write_text('{"other": {"file_name": "other.json"}}', encoding="utf-8")
    path = write_llama_factory([long_row, text_row], root, "own")
    info = json.loads((root / "dataset_info.json").read_text(encoding="utf-8"))
    assert info["other"] == {"file_name": "other.json"}
    assert info["own"] == {
        "file_name": "own.json",
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "images": "images"},
        "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
                 "system_tag": "system"},
    }  # fmt: skip
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert rows[0]["messages"][1] == {"role": "user", "content": "<image>Which one, this or <image>?"}
    assert rows[0]["images"] == ["pictures/red.png", "pictures/green.png", "own_images/000000-2.png"]


def test_rows_come_back_from_both_as_they_were(root: Path, long_row: Row, text_row: Row) -> None:
    write_ms_swift([long_row, text_row], root / "rows.jsonl")
    write_llama_factory([long_row, text_row], root, "own")
    for back in (read_ms_swift(root / "rows.jsonl"), read_llama_factory(root, "own")):
        assert [row["id"] for row in back] == ["a/1", "b"]
        assert [parts(row) for row in back] == [parts(long_row), parts(text_row)]
        assert colors(back[0], root) == [(255, 0, 0), (0, 255, 0), PALE_BLUE]


@given(st.lists(st.one_of(st.just(IMAGE), texts.map(text)), max_size=6), texts)
def test_any_order_of_texts_and_images_survives(content: list[dict[str, str]], answer: str) -> None:
    import tempfile

    for reserved in ("<image>", "<video>"):
        if reserved in "".join(part.get("text", "") for part in content):
            return
    count = content.count(IMAGE)
    turns = [{"role": "user", "content": content}, {"role": "assistant", "content": [text(answer)]}]
    with tempfile.TemporaryDirectory() as folder:
        images = [Image.new("RGB", (1, 1), (k, 0, 0)) for k in range(count)]
        path = write_ms_swift([{"id": "1", "messages": turns, "images": images}], Path(folder) / "rows.jsonl")
        (row,) = read_ms_swift(path)
        assert [color[0] for color in colors(row, Path(folder))] == list(range(count))
    joined = "".join(part.get("text", "\0") for part in content)
    assert "".join(part.get("text", "\0") for part in row["messages"][0]["content"]) == joined


def test_relative_paths_keep_their_root_and_unsaved_images_go_there(root: Path, long_row: Row, tmp_path: Path) -> None:
    out = tmp_path / "elsewhere"
    path = write_ms_swift([long_row], out / "rows.jsonl", image_root=root)
    (row,) = read_ms_swift(path)
    assert row["images"] == ["pictures/red.png", "pictures/green.png", "rows_images/000000-2.png"]
    assert colors(row, root)[2] == PALE_BLUE
    with pytest.raises(
        RowError, match=r"missing_image: row 'a/1': pictures/red.png must be a file, relative to .*elsewh"
    ):
        write_ms_swift([long_row], out / "rows.jsonl")


def test_a_failed_export_leaves_the_earlier_file(root: Path, text_row: Row) -> None:
    path = write_ms_swift([text_row], root / "rows.jsonl")
    before = path.read_bytes()
    with pytest.raises(RowError, match="no_messages: row '1'"):
        write_ms_swift([text_row, {"id": "1"}], path)
    with pytest.raises(RowError, match="no_messages: row '1'"):
        write_llama_factory([text_row, {"id": "1"}], root, "own")
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in root.iterdir()) == ["pictures", "rows.jsonl"]


@pytest.mark.parametrize("tag", ["<image>", "<video>", "<audio>", "<bbox>", "<img>"])
def test_a_literal_tag_in_a_text_is_refused(root: Path, text_row: Row, tag: str) -> None:
    text_row["messages"][0]["content"] = f"what is {tag} for"
    with pytest.raises(RowError, match=f"tag_in_text: row 'b': a user text holds the literal '{tag}'"):
        write_ms_swift([text_row], root / "rows.jsonl")


def test_a_tag_made_by_two_texts_is_refused(root: Path) -> None:
    turns = [{"role": "user", "content": [text("<ima"), text("ge>")]}, {"role": "assistant", "content": "yes"}]
    with pytest.raises(RowError, match=r"tag_in_text: .* together"):
        write_llama_factory([{"id": "1", "messages": turns}], root, "own")


def weighted(*weights: float) -> Row:
    turns = [
        turn
        for weight in weights
        for turn in (
            {"role": "user", "content": "what ?"},
            {"role": "assistant", "content": f"w{weight}", "weight": weight},
        )
    ]
    return {"id": "w", "messages": turns}


def test_ms_swift_skips_answers_of_weight_zero_and_refuses_other_weights(root: Path) -> None:
    path = write_ms_swift([weighted(0, 1)], root / "rows.jsonl")
    first, second = json.loads(path.read_text())["messages"][1::2]
    assert (first, second) == (
        {"role": "assistant", "content": "w0", "loss": False},
        {"role": "assistant", "content": "w1"},
    )
    assert read_dialogue(read_ms_swift(path)[0]).answer_weights == (0, 1)
    with pytest.raises(
        RowError, match=r"weight: row 'w': ms-swift cannot carry the answer weight 0\.5; pass weights='drop'"
    ):
        write_ms_swift([weighted(0.5)], path)
    write_ms_swift([weighted(0, 0.5)], path, weights="drop")
    assert read_dialogue(read_ms_swift(path)[0]).answer_weights == (0, 1)


def test_weights_that_a_format_cannot_carry_are_refused_or_dropped(root: Path) -> None:
    with pytest.raises(RowError, match=r"LLaMA-Factory cannot carry the answer weight 0\.0"):
        write_llama_factory([weighted(0, 1)], root, "own")
    write_llama_factory([weighted(0, 1)], root, "own", weights="drop")
    assert read_dialogue(read_llama_factory(root, "own")[0]).answer_weights == (1, 1)
    with pytest.raises(RowError, match=r"TRL cannot carry the answer weight 0\.5"):
        write_trl([weighted(0.5)], root / "rows.parquet")
    with pytest.raises(SettingsError, match="weights must be 'refuse' or 'drop'; got 'keep'"):
        write_ms_swift([], root / "rows.jsonl", weights="keep")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "a/b", "dataset_info"])
def test_a_name_that_is_no_file_name_is_refused(root: Path, name: str) -> None:
    with pytest.raises(RowError, match="name must be"):
        write_llama_factory([], root, name)


def test_a_sharegpt_set_of_others_is_read_by_its_entry(tmp_path: Path) -> None:
    entry = {
        "file_name": "x.json",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "pics"},
    }
    (tmp_path / "dataset_info.json").write_text(json.dumps({"x": entry, "y": {"file_name": "x.json"}}))
    turns = [{"from": "human", "value": "<image>what ?"}, {"from": "gpt", "value": "a duck"}]
    (tmp_path / "x.json").write_text(json.dumps([{"conversations": turns, "pics": ["a.png"]}]))
    (row,) = read_llama_factory(tmp_path, "x")
    assert row == {
        "id": "0",
        "messages": [
            {"role": "user", "content": [IMAGE, text("what ?")]},
            {"role": "assistant", "content": [text("a duck")]},
        ],
        "images": ["a.png"],
    }
    with pytest.raises(RowError, match="must have an entry 'y' of formatting sharegpt"):
        read_llama_factory(tmp_path, "y")


def test_lines_that_are_no_rows_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"messages": []}\n\n{"messages": 7}\n', encoding="utf-8")
    with pytest.raises(RowError, match="row_form: line 2 must be an object with messages"):
        read_ms_swift(tmp_path / "rows.jsonl")


def loaded(path: Path) -> Any:
    from datasets import load_dataset

    return load_dataset("parquet", data_files=str(path), split="train", cache_dir=str(path.parent / "cache"))


def test_trl_s_collator_makes_the_tokens_that_this_package_makes(
    root: Path, long_row: Row, text_row: Row, processor: Any
) -> None:
    from llava_train import RowEncoder
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    path = write_trl([long_row, text_row], root / "rows.parquet")
    data = loaded(path)
    batch = DataCollatorForVisionLanguageModeling(processor)([data[0], data[1]])
    encoder = RowEncoder(processor, stop_ids=frozenset([2]), image_root=str(root))
    for ids, mask, row in zip(batch["input_ids"], batch["attention_mask"], (long_row, text_row), strict=True):
        assert ids[mask.bool()].tolist() == encoder.encode(row).input_ids
    assert (batch["pixel_values"] == encoder.encode(long_row).images["pixel_values"]).all()


def test_the_parquet_file_trains_in_trl_and_moves_away_alone(
    root: Path, long_row: Row, text_row: Row, tiny: Path, processor: Any
) -> None:
    from llava_train import load_model
    from trl import SFTConfig, SFTTrainer

    path = write_trl([long_row, text_row], root / "rows.parquet").rename(root / "cache.parquet")
    for image in (root / "pictures").iterdir():
        image.unlink()
    settings = SFTConfig(
        str(root / "out"), max_steps=1, per_device_train_batch_size=2, use_cpu=True, report_to=[], bf16=False,
        max_length=None, save_strategy="no", disable_tqdm=True, gradient_checkpointing=False,
    )  # fmt: skip
    model = load_model(str(tiny), dtype="float32")
    trainer = SFTTrainer(model, settings, train_dataset=loaded(path), processing_class=processor)
    assert 4 < trainer.train().training_loss < 8  # log 330 = 5.8


def test_rows_from_the_parquet_file_are_rows_of_this_package_too(root: Path, long_row: Row, text_row: Row) -> None:
    back = loaded(write_trl([long_row, text_row], root / "rows.parquet"))
    assert [parts(row) for row in back] == [parts(long_row), parts(text_row)]
    assert [image.convert("RGB").getpixel((0, 0)) for image in back[0]["images"]] == [
        (255, 0, 0),
        (0, 255, 0),
        PALE_BLUE,
    ]


def test_without_embedding_the_parquet_file_holds_absolute_paths(root: Path, long_row: Row) -> None:
    import pyarrow.parquet

    path = write_trl([long_row], root / "rows.parquet", embed_images=False)
    images = pyarrow.parquet.read_table(path).to_pylist()[0]["images"]
    assert [(image["bytes"], Path(image["path"]).is_absolute()) for image in images] == [(None, True)] * 3
    assert loaded(path)[0]["images"][1].getpixel((0, 0)) == (0, 255, 0)
