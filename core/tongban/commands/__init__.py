"""Commands of `tongban` that stand apart from those of the server: the kit's, and the catalog's."""
