// Hovering, kinds, search, keys and buttons.

// --- hovering -----------------------------------------------------------------------------------------

function tip(event) {
  const it = event.target;
  const box = element("tip");
  if (it.isNode()) {
    const node = nodes.get(it.id());
    const title = make("p");
    title.append(make("strong", node.label));
    box.replaceChildren(title, kindLine(node), make("p", node.products ? count(node.products, "product") : "", "soft"));
    const sources = [...new Set(around.get(node.id).map((link) => link.source).filter(Boolean))];
    if (sources.length) box.append(make("p", `said by ${sources.join(", ")}`, "soft"));
  } else {
    it.addClass("lit");
    const link = links.get(it.id());
    const title = make("p");
    title.append(make("strong", link.relation));
    box.replaceChildren(
      title, make("p", `${nodes.get(link.from).label} → ${nodes.get(link.to).label}`),
      make("p", provenance(link), "soft"), ...link.evidence.slice(0, 3).map(evidenceLine),
    );
  }
  box.hidden = false;
  const at = event.renderedPosition || it.renderedPosition();
  const stage = element("stage");
  box.style.left = `${Math.max(8, Math.min(at.x + 14, stage.clientWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${Math.max(8, Math.min(at.y + 14, stage.clientHeight - box.offsetHeight - 8))}px`;
}

cy.on("mouseover", "node, edge", tip);
cy.on("mouseout", "node, edge", (event) => {
  element("tip").hidden = true;
  if (event.target.isEdge() && event.target.connectedNodes(":selected").empty()) event.target.removeClass("lit");
});
cy.on("viewport drag", () => { element("tip").hidden = true; });
cy.on("tap", (event) => select(event.target === cy ? "" : event.target.id()));
cy.on("dbltap", "node", (event) => expand(event.target.id()));

// --- kinds --------------------------------------------------------------------------------------------

function legend() {
  const box = element("legend");
  box.querySelectorAll("label").forEach((label) => label.remove());
  const kinds = new Map();
  for (const node of data.nodes) kinds.set(node.kind, (kinds.get(node.kind) || 0) + 1);
  for (const kind of Object.keys(COLORS).filter((each) => kinds.has(each))) {
    const label = make("label");
    const check = make("input");
    check.type = "checkbox";
    check.checked = !hiddenKinds.has(kind);
    check.addEventListener("change", () => {
      hiddenKinds[check.checked ? "delete" : "add"](kind);
      refresh();
    });
    const dot = make("span", "", "dot");
    dot.style.backgroundColor = COLORS[kind];
    label.append(check, dot, make("span", words(kind)), make("span", String(kinds.get(kind))));
    box.append(label);
  }
}

// --- search -------------------------------------------------------------------------------------------

const search = element("search");
const found = element("found");
let matches = [];
let at = 0;

function look() {
  const text = search.value.trim().toLowerCase();
  const rank = (node) => {
    const texts = [node.label, node.short, ...node.names.map((name) => name.text)].map((each) => each.toLowerCase());
    if (texts.includes(text)) return 0;
    if (texts.some((each) => each.startsWith(text))) return 1;
    return texts.some((each) => each.includes(text)) ? 2 : 3;
  };
  matches = text
    ? data.nodes.map((node) => [rank(node), node]).filter(([each]) => each < 3)
      .sort((one, other) => one[0] - other[0]).slice(0, 30).map(([, node]) => node)
    : [];
  at = 0;
  list(Boolean(text));
}

function list(open) {
  found.replaceChildren(...matches.map((node, place) => {
    const item = make("li");
    item.id = `found-${place}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(place === at));
    const dot = make("span", "", "dot");
    dot.style.backgroundColor = COLORS[node.kind] || COLORS.concept;
    item.append(dot, make("span", node.label), make("small", words(node.kind)));
    item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(place); });
    return item;
  }));
  if (open && !matches.length) found.append(make("li", "Nothing on this page is called that.", "soft"));
  found.hidden = !open;
  search.setAttribute("aria-expanded", String(open));
  if (matches.length && open) search.setAttribute("aria-activedescendant", `found-${at}`);
  else search.removeAttribute("aria-activedescendant");
  found.children[at]?.scrollIntoView({ block: "nearest" });
}

function choose(place) {
  if (!matches[place]) return;
  const { id } = matches[place];
  search.value = "";
  matches = [];
  list(false);
  reveal(id);
  element("graph").focus();
}

search.addEventListener("input", look);
search.addEventListener("blur", () => list(false));
search.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    at = Math.max(0, Math.min(matches.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)));
    list(true);
  } else if (event.key === "Enter") {
    choose(at);
  } else if (event.key === "Escape") {
    search.value = "";
    look();
    element("graph").focus();
  }
});

// --- keys ---------------------------------------------------------------------------------------------

const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

function move([x, y]) {
  const selected = cy.$("node:selected");
  if (selected.empty()) { select(center || data.nodes[0]?.id); return; }
  const from = selected.position();
  let best = null;
  drawn().nodes().not(selected).forEach((node) => {
    const [dx, dy] = [node.position("x") - from.x, node.position("y") - from.y];
    const ahead = dx * x + dy * y;
    const cost = Math.hypot(dx, dy) * (2 - ahead / Math.hypot(dx, dy));
    if (ahead > 0 && (!best || cost < best.cost)) best = { node, cost };
  });
  if (best) { select(best.node.id()); cy.animate({ center: { eles: best.node }, duration: still ? 0 : 120 }); }
}

element("graph").addEventListener("keydown", (event) => {
  const selected = cy.$("node:selected");
  if (event.key in DIRECTIONS) { event.preventDefault(); move(DIRECTIONS[event.key]); }
  else if (event.key === "Enter" && selected.nonempty()) expand(selected.id());
  else if (event.key === "c" && selected.nonempty()) recenter(selected.id());
});
document.addEventListener("keydown", (event) => {
  if (document.activeElement === search) return;
  if (event.key === "/") { event.preventDefault(); search.focus(); }
  else if (event.key === "Escape") select("");
});

element("all").addEventListener("click", () => {
  const before = new Set(shown);
  shown = new Set(nodes.keys());
  refresh();
  arrange({ keep: before });
});
element("reset").addEventListener("click", start);
element("fit").addEventListener("click", fit);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);

function start() {
  center = data.center;
  hiddenKinds.clear();
  shown = firstView(center);
  legend();
  refresh();
  paint();
  arrange();
  select("");
  if (center) nodePanel(center);
}

element("title").textContent = data.title;
start();
window.graphView = { cy }; // for whoever looks at the page from outside
