import pytest
from code_caption.words.noun_forms import NounForms

NOUNS = NounForms()


@pytest.mark.parametrize(
    ("name", "plural"),
    [
        ("duck", "ducks"),
        ("rails", "rails"),
        ("dress", "dresses"),
        ("bus", "buses"),
        ("toy", "toys"),
        ("sheep", "sheep"),
        ("piece of cake", "pieces of cake"),
        ("fire-truck", "fire-trucks"),
        ("water", "water"),
    ],
)
def test_the_plural_follows_the_last_word_or_the_one_before_of(name, plural):
    assert NOUNS.plural(name) == plural
    assert NOUNS.plural(plural) == plural


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sheep", "a sheep"),
        ("orange cup", "an orange cup"),
        ("hourglass", "an hourglass"),
        ("unicorn", "a unicorn"),
        ("people", "people"),
        ("jeans", "jeans"),
        ("lens", "a lens"),
        ("blue sky", "blue sky"),
        ("SUV", "an SUV"),
        ("x-ray", "an x-ray"),
        ("urinal", "a urinal"),
        ("unidentified object", "an unidentified object"),
        ("unique cup", "a unique cup"),
        ("RV", "an RV"),
        ("UFO", "a UFO"),
    ],
)
def test_plurals_and_uncountable_names_have_no_article(name, said):
    assert NOUNS.with_article(name) == said


def test_names_that_differ_in_case_spaces_or_number_have_one_key():
    assert NOUNS.key("Office  chair") == NOUNS.key("office chairs")
    assert NOUNS.key("chair") != NOUNS.key("chairman")


def test_a_name_includes_what_ends_in_its_words():
    assert NOUNS.includes("chair", "office chairs")
    assert not NOUNS.includes("office chair", "chair")
    assert not NOUNS.includes("air", "chair")


def test_an_app_can_add_words_of_its_own():
    nouns = NounForms(plurals={"blorp": "blorpi"}, plural_only=("rails",), uncountable=("fog",))
    assert nouns.plural("red blorp") == "red blorpi"
    assert nouns.is_plural("blorpi")
    assert not nouns.has_singular("rails")
    assert NOUNS.has_singular("rails")
    assert nouns.with_article("fog") == "fog"
    assert nouns.is_countable("water")
