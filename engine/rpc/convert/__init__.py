"""Between the contract's messages and the engine's values. No message leaves `engine.rpc`.

`requests` and `graph_requests` read every field of every request and apply the bounds that the contract
states; what needs the catalogue (filters, orders, tokens) is checked by the pipeline. `products`, `results`,
`generations` and `graph` write.
"""
