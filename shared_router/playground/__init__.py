"""The playground: a page on this machine that shows where prompts go, what that costs and what it is worth.

This is a program, not the library: nothing in `shared_router` imports it but the command
`routellm playground`. Its library is Streamlit, whose usage reporting is off here and whose fonts and scripts
come with it; nothing is fetched, and nothing that is typed or uploaded is kept.
"""
