"""What tokens cost, and what routing saved of it.

What a report says of dollars is in `evaluation`; which dollars may still be spent is not decided here.
"""
