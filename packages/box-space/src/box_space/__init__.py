"""Boxes that carry the space they live in: conversions, text forms, IoU, crops."""
