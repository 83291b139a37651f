"""Chores that keep promises over time."""
