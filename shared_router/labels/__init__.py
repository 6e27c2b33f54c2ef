"""Labels made of answers: graders by comparison, a judge between two answers.

A label says how good an answer is; outcomes hold it (`records`), and routers learn from it.
"""
