"""SPARQL for people and tools, in processes that can be killed.

A running query cannot be cancelled inside Oxigraph, so each runs in a child process: `pool` hands queries to
children, `child` is one of them seen from the server, `process` is what it runs, `sandbox` what it may, and
`frames` how the two talk. `screen` refuses what need not be tried. `live_store` is what children read when
products were changed.
"""
