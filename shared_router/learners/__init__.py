"""Learners that are arrays: fitted and asked with numpy alone, kept in a checkpoint's tensors."""
