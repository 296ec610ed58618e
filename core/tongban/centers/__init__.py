"""Districts, centers, branches, divisions, the city's calendar and opening hours."""
