import pytest
from code_caption import Answer, Ask, CodeCaptionError, Decoding, Evidence, Reply, Said, Sighting, file_replies

from .conftest import BOX, SIZE_WH

CUPS = tuple(Sighting(key, "cup", BOX) for key in range(3))


def filed(*about, reply, evidence=None):
    evidence = evidence or Evidence(SIZE_WH, CUPS)
    file_replies(evidence, [Ask(about, "")], [reply])
    return evidence


def words(*texts):
    return Reply(texts=tuple(map(Said, texts)))


def test_each_kind_of_reply_is_filed_under_what_it_is_about():
    evidence = Evidence(SIZE_WH, CUPS)
    filed("exists", "2", reply=Reply(p_yes=0.7), evidence=evidence)
    filed("control", "kite", reply=Reply(p_yes=0.2), evidence=evidence)
    filed("at_least", "cup/a", "2", reply=Reply(p_yes=0.6), evidence=evidence)
    filed("region", "1", reply=words("A cup."), evidence=evidence)
    filed("pair", "0", "1+2", reply=words("Cups."), evidence=evidence)
    filed("claims", "", "red cup", reply=Reply(p_yes=0.1), evidence=evidence)
    assert evidence == Evidence(
        SIZE_WH,
        CUPS,
        control=("kite", 0.2),
        exists={2: Answer(0.7)},
        counts={("cup/a", 2): Answer(0.6)},
        region_captions={1: (Said("A cup."),)},
        pair_captions={("0", "1+2"): (Said("Cups."),)},
        claims={("", "red cup"): Answer(0.1)},
    )


def test_a_check_in_words_is_read_and_unsure_counts_as_an_unknown_no():
    assert filed("exists", "0", reply=words("Yes, it is.")).exists == {0: Answer(1.0)}
    assert filed("exists", "0", reply=words("unsure")).exists == {0: Answer(0.0, is_known=False)}


def test_a_probability_counts_before_words():
    assert filed("exists", "0", reply=Reply(p_yes=0.0, texts=(Said("yes"),))).exists == {0: Answer(0.0)}


def test_a_reply_that_is_missing_is_an_error_and_nothing_else():
    evidence = filed("claims", "", "a/b", reply=Reply(error="lost: no reply"))
    assert evidence == Evidence(SIZE_WH, CUPS, errors={"claims//a%2Fb": "lost: no reply"})


def test_one_count_answers_every_number_that_could_be_asked_about():
    counted = filed("how_many", "cup", reply=words("There are two.")).counts
    assert counted == {("cup", 2): Answer(1.0), ("cup", 3): Answer(0.0)}
    counted = filed("how_many", "cup", reply=words("3", "two", "2", "one")).counts
    assert counted == {("cup", 2): Answer(0.75), ("cup", 3): Answer(0.25)}
    assert filed("how_many", "cup", reply=words("many")).counts[("cup", 2)] == Answer(0.0, is_known=False)
    assert filed("how_many", "cup", reply=Reply()).counts[("cup", 2)] == Answer(0.0, is_known=False)


def test_readings_come_one_after_the_other_and_a_cut_off_one_is_none():
    evidence = filed("read", "0", "0", reply=words('"OPEN"', "second text"))
    filed("read", "0", "1", reply=words("no"), evidence=evidence)
    filed("read", "1", "0", reply=Reply(texts=(Said("OPEN OPEN OPEN", is_whole=False),)), evidence=evidence)
    assert evidence.readings == {0: ("OPEN", ""), 1: ("",)}


def test_a_question_of_another_kind_is_refused():
    with pytest.raises(CodeCaptionError, match=r"about must begin with one of exists, .*; got \('detailed',\)\."):
        file_replies(Evidence(SIZE_WH), [Ask(("detailed",), "", decoding=Decoding())], [words("A cup.")])
