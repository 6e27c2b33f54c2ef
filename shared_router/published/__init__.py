"""RouteLLM's published checkpoints, read as they are into this package's routers.

Our own checkpoints are read in `checkpoints`; the weights that ship with this package are in `pretrained`.
"""
