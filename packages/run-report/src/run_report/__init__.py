"""One self-contained HTML page for any run."""

from run_report.accounts import StageAccount, StageAccountLike, StageAccounts
from run_report.comparison import ComparedTask, ComparedTaskLike, Comparison
from run_report.curves import Curve, Curves
from run_report.errors import RunReportError
from run_report.gallery import Gallery, GalleryItem, ShownTrial, change_tag, evenly_spaced, row_to_gallery_item
from run_report.histogram import Histogram, count_right
from run_report.history import history_to_curve, loss_curves, read_history
from run_report.links import Link
from run_report.page import Section, render_report, write_report
from run_report.prose import Fact, KeyFacts, Prose, Table, settings_table
from run_report.rounds import rounds_sections, rounds_to_rows
from run_report.rounds_page import write_rounds_report

__all__ = [
    "ComparedTask",
    "ComparedTaskLike",
    "Comparison",
    "Curve",
    "Curves",
    "Fact",
    "Gallery",
    "GalleryItem",
    "Histogram",
    "KeyFacts",
    "Link",
    "Prose",
    "RunReportError",
    "Section",
    "ShownTrial",
    "StageAccount",
    "StageAccountLike",
    "StageAccounts",
    "Table",
    "change_tag",
    "count_right",
    "evenly_spaced",
    "history_to_curve",
    "loss_curves",
    "read_history",
    "render_report",
    "rounds_sections",
    "rounds_to_rows",
    "row_to_gallery_item",
    "settings_table",
    "write_report",
    "write_rounds_report",
]
