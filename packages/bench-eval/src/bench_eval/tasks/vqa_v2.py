"""VQAv2: open questions about pictures of COCO; scored here on val, by the VQA server on test-dev."""

from __future__ import annotations

from bench_eval.asking import Decoding
from bench_eval.measures import mean_measure
from bench_eval.rules.soft_accuracy import grade_vqa_script, grade_vqa_upload
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.soft_accuracy_profiles import soft_accuracy_profiles
from bench_eval.tasks.task import Task
from bench_eval.tasks.vqa_files import VqaFiles

_VAL = VqaFiles(
    task="vqav2",
    questions="v2_OpenEnded_mscoco_val2014_questions.json",
    annotations="v2_mscoco_val2014_annotations.json",
    images="val2014",
    tables="**/validation-*.parquet",
)
_TEST_DEV = VqaFiles(
    task="vqav2_test_dev",
    questions="v2_OpenEnded_mscoco_test-dev2015_questions.json",
    annotations="",
    images="test2015",
)
_PAPER = "Goyal et al., 2017, Making the V in VQA matter, arXiv 1612.00837"
_ADDRESS = "https://visualqa.org/download.html"

VQAV2 = Task(
    name="vqav2",
    title="VQAv2 val",
    read=_VAL.read,
    decoding=Decoding(max_new_tokens=16),
    profiles=soft_accuracy_profiles(
        mean_measure(by=["answer_type"]),
        {"official": grade_vqa_script, "llava": grade_vqa_upload, "lmms-eval": grade_vqa_upload},
    ),
    card=DataCard(
        licence="CC-BY-4.0",
        address=_ADDRESS,
        files=(
            DataFile(path=_VAL.questions, what="questions"),
            DataFile(path=_VAL.annotations, what="ten answers each"),
            DataFile(path=_VAL.images, what="pictures of COCO", address="https://cocodataset.org/#download"),
        ),
        hub="lmms-lab/VQAv2",
        split="val",
        n=214354,
        paper=_PAPER,
        notes=("Models are often trained on val: see what the training data of yours were.",),
    ),
)
VQAV2_TEST_DEV = Task(
    name="vqav2_test_dev",
    data_name="vqav2",
    title="VQAv2 test-dev",
    read=_TEST_DEV.read,
    decoding=Decoding(max_new_tokens=16),
    profiles=(),
    card=DataCard(
        licence="CC-BY-4.0",
        address=_ADDRESS,
        files=(
            DataFile(path=_TEST_DEV.questions, what="questions"),
            DataFile(path=_TEST_DEV.images, what="pictures of COCO", address="https://cocodataset.org/#download"),
        ),
        split="test-dev",
        n=107394,
        paper=_PAPER,
        notes=("Answers aren't public: `write_vqav2_upload` makes the file for EvalAI challenge 830.",),
    ),
)
