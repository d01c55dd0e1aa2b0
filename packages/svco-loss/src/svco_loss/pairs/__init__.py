"""Pairs of nearly equal images: reading, checking, splitting, filtering and making them. Names: see `svco_loss`."""
