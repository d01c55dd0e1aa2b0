"""What can go wrong, as one small tree of errors."""

from __future__ import annotations


class LlavaTrainError(Exception):
    """Base of every error that this package raises.

    LlavaTrainError
    ├── MissingExtraError   a library of the extra `hf` is not installed
    ├── SettingsError       a setting has a value that cannot work
    ├── RowError            one training row cannot be used; `.reason` is a short slug
    ├── UnsupportedModelError   the model or its processor lacks what training needs
    ├── FolderError         the folder holds another training
    ├── DivergedError       the loss became infinite or not a number
    ├── MergeError          a merged model answers otherwise than model and adapter
    └── LaunchError         a training in several processes cannot start, or one of them failed
    """


class MissingExtraError(LlavaTrainError):
    """A library of an optional extra is not installed."""


class SettingsError(LlavaTrainError):
    """A setting has a value that cannot work."""


class RowError(LlavaTrainError):
    """One training row cannot be used.

    `reason` is a short slug that can be counted, such as `too_long`; `detail` says what was expected and found.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class UnsupportedModelError(LlavaTrainError):
    """The model or its processor lacks something that training needs."""


class FolderError(LlavaTrainError):
    """The folder already holds a training with other settings, rows or model."""


class DivergedError(LlavaTrainError):
    """The training loss became infinite or not a number."""


class MergeError(LlavaTrainError):
    """A merged model does not answer as its base and adapter together do."""


class LaunchError(LlavaTrainError):
    """A training in several processes cannot start, or one of the processes failed."""
