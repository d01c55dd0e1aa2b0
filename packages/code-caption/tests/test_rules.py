from math import nan

import pytest
from code_caption import UNFILTERED, Drop, Interview, Rules, SettingsError, count_drops


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"claims_threshold": 1.5}, "claims_threshold must lie between 0 and 1; got 1.5."),
        ({"existence_threshold": nan}, "existence_threshold must lie between 0 and 1; got nan."),
        ({"reading_similarity": -1}, "reading_similarity must lie between 0 and 1; got -1."),
        ({"least_pair_share": 5}, "least_pair_share must lie between 0 and 1; got 5."),
        ({"least_members": 1}, "least_members must be at least 2; got 1."),
        ({"link_scale": 0.5}, "link_scale must be at least 1; got 0.5."),
        ({"most_pairs": -1}, "most_pairs must be None or at least 0; got -1."),
        ({"least_members": 2.5}, "least_members must be a whole number; got 2.5."),
        ({"least_elements": nan}, "least_elements must be a whole number; got nan."),
        ({"least_elements": None}, "least_elements must be a whole number; got None."),
        ({"most_pairs": 1.0}, "most_pairs must be a whole number; got 1.0."),
        ({"most_pairs": True}, "most_pairs must be a whole number; got True."),
        ({"counting": "on"}, "counting must be one of off, drop, shrink; got 'on'."),
        ({"pair_claims": "cut"}, "pair_claims must be one of whole, crop; got 'cut'."),
    ],
)
def test_rules_out_of_range_are_refused(values, message):
    with pytest.raises(SettingsError) as caught:
        Rules(**values)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rules": ()}, "an interview needs at least one set of rules; got none."),
        ({"count_form": "guess"}, "count_form must be at_least or how_many; got 'guess'."),
        ({"least_read_px": -1}, "least_read_px must be at least 0; got -1."),
    ],
)
def test_an_interview_out_of_range_is_refused(values, message):
    with pytest.raises(SettingsError) as caught:
        Interview(**values)
    assert str(caught.value) == message


def test_the_defaults_are_the_published_ones():
    interview, rules = Interview(), Rules()
    assert (interview.exists_view.scale, interview.exists_view.least_side_px) == (1.3, 200)
    assert (interview.region_view.scale, interview.read_view.scale, interview.pair_view.scale) == (1.5, 1.0, 1.1)
    decoding = interview.region_decoding
    assert (decoding.n, decoding.drawn, decoding.temperature, decoding.top_p) == (4, 8, 0.8, 0.95)
    assert (rules.link_scale, rules.least_members, rules.least_pair_share, rules.pair_growth) == (2.5, 3, 0.05, 1 / 3)


def test_nothing_is_filtered_by_the_control():
    assert (UNFILTERED.existence, UNFILTERED.counting, UNFILTERED.reranking, UNFILTERED.reading) == (
        False,
        "off",
        False,
        False,
    )


def test_drops_are_counted_by_rule_and_reason():
    drops = [Drop("reading", "nested", "bus"), Drop("existence", "said_no", "cup"), Drop("existence", "unknown", "bee")]
    assert count_drops(drops) == {"existence": {"said_no": 1, "unknown": 1}, "reading": {"nested": 1}}
    assert count_drops([]) == {}
