"""Faces to the outside, one protocol each, none knowing another."""
