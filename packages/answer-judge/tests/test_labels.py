from __future__ import annotations

import json
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from answer_judge import LabelError, LabelSet, find_misspelling, parity_contains, parity_norm
from hypothesis import given
from hypothesis import strategies as st

BIRDS = LabelSet(["Gull", "Western Gull", "California Gull", "Black footed Albatross", "Anna Hummingbird", "Café Owl"])
PLANES = LabelSet(
    ["737-800", "737-900", "A320", "A330", "MD-80", "MD-90", "Boeing 717", "DC-9-30", "F-16", "F-16A/B", "747-400"]
)
XRAY = LabelSet(["pneumonia", "normal"], binary=True, aliases={"normal": ["healthy lungs"]})
FINDINGS = LabelSet(["pneumonia", "effusion", "nodule", "normal", "no finding"])
LEAVES = LabelSet(["Tomato___Late_blight", "Pepper,_bell___healthy", "Corn_(maize)___Common_rust_"])
DOGS = LabelSet(["St. Bernard", "Boxer", "roses", "Glass", "Glasses"])

NAMED = [
    # spelling
    (BIRDS, "It is a Black-footed Albatross.", "Black footed Albatross"),
    (BIRDS, "black_footed  \n ALBATROSS", "Black footed Albatross"),
    (BIRDS, "two black-footed albatrosses", "Black footed Albatross"),
    (BIRDS, "This is Anna's Hummingbird", "Anna Hummingbird"),
    (BIRDS, "This is Anna’s hummingbird", "Anna Hummingbird"),
    (BIRDS, "a cafe owl", "Café Owl"),
    (BIRDS, "a cafe\u0301 owl", "Café Owl"),  # a combining accent
    (BIRDS, "Ｗｅｓｔｅｒｎ Gull", "Western Gull"),  # full width
    (LEAVES, "Tomato late blight", "Tomato___Late_blight"),
    (LEAVES, "Pepper bell healthy", "Pepper,_bell___healthy"),
    (LEAVES, "a Pepper, bell: healthy leaf", None),  # the colon is none of its own
    (LEAVES, "Corn (maize) common rust", "Corn_(maize)___Common_rust_"),
    (DOGS, "a St. Bernard", "St. Bernard"),
    (DOGS, "a St Bernard", "St. Bernard"),
    (DOGS, "a single rose", "roses"),
    (DOGS, "a glass", "Glass"),  # the plural is another label
    (DOGS, "glasses", "Glasses"),
    # whole words
    (XRAY, "The lungs are abnormal.", None),
    (BIRDS, "a seagull", None),
    (BIRDS, "a western. Gull", "Gull"),
    (BIRDS, "It flies west, Western, gull-like", "Gull"),  # a name does not run across a comma
    (DOGS, "a boxers' ring", "Boxer"),
    # longest first
    (BIRDS, "a Western Gull", "Western Gull"),
    (BIRDS, "a gull", "Gull"),
    (PLANES, "an F-16A/B", "F-16A/B"),
    (PLANES, "an F-16", "F-16"),
    (PLANES, "an F-16C", None),
    # digits
    (PLANES, "The Boeing 737-800 has winglets.", "737-800"),
    (PLANES, "737 900", "737-900"),
    (PLANES, "737-80", None),
    (PLANES, "737. 800 passengers", None),
    (PLANES, "an Airbus A330", "A330"),
    (PLANES, "an A-320", "A320"),
    (PLANES, "an A320neo", None),
    (PLANES, "a 320 seater", None),
    (PLANES, "an MD80", "MD-80"),
    (PLANES, "MD 90", "MD-90"),
    (PLANES, "a DC9-30", "DC-9-30"),
    (PLANES, "two 747-400s", "747-400"),
    (PLANES, "a Boeing 7170", None),
    (PLANES, "a Boeing", None),
    # nothing
    (BIRDS, "", None),
    (BIRDS, " \x00 … ", None),
    (BIRDS, "A bird on a beach.", None),
]
DENIED = [
    (FINDINGS, "There is no pneumonia.", "no"),
    (FINDINGS, "There isn't any sign of pneumonia.", "isnt"),
    (FINDINGS, "The lungs do not show evidence of pneumonia", "not"),
    (FINDINGS, "The lungs don’t show pneumonia", "dont"),
    (FINDINGS, "lungs without pneumonia", "without"),
    (FINDINGS, "absence of pneumonia", "absence of"),
    (FINDINGS, "free of pneumonia", "free of"),
    (FINDINGS, "negative for pneumonia", "negative for"),
    (FINDINGS, "This rules out pneumonia.", "rules out"),
    (FINDINGS, "Pneumonia was ruled out.", "ruled out"),
    (FINDINGS, "Pneumonia is absent.", "absent"),
    (FINDINGS, "Pneumonia is very unlikely", "unlikely"),
    (FINDINGS, "A pneumonia is not visible here", "not visible"),
    (FINDINGS, "Pneumonia: no", "no"),
    (FINDINGS, "It is non-pneumonia.", "non"),
    (FINDINGS, "Is it pneumonia?", "?"),
    (FINDINGS, "no radiographic signs of acute or focal pneumonia", "no"),
    (PLANES, "It is not a Boeing 717", "not"),
    (PLANES, "It cannot be a Boeing 717", "cannot"),
    (PLANES, "The wing is longer than that of the Boeing 717", "than"),
    (PLANES, "I do not think this is a Boeing 717", "not"),
    (BIRDS, "darker rather than a Western Gull", "than"),
    (BIRDS, "Unlike the Western Gull, it is dark", "unlike"),
    (BIRDS, "darker instead of a Western Gull", "instead of"),
    (BIRDS, "which distinguishes it from the Western Gull", "distinguishes it from"),
    (BIRDS, "often confused with the Western Gull", "confused with"),
]
CLAIMED_NEVERTHELESS = [
    (FINDINGS, "There is no doubt that it is pneumonia.", "pneumonia"),
    (FINDINGS, "It is without a doubt pneumonia.", "pneumonia"),
    (FINDINGS, "This is not only a pneumonia.", "pneumonia"),
    (FINDINGS, "It can be nothing but pneumonia.", "pneumonia"),
    (FINDINGS, "It cannot be anything other than pneumonia.", "pneumonia"),
    (FINDINGS, "We cannot rule out pneumonia.", "pneumonia"),
    (FINDINGS, "No consolidation. Pneumonia.", "pneumonia"),
    (FINDINGS, "No cough\n- pneumonia", "pneumonia"),
    (FINDINGS, "The heart is not enlarged, but pneumonia is present.", "pneumonia"),
    (FINDINGS, "no rib is broken and the film shows pneumonia", "pneumonia"),
    (FINDINGS, "The film is not sharp so it may be pneumonia", "pneumonia"),
    (FINDINGS, "no finding", "no finding"),  # a label with a cue in it
    (BIRDS, "It is no tern, it is a Western Gull", "Western Gull"),
    (BIRDS, "No, it is a Western Gull", "Western Gull"),
    (BIRDS, "It has no crest, a dark back, and pink legs: a Western Gull", "Western Gull"),
    (BIRDS, "With no crest in this faded picture taken long ago on some beach a Western Gull", "Western Gull"),
]
SEVERAL = [
    (FINDINGS, "No effusion, but pneumonia.", ("pneumonia",)),
    (FINDINGS, "No effusion, pneumonia, or nodule; normal.", ("normal",)),
    (FINDINGS, "No fever, pneumonia or effusion. A nodule.", ("nodule",)),
    (FINDINGS, "neither pneumonia nor effusion", ()),
    (FINDINGS, "no pneumonia/effusion", ()),
    (FINDINGS, "There is no pneumonia and normal lungs.", ("normal",)),
    (FINDINGS, "Pneumonia with effusion.", ("pneumonia", "effusion")),
    (BIRDS, "It is not a Western Gull, it is a California Gull.", ("California Gull",)),
    (BIRDS, "It isn't a Western Gull; it's a California Gull.", ("California Gull",)),
    (BIRDS, "A California Gull rather than a Western Gull.", ("California Gull",)),
    (BIRDS, "Unlike the Western Gull, the California Gull has yellow legs.", ("California Gull",)),
    (BIRDS, "Is it a Western Gull? No, a California Gull.", ("California Gull",)),
    (BIRDS, "either a Western Gull or a California Gull", ("Western Gull", "California Gull")),
    (BIRDS, "It is not a Western Gull... wait, it is a Western Gull!", ("Western Gull",)),
]
BINARY = [
    ("Yes, this film shows pneumonia.", "pneumonia"),
    ("Yes", "pneumonia"),
    ("No.", "normal"),
    ("No - the lungs are clear.", "normal"),
    ("No, there is no pneumonia.", "normal"),
    ("No signs of pneumonia.", "normal"),
    ("No fracture; pneumonia.", "pneumonia"),
    ("The lungs are normal.", "normal"),
    ("Healthy lungs.", "normal"),
    ("The lungs are not normal.", "pneumonia"),
    ("The film is abnormal.", None),
    ("Is it pneumonia? I cannot tell.", None),
    ("No, it is pneumonia.", None),  # contradicts itself
    ("Normal or pneumonia", None),
]


@pytest.mark.parametrize(("labels", "text", "label"), NAMED)
def test_a_name_is_found_as_whole_words_in_any_spelling_but_with_its_digits(
    labels: LabelSet, text: str, label: str | None
) -> None:
    found = labels.resolve(text)
    assert (found.label, found.status) == (label, "one" if label else "none")


@pytest.mark.parametrize(("labels", "text", "cue"), DENIED)
def test_a_denied_name_is_mentioned_but_not_claimed(labels: LabelSet, text: str, cue: str) -> None:
    found = labels.resolve(text)
    assert [(one.negated, one.cue) for one in found.mentions] == [(True, cue)]
    assert (found.label, found.status, found.claimed) == (None, "none", ())


@pytest.mark.parametrize(("labels", "text", "label"), CLAIMED_NEVERTHELESS)
def test_a_cue_reaches_its_own_clause_only_and_some_cues_deny_nothing(labels: LabelSet, text: str, label: str) -> None:
    assert labels.resolve(text).claimed == (label,)


@pytest.mark.parametrize(("labels", "text", "claimed"), SEVERAL)
def test_of_several_names_those_that_are_claimed_count(labels: LabelSet, text: str, claimed: tuple[str, ...]) -> None:
    found = labels.resolve(text)
    assert found.claimed == claimed
    assert found.status == ("none", "one", "ambiguous")[len(claimed)]
    assert found.label == (claimed[0] if len(claimed) == 1 else None)


@pytest.mark.parametrize(("text", "label"), BINARY)
def test_in_a_binary_set_yes_no_and_denials_claim_a_label(text: str, label: str | None) -> None:
    assert XRAY.resolve(text).label == label


def test_the_policy_decides_between_labels_but_the_text_stays_ambiguous() -> None:
    text = "Western Gull or California Gull? A California Gull, a Western Gull or a California Gull."
    found = {policy: BIRDS.resolve(text, policy=policy) for policy in ("unique", "first", "last")}
    assert {policy: one.label for policy, one in found.items()} == {
        "unique": None,
        "first": "California Gull",
        "last": "California Gull",
    }
    assert {one.status for one in found.values()} == {"ambiguous"}
    assert BIRDS.resolve("a Western Gull, then a California Gull", policy="last").label == "California Gull"


def test_an_unknown_policy_is_an_error_whatever_the_text() -> None:
    with pytest.raises(LabelError, match="policy must be 'unique', 'first' or 'last'; got 'any'"):
        BIRDS.resolve("", policy="any")  # type: ignore[arg-type]


def test_mentions_say_where_and_in_which_words() -> None:
    text = "It’s no Western-Gull, but a California\ngull."
    found = BIRDS.resolve(text)
    assert [(one.label, one.text, one.negated) for one in found.mentions] == [
        ("Western Gull", "Western-Gull", True),
        ("California Gull", "California\ngull", False),
    ]
    assert all(text[slice(*one.span)] == one.text for one in found.mentions)


def test_a_specific_label_wins_over_its_part_where_the_caller_says_so() -> None:
    text = "This gull is a Western Gull."
    assert BIRDS.resolve(text).status == "ambiguous"
    assert LabelSet(["Gull", "Western Gull"], specific_wins=True).resolve(text).label == "Western Gull"


def test_of_overlapping_names_the_longer_one_counts() -> None:
    labels = LabelSet(["American Black", "Black footed Albatross", "big cat"])
    assert labels.resolve("an American Black-footed Albatross").claimed == ("Black footed Albatross",)


def test_aliases_are_names_of_their_label() -> None:
    labels = LabelSet(
        ["Boeing 737-800", "A320"], aliases={"Boeing 737-800": ["738", "737-800"], "A320": ["Airbus 320"]}
    )
    assert [labels.resolve(text).label for text in ("a 738", "a 737-800", "an Airbus 320", "320")] == [
        "Boeing 737-800",
        "Boeing 737-800",
        "A320",
        None,
    ]
    assert labels.canonical("airbus_320") == "A320"


def test_accepts_compares_with_any_spelling_of_the_true_label() -> None:
    assert BIRDS.accepts("It is a western gull.", "western_gull")
    assert not BIRDS.accepts("It is a western gull.", "California Gull")
    assert not BIRDS.accepts("Western Gull or California Gull", "California Gull")
    with pytest.raises(LabelError, match="no label of the set is called 'Tern'"):
        BIRDS.accepts("a tern", "Tern")


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([], {}, "labels must be a list of names; got []"),
        ("gull", {}, "labels must be a list of names; got 'gull'"),
        (["gull", " -- "], {}, "a label needs letters or digits; ' -- ' has none"),
        (["MD-80", "md 80"], {}, "labels must read differently; 'MD-80' and 'md 80' both read 'md 80'"),
        (["gull", "gull"], {}, "labels must read differently; 'gull' and 'gull' both read 'gull'"),
        (["a", "b"], {"aliases": {"c": ["d"]}}, "aliases must belong to labels of the set; 'c' is none of them"),
        (
            ["cat", "dog"],
            {"aliases": {"cat": ["Dog"]}},
            "labels must read differently; 'dog' and 'Dog' both read 'dog'",
        ),
        (["cat"], {"aliases": {"cat": [""]}}, "a label needs letters or digits; '' has none"),
        (["a", "b", "c"], {"binary": True}, "labels must be two names; got ['a', 'b', 'c']"),
    ],
)
def test_labels_that_cannot_be_told_apart_are_an_error(labels: list[str], options: dict, message: str) -> None:
    with pytest.raises(LabelError) as error:
        LabelSet(labels, **options)
    assert str(error.value) == message


@given(st.lists(st.text("ab1 -_.é", min_size=1, max_size=6), min_size=1, max_size=6), st.data())
def test_every_label_resolves_to_itself_whatever_the_set(names: list[str], data: st.DataObject) -> None:
    distinct = {tuple(keys_of(name)): name for name in names if keys_of(name)}
    if distinct:
        labels = LabelSet(distinct.values())
        name = data.draw(st.sampled_from(sorted(distinct.values())))
        assert labels.resolve(name).label == name
        assert labels.resolve(f"({name.upper().replace('-', '_')}) is it").claimed[:1] == (name,)


def keys_of(name: str) -> list[str]:
    from answer_judge.label_words import read_words

    return [word.key for word in read_words(name)]


@given(st.text(max_size=80))
def test_any_text_is_read_and_spans_lie_within_it(text: str) -> None:
    for one in FINDINGS.resolve(f"{text} pneumonia {text}").mentions:
        assert one.text == f"{text} pneumonia {text}"[slice(*one.span)]


def test_thousands_of_labels_and_a_long_text_take_time_in_proportion_to_the_text() -> None:
    rng = random.Random(0)
    syllables = [a + b for a in "bcdfghklmnprst" for b in "aeiou"]
    names = sorted({" ".join("".join(rng.choices(syllables, k=3)) for _ in range(2)) for _ in range(5000)})
    labels = LabelSet(names)
    text = " ".join(f"no {rng.choice(names)}, or a {rng.choice(names)}." for _ in range(1000))
    short, long = (min(_seconds(labels, piece) for _ in range(2)) for piece in (text[: len(text) // 4], text))
    assert long < 12 * short  # four times the text; room for a busy machine
    assert len(labels.resolve(text).mentions) == 2000


@pytest.mark.parametrize(
    "text", ["no a, " * 10_000, "pneumonia, " * 10_000, "no pneumonia is is " * 5_000, "?" * 50_000]
)
def test_a_runaway_text_does_not_run_away(text: str) -> None:
    assert _seconds(FINDINGS, text) < 30  # below a second; anything quadratic takes minutes


def _seconds(labels: LabelSet, text: str) -> float:
    started = time.process_time()
    labels.resolve(text)
    return time.process_time() - started


def test_threads_share_a_label_set() -> None:
    texts = [text for labels, text, _ in NAMED if labels is PLANES] * 20
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(PLANES.resolve, texts)) == [PLANES.resolve(text) for text in texts]


@pytest.mark.parametrize(
    ("label", "text", "parity", "strict"),
    [
        ("737-800", "It is an Airbus A320.", True, False),  # digits deleted: a blank
        ("A320", "It is an A330.", True, False),  # reads "a"
        ("MD-80", "It is an MD-90.", True, False),
        ("Boeing 717", "It is a Boeing 747-400.", True, False),
        ("F-16", "a F-16A/B", True, False),
        ("Boeing 717", "It is a Boeing\n717.", False, True),
        ("Boeing 717", "It is a Boeing_717.", False, True),
        ("747-400", "It is a 747-400.", True, True),
    ],
)
def test_the_released_match_differs_from_the_strict_one(label: str, text: str, parity: bool, strict: bool) -> None:
    assert (parity_contains(label, text), PLANES.accepts(text, label)) == (parity, strict)


@pytest.mark.parametrize(
    ("label", "text"), [("normal", "It is abnormal."), ("pneumonia", "no pneumonia"), ("normal", "normal or pneumonia")]
)
def test_the_released_match_knows_neither_words_nor_negation(label: str, text: str) -> None:
    assert parity_contains(label, text)
    assert not FINDINGS.accepts(text, label)


def test_the_released_norm_keeps_letters_and_blanks() -> None:
    assert [parity_norm(text) for text in ("737-800", "A320", "Boeing 717", "MD-80", "Black-footed", "café\n_")] == [
        " ",
        "a",
        "boeing ",
        "md ",
        "black footed",
        "caf",
    ]


LONG = (
    "The bird in the picture has pink legs, a dark slate back and a heavy yellow bill with a red spot, all of which "
    "together tell that it is a Westren Gul standing on a rock by the sea"
)


@pytest.mark.parametrize(
    ("label", "text", "found"),
    [
        ("Western Gull", LONG, "Westren Gul"),
        ("Western Gull", "the WesternGull", "WesternGull"),
        ("Western Gull", "a wes tern gull", "wes tern gull"),
        ("Western Gull", "a Western Gull", "Western Gull"),
        ("Western Gull", LONG.replace("it is a", "it is not a"), None),
        ("Western Gull", "a tern on a rock", None),
        ("Western Gull", "", None),
        ("737-800", "a 737-900", None),  # numbers as they are
        ("Boeing 737-800", "a Boing 737-800", "Boing 737-800"),
        ("Boeing 737-800", "a Boing 737-900", None),
    ],
)
def test_a_misspelled_label_is_found_in_a_window_of_the_text(label: str, text: str, found: str | None) -> None:
    misspelling = find_misspelling(label, text)
    assert (misspelling.text if misspelling else None) == found
    if misspelling:
        assert text[slice(*misspelling.span)] == found
        assert misspelling.ratio >= 0.7


def test_a_near_miss_that_is_closer_to_another_label_is_the_other_labels() -> None:
    assert find_misspelling("Western Gull", "an Eastern Gull") is not None  # the flaw of a ratio on its own
    assert find_misspelling("Western Gull", "an Eastern Gull", rivals=["Western Gull", "Eastern Gull"]) is None
    assert find_misspelling("Western Gull", "a Westerm Gull", rivals=["Western Gull", "Eastern Gull"]) is not None


def test_the_threshold_of_a_misspelling_is_inclusive() -> None:
    ratio = find_misspelling("Western Gull", "a Westren Gull").ratio  # type: ignore[union-attr]
    assert find_misspelling("Western Gull", "a Westren Gull", threshold=ratio) is not None
    assert find_misspelling("Western Gull", "a Westren Gull", threshold=ratio + 1e-9) is None
    with pytest.raises(LabelError, match="letters or digits"):
        find_misspelling("-", "a")


def test_no_real_rationale_loses_its_entity_to_a_cue() -> None:
    folder = os.environ.get("SELFSIGHT_DATA")
    if not folder:
        pytest.skip("set SELFSIGHT_DATA to the folder that holds cvc-rationales")
    rows = json.loads((Path(folder) / "cvc-rationales" / "llava-1.5-7b.json").read_text())
    entities = [Path(row["image"]).stem.rsplit("-", 1)[-1] for row in rows]
    labels = LabelSet({tuple(keys_of(entity)): entity for entity in entities}.values())
    found = [labels.resolve(row["conversations"][1]["value"]) for row in rows[:250]]
    pairs = list(zip(map(labels.canonical, entities), found, strict=False))
    named = [entity for entity, one in pairs if any(mention.label == entity for mention in one.mentions)]
    assert len(named) >= 198
    assert named == [entity for entity, one in pairs if entity in one.claimed]
