"""What the pages say to visitors, in nine languages: one JSON file a language, of which `en.json` is the source.

`words_in("th").say("answer.unsure", name="Lisu")` in words.py. The Gradio page
reads these files here, the site reads copies of them. A test compares their keys and placeholders. Templates say
sentences with the functions of tags.py; figures.py chooses the sentence for a figure, sources.py the words for where
photos come from.
"""
