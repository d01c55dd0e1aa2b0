"""From graded rows to a benchmark's figures."""

from bench_eval.measures.mean_measures import kinds_of, mean_measure
from bench_eval.measures.measured import Measure, Measured, Metric, Ratio, ratio
from bench_eval.measures.metric_comparisons import MetricComparison, compare_metrics
from bench_eval.measures.metric_scores import MetricScore, score_metrics

__all__ = [
    "Measure",
    "Measured",
    "Metric",
    "MetricComparison",
    "MetricScore",
    "Ratio",
    "compare_metrics",
    "kinds_of",
    "mean_measure",
    "ratio",
    "score_metrics",
]
