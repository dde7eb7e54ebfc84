"""A recipe comes in; photos go into the photo store, until every class has its number. Call `collect.collect`.

collect.py     the stage: fills all classes at once, fetches each hit, and decodes and stores what it gives
 -> filling.py     one class: which hits are taken, in which order, and how many at once
 -> searches.py    asks one engine after the other for pages of hits
     -> engines/       the search engines
 -> http/          downloads from the public internet
 -> network.py     tells a photo that cannot be had from a network that is not there
readings.py    what a data set says of the photos, by labels.py, its table or names of files
own.py         what is said of a folder of one's own photos: files that gave none, classes without any
moved.py       photos of one's own follow their files from one subfolder to another
examples.py    photos for visitors to try, where the engines tell no licence
threads.py     threads that a stop does not wait for
progress.py, report.py    how far each class is, and what was counted in the end
"""
