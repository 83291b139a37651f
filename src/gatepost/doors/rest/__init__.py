"""REST: the public HTTP contract."""

from gatepost.doors.rest.app import PREFIX, assemble, build

__all__ = ["PREFIX", "assemble", "build"]
