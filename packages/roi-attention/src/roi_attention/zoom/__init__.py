"""Two-turn zoom dialogues: keys, regions and rows for training, and asking a model where to look."""

from roi_attention.zoom.annotations import Annotation, annotation_to_row, annotations_by_key, row_to_annotation
from roi_attention.zoom.asking import ChooseBox, Looked, ZoomItem, ask, ask_many
from roi_attention.zoom.box_forms import Form
from roi_attention.zoom.conversations import Conversation, Failure, Respond, Stage
from roi_attention.zoom.dialogues import TurnWeights, plain_row, row_to_conversations, zoom_row
from roi_attention.zoom.frames import Frame, frame_space, model_frame
from roi_attention.zoom.mix_rows import Mix, MixRow, SkippedQuestion, ZoomQuestion, read_mix
from roi_attention.zoom.pictures import CLIP_MEAN_RGB, ZoomPictures, crop_picture, shown_picture, zoom_pictures
from roi_attention.zoom.published_params import (
    ReadParams,
    WrittenParams,
    params_name,
    params_to_box,
    read_params,
    read_params_entries,
    write_params,
)
from roi_attention.zoom.question_keys import question_key
from roi_attention.zoom.settings import ZoomSettings
from roi_attention.zoom.squares import Square, box_to_square, square_to_box
from roi_attention.zoom.turns import answer_turn, reply, where_turn
from roi_attention.zoom.where_texts import LEAST_SHARE, Verdict, Where, read_where, where_text
from roi_attention.zoom.widening import whole_box
from roi_attention.zoom.wording import Wording

__all__ = [
    "CLIP_MEAN_RGB",
    "LEAST_SHARE",
    "Annotation",
    "ChooseBox",
    "Conversation",
    "Failure",
    "Form",
    "Frame",
    "Looked",
    "Mix",
    "MixRow",
    "ReadParams",
    "Respond",
    "SkippedQuestion",
    "Square",
    "Stage",
    "TurnWeights",
    "Verdict",
    "Where",
    "Wording",
    "WrittenParams",
    "ZoomItem",
    "ZoomPictures",
    "ZoomQuestion",
    "ZoomSettings",
    "annotation_to_row",
    "annotations_by_key",
    "answer_turn",
    "ask",
    "ask_many",
    "box_to_square",
    "crop_picture",
    "frame_space",
    "model_frame",
    "params_name",
    "params_to_box",
    "plain_row",
    "question_key",
    "read_mix",
    "read_params",
    "read_params_entries",
    "read_where",
    "reply",
    "row_to_annotation",
    "row_to_conversations",
    "shown_picture",
    "square_to_box",
    "where_text",
    "where_turn",
    "whole_box",
    "write_params",
    "zoom_pictures",
    "zoom_row",
]
