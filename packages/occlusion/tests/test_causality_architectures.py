"""The real architectures with random weights, over the three kinds of tokenizers that masked language models have."""

from __future__ import annotations

import math
from typing import Any

import pytest
from occlusion import Causality, Entity
from occlusion.causality import MaskedLmCausality

# DeBERTa's own code calls a deprecated decorator when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

CAPTIONS = ["A small duck swims on a pond.", "duck, duck and goose", "the tennis player", "Ducks near a pond"] * 6
SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
ROOM = {"max_position_embeddings": 66, "initializer_range": 0.3}


def byte_bpe() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    core.train_from_iterator(
        CAPTIONS,
        trainers.BpeTrainer(vocab_size=300, special_tokens=names, initial_alphabet=alphabet, show_progress=False),
    )
    core.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
    )


def wordpiece() -> Any:
    from transformers import BertTokenizer

    words = ["a", "small", "swim", "##s", "on", "pond", "ten", "##nis", "player", "and", ",", ".", "duck", "the", '"']
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return BertTokenizer(vocab={word: i for i, word in enumerate([*names, *words])})


def sentencepiece_unigram() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.Unigram())
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=names, unk_token="<unk>", show_progress=False)
    core.train_from_iterator(CAPTIONS, trainer)
    core.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
    )


TOKENIZERS = {"byte BPE": byte_bpe, "WordPiece": wordpiece, "Unigram": sentencepiece_unigram}


@pytest.fixture(scope="session")
def tokenizers() -> dict[str, Any]:
    return {kind: make() for kind, make in TOKENIZERS.items()}


def model_of(name: str, vocabulary: int) -> Any:
    import torch
    import transformers as t

    torch.manual_seed(0)
    of_roberta = {**SIZES, **ROOM, "vocab_size": vocabulary, "pad_token_id": 1}
    of_bert = {**SIZES, **ROOM, "vocab_size": vocabulary, "pad_token_id": 0}
    relative = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "max_relative_positions": 66}
    special = {"bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0, "sep_token_id": 2}
    models = {
        "roberta": lambda: t.RobertaForMaskedLM(t.RobertaConfig(**of_roberta)),
        "xlm-roberta": lambda: t.XLMRobertaForMaskedLM(t.XLMRobertaConfig(**of_roberta)),
        "bert": lambda: t.BertForMaskedLM(t.BertConfig(**of_bert)),
        "electra": lambda: t.ElectraForMaskedLM(t.ElectraConfig(**of_bert, embedding_size=16)),
        "mobilebert": lambda: t.MobileBertForMaskedLM(
            t.MobileBertConfig(**of_bert, embedding_size=16, true_hidden_size=32, intra_bottleneck_size=32)
        ),
        "distilbert": lambda: t.DistilBertForMaskedLM(
            t.DistilBertConfig(
                vocab_size=vocabulary, dim=32, hidden_dim=48, n_layers=2, n_heads=2, initializer_range=0.3
            )
        ),
        "modernbert": lambda: t.ModernBertForMaskedLM(
            t.ModernBertConfig(**of_roberta, **special, initializer_cutoff_factor=2.0)
        ),
        "deberta-v2": lambda: t.DebertaV2ForMaskedLM(t.DebertaV2Config(**of_bert, **relative)),
        "deberta-v2, new head": lambda: t.DebertaV2ForMaskedLM(t.DebertaV2Config(**of_bert, **relative, legacy=False)),
    }
    return models[name]().eval()


def mention(caption: str, phrase: str, head: str, *, after: int = 0) -> tuple[str, Entity]:
    start = caption.index(phrase, after)
    head_start = start + phrase.rindex(head)
    return caption, Entity(phrase, head, start, start + len(phrase), head_start, head_start + len(head))


ITEMS = [
    mention("A small duck swims on a pond.", "small duck", "duck"),
    mention("duck, duck and pond", "duck", "duck"),
    mention("duck, duck and pond", "duck", "duck", after=2),
    mention('the "tennis player" swims', "tennis player", "tennis player"),
    mention("pond", "pond", "pond"),
]

CASES = [
    pytest.param("roberta", "byte BPE", True, id="RoBERTa"),
    pytest.param("bert", "WordPiece", True, id="BERT"),
    pytest.param("xlm-roberta", "Unigram", True, id="XLM-R"),
    pytest.param("distilbert", "WordPiece", True, id="DistilBERT"),
    pytest.param("electra", "WordPiece", True, id="ELECTRA"),
    pytest.param("modernbert", "byte BPE", True, id="ModernBERT"),
    pytest.param("deberta-v2", "Unigram", True, id="DeBERTa"),
    pytest.param("deberta-v2, new head", "Unigram", True, id="DeBERTa, new head"),
    pytest.param("mobilebert", "WordPiece", False, id="MobileBERT, whose head is a bare product"),
]


def plain_ppl(model: Any, tokenizer: Any, text: str, start: int, end: int) -> tuple[float, int]:
    """One text at a time, all logits, the tokens found by what each one says."""
    import torch

    encoded = tokenizer(text, return_offsets_mapping=True, return_tensors="pt")
    at = [t for t, (s, e) in enumerate(encoded["offset_mapping"][0].tolist()) if s < e and e > start and s < end]
    ids = encoded["input_ids"]
    if tokenizer.convert_ids_to_tokens(int(ids[0, at[0] - 1])) == "▁":
        at = [at[0] - 1, *at]
    masked = ids.clone()
    masked[0, at] = tokenizer.mask_token_id
    with torch.no_grad():
        logps = model(input_ids=masked).logits[0].log_softmax(-1)
    return math.exp(-sum(float(logps[t, ids[0, t]]) for t in at) / len(at)), len(at)


@pytest.mark.parametrize(("name", "kind", "chosen_places"), CASES)
def test_a_batch_gives_the_values_of_one_plain_call_for_each_text(
    tokenizers: dict[str, Any], name: str, kind: str, chosen_places: bool
) -> None:
    tokenizer = tokenizers[kind]
    model = model_of(name, len(tokenizer))
    score = MaskedLmCausality(model, tokenizer)
    assert score.guessed_places_only is chosen_places
    for (caption, entity), got in zip(ITEMS, score(ITEMS), strict=True):
        with_head = caption[: entity.start] + entity.head + caption[entity.end :]
        head_end = entity.start + len(entity.head)
        ppl_phrase, tokens_phrase = plain_ppl(model, tokenizer, caption, entity.start, entity.end)
        ppl_head, tokens_head = plain_ppl(model, tokenizer, with_head, entity.start, head_end)
        assert isinstance(got, Causality)
        assert (got.ppl_phrase, got.ppl_head) == pytest.approx((ppl_phrase, ppl_head), rel=1e-4)
        assert (got.tokens_phrase, got.tokens_head) == (tokens_phrase, tokens_head)


WORDS = [
    pytest.param("WordPiece", "tennis player", "a tennis player.", ["ten", "##nis", "player"], id="WordPiece"),
    pytest.param("WordPiece", "Duck", 'Duck, "duck"', ["duck"], id="WordPiece, start"),
    pytest.param("byte BPE", "duck", "duck, duck and goose", ["duck"], id="byte BPE, start"),
    pytest.param("byte BPE", "duck", "A small duck swims", ["Ġduck"], id="byte BPE, middle"),
]


@pytest.mark.parametrize(("kind", "word", "caption", "expected"), WORDS)
def test_the_guessed_tokens_are_those_in_context(
    tokenizers: dict[str, Any], kind: str, word: str, caption: str, expected: list[str]
) -> None:
    from occlusion.causality.spans import SpanTokenizer, phrase_span

    tokenizer = tokenizers[kind]
    found = SpanTokenizer(tokenizer, 64)([phrase_span(*mention(caption, word, word))])[0]
    assert tokenizer.convert_ids_to_tokens(found.targets) == expected


def test_the_lone_space_of_a_sentencepiece_word_belongs_to_it(tokenizers: dict[str, Any]) -> None:
    from occlusion.causality.spans import SpanTokenizer, phrase_span

    tokenizer = tokenizers["Unigram"]
    caption = "a nsd swims"
    found = SpanTokenizer(tokenizer, 64)([phrase_span(*mention(caption, "nsd", "nsd"))])[0]
    tokens = tokenizer.convert_ids_to_tokens(found.targets)
    assert tokens[0] == "▁"
    assert "".join(tokens) == "▁nsd"
    before = found.ids[: found.at[0]]
    assert "".join(tokenizer.convert_ids_to_tokens(before)) == "<s>▁a"


@pytest.mark.parametrize("name", ["roberta", "mobilebert"])
def test_a_model_that_knows_nothing_has_the_perplexity_of_its_vocabulary_either_way(
    tokenizers: dict[str, Any], name: str
) -> None:
    import torch

    tokenizer = tokenizers["Unigram"]
    blank = model_of(name, len(tokenizer))
    with torch.no_grad():
        for parameter in blank.parameters():
            parameter.zero_()
    for got in MaskedLmCausality(blank, tokenizer)(ITEMS):
        assert isinstance(got, Causality)
        assert (got.ppl_phrase, got.ppl_head) == pytest.approx((len(tokenizer), len(tokenizer)), rel=1e-4)


def test_half_precision_keeps_to_the_chosen_places_and_checkpoints_load_in_float32(
    tokenizers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    import torch

    tokenizer, folder = tokenizers["byte BPE"], tmp_path_factory.mktemp("half")
    model = model_of("roberta", len(tokenizer)).to(torch.bfloat16)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    half, full = MaskedLmCausality(model, tokenizer), MaskedLmCausality(folder)
    assert half.guessed_places_only
    assert full.guessed_places_only
    for rough, fine in zip(half(ITEMS), full(ITEMS), strict=True):
        assert isinstance(rough, Causality)
        assert isinstance(fine, Causality)
        assert rough.ppl_head != fine.ppl_head
        assert math.log(rough.ppl_head) == pytest.approx(math.log(fine.ppl_head), abs=0.3)
