import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cvc.comparing import COMPLETION_MEASURES
from cvc.pipeline import STEPS, build_pipeline
from cvc.report import headline, make_report
from cvc.settings import CvcSettings
from llava_train import read_llava_json
from shard_runner import Row, Stage, StageFn, read_rows, run, status


def test_a_run_makes_instances_trials_training_rows_a_model_and_a_comparison(finished_run: Path) -> None:
    judged, mixed = list(read_rows(finished_run, "judge")), list(read_rows(finished_run, "mix"))
    assert len(judged) >= 14
    assert all(len(row["trials"]) == 4 for row in judged)
    assert all(row["right"] == sum(trial["verdict"] for trial in row["trials"]) for row in judged)
    assert {row["instance"] for row in mixed} == {row["id"] for row in judged if row["right"]}
    assert (finished_run / "train" / "model" / "model.safetensors").is_file()
    compared = json.loads((finished_run / "eval" / "against-before.json").read_text())
    assert [line["task"] for line in compared[:3]] == list(COMPLETION_MEASURES)
    assert {line["n"] for line in compared[:3]} == {8}


def test_every_row_of_every_stage_is_accounted_for(finished_run: Path) -> None:
    accounts = status(finished_run)
    assert [account.name for account in accounts] == list(STEPS)
    assert all(account.adds_up and account.finished for account in accounts)
    assert not any(account.failed for account in accounts)


def test_the_tokens_of_every_trial_are_counted_and_those_of_nothing_else(finished_run: Path) -> None:
    def written(name: str) -> int:
        return sum(trial["tokens"] for row in read_rows(finished_run, name) for trial in trials_of(row))

    asking = {name: written(name) for name in ("trials", "answers-before", "answers-after")}
    assert all(asking.values())
    assert {account.name: account.tokens for account in status(finished_run) if account.tokens} == asking


def trials_of(row: Row) -> list[Row]:
    return row["trials"] + ([row["greedy"]] if "greedy" in row else [])


def test_only_causal_entities_are_kept_and_each_thing_of_an_image_once(finished_run: Path) -> None:
    rows = list(read_rows(finished_run, "question"))
    assert all(row["ppl_head"] < 3.33 for row in rows)
    assert len({(row["image"], row["lemma"]) for row in rows}) == len(rows)


def test_no_question_names_what_is_hidden(finished_run: Path) -> None:
    for row in read_rows(finished_run, "question"):
        assert row["lemma"] not in row["reasoning"].lower().split()
        assert row["reasoning"].count("Explain") == row["short"].count("Answer with") == 1


def test_occluded_images_have_a_name_of_their_own_and_the_size_of_the_original(finished_run: Path) -> None:
    from PIL import Image

    rows = list(read_rows(finished_run, "occlude"))
    assert len({row["occluded"].lower() for row in rows}) == len(rows)
    for row in rows:
        with Image.open(finished_run / row["occluded"]) as image:
            assert image.size == (row["width"], row["height"])
    assert not list((finished_run / "occluded").glob(".*"))


def test_the_training_set_is_exported_in_formats_that_others_read(finished_run: Path) -> None:
    mixed = list(read_rows(finished_run, "mix"))
    llava = read_llava_json(finished_run / "export" / "llava.json")
    assert [(row["id"], row["messages"], row["images"]) for row in llava] == [
        (row["id"], row["messages"], row["images"]) for row in mixed
    ]
    assert all((finished_run / row["images"][0]).is_file() for row in llava)


def test_the_preference_pairs_are_what_trl_s_dpo_takes(
    finished_run: Path, small_settings: CvcSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import Image as Picture
    from datasets import List, load_dataset
    from llava_train import load_processor
    from trl.trainer.dpo_trainer import DataCollatorForVisionPreference

    path = finished_run / "export" / "preference.json"
    pairs = json.loads(path.read_text())
    monkeypatch.chdir(finished_run)
    data = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path))
    rows = list(data.cast_column("images", List(Picture())))
    assert len(rows) == len(pairs) > 1
    processor = load_processor(str(small_settings.model))
    batch = DataCollatorForVisionPreference(processor)(rows)
    assert len(batch["pixel_values"]) == 2 * len(pairs)
    completions = [
        processor.decode(ids[mask.bool()], skip_special_tokens=True).split()
        for ids, mask in zip(batch["input_ids"], batch["completion_mask"], strict=True)
    ]
    texts = [pair[side][0]["content"][0]["text"] for side in ("chosen", "rejected") for pair in pairs]
    assert completions == [text.split() for text in texts]
    assert all(one != other for one, other in zip(texts[: len(pairs)], texts[len(pairs) :], strict=True))


def test_the_report_shows_the_instances_and_the_comparison(finished_run: Path) -> None:
    page = (finished_run / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in COMPLETION_MEASURES)
    assert "Gray blocks hide" in page
    assert "data:image/png;base64," in page
    assert headline(finished_run).splitlines()[1].startswith("hidden thing, per trial")


def test_cards_count_sampled_trials_and_call_hard_what_the_settings_do(
    small_settings: CvcSettings, finished_run: Path
) -> None:
    page = (finished_run / "report.html").read_text(encoding="utf-8")
    n, right = small_settings.n, [row["right"] for row in read_rows(finished_run, "judge")]
    assert f" of {n} right" in page
    assert f" of {n + 1} right" not in page  # the greedy answer is no trial
    assert "Greedy answer: " in page
    settings = small_settings.model_copy(update={"max_right": n - 1})
    [hard] = re.findall(r"rarely right</bdi> <b>(\d+)</b>", make_report(settings, finished_run).read_text())[:1]
    make_report(small_settings, finished_run)
    assert int(hard) == sum(0 < count < n for count in right)


def test_a_rerun_adds_nothing(small_settings: CvcSettings, finished_run: Path) -> None:
    def files() -> dict[str, bytes]:
        skipped = {"seconds.json", "run.json", "report.html", ".lock"}
        found = sorted(path for path in finished_run.rglob("*") if path.is_file() and path.name not in skipped)
        return {str(path.relative_to(finished_run)): path.read_bytes() for path in found}

    before = files()
    steps = build_pipeline(small_settings, finished_run)
    pipeline = [refuse_to_work(step) if isinstance(step, Stage) else step for step in steps]
    run(pipeline, finished_run, seed=0, progress=False, settings=small_settings.model_dump(mode="json"))
    assert files() == before


def refuse_to_work(stage: Stage) -> Stage:
    def make() -> StageFn:
        raise AssertionError(f"{stage.name} works on rows that are done")

    return replace(stage, make=make)


def test_without_the_filter_the_rest_of_the_run_sees_every_entity(
    small_settings: CvcSettings, finished_run: Path, tmp_path: Path
) -> None:
    settings = small_settings.model_copy(update={"causality_filter": False})
    run(build_pipeline(settings, tmp_path), tmp_path, seed=0, only=["causality"], progress=False)
    unfiltered = list(read_rows(tmp_path, "causality"))
    assert len(unfiltered) == sum(1 for _ in read_rows(tmp_path, "entities"))
    assert len(unfiltered) > sum(1 for _ in read_rows(finished_run, "causality"))


def test_without_evaluation_rows_a_share_of_the_images_is_held_out_and_never_trained_on(
    small_settings: CvcSettings, tmp_path: Path
) -> None:
    settings = small_settings.model_copy(update={"eval_data": None, "held_out_share": 0.4})
    run(build_pipeline(settings, tmp_path), tmp_path, seed=0, only=["mix", "eval-rows"], progress=False)
    held_out = {row["cluster"] for row in read_rows(tmp_path, "eval-rows")}
    trained = {row["image_id"] for row in read_rows(tmp_path, "judge")}
    assert held_out
    assert trained
    assert not held_out & trained


def test_make_report_works_on_an_unfinished_run(small_settings: CvcSettings, tmp_path: Path) -> None:
    run(build_pipeline(small_settings, tmp_path), tmp_path, seed=0, only=["captions"], progress=False)
    assert "captions" in make_report(small_settings, tmp_path).read_text(encoding="utf-8")
