"""A server under OpenAI's clients: each chat request goes to the strong or the weak upstream, byte for byte.

In the order a request meets them: `bounded_connections` and `callers` let it in, by `virtual_keys`;
`received_body` and `request_body` read it, `asked_model` says what its model's name asks for and `chat_api`
by which API; `routed_requests` decides and asks, `sent_requests` sends, `answer_bytes` reads tokens out of
what passes; `passed_headers`, `passed_response` and `while_there` are how answers go back, `refusals` and
`error_answers` how errors do; `app` is all of it, and `run` its process.
"""
