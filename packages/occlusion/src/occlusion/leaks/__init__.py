"""Does anything still give a hidden object away: pixels, names, metadata, the question?"""

from occlusion.leaks.finding import find_leaks
from occlusion.leaks.leak import LEAK_KINDS, Leak
from occlusion.leaks.naming import words_in_common
from occlusion.leaks.saving import save_occluded

__all__ = ["LEAK_KINDS", "Leak", "find_leaks", "save_occluded", "words_in_common"]
