"""A rendered world with causal structure, and tiny pretrained models for demos and tests."""
