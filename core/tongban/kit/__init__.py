"""The kit for department developers: a new department from a template, the check of one that is installed."""
