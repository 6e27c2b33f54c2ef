"""The program that makes the shipped embedder and router, bit for bit on one machine.

    python -m shared_router.pretrained.build --data DATA --model MODEL
    python -m shared_router.pretrained.build --data DATA --keep-embedder

It distils an encoder into token vectors (or keeps those that ship), trains the router on questions that no
benchmark shares, and measures it on three benchmarks. Nothing in the library imports it.
"""
