"""This project beside what others would use in its place: see `python -m benchmarks.peers --help`."""
