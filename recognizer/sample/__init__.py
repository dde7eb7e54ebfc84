"""Draws pictures of patterned cloth, which stand in for an image search where there is no internet.

A word such as "paisley" comes in; hits and JPEGs go out, the same on each machine. Call `pictures.search`, then
`pictures.read` with the address of a hit. `collect/engines/sample.py` makes an engine of them.

    palette.py     colours, the same for all patterns
    patterns.py    twelve patterns, each one repeat without a seam
     -> cloth.py       a pattern as cloth that is folded, lit, hung up and photographed
     -> pictures.py    the hits of each pattern, their files, and the troubles planted among them
"""
