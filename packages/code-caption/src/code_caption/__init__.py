"""Captions that are checked against the image and written as Python code that parses."""

from code_caption.checks.answers import Answer, read_yes_no, texts_to_answer
from code_caption.checks.asks import Ask, AskModel, Decoding, ImageAsks, Reply, Said
from code_caption.checks.choosing import Contest, element_contest, image_contest, pair_contest, standing, verdict
from code_caption.checks.controls import Calibration, calibrate, pick_control
from code_caption.checks.counting import counts_to_ask, recount
from code_caption.checks.deciding import Decision, decide
from code_caption.checks.drops import Drop, count_drops
from code_caption.checks.evidence import Evidence, dict_to_evidence, evidence_to_dict
from code_caption.checks.existence import confirm
from code_caption.checks.filing import file_replies
from code_caption.checks.geometry import do_meet, find_pairs, to_units
from code_caption.checks.interview import Interview
from code_caption.checks.interviewing import Cost, ImageEvidence, interview_images
from code_caption.checks.question_wording import QuestionWording
from code_caption.checks.questions import confirming_asks, describing_asks, validating_asks
from code_caption.checks.reading import agree, read_text, similarity
from code_caption.checks.reranking import Candidate, Ranking, rank
from code_caption.checks.rules import UNFILTERED, Rules
from code_caption.checks.sightings import BoxPixels, Sighting, Unit, to_fractions
from code_caption.checks.surviving import surviving_pairs, surviving_units, survivors
from code_caption.checks.views import WHOLE, Framing, View, show
from code_caption.code.canonical_form import canonical
from code_caption.code.frames import scene_in_frame
from code_caption.code.json_form import json_to_scene, scene_to_json
from code_caption.code.parsing import code_to_scene
from code_caption.code.rendering import scene_to_code
from code_caption.code.salvaging import Salvage, salvage_code
from code_caption.code.scene_graph import (
    GraphEdge,
    GraphNode,
    SceneGraph,
    graph_to_node_link,
    graph_to_scene,
    scene_to_graph,
)
from code_caption.code.token_budget import Fitted, fit_scene
from code_caption.corners import around
from code_caption.errors import CodeCaptionError, CodeError, EvidenceError, SceneError, SettingsError
from code_caption.quality import SceneScore, Tally, compare_scenes, scores_to_table
from code_caption.rows.box_texts import BoxText
from code_caption.rows.plain_captions import scene_to_caption
from code_caption.rows.row_wording import AttributeKind, RowWording
from code_caption.rows.training_rows import FORMS, LeftOut, SceneRows, scene_to_dialogue, scene_to_rows
from code_caption.rows.wording_dicts import dict_to_row_wording
from code_caption.scene import BoxFractions, Element, Group, Relation, Scene
from code_caption.words.concepts import Concepts, Dropped, find_concepts
from code_caption.words.noun_forms import NounForms
from code_caption.words.noun_phrases import ExtractNounPhrases, NounPhrase
from code_caption.words.number_words import read_number
from code_caption.words.phrases import mentions, phrases_of, split_attributes
from code_caption.words.word_lists import HYPERNYMS, STOP_WORDS

__all__ = [
    "FORMS",
    "HYPERNYMS",
    "STOP_WORDS",
    "UNFILTERED",
    "WHOLE",
    "Answer",
    "Ask",
    "AskModel",
    "AttributeKind",
    "BoxFractions",
    "BoxPixels",
    "BoxText",
    "Calibration",
    "Candidate",
    "CodeCaptionError",
    "CodeError",
    "Concepts",
    "Contest",
    "Cost",
    "Decision",
    "Decoding",
    "Drop",
    "Dropped",
    "Element",
    "Evidence",
    "EvidenceError",
    "ExtractNounPhrases",
    "Fitted",
    "Framing",
    "GraphEdge",
    "GraphNode",
    "Group",
    "ImageAsks",
    "ImageEvidence",
    "Interview",
    "LeftOut",
    "NounForms",
    "NounPhrase",
    "QuestionWording",
    "Ranking",
    "Relation",
    "Reply",
    "RowWording",
    "Rules",
    "Said",
    "Salvage",
    "Scene",
    "SceneError",
    "SceneGraph",
    "SceneRows",
    "SceneScore",
    "SettingsError",
    "Sighting",
    "Tally",
    "Unit",
    "View",
    "agree",
    "around",
    "calibrate",
    "canonical",
    "code_to_scene",
    "compare_scenes",
    "confirm",
    "confirming_asks",
    "count_drops",
    "counts_to_ask",
    "decide",
    "describing_asks",
    "dict_to_evidence",
    "dict_to_row_wording",
    "do_meet",
    "element_contest",
    "evidence_to_dict",
    "file_replies",
    "find_concepts",
    "find_pairs",
    "fit_scene",
    "graph_to_node_link",
    "graph_to_scene",
    "image_contest",
    "interview_images",
    "json_to_scene",
    "mentions",
    "pair_contest",
    "phrases_of",
    "pick_control",
    "rank",
    "read_number",
    "read_text",
    "read_yes_no",
    "recount",
    "salvage_code",
    "scene_in_frame",
    "scene_to_caption",
    "scene_to_code",
    "scene_to_dialogue",
    "scene_to_graph",
    "scene_to_json",
    "scene_to_rows",
    "scores_to_table",
    "show",
    "similarity",
    "split_attributes",
    "standing",
    "surviving_pairs",
    "surviving_units",
    "survivors",
    "texts_to_answer",
    "to_fractions",
    "to_units",
    "validating_asks",
    "verdict",
]
