"""Login providers: allauth's own, with our URLs and with fewer stored fields."""
