from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from typing import Any

import pytest
import trial_sampler
from trial_sampler import InvalidRequest, Request

PUBLIC_NAMES = """
AdaptiveResult ChoiceRequest ChoiceResult ChoiceScorer FinishReason ImageLike Interval InvalidRequest
LoadedSampler Messages MissingExtra ModelError ModelSlot Replay Request Rule SampleFailure SampleResult Sampler
SamplerError Tally Trial YES_NO clear_of either image_question keep_prompts load_sampler more_than none_right_of
one_accepted replay sample_adaptively simulate_verdicts trial_seed wilson_interval within
"""

MODULES = """
adaptive choices conversations errors keeping random_streams replaying request sampler settling wilson hf.choosing
hf.common_prefix hf.passes hf.reuse hf.stopping
"""


def test_public_names_are_pinned() -> None:
    assert sorted(trial_sampler.__all__) == PUBLIC_NAMES.split()
    assert all(hasattr(trial_sampler, name) for name in trial_sampler.__all__)


@pytest.mark.parametrize("module", MODULES.split())
def test_examples_in_docstrings_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"trial_sampler.{module}")).failed == 0


def test_importing_loads_no_engine() -> None:
    code = "import trial_sampler, sys; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"n": 0}, "n must be at least 1; got 0"),
        ({"temperature": -1.0}, "temperature must be at least 0; got -1.0"),
        ({"temperature": float("nan")}, "temperature must be at least 0; got nan"),
        ({"top_p": 0.0}, "top_p must be in (0, 1]; got 0.0"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1; got 0"),
        ({"stop": "."}, "stop must list non-empty strings; got '.'"),
        ({"stop": [""]}, "stop must list non-empty strings; got ['']"),
        ({"messages": []}, "messages must hold at least one turn; got []"),
    ],
)
def test_a_request_checks_its_values(wrong: dict[str, Any], text: str) -> None:
    settings: dict[str, Any] = {"id": "a", "messages": [{"role": "user", "content": "Hello"}]}
    with pytest.raises(InvalidRequest) as error:
        Request(**(settings | wrong))
    assert str(error.value) == f"request 'a': {text}"
