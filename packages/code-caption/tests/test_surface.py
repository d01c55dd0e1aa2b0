"""Public names, and what importing costs."""

import copy
import multiprocessing
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import code_caption
import pytest
from code_caption import CodeCaptionError, CodeError, code_to_scene

README = Path(__file__).parents[1] / "README.md"
PUBLIC_NAMES = """
FORMS HYPERNYMS STOP_WORDS UNFILTERED WHOLE Answer Ask AskModel AttributeKind BoxFractions BoxPixels BoxText
Calibration Candidate CodeCaptionError CodeError Concepts Contest Cost Decision Decoding Drop Dropped Element
Evidence EvidenceError ExtractNounPhrases Fitted Framing GraphEdge GraphNode Group ImageAsks ImageEvidence Interview
LeftOut NounForms NounPhrase QuestionWording Ranking Relation Reply RowWording Rules Said Salvage Scene SceneError
SceneGraph SceneRows SceneScore SettingsError Sighting Tally Unit View agree around calibrate canonical code_to_scene
compare_scenes confirm confirming_asks count_drops counts_to_ask decide describing_asks dict_to_evidence
dict_to_row_wording do_meet element_contest evidence_to_dict file_replies find_concepts find_pairs fit_scene
graph_to_node_link graph_to_scene image_contest interview_images json_to_scene mentions pair_contest phrases_of
pick_control rank read_number read_text read_yes_no recount salvage_code scene_in_frame scene_to_caption
scene_to_code scene_to_dialogue scene_to_graph scene_to_json scene_to_rows scores_to_table show similarity
split_attributes standing surviving_pairs surviving_units survivors texts_to_answer to_fractions to_units
validating_asks verdict
"""


def test_public_names_are_pinned_and_in_the_readme() -> None:
    assert code_caption.__all__ == PUBLIC_NAMES.split()
    assert all(hasattr(code_caption, name) for name in code_caption.__all__)
    named = set(re.findall(r"`(\w+)", README.read_text(encoding="utf-8")))
    assert [name for name in code_caption.__all__ if name not in named] == []


def test_every_error_has_the_one_base_and_a_reason() -> None:
    errors = [getattr(code_caption, name) for name in code_caption.__all__ if name.endswith("Error")]
    assert all(issubclass(error, code_caption.CodeCaptionError) for error in errors)
    assert code_caption.SceneError("slug", "text").reason == "slug"


@pytest.mark.parametrize("error", [CodeCaptionError, *CodeCaptionError.__subclasses__()])
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_survive_copies_and_the_way_between_processes(
    error: type[CodeCaptionError], again: Callable[[CodeCaptionError], CodeCaptionError]
) -> None:
    found = again(error("slug", "what went wrong"))
    assert (type(found), found.reason, str(found)) == (error, "slug", "what went wrong")


def test_a_text_that_is_refused_in_a_worker_process_is_an_error_here() -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool, pytest.raises(CodeError) as caught:
        pool.submit(code_to_scene, "no code").result(timeout=60)
    assert caught.value.reason == "no_scene"


def test_importing_loads_no_engine() -> None:
    engines = "('torch', 'transformers', 'spacy')"
    code = f"import sys, code_caption; print([name for name in {engines} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_the_readme_example_does_what_its_comments_say() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, str(README), "exec"), names)
    made = names["made"]
    assert isinstance(made, code_caption.Decision)
    assert (made.drops[0].rule, made.drops[0].reason, made.drops[0].what) == ("existence", "said_no", "dog")
    code = str(names["code"])
    assert "Element(name='lifebuoy', box=[0.62, 0.2, 0.78, 0.41], " in code
    assert code_caption.code_to_scene(code).elements[0].attributes == ("white",)
