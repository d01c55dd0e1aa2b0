"""The page and the lines for the terminal."""

from pathlib import Path

import pytest
from chain_of_spot.report import headline, make_report
from chain_of_spot.settings import CosSettings
from chain_of_spot.spots import asked_card, map_card
from chain_of_spot.study import study_seed, study_to_markdown
from chain_of_spot.world import WorldSize
from PIL import Image
from shard_runner import LedgerError, read_rows


def test_the_page_shows_maps_comparisons_and_both_turns(finished_run: Path, small_settings: CosSettings) -> None:
    page = make_report(small_settings, finished_run).read_text(encoding="utf-8")
    for words in (
        "Do maps find the true boxes?",
        "Every way of asking",
        "Both asked at once",
        "Loss",
        "small signs",
    ):
        assert words in page
    assert "Held-out questions, in two turns" in page
    assert "Questions to learn from" in page


def test_the_headline_says_what_was_compared_and_how_maps_point(finished_run: Path) -> None:
    text = headline(finished_run)
    assert [line.split()[:2] for line in text.splitlines() if line.startswith("random")] == [
        ["random", "small"],
        ["random", "all"],
    ]
    assert "maps point at the true box" in text


def test_a_folder_without_a_run_is_told(tmp_path: Path, small_settings: CosSettings) -> None:
    assert "Nothing is compared yet" in headline(tmp_path)
    with pytest.raises(LedgerError):
        make_report(small_settings, tmp_path)


def test_a_card_has_picture_map_and_crop_and_survives_a_lost_picture(
    finished_run: Path, small_settings: CosSettings, tmp_path: Path
) -> None:
    row = next(iter(read_rows(finished_run, "annotate")))
    card = map_card(row, small_settings.image_root)
    assert isinstance(card.image, Image.Image)
    assert card.image.width > 3 * card.image.height - 40
    lost = map_card(row, tmp_path)
    assert lost.image is None
    assert lost.caption.endswith("; image: missing")
    for name in (row["image"], "again.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 10)).save(tmp_path / name)
    replaced = map_card(row, tmp_path)
    assert (replaced.image, replaced.caption.rpartition("; ")[2]) == (None, "image: replaced")
    asked = next(iter(read_rows(finished_run, "grades-after")))
    before = {row["id"]: row for row in read_rows(finished_run, "grades-before")}
    shown = asked_card(asked, before)
    assert [trial.text.partition(":")[0] for trial in shown.trials] == ["before", "after"]
    assert shown.tags[0] == asked["task"]
    assert isinstance(shown.image, Image.Image)
    assert asked_card(asked | {"image": str(tmp_path / "again.png")}, before).image is None


def test_words_of_a_model_are_escaped(finished_run: Path, small_settings: CosSettings) -> None:
    from run_report import Gallery, render_report

    row = next(iter(read_rows(finished_run, "grades-after"))) | {"where_text": "<script>alert(1)</script>"}
    page = render_report(title="x", sections=[Gallery([asked_card(row, {})])])
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.long
@pytest.mark.slow
def test_a_study_compares_seed_by_seed(tmp_path: Path) -> None:
    size = WorldSize(scenes=6, held_out=4, steps=2)
    results = [study_seed(tmp_path, seed, size, progress=False, controls=["plain"], batch_size=4) for seed in (0, 1)]
    table = study_to_markdown(results)
    assert "| method against | task | seed 0 | seed 1 |" in table
    assert "| pointing | random |" in table
