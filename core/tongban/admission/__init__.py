"""Admission (准入): proposals to change the catalog, checks, the joint meeting's opinions and decisions."""
