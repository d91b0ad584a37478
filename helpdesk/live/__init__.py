"""The live channel: hints that something changed, for open desks. The only asynchronous part."""
