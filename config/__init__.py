"""Settings, processes and wiring: the only package that knows how the product is run."""
