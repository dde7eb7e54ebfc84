"""What the pages say to visitors, in nine languages: one JSON file a language, of which `en.json` is the source.

`words_in("th").say("answer.unsure", name="Lisu")`; which languages there are: `languages()`. The Gradio page reads
these files here, the site reads copies of them. A test compares their keys and placeholders.
"""
