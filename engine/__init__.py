"""Cartograph's online side: answers calls from the generations that `index_builder` publishes."""

__version__ = "0.1.0"
