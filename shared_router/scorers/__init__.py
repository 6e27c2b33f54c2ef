"""Is this answer good enough? What reads a cheap model's answer before anybody pays for a dear one.

A scorer returns P(good enough), and a plan asks the next model iff `1 - P(good enough) >= threshold`.
"""
