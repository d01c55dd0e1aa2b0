"""`selfsynthx convert` on a replica of a raw download."""

from pathlib import Path

from click.testing import CliRunner
from PIL import Image
from selfsynthx.cli import main
from selfsynthx.datasets import read_labelled


def test_a_raw_download_becomes_rows_and_the_next_command_is_said(tmp_path: Path) -> None:
    raw = tmp_path / "chest_xray"
    for split, count in (("train", 20), ("val", 2), ("test", 3)):
        for label in ("NORMAL", "PNEUMONIA"):
            (raw / split / label).mkdir(parents=True)
            for number in range(count):
                name = f"person{number}_{label}_{split}.jpeg"
                Image.new("L", (8, 8), number).save(raw / split / label / name)
    out = tmp_path / "chest.parquet"
    flags = ["convert", "--dataset", "chest-xray", "--raw", str(raw), "--out", str(out)]
    done = CliRunner().invoke(main, flags)
    assert done.exit_code == 0, done.output
    assert "50 rows, 2 labels" in done.output
    assert f"selfsynthx run --dataset chest-xray --data {out} --images {raw}" in done.output
    found = read_labelled(out, images=raw)
    assert found.labels == ("no pneumonia", "pneumonia")
    assert found.counts()["test"] == 6


def test_what_a_download_lacks_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["convert", "--dataset", "cub-200", "--raw", str(tmp_path), "--out", str(tmp_path / "cub.json")]
    )
    assert done.exit_code == 1
    assert "images.txt" in done.output
    assert len(done.output.strip().splitlines()) == 1
