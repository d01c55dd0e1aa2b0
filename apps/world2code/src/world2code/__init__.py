"""World to Code: caption, ground, ask again, drop what the model does not confirm, and write the scene as code."""

from world2code.demo import run_demo, run_settings
from world2code.errors import InputError, SettingsError, World2CodeError
from world2code.pipeline import STEPS, build_pipeline
from world2code.report import make_report
from world2code.settings import W2cSettings
from world2code.study import run_ablation, run_study

__all__ = [
    "STEPS",
    "InputError",
    "SettingsError",
    "W2cSettings",
    "World2CodeError",
    "build_pipeline",
    "make_report",
    "run_ablation",
    "run_demo",
    "run_settings",
    "run_study",
]
