/* Before anything is drawn: which language the page speaks, so that nobody sees English first and then another one. */
{
  const root = document.documentElement;
  const query = new URLSearchParams(location.search);
  const offered = root.dataset.languages.split(" ");
  const wanted = [query.get("lang") ?? "", ...navigator.languages].map((tag) => tag.toLowerCase().split("-")[0]);
  root.lang = wanted.find((language) => offered.includes(language)) ?? "en";
  root.classList.add("scripted");
  root.classList.toggle("unsaid", root.lang !== "en");
}
