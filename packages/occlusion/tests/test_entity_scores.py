from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from occlusion import Entity, OcclusionError, SpacyEntities, blank_english
from occlusion.entities.scores import (
    EntityScores,
    LabelledCaption,
    MatchScore,
    mistakes,
    read_labelled_captions,
    score_entities,
)
from occlusion.entities.scores.__main__ import main

LABELLED = Path(__file__).parent / "data" / "entities.jsonl"


@pytest.fixture(scope="module")
def rules() -> SpacyEntities:
    return SpacyEntities(blank_english())


def entity(caption: str, phrase: str, head: str) -> Entity:
    start = caption.index(phrase)
    end = start + len(phrase)
    return Entity(phrase, head, start, end, end - len(head), end)


CAPTION = "a red kite, a hot dog and a dog"
LABELS = LabelledCaption(
    CAPTION,
    "dev",
    (entity(CAPTION, "red kite", "kite"), entity(CAPTION, "hot dog", "hot dog"), Entity("dog", "dog", 28, 31, 28, 31)),
)


def test_heads_and_phrases_are_matched_by_span() -> None:
    found = [entity(CAPTION, "kite", "kite"), entity(CAPTION, "hot dog", "dog"), Entity("dog", "dog", 28, 31, 28, 31)]
    assert score_entities([found], [LABELS]) == EntityScores(
        captions_n=1,
        heads=MatchScore(found_n=3, labelled_n=3, right_n=2),
        phrases=MatchScore(found_n=3, labelled_n=3, right_n=2),
    )


def test_labels_score_one_and_nothing_scores_no_recall() -> None:
    labels = [LABELS, LabelledCaption("joy", "dev", ())]
    perfect = score_entities([list(row.entities) for row in labels], labels)
    assert (perfect.heads.precision, perfect.heads.recall, perfect.phrases.f1) == (1.0, 1.0, 1.0)
    silent = score_entities([[], []], labels)
    assert (silent.heads.precision, silent.heads.recall, silent.heads.f1) == (1.0, 0.0, 0.0)
    assert score_entities([], []).heads.f1 == 1.0


def test_an_entity_given_twice_is_right_once() -> None:
    kite = LABELS.entities[0]
    assert score_entities([[kite, kite]], [LABELS]).heads == MatchScore(found_n=2, labelled_n=3, right_n=1)


def test_mistakes_are_what_is_too_much_and_what_is_missing() -> None:
    found = [*LABELS.entities[:2], entity(CAPTION, "red", "red")]
    assert mistakes(found, LABELS) == (["red -> red"], ["dog -> dog"])


def test_another_number_of_lists_is_refused() -> None:
    with pytest.raises(OcclusionError, match="must have 1 lists, one for each caption; got 0") as caught:
        score_entities([], [LABELS])
    assert caught.value.reason == "lengths_differ"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[]", r"bad.jsonl:2 must be an object"),
        ('{"caption": "a dog"}', r"KeyError\('entities'\)"),
        ('{"caption": "a dog", "entities": ["dog"]}', "must be an object"),
        ('{"caption": "a dog", "entities": [{"phrase": "cat", "head": "cat"}]}', "'cat' -> 'cat'"),
        ('{"caption": "a dogma", "entities": [{"phrase": "dog", "head": "dog"}]}', "occur in reading order"),
        ('{"caption": "a dog house", "entities": [{"phrase": "dog house", "head": "dog"}]}', "end with their heads"),
    ],
)
def test_labels_that_cannot_be_read_are_refused_with_their_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(OcclusionError, match=message) as caught:
        read_labelled_captions(path)
    assert caught.value.reason == "bad_labels"


def test_labels_are_found_one_after_another(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    dog = '{"phrase": "dog", "head": "dog"}'
    path.write_text(
        f'{{"caption": "a dog chases a dog", "split": "test", "entities": [{dog}, {dog}]}}', encoding="utf-8"
    )
    (row,) = read_labelled_captions(path)
    assert [one.start for one in row.entities] == [2, 15]
    assert row.split == "test"


def test_the_labelled_captions_are_many_different_and_divided() -> None:
    rows = read_labelled_captions(LABELLED)
    assert len({row.caption for row in rows}) == len(rows) >= 150
    dev_n = sum(row.split == "dev" for row in rows)
    assert {row.split for row in rows} == {"dev", "test"}
    assert 0.55 < dev_n / len(rows) < 0.65
    assert sum(not row.entities for row in rows) >= 5
    for row in rows:
        assert all(row.caption[one.start : one.end] == one.phrase for one in row.entities)
        assert all(row.caption[one.head_start : one.head_end] == one.head for one in row.entities)


@pytest.mark.parametrize(("split", "heads_f1", "phrases_f1"), [("dev", 0.95, 0.96), ("test", 0.90, 0.92)])
def test_the_rules_without_a_model_do_not_get_worse(
    rules: SpacyEntities, split: str, heads_f1: float, phrases_f1: float
) -> None:
    rows = [row for row in read_labelled_captions(LABELLED) if row.split == split]
    scores = score_entities(rules([row.caption for row in rows]), rows)
    assert scores.heads.f1 > heads_f1
    assert scores.phrases.f1 > phrases_f1


def test_the_command_prints_a_table_and_the_mistakes_of_a_split(capsys: pytest.CaptureFixture[str]) -> None:
    main([str(LABELLED), "--entities", "blank", "--mistakes", "dev"])
    out = capsys.readouterr().out
    assert out.startswith("| entities | split | captions | labelled |")
    assert "| blank | dev | 110 | " in out
    assert "| blank | test | 73 | " in out
    assert "  - " in out


@pytest.mark.parametrize("name", ["magic", "spacy", "spacy:", "blank:x"])
def test_an_unknown_extractor_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(LABELLED), "--entities", name])
    assert f"must be blank or spacy:NAME; got '{name}'" in capsys.readouterr().err


def test_the_command_runs_as_a_module() -> None:
    command = [sys.executable, "-W", "error", "-m", "occlusion.entities.scores", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--mistakes" in done.stdout
