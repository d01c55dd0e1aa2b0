"""How models say that nothing is written where they were asked to read."""

from __future__ import annotations

import re

_KIND = r"(?:(?:visible|legible|readable|discernible|written) )?(?:text|texts|words|writing|lettering)"
_IMAGE = r"(?:image|picture|photo|photograph|crop)"
_THING = rf"(?:{_IMAGE}|object|item|sign|surface)"
_STATES = r"visible|legible|readable|written|present|available|shown|seen|found|detected|here|there|at all"
_PLACE = r"(?: (?:in|on) (?:it|(?:this|the) \w+(?: \w+)?))?"
_IN_IMAGE = rf"(?: (?:in|on) (?:(?:this|the) )?{_IMAGE})?"

_FORMS = (
    r"no|none|n a|none visible",
    r"(?:there is )?nothing(?: is)?(?: written| visible)?(?: here| there)?",
    # Without a verb it might be a sign ("no writing on this wall"), so only the image itself can be where.
    rf"(?:no|not any) {_KIND}(?: (?:{_STATES}))*{_IN_IMAGE}",
    rf"no {_KIND} (?:is|are|can be|was|were)(?: (?:{_STATES}))+{_PLACE}",
    rf"there (?:is|s|are|appears to be|seems to be) (?:no|not any) {_KIND}(?: (?:{_STATES}))*{_PLACE}",
    r"there (?:isn t|aren t|(?:does not|doesn t) (?:appear|seem) to be)"
    rf" any {_KIND}(?: (?:{_STATES}))*{_PLACE}",
    rf"i (?:cannot|can not|can t|do not|don t) (?:see|read|find|detect|make out) any {_KIND}{_PLACE}",
    rf"(?:this|the) {_THING} (?:has|contains|shows) no {_KIND}",
    rf"(?:this|the) {_THING} (?:does not|doesn t) (?:have|contain|show) any {_KIND}",
    r"(?:(?:the|this) (?:text|writing) is )?(?:not (?:legible|readable)|illegible|unreadable)",
)
_NOTHING = re.compile(rf"|(?:no )?(?:{'|'.join(_FORMS)})")


def says_no_text(reply: str) -> bool:
    """Whether a reply says that nothing is written, or nothing that can be read; one that goes on otherwise was read.

    Args:
        reply: in lower case, without marks, its words parted by single spaces.

    >>> [says_no_text(reply) for reply in ("no text is visible", "no there isn t any text", "no text messaging")]
    [True, True, False]
    """
    return _NOTHING.fullmatch(reply) is not None
