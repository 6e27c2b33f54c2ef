"""What routing saved and what it cost in quality, estimated from a log with intervals."""
