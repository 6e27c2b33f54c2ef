"""What users say of answers, and a router that learns from it."""

from shared_router.feedback.reading import GivenFeedback, ReadFeedback, read_feedback

__all__ = ["GivenFeedback", "ReadFeedback", "read_feedback"]
