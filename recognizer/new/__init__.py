"""Words come in, a recipe goes out: `write_recipe(plan, folder)`.

What a word means is asked of Wikipedia in `wikipedia.py`; the file itself is in `recipe.toml.jinja`.
"""
