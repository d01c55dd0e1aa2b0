from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from occlusion import GroundingDinoDetector, OcclusionError

from .conftest import clip_tokenizer, noise

KINDS = ("grounding-dino", "mm-grounding-dino")
PHRASES = ["  Cat", "RED  chair", "tennis racket", "chairs", "bird"]
TEXT = "cat. red chair. tennis racket. chairs. bird."
TOKENS = [[1], [3, 4], [6, 7], [9, 10], [12]]  # Of each phrase in TEXT, after [CLS]; "chairs" is "chair" and "##s".
ANY = {"box_threshold": 0.0, "text_threshold": 0.0}


Model = tuple[Any, Any]  # And its processor.


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, loaded: dict[str, Model]) -> Model:
    return loaded[request.param]


class Reads:
    """What a model is given while this is open: token ids of each row, number of calls and of images."""

    def __init__(self, model: Model) -> None:
        self.rows: list[list[int]] = []
        self.images = self.calls = 0
        self._hooks = [
            model[0].register_forward_pre_hook(self._read, with_kwargs=True),
            model[0].model.backbone.register_forward_hook(self._see),
        ]

    def __enter__(self) -> Reads:
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _read(self, _: Any, __: Any, inputs: dict[str, Any]) -> None:
        self.calls += 1
        for ids, real in zip(inputs["input_ids"].tolist(), inputs["attention_mask"].tolist(), strict=True):
            self.rows.append(ids[: sum(real)])

    def _see(self, _: Any, inputs: tuple[Any, ...], __: Any) -> None:
        self.images += len(inputs[0])


def reference(model: Model, image: Any) -> tuple[Any, Any]:
    """The model by itself, by its own processor, for TEXT: its outputs, its inputs."""
    import torch

    inputs = model[1](images=image, text=TEXT, return_tensors="pt")
    with torch.no_grad():
        return model[0].eval()(**inputs), inputs


def test_scores_and_labels_are_the_models_own_logits_over_each_phrases_tokens(model: Model) -> None:
    image = noise(90, 60)
    found = GroundingDinoDetector(*model, **ANY)(image, PHRASES)
    outputs, _ = reference(model, image)
    logits = outputs.logits[0].double().numpy()
    of_phrases = np.stack([logits[:, tokens].max(axis=1) for tokens in TOKENS], axis=1)
    expected = sorted(zip(of_phrases.max(axis=1), of_phrases.argmax(axis=1), strict=True), reverse=True)
    assert len(found) == len(expected) == 24
    assert [one.score for one in found] == pytest.approx([1 / (1 + np.exp(-logit)) for logit, _ in expected], rel=1e-4)
    assert [one.phrase for one in found] == [PHRASES[label] for _, label in expected]
    assert len({one.phrase for one in found}) > 1


def test_boxes_are_those_of_transformers_clipped_to_the_image(model: Model) -> None:
    image = noise(60, 96, seed=3)
    outputs, inputs = reference(model, image)
    probabilities = outputs.logits[0].sigmoid()
    threshold = float(np.median(probabilities.max(dim=1).values.numpy()))  # Between the middle two.
    theirs = (
        model[1]
        .post_process_grounded_object_detection(
            outputs, inputs["input_ids"], threshold=threshold, text_threshold=0.0, target_sizes=[(96, 60)]
        )[0]["boxes"]
        .numpy()
    )
    assert 0 < len(theirs) < 24
    assert (theirs < 0).any()  # There is something to clip.
    ours = GroundingDinoDetector(*model, box_threshold=threshold, text_threshold=0.0)(image, PHRASES)
    clipped = np.clip(theirs, 0, [60, 96, 60, 96])
    assert np.allclose(sorted(one.box_xyxy_px for one in ours), sorted(map(tuple, clipped.tolist())), atol=1e-3)


def test_a_query_needs_a_token_above_one_threshold_and_its_phrase_above_the_other(model: Model) -> None:
    image = noise(90, 60)
    outputs, _ = reference(model, image)
    probabilities = outputs.logits[0].sigmoid().numpy()
    highest = probabilities.max(axis=1)
    phrase = probabilities[:, [token for tokens in TOKENS for token in tokens]].max(axis=1)
    box_threshold, text_threshold = float(np.median(highest)), float(np.quantile(phrase, 0.3))
    kept = (highest > box_threshold) & (phrase > text_threshold)
    assert ((highest > box_threshold) != kept).any() or ((phrase > text_threshold) != kept).any()
    found = GroundingDinoDetector(*model, box_threshold=box_threshold, text_threshold=text_threshold)(image, PHRASES)
    assert [one.score for one in found] == pytest.approx(sorted(phrase[kept], reverse=True), rel=1e-5)


def test_a_score_equal_to_the_threshold_is_not_above_it(model: Model) -> None:
    image = noise(90, 60)
    best = GroundingDinoDetector(*model, **ANY)(image, ["cat"])[0]
    assert GroundingDinoDetector(*model, box_threshold=0, text_threshold=best.score)(image, ["cat"]) == []
    just_below = np.nextafter(best.score, 0)
    assert GroundingDinoDetector(*model, box_threshold=0, text_threshold=just_below)(image, ["cat"]) == [best]
    assert GroundingDinoDetector(*model, box_threshold=1.0)(image, ["cat"]) == []


def test_all_phrases_go_through_in_one_pass_where_the_text_fits(model: Model) -> None:
    detector = GroundingDinoDetector(*model, **ANY)
    with Reads(model) as reads:
        found = detector(noise(90, 60), PHRASES)
    assert (reads.calls, reads.images, len(reads.rows)) == (1, 1, 1)
    assert model[1].tokenizer(TEXT)["input_ids"] == reads.rows[0]
    assert {one.phrase for one in found} <= set(PHRASES)


def test_a_text_that_does_not_fit_is_split_between_phrases_into_few_passes(model: Model) -> None:
    detector = GroundingDinoDetector(*model, max_text_tokens=8, **ANY)
    with Reads(model) as reads:
        found = detector(noise(90, 60), PHRASES)
    assert reads.images == reads.calls == len(reads.rows) == 3  # Costs 2, 3, 3, 3, 2 in rooms of 6.
    assert all(len(row) <= 8 for row in reads.rows)
    read = [phrase.strip() for row in reads.rows for phrase in model[1].tokenizer.decode(row[1:-1]).split(".")]
    assert sorted(filter(None, read)) == ["bird", "cat", "chairs", "red chair", "tennis racket"]
    assert {one.phrase for one in found} <= set(PHRASES)
    assert len(found) == 3 * 24
    exactly = GroundingDinoDetector(*model, max_text_tokens=15, **ANY)
    with Reads(model) as reads:
        exactly(noise(90, 60), PHRASES)
    assert (reads.calls, len(reads.rows[0])) == (1, 15)


def test_results_do_not_depend_on_the_batch(model: Model) -> None:
    items = [
        (noise(90, 60, seed=1), ["cat", "red chair"]),
        (noise(90, 60, seed=2), []),
        (noise(90, 60, seed=3), PHRASES),
        (noise(90, 60, seed=4), ["bird"]),
    ]
    detector = GroundingDinoDetector(*model, batch_size=4, max_text_tokens=8, **ANY)
    with Reads(model) as reads:
        together = detector.detect_many(items)
    assert (reads.calls, reads.images) == (2, 5)
    alone = [GroundingDinoDetector(*model, max_text_tokens=8, **ANY)(image, phrases) for image, phrases in items]
    assert [len(found) for found in together] == [24, 0, 72, 24]
    for ours, theirs in zip(together, alone, strict=True):
        assert [one.phrase for one in ours] == [one.phrase for one in theirs]
        assert [one.score for one in ours] == pytest.approx([one.score for one in theirs], rel=1e-4)
        assert np.allclose([one.box_xyxy_px for one in ours], [one.box_xyxy_px for one in theirs], atol=1e-3)


def test_images_of_several_sizes_and_modes_share_a_batch(model: Model) -> None:
    images = [noise(90, 60), noise(40, 100).convert("L"), noise(64, 64).convert("RGBA")]
    found = GroundingDinoDetector(*model, batch_size=3, **ANY).detect_many([(image, ["cat"]) for image in images])
    for image, detections in zip(images, found, strict=True):
        assert detections
        assert all(one.box_xyxy_px[2] <= image.width and one.box_xyxy_px[3] <= image.height for one in detections)


def test_phrases_joined_by_periods_do_not_read_each_other(model: Model) -> None:
    import torch

    detector = GroundingDinoDetector(*model)
    features: list[Any] = []
    hook = model[0].model.text_backbone.register_forward_hook(lambda *call: features.append(call[2][0][0]))
    for phrases in (["cat"], ["cat", "red chair"], ["cat, red chair"]):
        detector(noise(90, 60), phrases)
    hook.remove()
    alone, with_period, with_comma = (one[1] for one in features)  # The token "cat".
    assert torch.allclose(alone, with_period, atol=1e-6)
    assert not torch.allclose(alone, with_comma, atol=1e-3)


REFUSED = [
    pytest.param("st. bernard", "sub_sentence", "'st. bernard' must have no '.'", id="period"),
    pytest.param("cat?", "sub_sentence", "take it for two phrases", id="question mark"),
    pytest.param("cat [SEP] dog", "special_token", "has a special token", id="special"),
    pytest.param("cat \u9d28", "special_token", "does not know", id="unknown"),
    pytest.param("\u200b", "no_token", "no token for", id="invisible"),
    pytest.param("red chair " * 3, "phrase_too_long", "must have 5 tokens or fewer; got 6", id="long"),
    pytest.param(" ", "empty_phrase", "must have a word", id="blank"),
]


@pytest.mark.parametrize(("phrase", "reason", "text"), REFUSED)
def test_a_phrase_that_the_model_would_cut_gets_a_verdict(
    loaded: dict[str, Model], phrase: str, reason: str, text: str
) -> None:
    detector = GroundingDinoDetector(*loaded["grounding-dino"], max_text_tokens=8)
    verdict = detector.refusal(phrase)
    assert verdict is not None
    assert verdict.reason == reason
    with Reads(loaded["grounding-dino"]) as reads, pytest.raises(OcclusionError, match=text) as caught:
        detector(noise(90, 60), ["cat", phrase])
    assert (caught.value.reason, reads.calls) == (reason, 0)


def test_a_phrase_that_just_fits_is_no_trouble(model: Model) -> None:
    detector = GroundingDinoDetector(*model, max_text_tokens=8, **ANY)
    longest = "red chair red chair cat"
    assert detector.refusal(longest) is None
    assert {one.phrase for one in detector(noise(90, 60), [longest])} == {longest}


def test_no_phrases_need_no_model(model: Model) -> None:
    with Reads(model) as reads:
        assert GroundingDinoDetector(*model)(noise(90, 60), []) == []
    assert reads.calls == 0


def test_half_precision_runs(model: Model) -> None:
    import torch

    half = copy.deepcopy(model[0])
    assert GroundingDinoDetector(half, model[1], dtype=torch.bfloat16, **ANY)(noise(90, 60), ["cat"])
    assert half.dtype == torch.bfloat16


def test_overflow_is_an_error_and_not_an_empty_list(model: Model) -> None:
    import torch

    for part in ("bbox_embed", "decoder.layer_norm"):
        broken = copy.deepcopy(model[0])
        with torch.no_grad():
            for name, weight in broken.named_parameters():
                if part in name:
                    weight.fill_(torch.nan)
        with pytest.raises(OcclusionError, match="must give numbers; got nan") as caught:
            GroundingDinoDetector(broken, model[1], **ANY)(noise(90, 60), ["cat"])
        assert caught.value.reason == "not_a_number"


def test_a_model_of_another_kind_or_with_another_tokenizer_is_refused(loaded: dict[str, Model]) -> None:
    model, processor = loaded["grounding-dino"]
    other = SimpleNamespace(tokenizer=clip_tokenizer(), image_processor=processor.image_processor)
    for make, reason, text in (
        (lambda: GroundingDinoDetector(*loaded["owlv2"]), "wrong_model", "got 'owlv2'. See load_detector"),
        (lambda: GroundingDinoDetector(model), "no_processor", "processor must be given"),
        (lambda: GroundingDinoDetector(model, processor, batch_size=0), "bad_option", "batch_size must be 1 or more"),
        (lambda: GroundingDinoDetector(model, processor, box_threshold=23), "bad_option", "thresholds must be 0 to 1"),
        (lambda: GroundingDinoDetector(model, processor, max_text_tokens=3), "bad_option", "4 or more"),
        (lambda: GroundingDinoDetector(model, other), "wrong_tokenizer", r"must be that of uncased BERT.*got \{'\[CLS"),
    ):
        with pytest.raises(OcclusionError, match=text) as caught:
            make()
        assert caught.value.reason == reason
