"""Looking around in a generation's graph, for people: what a node is, what is around it, how sure it is."""
