"""Segmenters behind one call: SAM, SAM 2, SAM 3, the original segment-anything, GrabCut, annotations, the box."""

from occlusion.segmenters.annotated import AnnotatedSegmenter
from occlusion.segmenters.choice import DEFAULT_SEGMENTERS, load_segmenter
from occlusion.segmenters.frames import ModelFrame
from occlusion.segmenters.plain import BoxSegmenter, GrabCutSegmenter
from occlusion.segmenters.sam import SamSegmenter
from occlusion.segmenters.sam3_phrases import Sam3PhraseSegmenter, SegmentedDetection
from occlusion.segmenters.segment_anything import SegmentAnythingSegmenter

__all__ = [
    "DEFAULT_SEGMENTERS",
    "AnnotatedSegmenter",
    "BoxSegmenter",
    "GrabCutSegmenter",
    "ModelFrame",
    "Sam3PhraseSegmenter",
    "SamSegmenter",
    "SegmentAnythingSegmenter",
    "SegmentedDetection",
    "load_segmenter",
]
