"""Causality-driven visual object completion: hide what must be there, guess it, learn from the few right rationales."""
