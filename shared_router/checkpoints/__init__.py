"""Checkpoint folders: config.json, safetensors and their SHA-256, checked before anything is built of them.

What stands in a router's checkpoint is the router's business (`Router._state`); RouteLLM's own formats are
read in `published`.
"""
