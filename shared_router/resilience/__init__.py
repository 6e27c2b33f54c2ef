"""What keeps a routed model answering, and within its budget."""
