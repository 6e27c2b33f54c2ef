"""How routers are trained, torch above all: the loop, its state, losses, adapters, and tokens.

It takes settings and arrays, gives back weights, and imports no router; a router's `fit` calls it.
"""
