"""Between the contract's messages and the engine's values. No message leaves `engine.rpc`.

`requests` reads every field of every request and applies the bounds that the contract states; what needs the
catalogue (filters, orders, tokens) is checked by the pipeline. `products`, `results` and `generations` write;
`graph` does both for KnowledgeGraphService.
"""
