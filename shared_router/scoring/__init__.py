"""Asking a router, which is a user's own code: it may fail, hang, or depend on a service that does.

`each` asks so that one query at fault costs no other its score, `workers` are the threads it is asked in,
`breaker` stops asking what is down, `failures` counts and tells, and `guard` is all of it for one policy.
"""
