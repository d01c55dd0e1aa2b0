"""Maps for questions, by the embedded world's tiny model: the right patch, the right tokens, the right place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scene_world as world
import torch
from box_space import Box, OriginalPixels, SquarePadded
from PIL import Image
from roi_attention import MapError, ZoomError, pointing_game
from roi_attention.relevance import ImageQuestion, explain
from transformers import AutoModelForImageTextToText, AutoProcessor

SIGN = "What does the sign say?"


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    path = world.tiny_vlm_path()
    model = AutoModelForImageTextToText.from_pretrained(path, dtype="float32").eval().requires_grad_(False)
    return model, AutoProcessor.from_pretrained(path)


@pytest.fixture(scope="module")
def signs() -> list[tuple[Image.Image, str, Box]]:
    """Large pictures with one sign, what it says, and where its plate is."""
    found: list[tuple[Image.Image, str, Box]] = []
    for index in range(24):
        scene = world.sample_sign_scene("explaining", index)
        sign = next(thing for thing in scene.things if thing.kind == "sign")
        box = Box(*world.plate_box_xyxy_px(sign), space=OriginalPixels(192, 192))
        found.append((world.render_large(scene), sign.text, box))
    return found


def asked(signs: list[tuple[Image.Image, str, Box]], count: int) -> list[ImageQuestion]:
    return [ImageQuestion(image, SIGN, text) for image, text, _ in signs[:count]]


@pytest.mark.parametrize("method", ["relevance", "text_rows", "attention", "input_gradient"])
def test_maps_point_at_the_sign_far_more_often_than_chance(
    method: Any, tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]
) -> None:
    found = explain(*tiny, asked(signs, 24), method=method)
    assert all(one.whole.values_hw.shape == (4, 4) for one in found)
    assert all(one.whole.method == method for one in found)
    cases = [(one.whole, box) for one, (_, _, box) in zip(found, signs, strict=True)]
    game = pointing_game(cases, tolerance_px=15)
    assert game.share > 0.4 > 3 * max(game.random_share, game.centre_share)


def test_a_batch_gives_what_one_by_one_gives(tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]) -> None:
    questions = [*asked(signs, 2), ImageQuestion(signs[2][0], "Is there a sign in the image? Or a house?", "yes")]
    together = explain(*tiny, questions)
    for one, alone in zip(together, [explain(*tiny, [question])[0] for question in questions], strict=True):
        assert np.allclose(one.whole.values_hw, alone.whole.values_hw, rtol=1e-3, atol=1e-6)
        assert one.mean_log_prob == pytest.approx(alone.mean_log_prob, abs=1e-3)


def test_without_an_answer_the_models_own_first_token_is_explained(
    tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]
) -> None:
    image = signs[0][0]
    (own,) = explain(*tiny, [ImageQuestion(image, SIGN)])
    (named,) = explain(*tiny, [ImageQuestion(image, SIGN, own.tokens[0][0].strip())])
    assert np.allclose(own.whole.values_hw, named.whole.values_hw, rtol=1e-4)
    assert own.whole.target.strip() == named.whole.target.strip()


def test_the_tokens_of_an_answer_add_up_and_punctuation_and_end_tokens_have_none(
    tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]
) -> None:
    question = ImageQuestion(signs[0][0], "What do you see?", "A sign, on wood.")
    (found,) = explain(*tiny, [question])
    assert [word.strip() for word, _ in found.tokens] == ["A", "sign", "on", "wood"]
    total = sum(one.values_hw for _, one in found.tokens)
    assert np.allclose(total, found.whole.values_hw, rtol=1e-5)
    assert found.whole.first_order_share is not None
    assert 0 < found.whole.first_order_share <= 1


def test_long_answers_are_explained_jointly_unless_told_otherwise(
    tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]
) -> None:
    question = ImageQuestion(signs[0][0], "What do you see?", "A sign, a house, a car, a tree, a star on wood.")
    (default,), (joint,), (each,) = (explain(*tiny, [question], combine=how) for how in (None, "joint", "per_token"))
    assert np.array_equal(default.whole.values_hw, joint.whole.values_hw)
    assert not np.allclose(each.whole.values_hw, joint.whole.values_hw, rtol=1e-2)


def test_a_neutral_question_divides_its_map_out(
    tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]
) -> None:
    question = asked(signs, 1)
    (plain,), (relative,) = explain(*tiny, question), explain(*tiny, question, neutral="Describe the image.")
    (below,) = explain(*tiny, [ImageQuestion(signs[0][0], "Describe the image.")])
    assert np.allclose(relative.whole.values_hw, plain.whole.relative_to(below.whole).values_hw)
    assert relative.whole.method == "relative_relevance"


def test_a_picture_that_is_not_square_is_padded_and_its_map_knows_where(
    tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]
) -> None:
    """The upper half of a scene: what was in the first row is now in the second, in the middle of the canvas."""
    image = signs[0][0].crop((0, 0, 192, 96))
    (found,) = explain(*tiny, [ImageQuestion(image, SIGN)])
    assert found.whole.grid.of == SquarePadded(OriginalPixels(192, 96))
    assert np.array_equal(found.whole.covered_hw(), np.repeat([[0.0], [1.0], [1.0], [0.0]], 4, axis=1))
    canvas = Image.new("RGB", (192, 192), (122, 116, 104))
    canvas.paste(image, (0, 48))
    (same,) = explain(*tiny, [ImageQuestion(canvas, SIGN)])
    assert np.allclose(found.whole.values_hw, same.whole.values_hw, rtol=1e-5)


def test_maps_of_wide_pictures_point_at_the_sign_in_the_pictures_own_pixels(
    tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]
) -> None:
    """Two of four rows of each scene, one of them the sign's: the first of the map's rows is then on padding alone."""
    wide = OriginalPixels(192, 96)
    questions: list[ImageQuestion] = []
    boxes: list[Box] = []
    for image, text, box in signs:
        top = 48 * min(int(box.center_xy[1] // 48), 2)
        questions.append(ImageQuestion(image.crop((0, top, 192, top + 96)), SIGN, text))
        boxes.append(Box(box.x0, box.y0 - top, box.x1, box.y1 - top, space=wide))
    maps = [one.whole for one in explain(*tiny, questions)]
    assert {one.original for one in maps} == {wide}
    game = pointing_game(zip(maps, boxes, strict=True), tolerance_px=15)
    assert game.share > 0.4 > 3 * max(game.random_share, game.centre_share)


def test_the_model_is_left_as_it_was(tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]) -> None:
    model, processor = tiny
    inputs = processor(text="<image>\nUSER: What? ASSISTANT:", images=signs[0][0], return_tensors="pt")
    before = model(**inputs).logits
    for method in ("relevance", "text_rows", "attention", "input_gradient"):
        explain(model, processor, asked(signs, 2), method=method)
    assert torch.equal(model(**inputs).logits, before)
    assert all(parameter.grad is None for parameter in model.parameters())


def bad_calls() -> dict[str, tuple[Callable[..., Any], type[Exception], str]]:
    def training(model: Any, processor: Any, questions: list[ImageQuestion]) -> None:
        model.train()
        try:
            explain(model, processor, questions)
        finally:
            model.eval()

    def unknown_frame(model: Any, processor: Any, questions: list[ImageQuestion]) -> None:
        explain(model, processor, questions, frame="round")  # type: ignore[arg-type]

    def no_answer(model: Any, processor: Any, questions: list[ImageQuestion]) -> None:
        explain(model, processor, [ImageQuestion(questions[0].image, SIGN, "")])

    return {
        "training": (training, MapError, "call model.eval"),
        "frame": (unknown_frame, ZoomError, "frame must be"),
        "answer": (no_answer, MapError, "no token to explain"),
    }


@pytest.mark.parametrize("name", ["training", "frame", "answer"])
def test_what_cannot_be_explained_is_an_error_that_says_what_to_do(
    name: str, tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]
) -> None:
    call, error, words = bad_calls()[name]
    with pytest.raises(error, match=words):
        call(*tiny, asked(signs, 1))


def test_no_question_gives_no_map(tiny: tuple[Any, Any]) -> None:
    assert explain(*tiny, []) == []


def test_kept_graphs_change_no_map(tiny: tuple[Any, Any], signs: list[tuple[Image.Image, str, Box]]) -> None:
    none, every = (explain(*tiny, asked(signs, 2), kept_graphs=count) for count in (0, 5))
    for one, other in zip(none, every, strict=True):
        assert np.array_equal(one.whole.values_hw, other.whole.values_hw)
