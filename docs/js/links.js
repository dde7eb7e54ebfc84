/** Keeps `?space=`, `?answer=` and `?lang=` on the links between this site's pages. */
export function keepOnLinks() {
  const query = new URLSearchParams(location.search);
  for (const link of document.querySelectorAll("a[href]")) {
    const url = new URL(link.href);
    if (url.origin !== location.origin || link.getAttribute("href").startsWith("#")) continue;
    for (const name of ["space", "answer", "lang"]) if (query.has(name)) url.searchParams.set(name, query.get(name));
    link.href = url.href;
  }
}
