"""Weights that ship, each folder a checkpoint with its card; `build` makes them again."""
