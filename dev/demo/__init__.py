"""A made-up community with a past, so that every page can be seen full: `make demo`."""
