"""Chain-of-Spot: find where an answer was looked up, then train and answer in two turns: where, then what."""

from chain_of_spot.asking import ask_one
from chain_of_spot.demo import run_demo, run_settings
from chain_of_spot.errors import ChainOfSpotError, InputError, SettingsError
from chain_of_spot.pipeline import STEPS, build_pipeline
from chain_of_spot.report import make_report
from chain_of_spot.settings import CosSettings
from chain_of_spot.study import run_study

__all__ = [
    "STEPS",
    "ChainOfSpotError",
    "CosSettings",
    "InputError",
    "SettingsError",
    "ask_one",
    "build_pipeline",
    "make_report",
    "run_demo",
    "run_settings",
    "run_study",
]
