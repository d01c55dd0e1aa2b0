"""From graded rows to a benchmark's figures."""

from bench_eval.measures.mean_measures import kinds_of, mean_measure
from bench_eval.measures.measured import Measure, Measured, Metric, ratio

__all__ = ["Measure", "Measured", "Metric", "kinds_of", "mean_measure", "ratio"]
