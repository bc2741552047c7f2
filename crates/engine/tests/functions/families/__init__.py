"""One module per family of functions; each has `cases()`, what the reference answers."""
