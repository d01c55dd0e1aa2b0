"""Supervised fine-tuning of LLaVA-family and other chat VLMs: mixing, masking, LoRA, merging."""

from llava_train.callbacks import set_callbacks
from llava_train.checking import CheckedRows, Refusal, check_rows
from llava_train.collating import join_images
from llava_train.dialogue import Dialogue, Row, read_dialogue
from llava_train.encoding import EncodedRow, RowEncoder, TokenizedDialogue, stop_token_ids
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
from llava_train.model_files import compute_dtype, hidden_bars, hidden_renaming, load_model, load_processor, save_whole
from llava_train.model_parts import ModelParts, find_parts, freeze_parts, is_in, lora_config
from llava_train.run_folder import RunFolder, model_digest
from llava_train.settings import SftSettings
from llava_train.trainer_arguments import trainer_arguments
from llava_train.trainer_settings import TrainerSettings, require_range
from llava_train.training import TrainResult, load_encoder, train
from llava_train.whole_checkpoints import WholeCheckpoints

__all__ = [
    "CheckedRows",
    "Dialogue",
    "DivergedError",
    "EncodedRow",
    "FolderError",
    "LlavaTrainError",
    "MissingExtraError",
    "ModelParts",
    "Refusal",
    "Row",
    "RowEncoder",
    "RowError",
    "RunFolder",
    "SettingsError",
    "SftSettings",
    "TokenizedDialogue",
    "TrainResult",
    "TrainerSettings",
    "UnsupportedModelError",
    "WholeCheckpoints",
    "check_rows",
    "compute_dtype",
    "find_parts",
    "freeze_parts",
    "hidden_bars",
    "hidden_renaming",
    "is_in",
    "join_images",
    "llava_to_messages",
    "load_encoder",
    "load_model",
    "load_processor",
    "lora_config",
    "merge_adapter",
    "messages_to_llava",
    "mix",
    "model_digest",
    "read_dialogue",
    "read_llava_json",
    "require_range",
    "save_whole",
    "set_callbacks",
    "stop_token_ids",
    "train",
    "trainer_arguments",
    "write_llava_json",
]
