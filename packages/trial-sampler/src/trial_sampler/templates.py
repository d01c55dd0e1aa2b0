"""Conversations as prompt text: a checkpoint's own chat template, the same for every backend in this process."""

from __future__ import annotations

from typing import Any

from trial_sampler.conversations import Refused, content_parts, one_line
from trial_sampler.request import Messages


def chat_text(processor: Any, messages: Messages) -> str:
    """Return the chat template's output, up to where the answer starts.

    Raises:
        Refused: the template fails.
    """
    try:
        turns = [{**message, "content": content_parts(message)} for message in messages]
        return processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    except Exception as error:  # a template is a program of the checkpoint's author: it may raise anything
        raise Refused("template", one_line(error)) from error


def image_tokens(processor: Any) -> set[str]:
    """Return the texts that stand for an image in a prompt, which no text part may hold."""
    found = {getattr(processor, name, None) for name in ("image_token", "boi_token")}
    return {token for token in found if isinstance(token, str) and token}


def lacks_special_tokens(processor: Any, text: str) -> bool:
    """Whether the tokenizer must still add its special tokens: the template did not begin the text with them."""
    bos = processor.tokenizer.bos_token
    return not (bos and text.startswith(bos))
