"""SelfSynthX: pick the visible features, explain with them, keep what reaches the right label, learn in rounds."""

from selfsynthx.demo import run_demo, run_settings
from selfsynthx.errors import InputError, SelfSynthXError, SettingsError
from selfsynthx.pipeline import COMMANDS, build_pipeline
from selfsynthx.report import make_report
from selfsynthx.running import run_command, run_method
from selfsynthx.settings import SynthSettings
from selfsynthx.study import run_study

__all__ = [
    "COMMANDS",
    "InputError",
    "SelfSynthXError",
    "SettingsError",
    "SynthSettings",
    "build_pipeline",
    "make_report",
    "run_command",
    "run_demo",
    "run_method",
    "run_settings",
    "run_study",
]
