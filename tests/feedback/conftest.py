"""Surveys at every stage."""

from tests.surveyed import planned, resolve, sent

__all__ = ["planned", "resolve", "sent"]
