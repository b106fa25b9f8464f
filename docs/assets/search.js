// Search: ranks the sections of all pages by the words typed, from the index that the build wrote.

const dialog = document.querySelector("dialog.search");
const input = dialog.querySelector("input");
const list = dialog.querySelector("ol");
const status = dialog.querySelector(".status");
let sections = null;

const plain = (text) => new DOMParser().parseFromString(text, "text/html").body.textContent
  .replace(/\\[()[\]]/g, "").replace(/\s+/g, " ").trim();
const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

async function load(root) {
  const answer = await fetch(new URL("search/search_index.json", root));
  const { docs } = await answer.json();
  const titles = new Map(docs.filter((doc) => !doc.location.includes("#")).map((doc) => [doc.location, plain(doc.title)]));
  sections = docs.map((doc) => {
    const [title, text] = [plain(doc.title), plain(doc.text)];
    const page = titles.get(doc.location.split("#")[0]) ?? "";
    return { url: new URL(doc.location, root), title, text, page, inTitle: fold(title), inText: fold(text) };
  });
}

function score(section, words) {
  let total = 0;
  for (const word of words) {
    const inTitle = section.inTitle.includes(word);
    const count = section.inText.split(word).length - 1;
    if (!inTitle && !count) return 0;
    const whole = new RegExp(`(^|[^\\p{L}\\p{N}])${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`, "u").test(section.inText);
    total += (inTitle ? 12 : 0) + (whole ? 3 : 0) + Math.log1p(count) - section.inText.length / 20000;
  }
  return Math.max(total, 0.01);
}

// Text around the first hit, with the hits marked.
function extract(section, words) {
  const at = Math.max(0, ...words.map((word) => section.inText.indexOf(word)));
  const start = at > 60 ? section.text.indexOf(" ", at - 60) : 0;
  const text = section.text.slice(start, start + 190);
  const line = document.createElement("small");
  const pattern = new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "iu");
  text.split(pattern).forEach((part, index) => {
    const piece = index % 2 ? document.createElement("mark") : document.createTextNode("");
    piece.textContent = part;
    line.append(piece);
  });
  if (start) line.prepend("… ");
  return line;
}

function find() {
  const words = fold(input.value).split(/\s+/).filter(Boolean);
  const hits = words.length && sections
    ? sections.map((section) => [score(section, words), section]).filter(([points]) => points).sort((a, b) => b[0] - a[0]).slice(0, 20)
    : [];
  list.replaceChildren(...hits.map(([, section]) => {
    const link = document.createElement("a");
    link.href = section.url;
    const title = document.createElement("strong");
    title.textContent = section.title === section.page ? section.title : `${section.page} › ${section.title}`;
    link.append(title, extract(section, words));
    const item = document.createElement("li");
    item.append(link);
    return item;
  }));
  status.textContent = !sections ? status.textContent : !words.length ? "Type a word; arrow keys move through what is found."
    : hits.length ? `${hits.length === 20 ? "The best 20" : hits.length} found` : "Nothing found";
}

dialog.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { event.preventDefault(); dialog.close(); }
  const links = [...list.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "ArrowDown") { event.preventDefault(); links[Math.min(at + 1, links.length - 1)]?.focus(); }
  if (event.key === "ArrowUp") { event.preventDefault(); (at > 0 ? links[at - 1] : input).focus(); }
  if (event.key === "Enter" && document.activeElement === input) { event.preventDefault(); links[0]?.click(); }
});
input.addEventListener("input", find);
list.addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

export async function open(root) {
  if (!dialog.open) dialog.showModal();
  input.select();
  status.textContent = "Loading";
  try {
    if (!sections) await load(root);
  } catch {
    status.textContent = "The index of this site cannot be loaded now. Close the search and try again.";
  }
  find();
}
