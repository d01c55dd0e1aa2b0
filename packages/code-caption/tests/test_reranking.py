from code_caption import Answer, Candidate, rank
from hypothesis import given, settings
from hypothesis import strategies as st

YES, NO = Answer(0.9), Answer(0.1)


def test_confirmed_less_rejected_phrases_decide():
    two = [Candidate("", ("a", "b", "c")), Candidate("", ("a", "d"))]
    answers = {"a": YES, "b": NO, "c": NO, "d": YES}
    ranking = rank(two, answers, threshold=0.5, strict=False)
    assert (ranking.winner, ranking.yes, ranking.no, ranking.to_ask) == (1, 2, 0, ())


def test_ties_go_to_fewer_rejected_then_to_the_likelier_then_to_the_first():
    answers = {"a": YES, "b": YES, "c": NO, "d": YES}
    # Two more yes than no in both; the first has one no.
    for two, winner in (
        ([Candidate("", ("a", "b", "d", "c")), Candidate("", ("a", "b"))], 1),
        ([Candidate("", ("a",), -0.5), Candidate("", ("b",), -0.2)], 1),
        ([Candidate("", ("a",)), Candidate("", ("b",))], 0),
    ):
        assert rank(two, answers, threshold=0.5, strict=False).winner == winner


def test_a_caption_that_cannot_win_is_not_asked_about():
    two = [Candidate("", ("a", "b", "c")), Candidate("", ("d", "e"))]
    assert rank(two, {}, threshold=0.5, strict=False).to_ask == ("a", "b", "c")
    settled = rank(two, {"a": YES, "b": YES, "c": YES}, threshold=0.5, strict=False)
    assert (settled.winner, settled.to_ask) == (0, ())


def test_a_phrase_is_asked_once_whatever_holds_it():
    assert rank([Candidate("", ("a", "b", "a"))], {"b": YES}, threshold=0.5, strict=False).to_ask == ("a",)


def test_an_answer_at_the_threshold_confirms():
    assert rank([Candidate("", ("a",))], {"a": Answer(0.7)}, threshold=0.7, strict=False).yes == 1
    assert rank([Candidate("", ("a",))], {"a": Answer(0.7)}, threshold=0.71, strict=False).no == 1


def test_without_captions_there_is_no_winner_and_nothing_to_ask():
    assert rank([], {}, threshold=0.5, strict=False).winner is None
    assert rank([], {}, threshold=0.5, strict=False).to_ask == ()


CANDIDATES = st.lists(
    st.builds(Candidate, st.just(""), st.lists(st.sampled_from("abcdefgh"), unique=True).map(tuple), st.floats(-3, 0)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=100)
@given(
    CANDIDATES,
    st.dictionaries(st.sampled_from("abcdefgh"), st.booleans()),
    st.sets(st.sampled_from("abcdefgh")),
    st.booleans(),
)
def test_asking_best_first_finds_the_winner_of_asking_everything_and_never_asks_more(candidates, truth, early, strict):
    everything = {phrase: YES if truth.get(phrase, False) else NO for phrase in "abcdefgh"}
    known = {phrase: everything[phrase] for phrase in early}
    while to_ask := rank(candidates, known, threshold=0.5, strict=strict).to_ask:
        assert not set(to_ask) & set(known)
        known |= {phrase: everything[phrase] for phrase in to_ask}
    lazy, full = (rank(candidates, answers, threshold=0.5, strict=strict) for answers in (known, everything))
    assert (lazy.winner, lazy.yes, lazy.no) == (full.winner, full.yes, full.no)
    # What was asked belongs to captions that could have beaten the winner.
    could = [one for one in candidates if len(one.phrases) >= full.yes - full.no]
    if strict and (full.no or not candidates[full.winner].phrases):
        could = [one for one in candidates if one.phrases]  # any of them could have been without a rejected phrase
    assert set(known) - early <= {phrase for one in could for phrase in one.phrases}


@given(CANDIDATES, st.dictionaries(st.sampled_from("abcdefgh"), st.booleans()), st.booleans())
def test_the_winner_is_the_best_by_hand(candidates, truth, strict):
    def worth(index):
        phrases = candidates[index].phrases
        no = sum(not truth.get(phrase, False) for phrase in phrases)
        order = ["rejected", "no claims", "clean"]
        place = order.index("no claims" if not phrases else "rejected" if no else "clean")
        return place if strict else 0, len(phrases) - 2 * no, -no, candidates[index].mean_logprob, -index

    answers = {phrase: YES if truth.get(phrase, False) else NO for phrase in "abcdefgh"}
    winner = rank(candidates, answers, threshold=0.5, strict=strict).winner
    assert winner == max(range(len(candidates)), key=worth)


def test_a_clean_caption_goes_before_a_longer_one_with_a_rejected_phrase_where_rules_are_strict() -> None:
    long = Candidate("long", ("red cup", "tray", "spoon", "saucer", "tea", "cake"))
    clean = Candidate("clean", ("red cup", "tray", "napkin"))
    answers = dict.fromkeys((*long.phrases, *clean.phrases), YES) | {"cake": NO}
    assert rank([long, clean], answers, threshold=0.5, strict=False).winner == 0
    assert rank([long, clean], answers, threshold=0.5, strict=True).winner == 1


def test_where_rules_are_strict_a_caption_without_claims_is_no_clean_one() -> None:
    plain = Candidate("It is a lovely moment.", ())
    mixed = Candidate("mixed", ("a", "b", "c", "d"))
    clean = Candidate("clean", ("a",), -9.0)
    answers = {"a": YES, "b": YES, "c": YES, "d": NO}
    assert rank([plain, mixed, clean], answers, threshold=0.5, strict=True).winner == 2
    # Strict rules could not keep the other one.
    assert rank([plain, mixed], answers, threshold=0.5, strict=True).winner == 0
    assert rank([plain, mixed], answers, threshold=0.5, strict=False).winner == 1
    # What nothing can be asked about does not keep others from being asked about.
    assert rank([plain, mixed], {}, threshold=0.5, strict=True).to_ask == ("a", "b", "c", "d")
