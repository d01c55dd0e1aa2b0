from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from box_space import open_image
from llava_train import RowEncoder, RowError, UnsupportedModelError, check_rows, read_dialogue
from llava_train.bounded_cache import BoundedCache
from llava_train.collating import collate
from llava_train.image_inputs import load_image
from PIL import Image

EOS = 2


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def turn(role: str, *parts: dict[str, str]) -> dict[str, Any]:
    return {"role": role, "content": list(parts)}


def encoder_of(processor: Any, **options: Any) -> RowEncoder:
    return RowEncoder(processor, stop_ids=frozenset({EOS}), **options)


@pytest.fixture
def dialogue(pictures: list[Path]) -> dict[str, Any]:
    """Two questions, two pictures, the second asked about in the second turn."""
    return {
        "id": "two",
        "messages": [
            turn("system", text("no .")),
            turn("user", {"type": "image"}, text("what is hidden ?")),
            turn("assistant", text("a duck")),
            turn("user", text("what is red ?"), {"type": "image"}),
            turn("assistant", text("a red bird .")),
        ],
        "images": [str(pictures[0]), str(pictures[1])],
    }


def learned_texts(processor: Any, labels: list[int]) -> list[str]:
    """Texts of the runs of labels."""
    runs: list[list[int]] = [[]]
    for label in labels:
        if label == -100:
            runs += [[]] if runs[-1] else []
        else:
            runs[-1].append(label)
    return [processor.tokenizer.decode(run) for run in runs if run]


def test_a_picture_in_memory_is_learned_as_its_file_is(tmp_path: Path) -> None:
    clear = Image.new("LA", (4, 4), (0, 64))
    clear.save(tmp_path / "clear.png")
    pasted, filed = load_image(clear, None), load_image("clear.png", str(tmp_path))
    assert (pasted.mode, pasted.tobytes()) == (filed.mode, filed.tobytes())
    assert pasted.getpixel((0, 0)) == (191, 191, 191)  # a quarter of the black, on white


def test_labels_are_the_answers_with_their_end_tokens_and_nothing_else(
    processor: Any, dialogue: dict[str, Any]
) -> None:
    encoded = encoder_of(processor).encode(dialogue)
    assert learned_texts(processor, encoded.labels) == [" a duck</s>", " a red bird .</s>"]
    assert all(label in (-100, token) for label, token in zip(encoded.labels, encoded.input_ids, strict=True))
    assert [weight > 0 for weight in encoded.weights] == [label != -100 for label in encoded.labels]


def test_ids_and_pixels_are_those_of_the_processor_itself(processor: Any, dialogue: dict[str, Any]) -> None:
    encoded = encoder_of(processor).encode(dialogue)
    images = [open_image(path) for path in dialogue["images"]]
    whole = processor.apply_chat_template(dialogue["messages"], tokenize=False)
    expected = processor(text=[whole], images=images, return_tensors="pt")
    assert encoded.input_ids == expected["input_ids"][0].tolist()
    assert torch.equal(encoded.images["pixel_values"], expected["pixel_values"])
    assert encoded.input_ids.count(processor.image_token_id) == 2 * 4


def test_the_weight_of_an_answer_falls_with_its_length(processor: Any, dialogue: dict[str, Any]) -> None:
    encoded = encoder_of(processor, length_weighting=0.5).encode(dialogue)
    first, second = (processor.tokenizer(t)["input_ids"] for t in (" a duck</s>", " a red bird .</s>"))
    weights = [weight for weight in encoded.weights if weight]
    assert weights == pytest.approx([len(first) ** -0.5] * len(first) + [len(second) ** -0.5] * len(second))


def weighted(dialogue: dict[str, Any], *weights: Any) -> dict[str, Any]:
    """The dialogue with a weight for each answer; None leaves it out."""
    given = iter(weights)
    messages = [dict(message) for message in dialogue["messages"]]
    for message in messages:
        weight = next(given) if message["role"] == "assistant" else None
        message.update({} if weight is None else {"weight": weight})
    return {**dialogue, "messages": messages}


def test_the_tokens_of_a_turn_weigh_by_its_own_weight_too(processor: Any, dialogue: dict[str, Any]) -> None:
    plain, row = encoder_of(processor), weighted(dialogue, 0.25, None)
    first, second = (len(processor.tokenizer(t)["input_ids"]) for t in (" a duck</s>", " a red bird .</s>"))
    assert [w for w in plain.encode(row).weights if w] == [0.25] * first + [1.0] * second
    by_length = encoder_of(processor, length_weighting=1.0).encode(row)
    assert [w for w in by_length.weights if w] == pytest.approx([0.25 / first] * first + [1 / second] * second)
    assert sum(by_length.weights) == pytest.approx(1.25)


def test_weights_change_neither_tokens_nor_images_also_where_the_tokens_are_remembered(
    processor: Any, dialogue: dict[str, Any]
) -> None:
    encoder = encoder_of(processor)
    rows = [dialogue, weighted(dialogue, 3, 0.5), weighted(dialogue, None, 0.0), dialogue]
    once, more, silent, again = (encoder.encode(row) for row in rows)
    assert once.input_ids == more.input_ids == silent.input_ids
    assert once.images["pixel_values"] is silent.images["pixel_values"]
    assert once.labels == more.labels == again.labels
    assert once.weights == again.weights != more.weights


def test_a_turn_of_weight_zero_is_shown_but_not_learned(processor: Any, dialogue: dict[str, Any]) -> None:
    encoded = encoder_of(processor).encode(weighted(dialogue, 0, None))
    assert learned_texts(processor, encoded.labels) == [" a red bird .</s>"]
    assert [weight > 0 for weight in encoded.weights] == [label != -100 for label in encoded.labels]
    assert " a duck</s>" in processor.tokenizer.decode(encoded.input_ids)


def test_the_template_never_sees_a_weight(dialogue: dict[str, Any]) -> None:
    read = read_dialogue(weighted(dialogue, 0.5, 2))
    assert read.answer_weights == (0.5, 2.0)
    assert read.messages == read_dialogue(dialogue).messages
    assert read_dialogue(dialogue).answer_weights == (1.0, 1.0)


def test_answers_of_a_template_without_end_token_get_one(open_processor: Any, dialogue: dict[str, Any]) -> None:
    encoder = encoder_of(open_processor)
    assert encoder.end_token == "</s>"
    assert learned_texts(open_processor, encoder.encode(dialogue).labels) == [" a duck</s>", " a red bird .</s>"]


def test_layout_behind_the_end_token_is_not_learned(open_processor: Any, dialogue: dict[str, Any]) -> None:
    open_processor.chat_template = open_processor.chat_template.replace(
        "{{ ' ' }}{% endif %}", "{{ '</s>\n' }}{% endif %}"
    )
    encoder = encoder_of(open_processor)
    assert encoder.end_token == ""
    assert learned_texts(open_processor, encoder.encode(dialogue).labels) == [" a duck</s>", " a red bird .</s>"]


def test_a_template_whose_opening_melts_into_the_answer_is_refused(open_processor: Any) -> None:
    template = open_processor.chat_template.replace("ASSISTANT:", "ASSISTANT: ").replace("{{ ' ' + c", "{{ c")
    open_processor.chat_template = template
    with pytest.raises(UnsupportedModelError, match="crosses the edge of the answer in turn 1"):
        encoder_of(open_processor)


def test_a_template_that_forgets_earlier_answers_is_refused(processor: Any, open_processor: Any, dialogue: Any) -> None:
    open_processor.chat_template = processor.chat_template.replace(
        "{% for c in m['content'] %}{{ ' ' + c['text'] }}{% endfor %}",
        "{% if loop.last %}{{ ' ' + m['content'][0]['text'] }}{% endif %}",
    )
    with pytest.raises(RowError, match="template_not_prefix"):
        encoder_of(open_processor).encode(dialogue)


def test_padding_stays_out_of_labels_weights_and_attention(processor: Any, rows: list[dict[str, Any]]) -> None:
    encoder = encoder_of(processor)
    encoded = [encoder.encode(row) for row in rows[:3]]
    for side in ("left", "right"):
        batch = collate(encoded, pad_id=0, padding_side=side)
        assert batch["pixel_values"].shape == (3, 3, 32, 32)
        for k, row in enumerate(encoded):
            real = batch["attention_mask"][k].bool()
            assert batch["input_ids"][k][real].tolist() == row.input_ids
            assert batch["labels"][k][real].tolist() == row.labels
            assert (batch["labels"][k][~real] == -100).all()
            assert batch["loss_weights"][k][~real].sum() == 0
            assert bool(real[-1 if side == "left" else 0])


def test_images_of_unequal_shapes_are_filled_with_zeros(processor: Any, rows: list[dict[str, Any]]) -> None:
    import dataclasses

    encoded = encoder_of(processor).encode(rows[0])
    small, large = torch.ones(1, 2, 3), torch.ones(2, 4, 3)
    batch = collate([dataclasses.replace(encoded, images={"x": x}) for x in (small, large)], pad_id=0)
    assert batch["x"].shape == (3, 4, 3)
    assert batch["x"].sum() == small.numel() + large.numel()


def test_rows_in_plain_trl_form_get_their_images_in_front() -> None:
    row = {
        "messages": [{"role": "user", "content": "what ?"}, {"role": "assistant", "content": "a duck"}],
        "images": [Image.new("RGB", (9, 9))],
    }
    assert read_dialogue(row).messages[0]["content"] == [{"type": "image"}, text("what ?")]


def test_images_inside_the_parts_are_taken_in_order() -> None:
    parts = [{"type": "image", "image": "a.png"}, text("or"), {"type": "image", "image": "b.png"}]
    row = {"messages": [turn("user", *parts), turn("assistant", text("a"))]}
    assert read_dialogue(row).images == ("a.png", "b.png")


def ask(*parts: dict[str, str], answer: str = "yes") -> list[dict[str, Any]]:
    return [turn("user", *parts), turn("assistant", text(answer))]


IMAGE = {"type": "image"}
BAD_ROWS = [
    ("no_messages", {}),
    ("roles", {"messages": [turn("user", text("a"))]}),
    ("roles", {"messages": [turn("assistant", text("a"))]}),
    ("roles", {"messages": [turn("tool", text("a")), turn("assistant", text("a"))]}),
    ("turn_form", {"messages": ["a"]}),
    ("part_form", {"messages": ask({"type": "video"})}),
    ("not_unicode", {"messages": ask(text("half an emoji: \ud83d"))}),
    ("not_unicode", {"messages": [{"role": "user", "content": "\ud83d"}, turn("assistant", text("a"))]}),
    ("empty_answer", {"messages": ask(text("a"), answer=" \n")}),
    ("weight", {"messages": [turn("user", text("a")), {**turn("assistant", text("a")), "weight": -1}]}),
    ("weight", {"messages": [turn("user", text("a")), {**turn("assistant", text("a")), "weight": float("nan")}]}),
    ("weight", {"messages": [turn("user", text("a")), {**turn("assistant", text("a")), "weight": float("inf")}]}),
    ("weight", {"messages": [turn("user", text("a")), {**turn("assistant", text("a")), "weight": 1e-300}]}),
    ("weight", {"messages": [turn("user", text("a")), {**turn("assistant", text("a")), "weight": "1"}]}),
    ("weight", {"messages": [turn("user", text("a")), {**turn("assistant", text("a")), "weight": True}]}),
    ("weight", {"messages": [{**turn("user", text("a")), "weight": 1}, turn("assistant", text("a"))]}),
    ("nothing_to_learn", {"messages": [turn("user", text("a")), {**turn("assistant", text("a")), "weight": 0}]}),
    ("image_in_answer", {"messages": [turn("user", text("a")), turn("assistant", IMAGE)], "images": ["0.png"]}),
    ("image_count", {"messages": ask(IMAGE, IMAGE), "images": ["0.png"]}),
    ("image_count", {"messages": ask(text("a")), "images": ["0.png"]}),
    ("image_kind", {"messages": ask(IMAGE), "images": [7]}),
    ("special_token_in_text", {"messages": ask(text("what is <image> ?"))}),
    ("special_token_in_text", {"messages": ask(text("a"), answer="a</s> duck")}),
    ("too_long", {"messages": ask(IMAGE, text("a " * 40)), "images": ["0.png"]}),
    ("missing", {"messages": ask(IMAGE), "images": ["none.png"]}),
    ("outside_root", {"messages": ask(IMAGE), "images": ["../../etc/passwd"]}),
    ("truncated", {"messages": ask(IMAGE), "images": ["torn.png"]}),
    ("not_an_image", {"messages": ask(IMAGE), "images": ["text.png"]}),
]


@pytest.fixture
def image_root(tmp_path: Path, pictures: list[Path]) -> Path:
    whole = pictures[0].read_bytes()
    (tmp_path / "0.png").write_bytes(whole)
    (tmp_path / "torn.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("no picture")
    return tmp_path


def test_each_bad_row_gets_its_own_verdict_and_its_neighbours_are_kept(processor: Any, image_root: Path) -> None:
    encoder = encoder_of(processor, image_root=str(image_root), max_length=40)
    bad = [{"id": f"bad-{k}", **row} for k, (_, row) in enumerate(BAD_ROWS)]
    good = [{"id": f"good-{k}", "messages": ask(IMAGE, text("a")), "images": ["0.png"]} for k in range(2)]
    checked = check_rows([good[0], *bad, good[1], good[1]], encoder)
    assert [row["id"] for row in checked.kept] == ["good-0", "good-1"]
    verdicts = [(refusal.id, refusal.reason) for refusal in checked.refused]
    expected = [(f"bad-{k}", reason) for k, (reason, _) in enumerate(BAD_ROWS)]
    assert verdicts == [*expected, ("good-1", "duplicate_id")]
    assert all(refusal.detail for refusal in checked.refused)


def test_too_long_counts_image_tokens(processor: Any, rows: list[dict[str, Any]]) -> None:
    length = encoder_of(processor).check(rows[0])
    assert length == len(encoder_of(processor).encode(rows[0]).input_ids)
    encoder_of(processor, max_length=length).check(rows[0])
    with pytest.raises(RowError, match=rf"{length} tokens, 1 images counted; at most {length - 1}"):
        encoder_of(processor, max_length=length - 1).check(rows[0])


def test_rows_seen_before_are_not_processed_again(processor: Any, rows: list[dict[str, Any]]) -> None:
    encoder = encoder_of(processor)
    first = encoder.encode(rows[0])
    assert encoder.encode(rows[0]).images["pixel_values"] is first.images["pixel_values"]
    forgetful = encoder_of(processor, cache_mb=0)
    again = forgetful.encode(rows[0]), forgetful.encode(rows[0])
    assert again[0].images["pixel_values"] is not again[1].images["pixel_values"]
    assert again[0].input_ids == first.input_ids


def test_open_images_that_come_and_go_are_never_taken_for_one_another(processor: Any) -> None:
    """What is freed gives its identity to the next one."""
    encoder, forgetful = encoder_of(processor), encoder_of(processor, cache_mb=0)
    for shade in range(0, 250, 5):
        row = {"messages": ask(IMAGE, text("what ?")), "images": [Image.new("RGB", (32, 32), (shade, 0, 0))]}
        pixels = [one.encode(row).images["pixel_values"] for one in (encoder, forgetful)]
        assert torch.equal(*pixels)


def test_the_cache_never_holds_more_than_its_limit() -> None:
    cache = BoundedCache[bytes](limit_bytes=100, size_of=len)
    for k in range(50):
        assert len(cache.get(k, lambda k=k: bytes(k))) == k
        assert sum(len(value) for value in cache._values.values()) <= 100
    assert len(cache.get("big", lambda: bytes(101))) == 101
    assert "big" not in cache._values
