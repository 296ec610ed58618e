"""The rules of the check, one module each."""
