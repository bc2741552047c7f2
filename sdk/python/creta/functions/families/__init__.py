"""One module per family of functions."""
