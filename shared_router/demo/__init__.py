"""The demo: a real local model behind a real HTTP server, asked through both adapters.

This is a program, not the library: nothing in `shared_router` imports it but the command `routellm demo`,
and it alone in the core knows LangChain and LlamaIndex, inside its functions.
"""
