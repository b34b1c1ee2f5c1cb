"""Copies of a data folder: taken while it is served and written to, verified, and put back whole."""
