"""What a stored reference log-probability depends on: weights, template, pixels and texts."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from svco_loss.errors import StoredReferenceError
from svco_loss.pairs.model_content import folder_digest, hub_commit
from svco_loss.pairs.mvc import ImagePair


class PairKey(NamedTuple):
    """Names a pair by its contents, wherever its files lie."""

    pixels_a: str
    """Digest of the decoded pixels of image a."""
    pixels_b: str
    text: str
    """Digest of system prompt, question and both texts."""


class ReferenceSource(NamedTuple):
    """Names what computed log-probabilities: they are stale once any of it changes."""

    model: str
    """Fingerprint of the weights."""
    template: str
    """Fingerprint of everything between a pair and its token ids and pixel values."""
    dtype: str
    """Number type of the computation, such as `bfloat16`: its rounding is part of the values."""


def text_digest(pair: ImagePair) -> str:
    """Digest of system prompt, question and both texts.

    >>> one = ImagePair("What?", "a.png", "b.png", "A cup.", "A mug.")
    >>> text_digest(one) == text_digest(ImagePair("What?", "c.png", "d.png", "A cup.", "A mug."))
    True
    """
    return _digest(*(field.encode("utf-8", "surrogatepass") for field in _texts(pair)))


def weights_fingerprint(model: str | os.PathLike[str]) -> str:
    """Digest of everything in a checkpoint's folder, every byte read (1 to 2 s a gigabyte); of a Hub id its commit.

    Raises:
        StoredReferenceError: a folder without safetensors, or a Hub id whose commit cannot be told.
    """
    folder = Path(model)
    if not folder.is_dir():
        return f"{os.fspath(model)}@{_commit(os.fspath(model))}"
    if not list(folder.glob("*.safetensors")):
        found = sorted(path.name for path in folder.iterdir())
        raise StoredReferenceError(f"{folder} must hold a checkpoint in safetensors; got {found}.")
    return folder_digest(folder)


def template_fingerprint(processor: Any, **choices: Any) -> str:
    """Digest of a processor (chat template, special tokens, vocabulary, image settings) and of choices beside it.

    Args:
        processor: of transformers, with `tokenizer` and `image_processor`.
        choices: plain values that change token ids, such as the longest answer.
    """
    tokenizer = processor.tokenizer
    described = {
        "template": processor.chat_template,
        "special": {name: str(token) for name, token in tokenizer.special_tokens_map.items()},
        "vocabulary": sorted(tokenizer.get_vocab().items()),
        "image": processor.image_processor.to_dict(),
        "choices": choices,
    }
    return _digest(json.dumps(described, sort_keys=True, default=str).encode())


def _texts(pair: ImagePair) -> tuple[str, ...]:
    return pair.system, pair.question, pair.text_x, pair.text_y


def _commit(model: str) -> str:
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return hub_commit(model)
    except (OSError, HfHubHTTPError, HFValidationError) as error:
        detail = str(error).splitlines()[0]
        raise StoredReferenceError(
            f"{model} is neither a folder nor a Hub id whose commit can be told: {detail}"
        ) from error


def _digest(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
