"""English nouns, what captions name, and what they claim."""
