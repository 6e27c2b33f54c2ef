"""Scoring files of prompts, by the hundred million: a program over the router, for a machine or a cluster.

`scorer` is the one class that scores a batch, here and in Ray or Spark; `parts` cuts files into what one
process reads at a time, `worker` is that process, `tables` writes scores, `outputs` names them, `folder`
knows what is done, and `score` is all of it.
"""
