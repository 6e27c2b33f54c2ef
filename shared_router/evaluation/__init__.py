"""What routing is worth on graded traffic: metrics, curves, intervals, baselines, reports and pictures."""
