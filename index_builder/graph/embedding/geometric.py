"""PyTorch Geometric's models of knowledge graphs, imported in silence."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # Importing any of torch_geometric scripts a class of its pooling layers, which torch deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric.nn.kge import ComplEx, DistMult, KGEModel

__all__ = ["ComplEx", "DistMult", "KGEModel"]
