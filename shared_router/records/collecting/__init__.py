"""Making outcomes: asking models for answers, safely and within a budget, and keeping what came of it.

How an answer is graded by name or by a judge is in `labels`; what to grade next is not decided here.
"""
