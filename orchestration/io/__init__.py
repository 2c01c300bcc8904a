"""IO managers: where versions are staged, published and read."""
