"""Small random models and what they are asked; torch is imported by the fixtures that make a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from PIL import Image
from trial_sampler import Request

from . import asking


def _picture(index: int) -> Image.Image:
    """A small image that differs by index; another object each time."""
    return asking.picture(index, (asking.SIZE, asking.SIZE)).copy()


def _ask(index: int, **changes: Any) -> Request:
    """A request whose question's length differs by index."""
    question = "What is behind the blocks" + "?" * (1 + index % 5)
    content = [{"type": "image"}, {"type": "text", "text": question}]
    settings: dict[str, Any] = {
        "id": f"scene-{index}", "messages": [{"role": "user", "content": content}], "images": [_picture(index)],
        "n": 4, "temperature": 1.0, "top_p": 0.9, "max_new_tokens": 12, "seed": 7,
    }  # fmt: skip
    return Request(**(settings | changes))


@pytest.fixture(scope="session")
def make_llava() -> Callable[..., Any]:
    from .tiny_llava import tiny_llava

    return tiny_llava


@pytest.fixture(scope="session")
def make_processor() -> Callable[..., Any]:
    from .tiny_llava import tiny_processor

    return tiny_processor


@pytest.fixture(scope="session")
def llava(make_llava: Callable[..., Any]) -> Any:
    return make_llava(width=64, layers=2, spread=0.3)


@pytest.fixture(scope="session")
def processor(make_processor: Callable[..., Any]) -> Any:
    return make_processor()


@pytest.fixture(scope="session")
def ask() -> Callable[..., Request]:
    return _ask


@pytest.fixture(scope="session")
def picture() -> Callable[[int], Image.Image]:
    return _picture


@pytest.fixture(scope="session")
def family() -> Callable[[str], Any]:
    """Random models by family, that never end an answer; each is made once."""
    from .tiny_families import tiny_model

    return cache(tiny_model)


@pytest.fixture
def pair(family: Callable[[str], Any], llava: Any, processor: Any) -> Callable[[str], tuple[Any, Any]]:
    """A model and its processor by family."""
    from .tiny_families import IdsProcessor

    return lambda name: (llava, processor) if name == "llava" else (family(name), IdsProcessor(name))
