"""A model folder and a recipe in, what can be put on the web out.

model folder -> space.py   publish: the folder of a Hugging Face Space, whole
recipe       -> site.py    write_groups: what the static site in docs/ shows without asking the Space
"""
