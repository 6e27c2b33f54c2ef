"""What routing is worth on graded traffic: metrics, curves, intervals, baselines, reports and pictures.

It knows `Router` and no concrete one. Choosing a threshold by these figures is `calibration`'s.
"""
