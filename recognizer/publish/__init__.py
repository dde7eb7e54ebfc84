"""A model folder and a recipe in, what can be put on the web out: a folder, and repositories on the Hugging Face Hub.

folder.py        publish: the folder of a form, whole; forms.py says which there are, order.py what is asked for
  -> space.py    the forms in which a program of ours answers (cpu, zero, docker); modules.py: what it needs of us
  -> site.py     write_site: the site, for the forms static and pages
  -> readme.py   what Hugging Face reads of a Space
newest.py        is_of_newest: whether a model is of the newest training
pushing.py       push: files to a repository, noted in the work folder
  -> hub.py      one commit of what is not there yet, and waiting until it runs; repository.py: what is there already;
                 hub_errors.py: refusals as sentences
  -> index.py    where the photos come from, for a dataset repository
"""
