"""English nouns: the built-in lexicon with its categories, and their number."""

from occlusion.words.lexicon import default_lexicon, look_up, read_lexicon
from occlusion.words.nouns import is_plural, plural, singular

__all__ = [
    "default_lexicon",
    "is_plural",
    "look_up",
    "plural",
    "read_lexicon",
    "singular",
]
