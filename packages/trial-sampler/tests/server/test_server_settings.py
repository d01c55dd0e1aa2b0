"""Settings check themselves; the server backend is opened by name."""

from __future__ import annotations

import doctest
import importlib
import sys
from typing import Any

import pytest
import trial_sampler.server
from trial_sampler import MissingExtra, SamplerError, load_sampler
from trial_sampler.server import ServerSampler, ServerSettings
from trial_sampler.server.backoff import backoff_s

MODULES = ["address", "backoff", "blocking", "bodies", "images", "replies", "settings", "verdicts"]


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module: str) -> None:
    outcome = doctest.testmod(importlib.import_module(f"trial_sampler.server.{module}"))
    assert (outcome.failed, outcome.attempted > 0) == (0, True)


def test_public_names_are_pinned() -> None:
    assert trial_sampler.server.__all__ == ["ServerSampler", "ServerSettings"]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"start_concurrency": 0}, "start_concurrency must be in [1, most_concurrency]; got 0"),
        ({"start_concurrency": 9, "most_concurrency": 8}, "start_concurrency must be in [1, most_concurrency]; got 9"),
        ({"request_deadline_s": 0}, "request_deadline_s must be above 0; got 0"),
        ({"attempt_deadline_s": float("nan")}, "attempt_deadline_s must be above 0; got nan"),
        ({"most_retries": -1}, "most_retries must be at least 0; got -1"),
        ({"jpeg_quality": 100}, "jpeg_quality must be in [1, 95]; got 100"),
        ({"top_logprobs": 21}, "top_logprobs must be in [1, 20]; got 21"),
        ({"seed_bits": 64}, "seed_bits must be in [1, 63]; got 64"),
        ({"image_tokens": "<image>"}, "image_tokens must list strings; got '<image>'"),
        ({"trials": "many"}, "trials must be one of: seeded n; got 'many'"),
        ({"extra_body": {"seed": 1, "n": 2}}, "extra_body must not set n, seed: requests and settings decide it"),
    ],
)
def test_settings_check_their_values(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(SamplerError) as error:
        ServerSettings(**wrong)
    assert str(error.value) == text


def test_extra_fields_must_be_json() -> None:
    for value in ({1, 2}, float("nan")):
        with pytest.raises(SamplerError, match="extra_body must hold plain JSON values"):
            ServerSettings(extra_body={"top_k": value})


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "ftp://host/v1", "http:///v1", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SamplerError, match=r"base_url must be an http\(s\) address"):
        ServerSampler(address, "m")


def test_waits_are_jittered_up_to_a_bound_that_doubles() -> None:
    settings = ServerSettings(first_backoff_s=1.0, longest_backoff_s=5.0)
    for attempt, bound in enumerate([1, 2, 4, 5, 5]):
        waits = [backoff_s(attempt, settings) for _ in range(400)]
        assert 0.9 * bound < max(waits) <= bound
        assert min(waits) < 0.1 * bound
    assert 3 <= backoff_s(0, settings, retry_after_s=3.0) <= 4
    assert backoff_s(10_000, settings) <= 5


def test_the_backend_needs_an_address() -> None:
    with pytest.raises(SamplerError, match="backend 'server' needs base_url"):
        load_sampler("m", backend="server")


def test_a_missing_extra_gives_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("trial_sampler.server")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'trial-sampler\[server\]'"):
        load_sampler("m", backend="server", base_url="http://127.0.0.1:1/v1")
