"""Text to vectors: the shipped static embedder, encoders, OpenAI, a cache, and vectors kept small.

What a router does with a vector is in `routers`; the text it is made of is cleaned in `text`.
"""
