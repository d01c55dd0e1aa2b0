"""Checked scenes as training rows."""
