"""Stored reference log-probabilities: what names them, what makes them stale, files that are torn or foreign."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save_file
from svco_loss import StaleReferenceError, StoredReferenceError
from svco_loss.pairs import ImagePair
from svco_loss.references import (
    PairKey,
    ReferenceSource,
    ReferenceStore,
    pixel_digest,
    text_digest,
    weights_fingerprint,
)

SOURCE = ReferenceSource("weights", "template", "float32")
KEY = PairKey("a", "b", "text")
SIX = (-1.0, -2.5, -3.0, -1.25, -2.0, -4.0)
PAIR = ImagePair("What?", "a.png", "b.png", "A cup.", "A mug.", system="Be brief.")


def saved(path: Path, source: ReferenceSource = SOURCE) -> ReferenceStore:
    store = ReferenceStore(source, path)
    store.put([KEY], [SIX])
    store.save()
    return store


def test_values_come_back_from_the_file_in_the_order_of_the_fields(tmp_path: Path) -> None:
    saved(tmp_path / "deep" / "r.parquet")
    found = ReferenceStore(SOURCE, tmp_path / "deep" / "r.parquet").logps([KEY, KEY])
    assert found.stacked().T.tolist() == [list(SIX)] * 2
    assert found.x_given_b.tolist() == [-2.5, -2.5]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["r.parquet"]


@pytest.mark.parametrize("part", ReferenceSource._fields)
def test_values_of_another_source_are_refused_and_kept(tmp_path: Path, part: str) -> None:
    saved(tmp_path / "r.parquet")
    other = SOURCE._replace(**{part: "another"})
    store = ReferenceStore(other, tmp_path / "r.parquet")
    assert len(store) == 0
    assert store.missing([KEY]) == [KEY]
    assert store.stale([KEY, KEY._replace(text="other")]) == 1
    with pytest.raises(StaleReferenceError, match=rf"stale: {part} \w+ instead of another\."):
        store.get(KEY)
    store.put([KEY], [[-9.0] * 6])
    store.save()
    assert ReferenceStore(SOURCE, tmp_path / "r.parquet").get(KEY) == SIX
    assert ReferenceStore(other, tmp_path / "r.parquet").get(KEY) == (-9.0,) * 6


def test_a_pair_without_values_is_named() -> None:
    with pytest.raises(StoredReferenceError, match=r"no reference is stored for the pair .*compute it"):
        ReferenceStore(SOURCE).get(KEY)


@pytest.mark.parametrize("values", [SIX[:5], (*SIX[:5], float("nan")), (*SIX[:5], float("-inf"))])
def test_rows_that_are_not_six_finite_numbers_are_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(StoredReferenceError, match="6 finite values"):
        ReferenceStore(SOURCE).put([KEY], [values])


def test_keys_and_rows_must_be_as_many() -> None:
    with pytest.raises(StoredReferenceError, match="got 2 and 1"):
        ReferenceStore(SOURCE).put([KEY, KEY], [SIX])


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "r.parquet")
    whole = (tmp_path / "r.parquet").read_bytes()
    for content in (b"", b"junk", whole[: len(whole) // 2]):
        (tmp_path / "r.parquet").write_bytes(content)
        with pytest.raises(StoredReferenceError, match="no store of references"):
            ReferenceStore(SOURCE, tmp_path / "r.parquet")


def test_a_store_without_a_file_cannot_be_saved() -> None:
    with pytest.raises(StoredReferenceError, match="no file"):
        ReferenceStore(SOURCE).save()


def test_a_store_takes_from_another_of_the_same_source_alone() -> None:
    store, part = ReferenceStore(SOURCE), ReferenceStore(SOURCE)
    part.put([KEY], [SIX])
    store.take(part)
    assert store.get(KEY) == SIX
    with pytest.raises(StaleReferenceError, match="model other instead of weights"):
        store.take(ReferenceStore(SOURCE._replace(model="other")))


@given(
    st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3), st.text(max_size=3)), unique=True, max_size=8),
    st.data(),
)
def test_what_is_put_is_what_is_got(names: list[tuple[str, str, str]], data: st.DataObject) -> None:
    keys = [PairKey(*name) for name in names]
    floats = st.floats(-1e6, 0, allow_nan=False)
    values = [tuple(data.draw(st.lists(floats, min_size=6, max_size=6))) for _ in keys]
    store = ReferenceStore(SOURCE)
    store.put(keys, values)
    assert [store.get(key) for key in keys] == values
    assert store.missing(keys) == []


def test_pixels_count_and_file_formats_do_not(tmp_path: Path) -> None:
    noise = Image.effect_noise((9, 7), 60).convert("RGB")
    noise.save(tmp_path / "a.png")
    noise.save(tmp_path / "a.bmp")
    assert len({pixel_digest(Image.open(tmp_path / name).convert("RGB")) for name in ("a.png", "a.bmp")}) == 1
    changed = noise.copy()
    changed.putpixel((0, 0), (1, 2, 3))
    assert pixel_digest(changed) != pixel_digest(noise)
    assert pixel_digest(Image.new("RGB", (4, 1))) != pixel_digest(Image.new("RGB", (1, 4)))


@pytest.mark.parametrize("field", ["question", "text_x", "text_y", "system"])
def test_every_text_counts_and_file_names_do_not(field: str) -> None:
    assert text_digest(replace(PAIR, **{field: "other"})) != text_digest(PAIR)
    assert text_digest(replace(PAIR, image_a="z.png", image_b="y.png", row=7, category="c")) == text_digest(PAIR)


def test_texts_do_not_run_into_each_other() -> None:
    assert text_digest(replace(PAIR, question="ab", system="c")) != text_digest(
        replace(PAIR, question="b", system="ca")
    )


def test_one_changed_weight_makes_another_model(tmp_path: Path) -> None:
    weight = torch.zeros(1 << 12)
    prints: list[str] = []
    for value in (0.0, 1e-30, 0.0):
        weight[-1] = value
        save_file({"w": weight}, tmp_path / "model.safetensors")
        (tmp_path / "config.json").write_text("{}")
        prints.append(weights_fingerprint(tmp_path))
    assert prints[0] == prints[2] != prints[1]
    (tmp_path / "config.json").write_text('{"vision_feature_layer": -1}')
    assert weights_fingerprint(tmp_path) != prints[0]


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(StoredReferenceError, match=r"in safetensors; got \['config.json'\]"):
        weights_fingerprint(tmp_path)
