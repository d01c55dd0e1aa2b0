"""What can go wrong, drawn as a tree.

BoxSpaceError            anything that this package refuses; `.reason` is a short slug that can be counted
├── BoxError             coordinates or a space that make no sense, or two spaces of different images
│   └── BoxTextError     a text (often a model's) from which no single box can be read
└── ImageError           a file that cannot be opened as a picture
"""

from __future__ import annotations


class BoxSpaceError(ValueError):
    """Base of every error of this package; `reason` is a short slug for accounts.

    >>> BoxSpaceError("reversed", "x0 must not exceed x1; got 3 and 1.").reason
    'reversed'
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[BoxSpaceError], tuple[str, str]]:
        """Survive the way between worker processes with the reason."""
        return type(self), (self.reason, str(self))


class BoxError(BoxSpaceError):
    """Coordinates or a space that make no sense, or boxes of two different images.

    Reasons: `not_finite`, `reversed`, `bad_shape`, `bad_space`, `other_image`, `other_space`, `outside_image`.
    """


class BoxTextError(BoxError):
    """A text from which no single box can be read.

    Reasons: `no_box`, `wrong_count`, `several_boxes`, `truncated`, `not_finite`, `out_of_range`, `reversed`, `empty`.
    """


class ImageError(BoxSpaceError):
    """A file that cannot be opened as a picture.

    Reasons: `missing`, `outside_root`, `not_an_image`, `corrupt`, `truncated`, `too_large`, `unreadable`,
    `unsupported_mode`.
    """
