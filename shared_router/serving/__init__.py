"""A server under OpenAI's clients: each chat request goes to the strong or the weak upstream, byte for byte.

In the order a request meets them: `bounded_connections` and `request_body` read it, `virtual_keys` say whose
it is, `asked_model` what its model's name asks for, `routed_requests` decides and asks, `upstream` sends,
`answer_bytes` reads tokens out of what passes, `raw_headers` and `refusals` are how answers look, and `app`
is all of it.
"""
