"""Property tests of this room run on busy machines: the test timeout bounds them, not a wall clock per example."""

from hypothesis import settings

settings.register_profile("gatepost", deadline=None)
settings.load_profile("gatepost")
