"""A rendered world with causal structure, and tiny pretrained models for demos and tests."""

from scene_world.creature_pictures import draw_creature
from scene_world.creature_talk import DESCRIBE_CREATURE, NAME_QUESTIONS, NOTES_PROMPT, parts_named
from scene_world.creatures import PARTS, Creature, Part, Species, sample_creature, sample_species
from scene_world.errors import MissingExtraError, SceneWorldError
from scene_world.exam import EXAM_TASKS, ExamItem, exam, hidden_exam, is_right, parse_box
from scene_world.folders import base_rows, hidden_rows, judge_reason, task_rows, write_folder
from scene_world.hiding import caused_things, cue_things, pick_hidden
from scene_world.language import CAPTION_STYLES, box_text, caption, plural, rationale
from scene_world.large import LARGE_PX, large_box_xyxy_px, plate_box_xyxy_px, render_large, sample_sign_scene
from scene_world.pair_folders import pair_questions, pair_rows
from scene_world.pairs import ASKED_CHANGES, CHANGES, MinimalPair, minimal_pair
from scene_world.questions import (
    TASKS,
    Question,
    View,
    ask,
    hidden_stem,
)
from scene_world.reasons import Reason, is_reason_true, parse_reason
from scene_world.render import box_xyxy_px, mask_hw, render, render_hidden
from scene_world.rules import BACKGROUNDS, NEUTRAL, RULES, Rule
from scene_world.scene import CELL_PX, GRID, SIZE_PX, Scene, Thing, sample_scene
from scene_world.template_detector import TemplateDetector
from scene_world.things import COLORS, KINDS, LEXICON, UNCOLORED, category_of
from scene_world.tiny_mlm import tiny_mlm_path
from scene_world.tiny_vlm import tiny_explainer_path, tiny_vlm_path
from scene_world.zoom import WHERE_REQUEST, Zoom, make_zoom, zoom_crop

__all__ = [
    "ASKED_CHANGES",
    "BACKGROUNDS",
    "CAPTION_STYLES",
    "CELL_PX",
    "CHANGES",
    "COLORS",
    "DESCRIBE_CREATURE",
    "EXAM_TASKS",
    "GRID",
    "KINDS",
    "LARGE_PX",
    "LEXICON",
    "NAME_QUESTIONS",
    "NEUTRAL",
    "NOTES_PROMPT",
    "PARTS",
    "RULES",
    "SIZE_PX",
    "TASKS",
    "UNCOLORED",
    "WHERE_REQUEST",
    "Creature",
    "ExamItem",
    "MinimalPair",
    "MissingExtraError",
    "Part",
    "Question",
    "Reason",
    "Rule",
    "Scene",
    "SceneWorldError",
    "Species",
    "TemplateDetector",
    "Thing",
    "View",
    "Zoom",
    "ask",
    "base_rows",
    "box_text",
    "box_xyxy_px",
    "caption",
    "category_of",
    "caused_things",
    "cue_things",
    "draw_creature",
    "exam",
    "hidden_exam",
    "hidden_rows",
    "hidden_stem",
    "is_reason_true",
    "is_right",
    "judge_reason",
    "large_box_xyxy_px",
    "make_zoom",
    "mask_hw",
    "minimal_pair",
    "pair_questions",
    "pair_rows",
    "parse_box",
    "parse_reason",
    "parts_named",
    "pick_hidden",
    "plate_box_xyxy_px",
    "plural",
    "rationale",
    "render",
    "render_hidden",
    "render_large",
    "sample_creature",
    "sample_scene",
    "sample_sign_scene",
    "sample_species",
    "task_rows",
    "tiny_explainer_path",
    "tiny_mlm_path",
    "tiny_vlm_path",
    "write_folder",
    "zoom_crop",
]
