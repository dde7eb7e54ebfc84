"""Search engines: a query and a page number come in, hits go out. Call `make.make_engines`.

make.py        makes the engines that a recipe names
engine.py      what every engine is; engines that hold their pictures themselves are a `Reader` too
 -> folder.py, dataset.py, sample.py      pictures of this machine
 -> web_engine.py             asks a busy engine again, and says when it refused
     -> api.py -> commons.py, openverse.py             services that answer in JSON
     -> ddgs_engine.py -> duckduckgo.py, bing.py       those that the ddgs client asks
"""
