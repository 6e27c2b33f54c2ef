"""How good each model's answer would be, and how long, told from the question alone.

One algorithm a file. A predictor knows no price and chooses nothing: `plans.many_models` does.
"""
