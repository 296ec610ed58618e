"""What core says to people, by name and language; departments bring their own words."""
