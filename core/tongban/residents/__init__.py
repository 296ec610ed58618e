"""Residents: the single home of who somebody is, where the household is registered, and what is on file."""
