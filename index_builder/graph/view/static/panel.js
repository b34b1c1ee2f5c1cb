// The side panel: everything known of one node or one statement.

function make(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function button(text, action, className = "") {
  const made = make("button", text, className);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

function kindLine(node) {
  const line = make("p", "", "kind");
  const dot = make("span", "", "dot");
  dot.style.backgroundColor = COLORS[node.kind] || COLORS.concept;
  const attribute = node.attribute && node.kind !== "category" ? `, ${words(node.attribute)}` : "";
  line.append(dot, make("span", words(node.kind) + attribute));
  return line;
}

function evidenceLine(each) {
  return make("p", `“${each.text}” in the ${each.field}, ${each.extractor} ${percent(each.confidence)}`, "soft");
}

const provenance = (link) =>
  link.source ? `${link.source}, ${percent(link.confidence)} sure` : "counted, not stated";

function nodePanel(id) {
  const node = nodes.get(id);
  const parts = [make("h2", node.label), kindLine(node)];
  const where = make("p");
  where.append(make("code", node.short));
  parts.push(where);
  if (node.products) parts.push(make("p", count(node.products, "product"), "soft"));
  const here = near(id);
  const unseen = here.filter((other) => !shown.has(other)).length;
  const beyond = Math.max(0, node.neighbours - here.length);
  const more = [unseen && `${unseen} more on this page`, beyond && `${beyond.toLocaleString("en")} only in the graph`];
  if (unseen || beyond) parts.push(make("p", more.filter(Boolean).join(", "), "soft"));
  const buttons = make("div", "", "buttons");
  if (unseen) buttons.append(button("Expand", () => expand(id)));
  if (id !== center) buttons.append(button("Centre here", () => recenter(id)));
  if (buttons.childElementCount) parts.push(buttons);
  if (node.names.length) {
    parts.push(make("h3", "Answers to"));
    parts.push(make("p", node.names.map((name) => `${name.text} (${percent(name.confidence)})`).join(", ")));
  }
  parts.push(make("h3", count(around.get(id).length, "statement")));
  const list = make("ul");
  for (const link of around.get(id)) list.append(statement(link, id));
  parts.push(list);
  element("panel").replaceChildren(...parts);
  element("panel").scrollTop = 0;
}

function statement(link, id) {
  const line = make("li");
  const arrow = link.from === id ? "→" : "←";
  line.append(
    make("span", `${link.relation} ${arrow} `, "soft"),
    button(nodes.get(otherEnd(link, id)).label, () => reveal(otherEnd(link, id)), "go"),
    make("p", provenance(link), "soft"), ...link.evidence.map(evidenceLine),
  );
  return line;
}

function linkPanel(id) {
  const link = links.get(id);
  const from = make("p");
  from.append(button(nodes.get(link.from).label, () => reveal(link.from), "go"));
  const to = make("p");
  to.append(button(nodes.get(link.to).label, () => reveal(link.to), "go"));
  const parts = [make("h2", link.relation), from, make("p", "to", "soft"), to];
  parts.push(make("h3", "Where it comes from"), make("p", provenance(link)));
  if (link.predicate) {
    const term = make("p");
    term.append(make("code", link.predicate));
    parts.push(term);
  }
  if (link.evidence.length) parts.push(make("h3", "Read in"), ...link.evidence.map(evidenceLine));
  element("panel").replaceChildren(...parts);
}

function emptyPanel() {
  element("panel").replaceChildren(
    make("h2", data.title),
    make("p", `${count(nodes.size, "node")} and ${count(links.size, "statement")} of generation ${data.generation}.`),
    make("p", "Click a node or an arrow for what is known of it, who says so and how surely.", "soft"),
    make("p", "A double ring means that a node has more neighbours on this page: double-click to see them.", "soft"),
  );
}
