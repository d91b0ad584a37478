"""Looking people up by name or address."""

from tickets.finding import people_named as people_matching

__all__ = ["people_matching"]
