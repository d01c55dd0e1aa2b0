"""Embedders of images, from small random models of the real architectures, and their cache."""

from __future__ import annotations

import hashlib
import itertools
import json
import pickle
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from svco_loss import EmbeddingCacheError, EmbeddingError, SvcoLossError
from svco_loss.pairs import CachedImageEmbedder, load_image_embedder

VISION: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 16,
    "patch_size": 8,
}  # fmt: skip
TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50}
MARKS = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
SQUARE = {"height": 16, "width": 16}
DINOV3_SETTINGS: dict[str, Any] = {  # with the empty fields of the published file
    "image_processor_type": "DINOv3ViTImageProcessorFast", "size": SQUARE, "crop_size": None, "do_center_crop": None,
    "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.25, 0.3], "resample": 2, "device": None, "return_tensors": None,
    "data_format": "channels_first", "input_data_format": None, "disable_grouping": None, "default_to_square": True,
}  # fmt: skip


def clip() -> tuple[Any, dict[str, Any]]:
    from transformers import CLIPConfig, CLIPModel

    config = CLIPConfig(vision_config=VISION, text_config=TEXT | MARKS, projection_dim=24)
    return CLIPModel(config), {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 16},
        "crop_size": SQUARE,
    }


def siglip() -> tuple[Any, dict[str, Any]]:
    from transformers import SiglipConfig, SiglipModel

    config = SiglipConfig(vision_config=VISION, text_config=TEXT | MARKS)
    return SiglipModel(config), {"image_processor_type": "SiglipImageProcessor", "size": SQUARE}


def siglip2() -> tuple[Any, dict[str, Any]]:
    from transformers import Siglip2Config, Siglip2Model

    vision = {name: value for name, value in VISION.items() if name != "image_size"} | {"num_patches": 16}
    settings = {"image_processor_type": "Siglip2ImageProcessor", "patch_size": 8, "max_num_patches": 16}
    return Siglip2Model(Siglip2Config(vision_config=vision, text_config=TEXT | MARKS)), settings


def dinov2() -> tuple[Any, dict[str, Any]]:
    from transformers import Dinov2Config, Dinov2Model

    settings = {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 20}, "crop_size": SQUARE}
    return Dinov2Model(Dinov2Config(**{**VISION, "mlp_ratio": 2})), settings


def dinov3() -> tuple[Any, dict[str, Any]]:
    from transformers import DINOv3ViTConfig, DINOv3ViTModel

    return DINOv3ViTModel(DINOv3ViTConfig(**VISION, num_register_tokens=2)), DINOV3_SETTINGS


FAMILIES: dict[str, tuple[Callable[[], tuple[Any, dict[str, Any]]], str, int]] = {
    "clip": (clip, "image features", 24),
    "siglip": (siglip, "image features", 32),
    "siglip2": (siglip2, "image features", 32),
    "dinov2": (dinov2, "pooled output", 32),
    "dinov3": (dinov3, "pooled output", 32),
}


def saved(model: Any, settings: dict[str, Any], folder: Path) -> Path:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.3)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A family's name and the folder of a small model of it."""
    make, _, _ = FAMILIES[request.param]
    return request.param, saved(*make(), tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def dino_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(*dinov2(), tmp_path_factory.mktemp("dino"))


def pictures(count: int, seed: int = 0) -> list[Image.Image]:
    """Noise of many shapes."""
    noise = np.random.default_rng(seed)
    sizes = itertools.cycle([(16, 16), (30, 20), (9, 40), (3, 3), (1, 1), (3, 70)])
    return [
        Image.fromarray(noise.integers(0, 256, (height, width, 3), np.uint8))
        for (width, height), _ in zip(sizes, range(count), strict=False)
    ]


def test_vectors_are_of_length_1_and_of_the_familys_kind(family: tuple[str, Path]) -> None:
    name, folder = family
    embedder = load_image_embedder(folder, device="cpu")
    vectors = embedder(pictures(5))
    assert (embedder.pooling, vectors.shape[1]) == FAMILIES[name][1:]
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-6)
    assert embedder([]).shape == (0, vectors.shape[1])


def prepared_by_hand(name: str, image: Image.Image) -> dict[str, torch.Tensor]:
    """What each family's model takes for a picture of 16 x 16 pixels."""
    if name == "siglip2":
        from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

        return dict(Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16)(images=[image], return_tensors="pt"))
    if name == "dinov2":
        image = image.resize((20, 20), Image.Resampling.BICUBIC).crop((2, 2, 18, 18))
    openai = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
    mean, std = {
        "siglip": ([0.5] * 3, [0.5] * 3),
        "dinov3": (DINOV3_SETTINGS["image_mean"], DINOV3_SETTINGS["image_std"]),
    }.get(name, openai)
    pixels = torch.from_numpy((np.asarray(image) / 255 - np.array(mean)) / np.array(std))
    return {"pixel_values": pixels.permute(2, 0, 1).unsqueeze(0).float()}


def test_they_agree_with_the_model_run_by_hand(family: tuple[str, Path]) -> None:
    from transformers import AutoModel

    name, folder = family
    image = pictures(1)[0]
    inputs, model = prepared_by_hand(name, image), AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        output = model.get_image_features(**inputs) if hasattr(model, "get_image_features") else model(**inputs)
    expected = torch.nn.functional.normalize(output.pooler_output, dim=-1).numpy()
    assert load_image_embedder(folder, device="cpu")([image]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_vector_depends_on_its_image_alone_to_the_last_bit(family: tuple[str, Path], batch_size: int) -> None:
    embedder = load_image_embedder(family[1], device="cpu", batch_size=batch_size)
    images = pictures(7)
    together = embedder(images)
    order = random.Random(1).sample(range(7), 7)
    assert (embedder([images[place] for place in order]) == together[order]).all()
    assert all((embedder([image]) == row).all() for image, row in zip(images, together, strict=True))
    assert (load_image_embedder(family[1], device="cpu", batch_size=batch_size)(images) == together).all()


def test_half_precision_is_asked_for_by_name_and_stays_close(dino_folder: Path) -> None:
    images = pictures(3)
    full, half = (load_image_embedder(dino_folder, device="cpu", dtype=dtype) for dtype in (None, "bfloat16"))
    assert half(images) == pytest.approx(full(images), abs=0.05)
    assert "float32" in full.name
    assert "bfloat16" in half.name


def test_the_name_follows_the_contents_of_the_folder_and_not_its_place(dino_folder: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(dino_folder, tmp_path / "elsewhere"))
    assert load_image_embedder(moved, device="auto").name == load_image_embedder(dino_folder).name
    settings = json.loads((moved / "preprocessor_config.json").read_text())
    (moved / "preprocessor_config.json").write_text(json.dumps(settings | {"size": {"shortest_edge": 18}}))
    assert load_image_embedder(moved).name != load_image_embedder(dino_folder).name


def test_a_pooler_without_weights_is_not_used(tmp_path: Path) -> None:
    from transformers import ViTConfig, ViTForImageClassification

    settings = {"image_processor_type": "ViTImageProcessor", "size": SQUARE}
    folder = saved(ViTForImageClassification(ViTConfig(**VISION)), settings, tmp_path / "vit")
    embedder = load_image_embedder(folder)
    assert embedder.pooling == "class token"
    assert (embedder(pictures(2)) == load_image_embedder(folder)(pictures(2))).all()


def test_missing_weights_of_the_image_side_are_an_error(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = saved(*clip(), tmp_path / "clip")
    weights = load_file(folder / "model.safetensors")
    texts = {name for name in weights if name.startswith("text_")}
    save_file(
        {name: one for name, one in weights.items() if name not in texts},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    assert load_image_embedder(folder)(pictures(1)).shape == (1, 24)
    lacking = texts | {"visual_projection.weight"}
    save_file(
        {name: one for name, one in weights.items() if name not in lacking},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    with pytest.raises(EmbeddingError, match=r"lacks weights of its image side: visual_projection\.weight"):
        load_image_embedder(folder)


def test_what_is_no_model_is_one_error(tmp_path: Path, dino_folder: Path) -> None:
    (tmp_path / "empty").mkdir()
    broken = Path(shutil.copytree(dino_folder, tmp_path / "broken"))
    (broken / "model.safetensors").write_bytes((broken / "model.safetensors").read_bytes()[:999])
    for model in (tmp_path / "empty", tmp_path / "absent", broken):
        with pytest.raises(EmbeddingError, match="cannot be loaded as an image embedder"):
            load_image_embedder(model)
    with pytest.raises(EmbeddingError, match="batch_size must be at least 1; got 0"):
        load_image_embedder(dino_folder, batch_size=0)


def test_weights_that_are_not_finite_are_an_error(tmp_path: Path) -> None:
    model, settings = dinov2()
    folder = saved(model, settings, tmp_path / "nan")
    with torch.no_grad():
        model.layernorm.weight[0] = torch.nan
    model.save_pretrained(folder)
    with pytest.raises(EmbeddingError, match="must be finite and of length 1"):
        load_image_embedder(folder)


def test_an_image_in_another_mode_is_an_error(dino_folder: Path) -> None:
    with pytest.raises(SvcoLossError, match=r"must be in mode RGB; got RGBA\. Open files with box_space"):
        load_image_embedder(dino_folder)([Image.new("RGBA", (8, 8))])


def test_a_hub_id_is_named_with_the_commit_in_the_local_cache(
    dino_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--someone--dino"
    shutil.copytree(dino_folder, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    embedder = load_image_embedder("someone/dino", device="cpu")
    assert f", someone/dino@{commit}, float32, pooled output" in embedder.name
    assert (embedder(pictures(2)) == load_image_embedder(dino_folder, device="cpu")(pictures(2))).all()


class Counting:
    """Vectors from digests of pixels; counts the images it is given."""

    def __init__(self, name: str = "counting", width: int = 6) -> None:
        self.name, self.width, self.seen = name, width, 0

    def __call__(self, images: Sequence[Image.Image], /) -> NDArray[np.float32]:
        self.seen += len(images)
        digests = [hashlib.sha256(f"{self.name} {image.size}".encode() + image.tobytes()).digest() for image in images]
        rows = np.array([list(one[: self.width]) for one in digests], np.float32).reshape(len(images), self.width) + 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_each_image_is_embedded_once_in_all_runs(tmp_path: Path) -> None:
    images = [*pictures(4), *pictures(3)]
    plain = Counting()
    cached = CachedImageEmbedder(plain, tmp_path / "deep" / "vectors.sqlite")
    assert (cached(images) == Counting()(images)).all()
    assert (plain.seen, len(cached)) == (4, 4)
    later = CachedImageEmbedder(plain, cached.path)
    assert (later(images[::-1]) == Counting()(images[::-1])).all()
    assert (plain.seen, later.name, later([]).shape) == (4, "counting", (0, 6))
    CachedImageEmbedder(Counting("another"), cached.path)(images)
    assert len(cached) == 8
    copied: CachedImageEmbedder = pickle.loads(pickle.dumps(later))
    assert (copied(images) == later(images)).all()


def test_equal_pixels_of_other_shapes_are_other_images(tmp_path: Path) -> None:
    cached = CachedImageEmbedder(plain := Counting(), tmp_path / "vectors.sqlite")
    cached([Image.new("RGB", (2, 8), "red"), Image.new("RGB", (4, 4), "red"), Image.new("RGB", (4, 4), "red")])
    assert plain.seen == 2


def test_a_damaged_entry_is_embedded_anew_and_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    images, plain = pictures(3), Counting()
    cached = CachedImageEmbedder(plain, tmp_path / "vectors.sqlite")
    expected = cached(images)
    database = sqlite3.connect(cached.path)
    with database:
        database.execute("UPDATE vectors SET vector = zeroblob(24) WHERE rowid = 2")
    database.close()
    assert (cached(images) == expected).all()
    assert plain.seen == 4
    cached.path.write_bytes(b"no database" * 500)
    with pytest.raises(EmbeddingCacheError, match=r"cannot be used as a cache .* a damaged file may be deleted"):
        cached(images)


def test_wrong_vectors_are_refused_and_never_written(tmp_path: Path) -> None:
    plain = Counting()
    cached = CachedImageEmbedder(plain, tmp_path / "vectors.sqlite")
    wrong: dict[str, Callable[[Sequence[Image.Image]], Any]] = {
        r"float vectors of shape \(2, D\); got float32 of \(1, 6\)": lambda images: plain(images)[:1],
        r"of length 1; that of image 1 has length nan": lambda images: plain(images) * [[1], [np.nan]],
        r"of length 1; that of image 0 has length 2": lambda images: plain(images) * 2,
        r"float vectors of shape \(2, D\); got int64": lambda images: [[1, 0], [0, 1]],
    }
    for message, embed in wrong.items():
        embedder: Any = type(
            "Wrong", (), {"name": "counting", "__call__": lambda self, images, embed=embed: embed(images)}
        )()
        with pytest.raises(EmbeddingError, match=message):
            CachedImageEmbedder(embedder, cached.path)(pictures(2))
    assert len(cached) == 0
    cached(pictures(2))
    with pytest.raises(EmbeddingCacheError, match=r"vectors of \[5, 6\] numbers under one name, 'counting'"):
        CachedImageEmbedder(Counting(width=5), cached.path)(pictures(3))
    with pytest.raises(EmbeddingCacheError, match="Counting has no name"):
        CachedImageEmbedder(Counting(name=""), cached.path)


def test_threads_share_one_cached_embedder(tmp_path: Path) -> None:
    images = pictures(12)
    cached = CachedImageEmbedder(plain := Counting(), tmp_path / "vectors.sqlite")
    threads = [threading.Thread(target=cached, args=(images[start:],)) for start in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (plain.seen, len(cached)) == (12, 12)


ENDLESS_RUN = """
import sys
import numpy as np
from PIL import Image
from svco_loss.pairs import CachedImageEmbedder

class Constant:
    name = "counting"
    def __call__(self, images):
        return np.array([[0.6, 0.8]] * len(images), np.float32)

cached = CachedImageEmbedder(Constant(), sys.argv[1])
for n in range(65536):
    cached([Image.new("RGB", (4, 4), (n % 256, n // 256, 0))])
    print(n, flush=True)
"""


def test_a_run_killed_while_it_writes_leaves_a_cache_that_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    run = subprocess.Popen([sys.executable, "-c", ENDLESS_RUN, str(path)], stdout=subprocess.PIPE, text=True)
    assert run.stdout
    with run:
        written = [next(run.stdout) for _ in range(20)]
        run.send_signal(signal.SIGKILL)
    cached = CachedImageEmbedder(plain := Counting(), path)
    assert len(cached) >= len(written)
    colours = [Image.new("RGB", (4, 4), (n, 0, 0)) for n in range(20)]
    assert cached(colours) == pytest.approx(np.array([[0.6, 0.8]] * 20))
    assert plain.seen == 0
