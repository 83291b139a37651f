"""REST: the public HTTP contract."""

from gatepost.doors.rest.app import PREFIX, build

__all__ = ["PREFIX", "build"]
