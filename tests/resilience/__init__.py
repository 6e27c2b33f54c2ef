"""The resilience room."""
