"""Models told apart."""

from pathlib import Path

import pytest
from llava_train import SettingsError, model_digest


def test_a_model_trained_on_in_place_is_another_model(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(bytes(33 << 20))
    before = model_digest(str(tmp_path))
    with weights.open("r+b") as file:
        file.seek(-8, 2)
        file.write(b"trained!")
    assert model_digest(str(tmp_path)) != before


def test_names_sizes_and_parts_in_folders_count_and_checkpoints_and_hidden_folders_do_not(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    first = model_digest(str(tmp_path))
    for name in ("checkpoint-1", ".cache"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.json").write_text("{}")
    assert model_digest(str(tmp_path)) == first
    (tmp_path / "config.json").write_text("[]")
    second = model_digest(str(tmp_path))
    assert second != first
    (tmp_path / "2_Dense").mkdir()  # as sentence-transformers and spaCy keep their parts
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"a")
    third = model_digest(str(tmp_path))
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"b")
    assert len({first, second, third, model_digest(str(tmp_path))}) == 4


@pytest.mark.parametrize("path", ["./model", "../model", "~/model", "/no/such/model", "runs/first/model", "model/"])
def test_a_path_without_a_folder_is_no_hub_id(path: str) -> None:
    with pytest.raises(SettingsError, match="is no folder; give one that exists, or a Hub id such as OWNER/NAME"):
        model_digest(path)
