"""Which of two policies is better, told while the test runs."""
