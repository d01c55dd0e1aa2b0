"""Supervised fine-tuning of LLaVA-family and other chat VLMs: mixing, masking, LoRA, merging."""

from llava_train.checking import CheckedRows, Refusal, check_rows
from llava_train.dialogue import Dialogue, Row, read_dialogue
from llava_train.encoding import EncodedRow, RowEncoder
from llava_train.errors import (
    DivergedError,
    FolderError,
    LlavaTrainError,
    MissingExtraError,
    RowError,
    SettingsError,
    UnsupportedModelError,
)
from llava_train.llava_json import llava_to_messages, messages_to_llava, read_llava_json, write_llava_json
from llava_train.merging import merge_adapter
from llava_train.mixing import mix
from llava_train.settings import SftSettings
from llava_train.training import TrainResult, load_encoder, train

__all__ = [
    "CheckedRows",
    "Dialogue",
    "DivergedError",
    "EncodedRow",
    "FolderError",
    "LlavaTrainError",
    "MissingExtraError",
    "Refusal",
    "Row",
    "RowEncoder",
    "RowError",
    "SettingsError",
    "SftSettings",
    "TrainResult",
    "UnsupportedModelError",
    "check_rows",
    "llava_to_messages",
    "load_encoder",
    "merge_adapter",
    "messages_to_llava",
    "mix",
    "read_dialogue",
    "read_llava_json",
    "train",
    "write_llava_json",
]
