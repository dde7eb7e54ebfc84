/* Before anything is drawn: which language the page speaks, so that nobody sees English first and then another one. */
{
  const root = document.documentElement;
  const query = new URLSearchParams(location.search);
  const offered = root.dataset.languages.split(" ");
  const wanted = [query.get("lang") ?? "", ...navigator.languages].map((tag) => tag.toLowerCase().split("-")[0]);
  root.lang = wanted.find((language) => offered.includes(language)) ?? "en";
  root.classList.add("scripted");
  root.classList.toggle("unsaid", root.lang !== "en");
  const words = { rel: "preload", as: "fetch", crossOrigin: "anonymous", href: `words/${root.lang}.json` };
  document.head.append(Object.assign(document.createElement("link"), words)); // asked for before any script is there

  // A script that does not come, or one that it imports, leaves the page as it is without scripts, which it says.
  const withoutScript = ({ target }) => {
    if (!(target instanceof HTMLScriptElement)) return;
    root.lang = "en";
    root.classList.remove("scripted", "unsaid");
    document.getElementById("not-loaded").hidden = false;
  };
  addEventListener("error", withoutScript, true);
}
