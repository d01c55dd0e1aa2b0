"""Graders of published benchmarks, rule by rule."""
