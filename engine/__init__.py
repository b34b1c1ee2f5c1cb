"""Cartograph's online side: answers calls from the generations that `index_builder` publishes."""

import os

__version__ = "0.1.0"

# What a shop's server does is nobody else's business: onnxruntime's wheels tell their maker of every session
# and its runs, unless this is set before they are imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
