from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from occlusion import Causality, Entity, MaskedLmCausality, OcclusionError, Unscored, is_causal

CAPTIONS = [
    "A small duck swims on a pond.",
    "duck, duck and goose",
    "Ducks near a pond",
    "the tennis player",
    "pond",
] * 6


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    core.train_from_iterator(CAPTIONS, trainer)
    core.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    names = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    return PreTrainedTokenizerFast(tokenizer_object=core, **names)


@pytest.fixture(scope="session")
def model(tokenizer: Any) -> Any:
    import torch
    from transformers import RobertaConfig, RobertaForMaskedLM

    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=66,
        type_vocab_size=1,
        pad_token_id=1,
        initializer_range=0.3,
    )
    return RobertaForMaskedLM(config).eval()


def mention(caption: str, phrase: str, head: str, *, after: int = 0) -> tuple[str, Entity]:
    start = caption.index(phrase, after)
    head_start = start + phrase.rindex(head)
    return caption, Entity(phrase, head, start, start + len(phrase), head_start, head_start + len(head))


class Recorder:
    """A model that remembers what it was asked."""

    def __init__(self, model: Any) -> None:
        self.model, self.asked, self.batches = model, [], 0
        self.device, self.named_modules = model.device, model.named_modules

    def eval(self) -> Recorder:
        return self

    def __call__(self, **inputs: Any) -> Any:
        self.batches += 1
        for ids, real in zip(inputs["input_ids"].tolist(), inputs["attention_mask"].tolist(), strict=True):
            self.asked.append(ids[: sum(real)])
        return self.model(**inputs)


MENTIONS = [
    pytest.param("duck swims", "duck", " ", id="start, without a leading space"),
    pytest.param("A small duck swims", "duck", " ", id="middle"),
    pytest.param("on a pond", "pond", "", id="end"),
    pytest.param("A duck, a pond.", "duck", ",", id="before a comma"),
    pytest.param('the "duck" swims', "duck", '"', id="in quotes"),
    pytest.param("a hippopotamus!", "hippopotamus", "!", id="many sub-tokens"),
    pytest.param("un café là", "café", " ", id="several bytes a letter"),
]


@pytest.mark.parametrize(("caption", "word", "follows"), MENTIONS)
def test_exactly_the_sub_tokens_in_context_are_masked(
    tokenizer: Any, model: Any, caption: str, word: str, follows: str
) -> None:
    recorder = Recorder(model)
    item = mention(caption, word, word)
    result = MaskedLmCausality(recorder, tokenizer)([item])[0]
    before = caption[: item[1].start].rstrip(" ")
    in_context = tokenizer(caption[len(before) : item[1].end], add_special_tokens=False)["input_ids"]
    whole = tokenizer(caption)["input_ids"]
    first = len(tokenizer(before, add_special_tokens=False)["input_ids"]) + 1
    assert caption[item[1].end :].startswith(follows)
    assert whole[first : first + len(in_context)] == in_context
    masked = whole[:first] + [tokenizer.mask_token_id] * len(in_context) + whole[first + len(in_context) :]
    assert recorder.asked == [masked]
    assert isinstance(result, Causality)
    assert result.tokens_phrase == result.tokens_head == len(in_context)


def test_perplexity_is_the_one_worked_out_by_hand(tokenizer: Any, model: Any) -> None:
    import torch

    caption, entity = mention("A small duck swims on a pond.", "small duck", "duck")
    result = MaskedLmCausality(model, tokenizer)([(caption, entity)])[0]
    assert isinstance(result, Causality)
    for text, start, end, expected in (
        (caption, 2, 12, result.ppl_phrase),
        ("A duck swims on a pond.", 2, 6, result.ppl_head),
    ):
        encoded = tokenizer(text, return_offsets_mapping=True)
        at = [t for t, (s, e) in enumerate(encoded["offset_mapping"]) if e > start and s < end and e > s]
        ids = torch.tensor([encoded["input_ids"]])
        masked = ids.clone()
        masked[0, at] = tokenizer.mask_token_id
        with torch.no_grad():
            probabilities = model(input_ids=masked).logits[0].softmax(-1)
        logs = [math.log(probabilities[t, ids[0, t]].item()) for t in at]
        assert expected == pytest.approx(math.exp(-sum(logs) / len(logs)), rel=1e-4)


def test_a_model_that_knows_nothing_has_the_perplexity_of_its_vocabulary(tokenizer: Any) -> None:
    import torch
    from transformers import RobertaConfig, RobertaForMaskedLM

    config = RobertaConfig(vocab_size=len(tokenizer), hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
    blank = RobertaForMaskedLM(config)
    with torch.no_grad():
        for parameter in blank.lm_head.parameters():
            parameter.zero_()
    items = [
        mention("A small duck swims", "small duck", "duck"),
        mention("an eagle", "eagle", "eagle"),
    ]
    for result in MaskedLmCausality(blank, tokenizer)(items):
        assert isinstance(result, Causality)
        assert result.ppl_phrase == pytest.approx(len(tokenizer), rel=1e-4)
        assert result.ppl_head == pytest.approx(len(tokenizer), rel=1e-4)


def test_results_do_not_depend_on_the_batch_and_come_in_order(tokenizer: Any, model: Any) -> None:
    items = [
        mention("A small duck swims on a pond.", "small duck", "duck"),
        mention("pond", "pond", "pond"),
        mention("the tennis player", "tennis player", "tennis player"),
        mention("duck, duck and goose", "duck", "duck"),
        mention("duck, duck and goose", "duck", "duck", after=2),
    ]
    together = MaskedLmCausality(model, tokenizer, batch_size=8)(items)
    for item, result in zip(items, together, strict=True):
        alone = MaskedLmCausality(model, tokenizer, batch_size=1)([item])[0]
        assert isinstance(alone, Causality)
        assert isinstance(result, Causality)
        assert result.ppl_phrase == pytest.approx(alone.ppl_phrase, rel=1e-4)
        assert result.ppl_head == pytest.approx(alone.ppl_head, rel=1e-4)
    assert together[3] != together[4]


def test_equal_work_is_done_once(tokenizer: Any, model: Any) -> None:
    recorder = Recorder(model)
    MaskedLmCausality(recorder, tokenizer, batch_size=4)([mention("a duck on a pond", "duck", "duck")] * 40)
    assert (recorder.batches, len(recorder.asked)) == (1, 1)


def test_what_cannot_be_scored_says_why_and_its_neighbours_are_unharmed(tokenizer: Any, model: Any) -> None:
    long = "a duck " * 64
    items = [
        (long, Entity("duck", "duck", 2, 6, 2, 6)),
        ("a duck", Entity("", "", 2, 2, 2, 2)),
        mention("a duck", "duck", "duck"),
    ]
    too_long, empty, good = MaskedLmCausality(model, tokenizer)(items)
    assert isinstance(too_long, Unscored)
    assert (too_long.reason, "the model takes 64" in too_long.detail) == ("caption_too_long", True)
    assert isinstance(empty, Unscored)
    assert empty.reason == "no_token"
    assert isinstance(good, Causality)


def test_the_longest_caption_that_fits_is_scored(tokenizer: Any, model: Any) -> None:
    room = 64 - 2
    caption = "duck" + "!" * (room - len(tokenizer("duck", add_special_tokens=False)["input_ids"]))
    entity = Entity("duck", "duck", 0, 4, 0, 4)
    score = MaskedLmCausality(model, tokenizer)
    fits, over = score([(caption, entity), (caption + "!" * 8, entity)])
    assert isinstance(fits, Causality)
    assert isinstance(over, Unscored)


def test_a_saved_checkpoint_scores_as_the_loaded_model(
    tokenizer: Any, model: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mlm")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    items = [mention("A small duck swims on a pond.", "small duck", "duck")]
    assert MaskedLmCausality(folder)(items) == MaskedLmCausality(model, tokenizer)(items)
    assert MaskedLmCausality(model, tokenizer)([]) == []


def test_a_checkpoint_that_cannot_be_read_or_lacks_its_language_head_is_refused(
    tokenizer: Any, model: Any, tmp_path: Path
) -> None:
    model.roberta.save_pretrained(tmp_path / "headless")
    tokenizer.save_pretrained(tmp_path / "headless")
    (tmp_path / "empty").mkdir()
    for folder, reason, text in (
        ("headless", "missing_weights", "must have all weights of RobertaForMaskedLM"),
        ("empty", "bad_checkpoint", "must be a folder or hub id of a language model"),
    ):
        with pytest.raises(OcclusionError, match=text) as caught:
            MaskedLmCausality(tmp_path / folder)
        assert caught.value.reason == reason
        assert "\n" not in str(caught.value)


def test_a_model_without_its_tokenizer_is_refused(model: Any) -> None:
    with pytest.raises(OcclusionError, match="must be given") as caught:
        MaskedLmCausality(model)
    assert caught.value.reason == "no_tokenizer"


BOUNDS = [(1.0, True), (1.01, True), (3.32, True), (3.33, False), (float("nan"), False), (float("inf"), False)]


@pytest.mark.parametrize(("ppl", "expected"), BOUNDS)
def test_high_causality_is_between_one_and_the_threshold(ppl: float, expected: bool) -> None:
    assert is_causal(Causality(1.0, ppl, 1, 1)) is expected


def test_the_threshold_can_be_set() -> None:
    assert is_causal(Causality(1.0, 8.0, 1, 1), max_ppl=10)
