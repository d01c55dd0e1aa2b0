"""S-VCO: pairs of nearly equal images, training that makes a VLM tell them apart, and proof that it got better."""

from svco.demo import run_demo, run_settings
from svco.errors import InputError, SettingsError, SvcoError
from svco.pipeline import STEPS, build_pipeline
from svco.report import make_report
from svco.settings import SvcoRunSettings
from svco.study import run_study

__all__ = [
    "STEPS",
    "InputError",
    "SettingsError",
    "SvcoError",
    "SvcoRunSettings",
    "build_pipeline",
    "make_report",
    "run_demo",
    "run_settings",
    "run_study",
]
