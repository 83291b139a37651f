"""The same house as behind the REST door."""

from doors.rest.conftest import clock, house, ours

__all__ = ["clock", "house", "ours"]
