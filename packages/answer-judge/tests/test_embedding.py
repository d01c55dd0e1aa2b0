from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from answer_judge import (
    BgeM3Embedder,
    Embedder,
    EmbeddingError,
    EmbeddingRung,
    MissingExtra,
    Pair,
    SentenceTransformersEmbedder,
    default_ladder,
)


class LetterCounts:
    """A bag of letters; remembers what it was asked."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.calls.append(list(texts))
        return np.array([[text.count(chr(97 + index)) for index in range(26)] for text in texts], dtype=float)


def test_the_cosine_must_exceed_the_threshold() -> None:
    fixed = {"a": [1.0, 0.0], "b": [0.849, np.sqrt(1 - 0.849**2)], "c": [0.86, np.sqrt(1 - 0.86**2)]}
    rung = EmbeddingRung(lambda texts: np.array([fixed[text] for text in texts], dtype=np.float64), threshold=0.85)
    below, above = rung([Pair("b", "a"), Pair("c", "a")])
    assert (below.accepted, above.accepted) == (False, True)
    assert above.score == pytest.approx(0.86, abs=1e-6)
    assert above.reason == "cosine 0.860 > 0.85"


def test_each_distinct_string_is_embedded_once_and_sorted_by_length() -> None:
    embedder = LetterCounts()
    rung = EmbeddingRung(embedder, threshold=0.85, chunk_size=2)
    rung([Pair("kayak", "boat"), Pair("canoe", "boat"), Pair("Kayak ", "ox")])
    rung([Pair("kayak", "boat")])
    assert embedder.calls == [["ox", "boat"], ["canoe", "kayak"]]


def test_threads_embed_a_string_once() -> None:
    embedder = LetterCounts()
    ladder = default_ladder(embedder, threshold=0.85)
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _: ladder.judge("kayak", "boat"), range(200)))
    assert len({verdict.score for verdict in verdicts}) == 1
    assert embedder.calls == [["boat", "kayak"]]


def test_embeddings_judge_a_list_as_a_whole() -> None:
    embedder = LetterCounts()
    default_ladder(embedder, threshold=0.85).judge("kayak, tree", "boat")
    assert embedder.calls == [["boat", "kayak, tree"]]


def test_guards_stand_before_embeddings() -> None:
    assert (
        default_ladder(lambda texts: np.ones((len(texts), 2)), threshold=0.85).judge("not a boat", "boat").rung
        == "guard"
    )


@pytest.mark.parametrize(
    ("vectors", "text"),
    [
        (np.ones((1, 2)), "must return (2, D); got (1, 2)"),
        (np.full((2, 2), np.nan), "finite"),
        (np.zeros((2, 2)), "zero"),
    ],
)
def test_a_broken_embedder_is_an_error_and_no_verdict(vectors: np.ndarray, text: str) -> None:
    with pytest.raises(EmbeddingError) as error:
        EmbeddingRung(lambda texts: vectors, threshold=0.85)([Pair("kayak", "boat")])
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("embedder", "module", "extra"),
    [(SentenceTransformersEmbedder, "sentence_transformers", "st"), (BgeM3Embedder, "FlagEmbedding", "bge")],
)
def test_a_missing_extra_gives_the_install_command(
    monkeypatch: pytest.MonkeyPatch, embedder: type, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra) as error:
        embedder("anything")
    assert f"pip install 'answer-judge[{extra}]'" in str(error.value)


@pytest.fixture(scope="session")
def tiny_xlm_roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random XLM-R checkpoint with the architecture of BGE-M3."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

    folder = tmp_path_factory.mktemp("xlm-r")
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *"abcdefghijklmnopqrstuvwxyz,"]
    tokenizer = Tokenizer(models.BPE({token: index for index, token in enumerate(vocabulary)}, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        pad_token="<pad>", unk_token="<unk>", mask_token="<mask>", model_max_length=512,
    ).save_pretrained(folder)  # fmt: skip
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=514, pad_token_id=1, bos_token_id=0, eos_token_id=2,
    )  # fmt: skip
    XLMRobertaModel(config).eval().save_pretrained(folder)
    return folder


def check_embedder(embedder: Embedder) -> None:
    texts = ["bus", "a long red double decker bus", "penguin"]
    together = np.asarray(embedder(texts))
    alone = np.concatenate([np.asarray(embedder([text])) for text in texts])
    assert together.shape == (3, 32)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-3)
    assert np.allclose(together, alone, atol=1e-3)  # padding does not change a vector
    assert default_ladder(embedder, threshold=0.85).judge("kayak", "kayaking trip").rung == "embedding"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_sentence_transformers_embeds_for_real(tiny_xlm_roberta: Path) -> None:
    check_embedder(SentenceTransformersEmbedder(tiny_xlm_roberta, device="cpu"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_flag_embedding_embeds_for_real(tiny_xlm_roberta: Path) -> None:
    check_embedder(BgeM3Embedder(tiny_xlm_roberta, device="cpu"))
