"""The method and its controls: what of the image each of them shows in the second turn."""

import hashlib
import random
from typing import Literal

from box_space import Box
from PIL import Image

Control = Literal["random", "centre", "whole", "plain"]
"""`random`, `centre`, `whole`: another crop in the second turn; `plain`: no second turn and no boxes."""


def control_box(control: Control, box: Box, seed: bytes) -> Box:
    """The box that a control looks at in place of one.

    Args:
        control: any but `plain`.
        box: what the method looks at, in pixels of the original; its size is kept, but for `whole`.
        seed: decides the place of `random`.

    >>> from box_space import OriginalPixels
    >>> control_box("centre", Box(0, 0, 20, 20, OriginalPixels(100, 60)), b"").xyxy
    (40.0, 20.0, 60.0, 40.0)
    """
    original = box.space.original
    width, height = (float(original.width), float(original.height))
    if control == "whole":
        return Box(0, 0, width, height, original)
    room = (width - (box.x1 - box.x0), height - (box.y1 - box.y0))
    at = [0.5, 0.5]
    if control == "random":
        drawn = random.Random(seed)
        at = [drawn.random(), drawn.random()]
    x0, y0 = (max(0.0, free) * share for free, share in zip(room, at, strict=True))
    return Box(x0, y0, min(width, x0 + box.x1 - box.x0), min(height, y0 + box.y1 - box.y0), original)


def place_seed(image: Image.Image, question: str, seed: int) -> bytes:
    """What decides a random place: the picture, the question and the run's seed, wherever they are met."""
    digest = hashlib.blake2b(f"{seed}/{image.size}/{question}".encode("utf-8", "surrogatepass"), digest_size=16)
    digest.update(image.tobytes())
    return digest.digest()
