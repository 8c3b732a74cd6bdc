"""The way out: which addresses may be called, and the one guarded client that calls them."""
