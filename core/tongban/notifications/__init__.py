"""What the resident is told, through which channels, and whether it got there."""
