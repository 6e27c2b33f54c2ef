"""The program that makes the shipped embedders and routers, bit for bit on one machine.

    python -m shared_router.pretrained.build --data DATA --e5 E5 --cache CACHE
    python -m shared_router.pretrained.build --data DATA --keep-embedder
    python -m shared_router.pretrained.build --data DATA --model MODEL        (the first version)

It makes token vectors of an encoder (or keeps those that ship), trains the router on questions that no
benchmark shares and on the everyday set, and measures it. Nothing in the library imports it.
"""
