"""Scoring files of prompts, by the hundred million: a program over the router, for a machine or a cluster.

`scorer` is the one class that scores a batch, here and in Ray or Spark. `outputs` says which files there are
and what their scores are called, `inputs` looks at one, `parts` cuts it into what one process scores at a
time, `worker` is that process and `pool` has as many as there are cores, `tables` writes scores, `folder`
knows what is done, and `score` is all of it.
"""
