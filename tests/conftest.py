"""What every test runs under."""

from hypothesis import HealthCheck, settings

# a deadline per example would time the machine, not the code
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")
