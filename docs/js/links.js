/** Keeps `?space=` on the links between this site's pages. */
const space = new URLSearchParams(location.search).get("space");

if (space !== null) {
  for (const link of document.querySelectorAll("a[href]")) {
    const url = new URL(link.href);
    if (url.origin !== location.origin || link.getAttribute("href").startsWith("#")) continue;
    url.searchParams.set("space", space);
    link.href = url.href;
  }
}
