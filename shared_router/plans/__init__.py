"""What to ask next, without asking: plans that answer a request with one call or several.

A plan is a generator. It yields `Ask` (a model's answers are wanted) and `Judge` (a score is wanted), is sent
what came of each, and ends with `Use`. It calls no model and knows no framework: `driving` takes its steps
with whatever an adapter calls models by, synchronously or not, and `judging` asks the scorer.
"""
