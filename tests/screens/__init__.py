"""Pictures of the main screens in one small world: `bin/screens`."""
