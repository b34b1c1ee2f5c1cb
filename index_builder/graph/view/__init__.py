"""Looking at a graph: `opened` reads it, `find` knows what a user means, the others show one thing each."""
