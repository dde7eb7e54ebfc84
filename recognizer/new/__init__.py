"""Words come in, a recipe goes out: `write_recipe(make_plan(title, words), folder)`.

What was typed becomes a plan in `plan.py`; what a word means is asked of Wikipedia in `wikipedia.py`; `write.py` writes
the file, which is in `recipe.toml.jinja`.
"""
