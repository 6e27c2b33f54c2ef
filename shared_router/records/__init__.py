"""Outcomes: what came of asking models, one table from the many files that people have."""
