from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from occlusion import OcclusionError, OwlDetector
from PIL import Image, ImageDraw

from .conftest import noise

KINDS = ("owlv2", "owlvit")
PHRASES = ["  Cat", "RED  chair", "bird"]


Model = tuple[Any, Any]  # And its processor.


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, loaded: dict[str, Model]) -> Model:
    return loaded[request.param]


class SeesWhite:
    """A model whose one box surrounds the white part of what its image processor shows it, as fractions."""

    def __init__(self, model: Any) -> None:
        self.config, self.device, self.dtype = model.config, model.device, model.dtype

    def eval(self) -> SeesWhite:
        return self

    def to(self, **_: Any) -> SeesWhite:
        return self

    def __call__(self, *, input_ids: Any, pixel_values: Any, **_: Any) -> Any:
        import torch

        red_hw = pixel_values[0, 0].numpy()
        white_hw = red_hw > (red_hw.min() + red_hw.max()) / 2
        rows, columns = np.flatnonzero(white_hw.any(axis=1)), np.flatnonzero(white_hw.any(axis=0))
        y0, y1, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        box = np.array([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]) / len(red_hw)
        return SimpleNamespace(logits=torch.zeros(1, 1, len(input_ids)), pred_boxes=torch.from_numpy(box)[None, None])


SIZES = [(320, 128), (128, 320), (192, 192), (63, 64)]


@pytest.mark.parametrize("size_wh", SIZES)
def test_a_box_around_what_the_model_sees_is_a_box_around_the_thing_in_the_image(
    model: Model, size_wh: tuple[int, int]
) -> None:
    detector = OwlDetector(SeesWhite(model[0]), model[1])
    width, height = size_wh
    box = (width // 2, height // 2, width - width // 8, height - height // 8)
    image = Image.new("L", size_wh)
    ImageDraw.Draw(image).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=255)
    (found,) = detector(image, ["cat"])
    side = (max(size_wh), max(size_wh)) if model[0].config.model_type == "owlv2" else size_wh
    pixel = np.array([side[0], side[1]] * 2) / 64  # One pixel of the model's picture in the original image.
    assert (np.abs(np.subtract(found.box_xyxy_px, box)) <= pixel).all()


@pytest.mark.parametrize("size_wh", [(90, 40), (40, 90)])
def test_boxes_and_scores_are_those_of_transformers_clipped_to_the_image(
    model: Model, size_wh: tuple[int, int]
) -> None:
    import torch

    image = noise(*size_wh)
    inputs = model[1](images=image, text=[["cat", "red chair", "bird"]], return_tensors="pt")
    with torch.no_grad():
        outputs = model[0].eval()(**inputs)
    theirs = model[1].post_process_grounded_object_detection(
        outputs, threshold=0.3, target_sizes=[size_wh[::-1]], text_labels=[PHRASES]
    )[0]
    boxes = np.clip(theirs["boxes"].numpy(), 0, size_wh * 2)
    rows = zip(map(tuple, boxes.tolist()), theirs["scores"].tolist(), theirs["text_labels"], strict=True)
    expected = sorted(row for row in rows if row[0][0] < row[0][2] and row[0][1] < row[0][3])
    found = OwlDetector(*model, box_threshold=0.3)(image, PHRASES)
    assert 0 < len(found) < len(outputs.pred_boxes[0])
    ours = sorted((one.box_xyxy_px, one.score, one.phrase) for one in found)
    assert [phrase for _, _, phrase in ours] == [phrase for _, _, phrase in expected]
    assert [score for _, score, _ in ours] == pytest.approx([score for _, score, _ in expected], rel=1e-5)
    assert np.allclose([box for box, _, _ in ours], [box for box, _, _ in expected], atol=1e-3)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_a_box_in_the_padding_alone_is_dropped(loaded: dict[str, Model]) -> None:
    image = noise(90, 30)
    found = OwlDetector(*loaded["owlv2"], box_threshold=0.0)(image, PHRASES)
    assert 0 < len(found) < 16  # Of 4 x 4 patches, those of the lower rows see padding.
    assert all(one.box_xyxy_px[3] <= 30 for one in found)


def test_the_image_goes_through_once_for_all_phrases(model: Model) -> None:
    detector, seen = OwlDetector(*model), []
    vision = next(module for name, module in model[0].named_modules() if name.endswith("vision_model"))
    hook = vision.register_forward_hook(lambda *_: seen.append(1))
    assert detector(noise(90, 60), []) == []
    assert not seen
    detector(noise(90, 60), PHRASES)
    hook.remove()
    assert len(seen) == 1


def test_images_of_a_batch_go_through_together_and_find_what_each_finds_alone(model: Model) -> None:
    items = [
        (noise(90, 60, seed=1), PHRASES[:1]),
        (noise(40, 90, seed=2), PHRASES),
        (noise(9, 9, seed=3), []),
        (noise(50, 50, seed=4).convert("L"), PHRASES[1:]),
    ]
    detector, seen = OwlDetector(*model, batch_size=3, box_threshold=0.0), []
    vision = next(module for name, module in model[0].named_modules() if name.endswith("vision_model"))
    hook = vision.register_forward_hook(lambda _, __, output: seen.append(len(output[0])))
    together = detector.detect_many(items)
    hook.remove()
    assert seen == [3]
    assert together[2] == []
    for (image, phrases), found in zip(items, together, strict=True):
        alone = detector(image, phrases)
        assert [one.phrase for one in found] == [one.phrase for one in alone]
        assert {one.phrase for one in found} <= set(phrases)
        assert np.allclose([one.score for one in found], [one.score for one in alone], rtol=1e-4)
        assert np.allclose([one.box_xyxy_px for one in found], [one.box_xyxy_px for one in alone], atol=1e-3)


def test_a_template_is_read_with_the_phrase_and_not_reported(model: Model) -> None:
    image = noise(90, 60)
    plain = OwlDetector(*model, box_threshold=0.0)(image, ["a cat"])
    shaped = OwlDetector(*model, box_threshold=0.0, template="a {}")(image, ["Cat"])
    assert {one.phrase for one in shaped} == {"Cat"}
    assert [one.score for one in plain] == [one.score for one in shaped]


def test_what_the_model_cannot_read_gets_a_verdict(model: Model) -> None:
    detector = OwlDetector(*model, template="a {}")
    assert detector.refusal("thirteen char") is None  # Letters are tokens here: 12, "a", start and end make 15.
    for phrase, reason, text in (
        ("fourteen chars", None, ""),
        ("fifteen letters", "phrase_too_long", "'a fifteen letters' must have 14 tokens or fewer; got 15"),
        ("cat <|endoftext|>", "special_token", "has a special token"),
        ("", "empty_phrase", "must have a word"),
    ):
        verdict = detector.refusal(phrase)
        assert (verdict.reason if verdict else None) == reason
        if reason:
            with pytest.raises(OcclusionError, match=text.replace("|", r"\|")):
                detector(noise(90, 60), ["cat", phrase])


def test_numbers_that_overflowed_are_an_error_not_an_empty_list(model: Model) -> None:
    import torch

    for part in ("box_head", "class_head"):
        broken = copy.deepcopy(model[0])
        with torch.no_grad():
            for name, weight in broken.named_parameters():
                if part in name:
                    weight.fill_(torch.nan)
        with pytest.raises(OcclusionError, match="must give numbers; got nan") as caught:
            OwlDetector(broken, model[1])(noise(90, 60), ["cat"])
        assert caught.value.reason == "not_a_number"


def test_options_that_make_no_sense_are_refused(model: Model) -> None:
    both = r"box_threshold must be 0 to 1, and template have one \{\}; got"
    for options, text in (
        ({"box_threshold": 10}, both),
        ({"template": "a photo"}, both),
        ({"template": "{} or {}"}, both),
        ({"batch_size": 0}, "batch_size must be 1 or more; got 0"),
    ):
        with pytest.raises(OcclusionError, match=text) as caught:
            OwlDetector(*model, **options)
        assert caught.value.reason == "bad_option"
