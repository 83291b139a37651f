"""Targets known to be bad, one for each check, by code of their own: who builds one shares nothing with the house."""
