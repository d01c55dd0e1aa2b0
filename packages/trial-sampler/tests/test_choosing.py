from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_sampler.hf.choosing import choose_tokens, draw_nucleus
from trial_sampler.random_streams import trial_seed, uniforms


def reference_distribution(logits: np.ndarray, temperature: float, top_p: float) -> np.ndarray:
    """The nucleus by its definition, one row, in double precision."""
    masses = np.exp((logits - logits.max()) / temperature)
    masses /= masses.sum()
    order = np.argsort(-masses, kind="stable")
    size = min(int(np.searchsorted(np.cumsum(masses[order]), top_p)) + 1, len(masses))
    kept = np.zeros_like(masses)
    kept[order[:size]] = masses[order[:size]]
    return kept / kept.sum()


def drawn_distribution(logits: np.ndarray, temperature: float, top_p: float, draws: int) -> np.ndarray:
    rows = torch.from_numpy(logits).expand(draws, -1)
    grid = (torch.arange(draws, dtype=torch.float64) + 0.5) / draws  # every quantile once: no sampling noise
    tokens = choose_tokens(rows, grid, torch.full((draws,), temperature), torch.full((draws,), top_p)).tokens_R
    return np.bincount(tokens.numpy(), minlength=len(logits)) / draws


@pytest.mark.parametrize(
    ("vocabulary", "spread", "temperature", "top_p"),
    [
        (5, 1.0, 1.0, 1.0),
        (7, 2.0, 0.7, 0.9),
        (50, 3.0, 1.0, 0.5),
        (700, 0.1, 1.0, 0.9),  # flat: the nucleus is larger than the first head
        (700, 4.0, 2.0, 0.95),
        (5000, 0.5, 1.0, 0.9),  # flat: larger than every head
        (5000, 2.0, 1.0, 1.0),
    ],
)
def test_draws_follow_the_nucleus_by_definition(
    vocabulary: int, spread: float, temperature: float, top_p: float
) -> None:
    logits = np.random.default_rng(0).normal(size=vocabulary) * spread
    expected = reference_distribution(logits, temperature, top_p)
    drawn = drawn_distribution(logits, temperature, top_p, draws=1000)
    assert np.abs(np.cumsum(drawn) - np.cumsum(expected)).max() < 1 / 500  # quantiles: within a grid step or two


@given(seed=st.integers(0, 10_000), top_p=st.floats(0.01, 1.0), vocabulary=st.sampled_from([2, 40, 1500]))
@settings(max_examples=30, deadline=None)
def test_a_token_outside_the_nucleus_is_never_drawn(seed: int, top_p: float, vocabulary: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=vocabulary) * rng.uniform(0.1, 8)
    allowed = reference_distribution(logits, 1.0, min(top_p + 1e-6, 1.0)) > 0
    drawn = drawn_distribution(logits, 1.0, top_p, draws=64) > 0
    assert not (drawn & ~allowed).any()


def test_a_row_is_drawn_the_same_alone_and_in_company() -> None:
    logits = torch.randn(40, 900, generator=torch.Generator().manual_seed(0)) * torch.linspace(0.01, 6, 40)[:, None]
    numbers, top_ps = torch.linspace(0.01, 0.99, 40).double(), torch.full((40,), 0.9).double()
    totals = logits.logsumexp(-1)
    together = draw_nucleus(logits, totals, numbers, top_ps)
    alone = [draw_nucleus(logits[[row]], totals[[row]], numbers[[row]], top_ps[[row]]) for row in range(40)]
    assert together.tolist() == [int(token) for token in alone]


def test_forbidden_tokens_are_never_drawn_even_at_the_edges_of_the_uniform() -> None:
    logits = torch.tensor([[-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf]]).expand(2, -1)
    edges = torch.tensor([2.0**-49, 1 - 2.0**-49], dtype=torch.float64)
    assert choose_tokens(logits, edges, torch.ones(2), torch.ones(2)).tokens_R.tolist() == [1, 3]


def test_log_probabilities_are_those_of_the_model_whatever_the_temperature() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0]]).expand(3, -1)
    choice = choose_tokens(logits, torch.full((3,), 0.1).double(), torch.tensor([0.0, 1.0, 5.0]), torch.full((3,), 0.5))
    assert choice.tokens_R.tolist() == [0, 0, 0]
    assert choice.logprobs_R.tolist() == pytest.approx([-0.40760597] * 3)


def test_uniforms_are_uniform_and_rows_are_independent_of_each_other() -> None:
    seeds = np.array([trial_seed(0, "scene", trial) for trial in range(400)], dtype=np.uint64)
    numbers = uniforms(seeds, 50)
    assert ((numbers > 0) & (numbers < 1)).all()
    counts = np.bincount((numbers.ravel() * 20).astype(int), minlength=20)
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # chi-square, 19 degrees of freedom, p = 0.001
    assert np.abs(np.corrcoef(numbers.T) - np.eye(50)).max() < 0.25
    assert np.array_equal(uniforms(seeds[[7]], 20)[0], numbers[7, :20])


def test_trial_seeds_differ_by_seed_id_and_trial_and_fit_a_signed_column() -> None:
    seeds = {trial_seed(seed, name, trial) for seed in range(5) for name in ("a", "b", "a1") for trial in range(20)}
    assert len(seeds) == 300
    assert max(seeds) < 2**63
    assert trial_seed(1, "\ud800", 0) >= 0  # a lone surrogate is a valid id
