"""The frozen reference: an adapter switched off, or log-probabilities that were computed once and stored."""
