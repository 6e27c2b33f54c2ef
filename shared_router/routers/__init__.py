"""The routers, one algorithm a file, and the two bases of those on embeddings.

How the large ones are trained stands in `training`; which names there are, in `registry`.
"""
