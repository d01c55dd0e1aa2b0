"""Print an embedding model's threshold curve, the threshold to take, and draw it.

python -m answer_judge.threshold_report minilm
python -m answer_judge.threshold_report MODEL --pairs my-pairs.tsv --svg curve.svg
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from answer_judge.embedders import BgeM3Embedder, load_embedder
from answer_judge.errors import JudgeError
from answer_judge.threshold_curve import choose_threshold, labelled_pairs, threshold_curve
from answer_judge.threshold_picture import curve_to_svg


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0: a threshold was found, 1: not, with the reason on stderr."""
    parser = argparse.ArgumentParser(
        prog="answer_judge.threshold_report", description="The threshold curve of an embedding model."
    )
    parser.add_argument("model", help="'minilm', or a folder or hub id for sentence-transformers")
    parser.add_argument("--bge-m3", action="store_true", help="load the model through FlagEmbedding")
    parser.add_argument("--pairs", type=Path, help="table of labelled pairs; default: the package's own")
    parser.add_argument("--most-wrong-share", type=float, default=0.02, help="see choose_threshold; default 0.02")
    parser.add_argument("--svg", type=Path, help="where to draw the curve")
    options = parser.parse_args(arguments)
    try:
        report(options)
    except (JudgeError, OSError) as error:
        print(f"threshold_report: {error}", file=sys.stderr)
        return 1
    return 0


def report(options: argparse.Namespace) -> None:
    """Print the curve and draw it."""
    pairs = labelled_pairs(options.pairs)
    embedder = BgeM3Embedder(options.model) if options.bge_m3 else load_embedder(options.model)
    curve = threshold_curve(embedder, pairs)
    print(f"{len(pairs.right)} right and {len(pairs.wrong)} wrong pairs\n")
    print("threshold  right  wrong  wrong at most (95 %)")
    for point in curve[50:96:5]:
        print(
            f"{point.threshold:>9.2f} {point.right_share:>6.1%} {point.wrong_share:>6.1%} "
            f"{point.wrong_share_upper:>6.1%}"
        )
    chosen = choose_threshold(curve, most_wrong_share=options.most_wrong_share)
    print(f"\ntake {chosen.threshold:.2f}: right {chosen.right_share:.1%}, wrong {chosen.wrong_share:.1%}")
    if options.svg:
        title = f"{options.model}: {len(pairs.right)} right and {len(pairs.wrong)} wrong pairs"
        options.svg.write_text(curve_to_svg(curve, chosen, title=title), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
