"""A made-up community with a past, so that every page has content: `make demo`."""
