"""Extract a short answer from free text and judge it on a ladder that says which rung decided."""
