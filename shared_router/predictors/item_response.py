"""Multidimensional item response theory: abilities of models, demands of queries (IRT-Router, 2506.01048).

    P(grade of m on q) = sigmoid(theta_m . a_q - b_q),   a_q = softplus(W e_q + c) >= 0

theta_m are a model's abilities, a_q how much of each the query asks for and b_q its difficulty. Here b_q is
-(u . e_q), linear in the embedding, and theta_m has one more entry, which every query asks for alike. What
is left out is the paper's profile of a model in words: abilities are learned from grades alone.
"""

from typing import ClassVar

from shared_router.predictors.factors import FactorsPredictor


class ItemResponsePredictor(FactorsPredictor):
    """Predict grades by what a query asks for and what a model can; arguments as `FactorsPredictor`."""

    name: ClassVar[str] = "item_response"
    _softplus: ClassVar[bool] = True
