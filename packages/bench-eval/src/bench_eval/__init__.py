"""Score two models on the same rows and compare them honestly."""
