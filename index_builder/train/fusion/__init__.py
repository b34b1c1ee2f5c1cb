"""Learned fusion: the weights of a score's parts, fitted to a shop's judgements and proved on held-out ones.

A score stays the sum of weighted parts, so that every result can still be explained by its addends: the model
is linear. `collect` runs the pipeline, `pairs` and `fit` learn, `validate` measures on queries that were held
out, `learn` decides whether the result may rank, `store` writes it.
"""
