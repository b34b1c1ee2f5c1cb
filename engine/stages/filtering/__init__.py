"""The filter language: grammar, syntax tree, evaluation."""
