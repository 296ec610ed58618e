"""Ground floor: what core and departments say to each other. Frozen values, no I/O, no clock."""
