"""Causality-driven visual object completion: hide what must be there, guess it, learn from the few right rationales."""

from cvc.captions import read_captions
from cvc.demo import run_demo, run_settings
from cvc.errors import CvcError, InputError, SettingsError
from cvc.examples import MixRule, training_examples
from cvc.experiment import run_study
from cvc.pipeline import STEPS, build_pipeline
from cvc.report import make_report
from cvc.settings import CvcSettings

__all__ = [
    "STEPS",
    "CvcError",
    "CvcSettings",
    "InputError",
    "MixRule",
    "SettingsError",
    "build_pipeline",
    "make_report",
    "read_captions",
    "run_demo",
    "run_settings",
    "run_study",
    "training_examples",
]
