"""Supervised fine-tuning of LLaVA-family and other chat VLMs: mixing, masking, LoRA, merging."""

from llava_train.accelerating import (
    ACCELERATE_CONFIGS,
    accelerate_config,
    check_processes,
    run_module,
    run_processes,
)
from llava_train.augmenting import AUGMENTATIONS, Augmentation
from llava_train.callbacks import set_callbacks
from llava_train.checking import CheckedRows, Refusal, check_rows
from llava_train.collapse import Collapse, measure_collapse
from llava_train.collating import join_images
from llava_train.dialogue import Dialogue, Row, read_dialogue
from llava_train.digests import model_digest
from llava_train.encoding import EncodedRow, RowEncoder, TokenizedDialogue, stop_token_ids
from llava_train.errors import (
    DivergedError,
    FolderError,
    LaunchError,
    LlavaTrainError,
    MergeError,
    MissingExtraError,
    RowError,
    SettingsError,
    UnsupportedModelError,
)
from llava_train.job_commands import run_job_command
from llava_train.launching import launch
from llava_train.llama_factory_json import read_llama_factory, write_llama_factory
from llava_train.llava_json import llava_to_messages, messages_to_llava, read_llava_json, write_llava_json
from llava_train.loading import Loading
from llava_train.merging import merge_adapter
from llava_train.mixing import mix
from llava_train.model_files import compute_dtype, hidden_bars, hidden_renaming, load_model, load_processor, save_whole
from llava_train.model_parts import ModelParts, find_parts, freeze_parts, lora_config
from llava_train.ms_swift_json import read_ms_swift, write_ms_swift
from llava_train.optimizer_groups import GroupedOptimizer
from llava_train.rooted_rows import images_folder, read_rooted_rows, write_rooted_rows
from llava_train.round_folders import ROUNDS_FILE, load_rounds, open_round_folder, round_folder, save_rounds
from llava_train.round_records import Evaluation, RoundRecord, Rounds
from llava_train.rounds import MadeRows, RoundSettings, RoundWork, run_rounds, train_round
from llava_train.run_folder import RunFolder
from llava_train.settings import SftSettings
from llava_train.source_mixing import Mixed, mix_sources
from llava_train.text_guards import Change, allowed
from llava_train.trainer_arguments import trainer_arguments
from llava_train.trainer_settings import TrainerSettings, require_range
from llava_train.training import TrainResult, load_encoder, train
from llava_train.trl_export import write_trl
from llava_train.validation_split import is_validation, split_rows
from llava_train.whole_checkpoints import WholeCheckpoints

__all__ = [
    "ACCELERATE_CONFIGS",
    "AUGMENTATIONS",
    "ROUNDS_FILE",
    "Augmentation",
    "Change",
    "CheckedRows",
    "Collapse",
    "Dialogue",
    "DivergedError",
    "EncodedRow",
    "Evaluation",
    "FolderError",
    "GroupedOptimizer",
    "LaunchError",
    "LlavaTrainError",
    "Loading",
    "MadeRows",
    "MergeError",
    "MissingExtraError",
    "Mixed",
    "ModelParts",
    "Refusal",
    "RoundRecord",
    "RoundSettings",
    "RoundWork",
    "Rounds",
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
    "accelerate_config",
    "allowed",
    "check_processes",
    "check_rows",
    "compute_dtype",
    "find_parts",
    "freeze_parts",
    "hidden_bars",
    "hidden_renaming",
    "images_folder",
    "is_validation",
    "join_images",
    "launch",
    "llava_to_messages",
    "load_encoder",
    "load_model",
    "load_processor",
    "load_rounds",
    "lora_config",
    "measure_collapse",
    "merge_adapter",
    "messages_to_llava",
    "mix",
    "mix_sources",
    "model_digest",
    "open_round_folder",
    "read_dialogue",
    "read_llama_factory",
    "read_llava_json",
    "read_ms_swift",
    "read_rooted_rows",
    "require_range",
    "round_folder",
    "run_job_command",
    "run_module",
    "run_processes",
    "run_rounds",
    "save_rounds",
    "save_whole",
    "set_callbacks",
    "split_rows",
    "stop_token_ids",
    "train",
    "train_round",
    "trainer_arguments",
    "write_llama_factory",
    "write_llava_json",
    "write_ms_swift",
    "write_rooted_rows",
    "write_trl",
]
