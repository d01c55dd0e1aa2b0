from __future__ import annotations

import math
from typing import Any

import pytest
from occlusion import Causality, Entity, OcclusionError, Unscored
from occlusion.causality import INFILL_PROMPT, CausalLmCausality

CAPTIONS = ["A small duck swims on a pond.", "duck, duck and goose", "the tennis player", "Ducks near a pond"] * 6


def gpt2_tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<|end|>"], initial_alphabet=alphabet, show_progress=False
    )
    core.train_from_iterator([*CAPTIONS, INFILL_PROMPT], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|end|>", unk_token="<|end|>")


def llama_tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.Unigram())
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=90, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False
    )
    core.train_from_iterator([*CAPTIONS, INFILL_PROMPT], trainer)
    # With an end token, as some checkpoints have it: it must not be shown.
    core.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def model_of(name: str, vocabulary: int) -> Any:
    import torch
    import transformers as t

    torch.manual_seed(0)
    ends = {"bos_token_id": 1, "eos_token_id": 2}
    llama = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    models = {
        "gpt2": lambda: t.GPT2LMHeadModel(
            t.GPT2Config(vocab_size=vocabulary, n_embd=32, n_layer=2, n_head=2, n_positions=400, initializer_range=0.3)
        ),
        "llama": lambda: t.LlamaForCausalLM(
            t.LlamaConfig(vocab_size=vocabulary, max_position_embeddings=400, initializer_range=0.3, **llama, **ends)
        ),
        "opt": lambda: t.OPTForCausalLM(
            t.OPTConfig(
                vocab_size=vocabulary,
                hidden_size=32,
                ffn_dim=48,
                num_hidden_layers=2,
                num_attention_heads=2,
                max_position_embeddings=400,
                word_embed_proj_dim=32,
                init_std=0.3,
                pad_token_id=0,
                **ends,
            )
        ),
    }
    return models[name]().eval()


@pytest.fixture(scope="session")
def loaded() -> dict[str, tuple[Any, Any]]:
    """Model and tokenizer of each architecture."""
    bytes_, pieces = gpt2_tokenizer(), llama_tokenizer()
    pairs = {"gpt2": bytes_, "opt": bytes_, "llama": pieces}
    return {name: (model_of(name, len(tokenizer)), tokenizer) for name, tokenizer in pairs.items()}


def mention(caption: str, phrase: str, head: str, *, after: int = 0) -> tuple[str, Entity]:
    start = caption.index(phrase, after)
    head_start = start + phrase.rindex(head)
    return caption, Entity(phrase, head, start, start + len(phrase), head_start, head_start + len(head))


ITEMS = [
    mention("A small duck swims on a pond.", "small duck", "duck"),
    mention("duck, duck and pond", "duck", "duck"),
    mention("duck, duck and pond", "duck", "duck", after=2),
    mention("the tennis player swims on a pond near a small goose", "tennis player", "tennis player"),
    mention("pond", "pond", "pond"),
]


def plain_ppl(model: Any, ids: list[int], first: int) -> float:
    import torch

    with torch.no_grad():
        logps = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    return math.exp(-sum(float(logps[t - 1, ids[t]]) for t in range(first, len(ids))) / (len(ids) - first))


@pytest.mark.parametrize("name", ["gpt2", "llama", "opt"])
def test_a_batch_gives_the_values_of_one_plain_call_for_each_prompt(loaded: dict[str, Any], name: str) -> None:
    model, tokenizer = loaded[name]
    score = CausalLmCausality(model, tokenizer)
    assert score.guessed_places_only
    for (caption, entity), got in zip(ITEMS, score(ITEMS), strict=True):
        blanked = caption[: entity.start] + "____" + caption[entity.end :]
        prompt = INFILL_PROMPT.replace("{caption}", blanked)
        ends = 1 if name == "llama" else 0
        first = len(tokenizer(prompt)["input_ids"]) - ends
        assert isinstance(got, Causality)
        for filling, ppl, tokens in (
            (entity.phrase, got.ppl_phrase, got.tokens_phrase),
            (entity.head, got.ppl_head, got.tokens_head),
        ):
            ids = tokenizer(f"{prompt} {filling}")["input_ids"]
            ids = ids[: len(ids) - ends]
            assert ppl == pytest.approx(plain_ppl(model, ids, first), rel=1e-4)
            assert tokens == len(ids) - first


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_results_do_not_depend_on_the_batch(loaded: dict[str, Any], name: str) -> None:
    together = CausalLmCausality(*loaded[name])(ITEMS)
    alone = CausalLmCausality(*loaded[name], batch_size=1)
    for item, got in zip(ITEMS, together, strict=True):
        one = alone([item])[0]
        assert isinstance(got, Causality)
        assert isinstance(one, Causality)
        assert (got.ppl_phrase, got.ppl_head) == pytest.approx((one.ppl_phrase, one.ppl_head), rel=1e-4)
    assert together[1] != together[2]


def test_a_model_that_knows_nothing_has_the_perplexity_of_its_vocabulary(loaded: dict[str, Any]) -> None:
    import torch

    _, tokenizer = loaded["gpt2"]
    blank = model_of("gpt2", len(tokenizer))
    with torch.no_grad():
        for parameter in blank.parameters():
            parameter.zero_()
    for got in CausalLmCausality(blank, tokenizer)(ITEMS):
        assert isinstance(got, Causality)
        assert (got.ppl_phrase, got.ppl_head) == pytest.approx((len(tokenizer), len(tokenizer)), rel=1e-4)


def test_both_sides_of_the_caption_count(loaded: dict[str, Any]) -> None:
    score = CausalLmCausality(*loaded["gpt2"])
    items = [
        mention(caption, "duck", "duck")
        for caption in ("A duck swims on a pond.", "A duck swims near a pond.", "the duck swims on a pond.")
    ]
    results = score(items)
    assert len({got.ppl_head for got in results if isinstance(got, Causality)}) == 3


def test_a_trained_model_knows_what_fills_the_blank(loaded: dict[str, Any]) -> None:
    import torch

    _, tokenizer = loaded["gpt2"]
    model = model_of("gpt2", len(tokenizer)).train()
    item, other = (mention(f"A small {word} swims on a pond.", word, word) for word in ("duck", "goose"))
    text = INFILL_PROMPT.replace("{caption}", "A small ____ swims on a pond.") + " duck"
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(30):
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    known, unknown = CausalLmCausality(model, tokenizer)([item, other])
    assert isinstance(known, Causality)
    assert isinstance(unknown, Causality)
    assert known.ppl_head < 1.5 < 20 < unknown.ppl_head


def test_a_saved_checkpoint_scores_as_the_loaded_model(
    loaded: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("causal")
    model, tokenizer = loaded["llama"]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    assert CausalLmCausality(folder)(ITEMS[:2]) == CausalLmCausality(model, tokenizer)(ITEMS[:2])
    assert CausalLmCausality(folder)([]) == []


def test_what_cannot_be_scored_says_why(loaded: dict[str, Any]) -> None:
    score = CausalLmCausality(*loaded["gpt2"])
    long = "a duck " * 400
    too_long, empty = score([(long, Entity("duck", "duck", 2, 6, 2, 6)), ("a duck", Entity("", "", 2, 2, 2, 2))])
    assert isinstance(too_long, Unscored)
    assert (too_long.reason, "the model takes 400" in too_long.detail) == ("caption_too_long", True)
    assert isinstance(empty, Unscored)
    assert empty.reason == "no_token"


@pytest.mark.parametrize("prompt", ["no caption here:", "{caption} and {caption}:", "{caption}: "])
def test_a_prompt_without_a_place_for_caption_and_entity_is_refused(loaded: dict[str, Any], prompt: str) -> None:
    with pytest.raises(OcclusionError, match=r"must hold \{caption\} once") as caught:
        CausalLmCausality(*loaded["gpt2"], prompt=prompt)
    assert caught.value.reason == "bad_prompt"
