"""Specs of data sets: the built-in ones, the user's, their texts and their matchers."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from selfsynthx.datasets import (
    QUESTION_KINDS,
    DatasetSpec,
    description_prompts,
    known_specs,
    label_concepts_prompt,
    label_matcher,
    label_sentence,
    lead_in,
    load_spec,
    question_pool,
    teacher_prompt,
    with_article,
)
from selfsynthx.errors import InputError, SelfSynthXError, SettingsError

SIX = ("chest-xray", "cub-200", "fgvc-aircraft", "ham10000", "plant-disease", "stanford-dogs")

LABELS = {
    "cub-200": ["Black footed Albatross", "American Crow", "Ovenbird", "Cardinal", "Geococcyx"],
    "fgvc-aircraft": ["707-320", "737-800", "A320", "Boeing 717", "An-12", "F-16A/B", "MD-80", "MD-90", "Tu-134"],
    "stanford-dogs": ["collie", "Border collie", "Shih-Tzu", "toy poodle", "German short-haired pointer"],
    "ham10000": ["actinic keratosis", "basal cell carcinoma", "benign keratosis", "dermatofibroma", "melanoma",
                 "melanocytic nevus", "vascular lesion"],
    "chest-xray": ["no pneumonia", "pneumonia"],
    "plant-disease": ["Tomato Early blight", "Potato Early blight", "Bell pepper healthy", "Tomato healthy"],
    "generic": ["circle", "octagon", "no shape"],
}  # fmt: skip

ASKING = {"any", "are", "can", "could", "do", "does", "how", "is", "may", "should", "what", "which", "whose", "would"}
"""A sentence that begins with one of these asks."""
REASONS = re.compile(
    r"\b(why|explain|reasons?|because|justify|evidence|grounds|describe|how can|how do you)\b", re.IGNORECASE
)
NEUTRAL_WORDS = {"an", "healthy", "lesion", "no", "pneumonia", "shape", "short"}
"""Words of labels that questions may use: they have another sense there, or stand for every label of the set."""


def reading(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def written(folder: Path, name: str = "mine.yaml", **fields: Any) -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(fields))
    return path


def fault(folder: Path, **fields: Any) -> str:
    """What a spec on top of the generic one is refused with, in one line."""
    with pytest.raises(SettingsError) as error:
        load_spec(written(folder, extends="generic", **fields))
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith("mine.yaml")
    return text


# the built-in ones


def test_the_six_data_sets_and_the_generic_one_are_built_in() -> None:
    assert known_specs() == tuple(sorted((*SIX, "generic")))
    assert all(load_spec(name).key == name for name in known_specs())


@pytest.mark.parametrize("name", known_specs())
def test_pools_have_fifty_questions_of_each_kind_and_none_comes_twice(name: str) -> None:
    spec = load_spec(name)
    pools = {kind: question_pool(spec, kind) for kind in QUESTION_KINDS}
    assert all(len(pool) >= 50 for pool in pools.values())
    every = [reading(text) for pool in pools.values() for text in pool]
    assert len(set(every)) == len(every)
    assert not any("{" in text or "}" in text for pool in pools.values() for text in pool)
    assert len(set(description_prompts(spec))) == 3


@pytest.mark.parametrize("name", known_specs())
def test_questions_end_as_what_they_are_and_only_some_kinds_ask_for_reasons(name: str) -> None:
    spec = load_spec(name)
    for text in (text for kind in QUESTION_KINDS for text in question_pool(spec, kind)):
        last = re.split(r"(?<=[.?]) ", text)[-1]
        assert last.endswith("?" if last.split()[0].lower() in ASKING else (".", "?")), text
    assert not [text for text in question_pool(spec, "simple") if REASONS.search(text)]


@pytest.mark.parametrize("name", known_specs())
def test_no_word_that_tells_labels_apart_is_in_a_question(name: str) -> None:
    spec = load_spec(name)
    telling = {word for label in LABELS[name] for word in reading(label).split()} - NEUTRAL_WORDS
    asked = [text for kind in QUESTION_KINDS for text in question_pool(spec, kind)]
    assert not [text for text in asked if telling & set(reading(text).split())]
    if not spec.matcher.binary:
        matcher = label_matcher(spec, LABELS[name])
        assert not [text for text in asked if matcher.resolve(text).label]


@pytest.mark.parametrize("name", known_specs())
def test_questions_and_description_prompts_name_no_label(name: str) -> None:
    spec = load_spec(name)
    texts = [*description_prompts(spec), *(text for kind in QUESTION_KINDS for text in question_pool(spec, kind))]
    told = [label for label in LABELS[name] if label not in ("pneumonia", "no pneumonia")]
    assert not [text for text in texts for label in told if label.lower() in text.lower()]


def test_every_question_on_x_rays_is_about_pneumonia_except_pure_wording() -> None:
    spec = load_spec("chest-xray")
    for kind in ("simple", "explain"):
        assert all("pneumonia" in text.lower() for text in question_pool(spec, kind))
    assert all("pneumonia" in text or text.endswith("before you decide.") for text in question_pool(spec, "cot"))


@pytest.mark.parametrize("name", known_specs())
def test_each_label_is_recognised_in_its_own_sentence_and_told_to_the_teacher(name: str) -> None:
    spec = load_spec(name)
    matcher = label_matcher(spec, LABELS[name])
    for label in LABELS[name]:
        assert matcher.resolve(label_sentence(spec, label)).label == label
        told = teacher_prompt(spec, label=label, concepts=["red legs", "a bent bill"], question="Which one?")
        assert label in told
        assert "- red legs\n- a bent bill" in told
        assert '"Which one?"' in told
        assert label in label_concepts_prompt(spec, label)


def test_texts_have_the_article_of_the_label() -> None:
    birds = load_spec("cub-200")
    assert lead_in(birds, "American Crow") == "picture of an American Crow"
    assert lead_in(birds, "Black footed Albatross") == "picture of a Black footed Albatross"
    assert label_sentence(birds, "Ovenbird") == "It is an Ovenbird."
    assert lead_in(load_spec("fgvc-aircraft"), "A320") == "picture of an A320 aircraft"
    assert label_sentence(load_spec("chest-xray"), "pneumonia") == "This chest X-ray shows pneumonia."
    assert label_sentence(load_spec("chest-xray"), "no pneumonia") == "This chest X-ray shows no pneumonia."


@pytest.mark.parametrize(
    ("name", "article"),
    [
        ("737-800", "a"), ("80-200", "an"), ("11", "an"), ("110", "a"), ("1800", "an"), ("F-16A/B", "an"),
        ("MD-80", "an"), ("DC-10", "a"), ("UH-60", "a"), ("ERJ 145", "an"), ("SR-20", "an"), ("L-1011", "an"),
        ("Eurofighter Typhoon", "a"), ("uniform", "a"), ("unidentified bird", "an"), ("hourglass", "an"),
        ("one-eyed cat", "a"), ("LION", "a"), ("X-ray", "an"), ("Yak-42", "a"), ("Éclair", "an"), ("'Akepa", "an"),
    ],
)  # fmt: skip
def test_the_article_follows_the_sound(name: str, article: str) -> None:
    assert with_article(name) == f"{article} {name}"


def test_what_is_filled_in_is_not_filled_again() -> None:
    told = teacher_prompt(load_spec("cub-200"), label="{question}", concepts=["{label}"], question="{concepts}")
    assert told.startswith("This is a picture of a {question}. What can be seen of it:\n- {label}\n")
    assert '"{concepts}"' in told


def test_labels_of_an_absence_get_a_note_in_the_prompt_for_their_features() -> None:
    leaves = load_spec("plant-disease")
    assert label_concepts_prompt(leaves, "Tomato healthy").endswith(leaves.negative.note)
    assert leaves.negative.note not in label_concepts_prompt(leaves, "Tomato Early blight")
    assert leaves.negative.note not in label_concepts_prompt(leaves, "Unhealthy tomato")


def test_a_negative_label_can_have_words_of_its_own(tmp_path: Path) -> None:
    own = {"words": ["none"], "lead_in": "empty picture, {label}", "sentence": "There is {label}."}
    spec = load_spec(written(tmp_path, extends="generic", negative=own))
    assert lead_in(spec, "None") == "empty picture, None"
    assert label_sentence(spec, "none") == "There is none."
    assert label_sentence(spec, "nonet") == "It is a nonet."


# matchers


def test_an_answer_is_matched_as_the_data_set_wants_it() -> None:
    dogs = label_matcher(load_spec("stanford-dogs"), LABELS["stanford-dogs"])
    assert dogs.resolve("A collie, or rather a Border collie.").label == "Border collie"
    skin = label_matcher(load_spec("ham10000"), LABELS["ham10000"])
    assert skin.resolve("This is a common naevus.").label == "melanocytic nevus"
    lungs = label_matcher(load_spec("chest-xray"), LABELS["chest-xray"])
    assert lungs.labels == ("pneumonia", "no pneumonia")
    assert lungs.resolve("No, the lungs look clear.").label == "no pneumonia"
    assert lungs.resolve("There are no signs of pneumonia.").label == "no pneumonia"
    assert lungs.resolve("The heart is normal. The chest X-ray shows pneumonia.").label == "pneumonia"
    assert lungs.resolve("It is a normal chest X-ray.").label == "no pneumonia"
    planes = label_matcher(load_spec("fgvc-aircraft"), LABELS["fgvc-aircraft"])
    assert planes.resolve("A Boeing 737-800 with winglets.").label == "737-800"
    assert planes.resolve("An MD-90.").label == "MD-90"
    assert planes.resolve("An A330.").label is None


def test_a_binary_set_needs_its_positive_label() -> None:
    with pytest.raises(InputError, match=r"labels must be 'pneumonia' and one other; got \['NORMAL', 'PNEUMONIA'\]"):
        label_matcher(load_spec("chest-xray"), ["NORMAL", "PNEUMONIA"])


def test_the_published_name_of_the_negative_label_works_as_well() -> None:
    spec = load_spec("chest-xray").as_published()
    assert label_matcher(spec, ["normal", "pneumonia"]).resolve("Yes.").label == "pneumonia"


def test_labels_that_cannot_be_told_apart_or_heard_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="labels must read differently"):
        label_matcher(load_spec("cub-200"), ["Black-footed Albatross", "black footed albatross"])
    deaf = load_spec(written(tmp_path, extends="generic", label_sentence="It is not {a_label}."))
    with pytest.raises(InputError, match=r"label 'circle' must be what 'It is not a circle.' claims; read as no label"):
        label_matcher(deaf, ["circle", "square"])


def test_aliases_of_labels_that_are_not_there_do_nothing() -> None:
    matcher = label_matcher(load_spec("ham10000"), ["melanoma", "melanocytic nevus"])
    assert matcher.resolve("A nevus.").label == "melanocytic nevus"
    assert matcher.resolve("A basalioma.").label is None


# the published choices


@pytest.mark.parametrize("name", SIX)
def test_the_published_choices_replace_ours(name: str) -> None:
    ours, theirs = load_spec(name), load_spec(name).as_published()
    assert theirs.augmentation == "published"
    assert ours.augmentation != "published"
    assert (theirs.kind_weights.simple, theirs.kind_weights.explain, theirs.kind_weights.cot) == (0.40, 0.192, 0.408)
    assert (ours.kind_weights.simple, ours.kind_weights.explain, ours.kind_weights.cot) == (0.4, 0.2, 0.4)
    same = question_pool(theirs, "cot") == question_pool(theirs, "explain")
    assert same == (name in ("plant-disease", "chest-xray"))
    assert DatasetSpec.model_validate(theirs.model_dump()) == theirs


def test_the_published_lead_ins_have_one_article() -> None:
    told = {name: lead_in(load_spec(name).as_published(), "oak") for name in SIX}
    assert told == {
        "cub-200": "picture of a oak",
        "stanford-dogs": "picture of a oak",
        "ham10000": "dermatoscopic image of oak disease",
        "plant-disease": "picture of oak",
        "fgvc-aircraft": "picture of oak",
        "chest-xray": "chest x-ray of oak",
    }


def test_skin_and_lungs_keep_their_colours_and_birds_are_changed_mildly() -> None:
    policies = {name: load_spec(name).augmentation for name in known_specs()}
    assert policies["cub-200"] == policies["generic"] == "mild"
    assert policies["ham10000"] == policies["chest-xray"] == "medical"


# the user's


def test_a_users_spec_stands_on_another_one(tmp_path: Path) -> None:
    path = written(
        tmp_path, "my-fungi.yaml", extends="generic", noun="mushroom", more_questions={"simple": ["Which fungus?"]},
        matcher={"aliases": {"Fly agaric": ["Amanita muscaria"]}},
    )  # fmt: skip
    spec = load_spec(path)
    assert (spec.key, spec.title, spec.noun) == ("my-fungi", "my-fungi", "mushroom")
    assert question_pool(spec, "simple")[0] == "Which kind of mushroom is this?"
    assert question_pool(spec, "simple")[-1] == "Which fungus?"
    assert question_pool(spec, "cot") != question_pool(load_spec("generic"), "cot")
    matcher = label_matcher(spec, ["Fly agaric", "Death cap"])
    assert matcher.resolve("Amanita muscaria, surely.").label == "Fly agaric"


def test_given_pools_replace_those_below_kind_by_kind(tmp_path: Path) -> None:
    base = written(tmp_path, "base.yaml", extends="cub-200", questions={"simple": ["Who is it?"]})
    spec = load_spec(written(tmp_path, "top.yaml", extends="base.yaml", more_questions={"simple": ["Say who."]}))
    assert question_pool(spec, "simple") == ("Who is it?", "Say who.")
    assert question_pool(spec, "explain") == question_pool(load_spec("cub-200"), "explain")
    assert load_spec(base).noun == spec.noun == "bird"


def test_questions_may_lie_in_a_file_beside_the_spec(tmp_path: Path) -> None:
    pools = {"simple": ["Which {noun}?"], "explain": ["Which {noun}, and why?"], "cot": ["Look, then name the {noun}."]}
    written(tmp_path, "asked.yaml", **pools)
    spec = load_spec(written(tmp_path, extends="generic", noun="shell", questions="asked.yaml"))
    assert [question_pool(spec, kind) for kind in QUESTION_KINDS] == [
        ("Which shell?",), ("Which shell, and why?",), ("Look, then name the shell.",),
    ]  # fmt: skip


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(SettingsError, match=r"one of chest-xray, .*; got 'cub_20'; did you mean 'cub-200'\?"):
        load_spec("cub_20")
    with pytest.raises(SelfSynthXError, match=r"got 'zzz'$"):
        load_spec("zzz")


def test_wrong_fields_are_refused_in_one_line_that_says_where(tmp_path: Path) -> None:
    assert "lead_ins: is no field; did you mean lead_in?" in fault(tmp_path, lead_ins="a {label}")
    assert "{labl} is no place of this text" in (text := fault(tmp_path, lead_in="a {labl}"))
    assert text.endswith("did you mean {label}?")
    assert "lead_in: a text needs {label} or {a_label}" in fault(tmp_path, lead_in="a picture")
    assert "teacher: a text needs {question}" in fault(tmp_path, teacher="{lead_in} {concepts}")
    assert "a brace must belong to a place" in fault(tmp_path, label_sentence="It is {a_label}. {")
    assert "noun: {x} is no place" in fault(tmp_path, noun="{x}")
    assert "kind_weights: kind weights must add up to 1" in fault(tmp_path, kind_weights={"simple": 0.9})
    assert "matcher: binary and positive go together" in fault(tmp_path, matcher={"binary": True})
    assert "augmentation:" in fault(tmp_path, augmentation="wild")
    assert "(and 1 more faults)" in fault(tmp_path, augmentation="wild", noun="")


def test_pools_must_be_filled_differ_and_tell_no_label(tmp_path: Path) -> None:
    assert "questions.cot: " in fault(tmp_path, questions={"cot": []})
    assert "'Which bird?' is twice in simple" in fault(tmp_path, questions={"simple": ["Which Bird", "Which bird?"]})
    twice = {"simple": ["Which {noun} is it?"], "cot": ["Which object is it?"]}
    assert "'Which object is it?' is in simple and in cot" in fault(tmp_path, questions=twice)
    assert "questions.simple: {label} is no place" in fault(tmp_path, questions={"simple": ["Is it {label}?"]})
    assert "questions.simple: a text must not be blank" in fault(tmp_path, questions={"simple": ["  "]})
    assert "descriptions: {label} is no place" in fault(tmp_path, descriptions=["Describe this {label}."])
    assert "description prompts must differ" in fault(tmp_path, descriptions=["Describe it.", "describe it"])
    assert "more_questions adds to simple, explain, cot; got 'hard'" in fault(tmp_path, more_questions={"hard": ["x"]})
    assert "more_questions must be lists under" in fault(tmp_path, more_questions={"simple": "x"})


def test_files_that_are_no_specs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml can't be read: No such file"):
        load_spec(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(InputError, match="must hold a mapping of fields to values; got list"):
        load_spec(tmp_path / "list.yaml")
    (tmp_path / "torn.yaml").write_text("a: [1")
    with pytest.raises(InputError, match="is not valid YAML"):
        load_spec(tmp_path / "torn.yaml")
    (tmp_path / "code.yaml").write_text("a: !!python/object/apply:os.system ['true']")
    with pytest.raises(InputError, match="is not valid YAML"):
        load_spec(tmp_path / "code.yaml")
    written(tmp_path, "a.yaml", extends="b.yaml")
    with pytest.raises(SettingsError, match="extends itself"):
        load_spec(written(tmp_path, "b.yaml", extends="a.yaml"))
