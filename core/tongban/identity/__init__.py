"""Who is asking, and what was asked before under the same key."""
