"""Addresses from strangers come in; their bytes go out, or the reason why not. Call `download.Downloader.fetch`.

download.py    follows an address to its bytes, within limits of time, size and connections
 -> addresses.py   which addresses may be asked, and the resolver that keeps to it (the guard against SSRF)
 -> retries.py     how long to wait before asking again, and `Retry-After`
 -> robots.py      who this program is to servers, and whether a photo's owner opted out
 -> errors.py      DownloadError, and the reason for each error of the network
environment.py    proxies and certificates that the environment names, before anything is asked
"""
