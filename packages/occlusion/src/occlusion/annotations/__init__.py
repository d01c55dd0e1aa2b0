"""Boxes and masks that people made: COCO instances files and Parquet tables."""

from occlusion.annotations.coco import CocoAnnotations, FoundObjects, Refused
from occlusion.annotations.loading import load_annotations
from occlusion.annotations.parquet import ParquetAnnotations, ParquetColumns

__all__ = [
    "CocoAnnotations",
    "FoundObjects",
    "ParquetAnnotations",
    "ParquetColumns",
    "Refused",
    "load_annotations",
]
