"""Preference data: battles of two models over a query, read, checked, paired, split, mixed and judged.

Graded answers of models side by side are outcomes, not battles; `battles_from_scores` makes battles of them.
"""
