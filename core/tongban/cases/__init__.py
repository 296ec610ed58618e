"""Cases (办件): submission, the state machine, routing between two centers, deadlines, events."""
