"""One self-contained HTML page for any run."""
