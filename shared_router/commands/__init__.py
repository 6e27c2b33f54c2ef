"""The command `routellm`: one file a subcommand, each a function that adds arguments and one that runs.

What a subcommand does is in the room it is about; here are its arguments and what it prints.
"""
