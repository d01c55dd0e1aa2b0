"""Scenes as Python code and back, as JSON and as graphs."""
