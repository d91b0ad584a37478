"""What policies and their parts raise. Pure."""


class PolicyError(ValueError):
    """A policy that cannot be used; the message is a sentence for the person who wrote it."""
