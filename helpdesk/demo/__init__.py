"""A small believable world for the first start: played through the real actions, so that every number is true."""
