"""Who may call what, and how often; knows nothing of gRPC."""
