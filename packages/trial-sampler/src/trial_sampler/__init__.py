"""n seeded samples for each image question."""
