"""Open-vocabulary detectors behind one call: GroundingDINO, MM-Grounding-DINO, OWLv2, OWL-ViT, GLIP, annotations."""

from occlusion.detectors.annotated import AnnotatedDetector
from occlusion.detectors.choice import DEFAULT_CHECKPOINTS, load_detector
from occlusion.detectors.glip import GLIP_MODELS, GlipDetector
from occlusion.detectors.grounding_dino import GroundingDinoDetector
from occlusion.detectors.owl import OwlDetector
from occlusion.detectors.suppression import suppress

__all__ = [
    "DEFAULT_CHECKPOINTS",
    "GLIP_MODELS",
    "AnnotatedDetector",
    "GlipDetector",
    "GroundingDinoDetector",
    "OwlDetector",
    "load_detector",
    "suppress",
]
