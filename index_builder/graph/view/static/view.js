// Shows what the element #data holds. Everything that comes from a catalogue goes into the document as text
// (`textContent`), never as markup.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const COLORS = {
    product: "#7d93ab", brand: "#d1605e", category: "#3f9484", color: "#c99a2e", material: "#9a7b58",
    attribute_value: "#7b86cf", compatible_target: "#a770bd", series: "#4b9fcd", model: "#66749c",
    size: "#6fa04b", capacity: "#98a33a", audience: "#dd8350", occasion: "#cf79a8", concept: "#8c8f96",
  };
  const FIRST = 18; // nodes around a centre that are shown at first
  const SECOND = 16; // further nodes shown at first, which tie some of those together
  const CROWD = 90; // statements on the screen
  const SMALL = 30; // a page with no more nodes than this shows them all
  const element = (id) => document.getElementById(id);
  const words = (kind) => kind.replace(/_/g, " ");
  const percent = (value) => `${Math.round(100 * value)}%`;
  const count = (value, noun) => `${value.toLocaleString("en")} ${noun}${value === 1 ? "" : "s"}`;
  const cssColor = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const nodes = new Map(data.nodes.map((node) => [node.id, node]));
  const links = new Map(data.links.map((link) => [link.id, link]));
  const around = new Map(data.nodes.map((node) => [node.id, []]));
  for (const link of data.links) {
    around.get(link.from).push(link);
    around.get(link.to).push(link);
  }
  const otherEnd = (link, id) => (link.from === id ? link.to : link.from);
  const near = (id) => [...new Set(around.get(id).map((link) => otherEnd(link, id)))];

  let center = data.center;
  let shown = new Set();
  let crowded = false; // then only statements that are looked at are labelled
  const hiddenKinds = new Set();

  function firstView(root) {
    if (!root || nodes.size <= SMALL) return new Set(nodes.keys());
    const first = new Set([root, ...near(root).slice(0, FIRST)]);
    const ties = new Map();
    for (const id of first) {
      if (id === root) continue;
      for (const other of near(id)) if (!first.has(other)) ties.set(other, (ties.get(other) || 0) + 1);
    }
    const joining = [...ties].filter(([, many]) => many > 1).sort((one, other) => other[1] - one[1]);
    return new Set([...first, ...joining.slice(0, SECOND).map(([id]) => id)]);
  }

  // --- the graph ----------------------------------------------------------------------------------------

  const cy = cytoscape({
    container: element("graph"),
    elements: [
      ...data.nodes.map((node) => ({ data: { id: node.id, label: node.label, kind: node.kind } })),
      ...data.links.map((link) => ({
        data: { id: link.id, source: link.from, target: link.to, label: link.relation, stated: link.source !== "" },
      })),
    ],
    layout: { name: "preset" },
    minZoom: 0.1,
    maxZoom: 3,
    boxSelectionEnabled: false,
  });

  // Letters keep their size on the screen when one zooms out.
  const legible = (pixels) => pixels / Math.min(1, Math.max(0.3, cy.zoom()));
  let resizing = 0;
  cy.on("zoom", () => {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(() => cy.style().update());
  });

  function paint() {
    const [ink, soft, edge, paper, accent] = ["--ink", "--soft", "--edge", "--paper", "--accent"].map(cssColor);
    cy.style([
      {
        selector: "node",
        style: {
          "background-color": (node) => COLORS[node.data("kind")] || COLORS.concept,
          width: (node) => size(node.id()), height: (node) => size(node.id()),
          label: "data(label)", color: ink, "font-size": () => legible(10.5), "text-valign": "bottom", "text-margin-y": 4,
          "text-wrap": "ellipsis", "text-max-width": () => legible(120), "text-background-color": paper,
          "text-background-opacity": 0.8, "text-background-padding": 1,
          "font-family": "system-ui, Noto Sans, Noto Sans CJK SC, sans-serif",
        },
      },
      { selector: "node.more", style: { "border-width": 3, "border-color": edge, "border-style": "double" } },
      {
        selector: "node.center",
        style: { "font-size": () => legible(13), "font-weight": 600, "text-max-width": () => legible(220) },
      },
      {
        selector: "edge",
        style: {
          width: 1.2, "line-color": edge, "curve-style": "bezier", "target-arrow-shape": "triangle",
          "target-arrow-color": edge, "arrow-scale": 0.7, label: (link) => (crowded ? "" : link.data("label")), color: soft, "font-size": () => legible(8.5),
          "text-rotation": "autorotate", "text-background-color": paper, "text-background-opacity": 0.85,
          "text-background-padding": 1, "text-wrap": "ellipsis", "text-max-width": () => legible(90),
          "font-family": "system-ui, Noto Sans, Noto Sans CJK SC, sans-serif",
        },
      },
      { selector: "edge[!stated]", style: { "target-arrow-shape": "none" } },
      { selector: ".faint", style: { opacity: 0.18 } },
      { selector: ".hidden", style: { display: "none" } },
      { selector: "node:selected", style: { "border-width": 3, "border-color": accent, "border-style": "solid" } },
      {
        selector: "edge:selected, edge.lit",
        style: {
          "line-color": accent, "target-arrow-color": accent, width: 2, color: ink, "z-index": 9,
          label: "data(label)",
        },
      },
    ]);
  }

  function size(id) {
    if (id === center) return 46;
    return Math.min(40, 18 + 3.2 * Math.log2(1 + nodes.get(id).products));
  }

  function visible(id) {
    return shown.has(id) && (!hiddenKinds.has(nodes.get(id).kind) || id === center);
  }

  // What is drawn; Cytoscape's own `visible` lags behind its classes.
  function drawn() {
    return cy.elements().filter((each) =>
      each.isNode() ? visible(each.id()) : visible(each.source().id()) && visible(each.target().id()));
  }

  function refresh() {
    cy.batch(() => {
      cy.nodes().forEach((node) => {
        const id = node.id();
        node.toggleClass("hidden", !visible(id));
        node.toggleClass("center", id === center);
        node.toggleClass("more", near(id).some((other) => !shown.has(other)));
      });
    });
    crowded = data.links.filter((link) => visible(link.from) && visible(link.to)).length > CROWD;
    cy.style().update();
    element("summary").textContent =
      `${count(shown.size, "node")} of ${nodes.size.toLocaleString("en")}, ${count(links.size, "statement")}`;
    element("all").disabled = shown.size === nodes.size;
  }

  // Places first by distance from the centre, then lets springs settle; without chance, so that a page looks
  // the same each time.
  function arrange({ keep = new Set() } = {}) {
    const eles = drawn();
    spread(keep);
    const layout = eles.layout({
      name: "cose", randomize: false, animate: false, fit: false, nodeDimensionsIncludeLabels: false,
      idealEdgeLength: () => 70, nodeRepulsion: () => 60000, edgeElasticity: () => 90, gravity: 0.6,
      numIter: 1200, componentSpacing: 60, nodeOverlap: 12,
    });
    layout.run();
    widen(eles.nodes());
    fit();
  }

  // Fills the stage: labels are wide, and so is it.
  function widen(seen) {
    const box = seen.boundingBox({ includeLabels: false });
    const ratio = element("stage").clientWidth / Math.max(1, element("stage").clientHeight);
    const stretch = Math.min(2.2, Math.max(0.6, (ratio * box.h) / Math.max(1, box.w)));
    seen.positions((node) => ({ x: node.position("x") * stretch, y: node.position("y") }));
  }

  function spread(keep) {
    const placed = new Set(keep);
    const root = center || data.nodes[0].id;
    if (!placed.has(root)) cy.getElementById(root).position({ x: 0, y: 0 });
    placed.add(root);
    const waiting = new Set([...shown].filter((id) => !placed.has(id)));
    for (let step = 1; waiting.size; step += 1) {
      let next = [...new Set([...placed].flatMap(near))].filter((id) => waiting.has(id));
      if (!next.length) next = [...waiting];
      next.forEach((id, place) => {
        const angle = (2 * Math.PI * place) / next.length + step;
        const parent = near(id).find((other) => placed.has(other) && keep.has(other));
        const from = parent && parent !== root ? cy.getElementById(parent).position() : { x: 0, y: 0 };
        const radius = parent && parent !== root ? 90 : 170 * step + 2 * next.length;
        cy.getElementById(id).position({
          x: from.x + radius * Math.cos(angle), y: from.y + radius * Math.sin(angle),
        });
      });
      next.forEach((id) => { placed.add(id); waiting.delete(id); });
    }
  }

  function fit() {
    cy.resize();
    cy.fit(drawn(), 50);
    if (cy.zoom() > 1.3) { cy.zoom(1.3); cy.center(drawn()); }
  }

  function expand(id) {
    const before = new Set(shown);
    near(id).forEach((other) => shown.add(other));
    refresh();
    if (shown.size > before.size) arrange({ keep: before });
    select(id);
  }

  function recenter(id) {
    center = id;
    shown = firstView(id);
    refresh();
    paint();
    arrange();
    select(id);
  }

  function reveal(id) {
    if (!shown.has(id)) {
      const before = new Set(shown);
      shown.add(id);
      refresh();
      arrange({ keep: before });
    }
    hiddenKinds.delete(nodes.get(id).kind);
    legend();
    refresh();
    select(id);
    cy.animate({ center: { eles: cy.getElementById(id) }, duration: still ? 0 : 220 });
  }

  function select(id) {
    cy.elements().unselect().removeClass("faint lit");
    const chosen = id ? cy.getElementById(id) : cy.collection();
    chosen.select();
    if (chosen.nonempty() && chosen.isNode()) {
      cy.elements().not(chosen.closedNeighborhood()).addClass("faint");
      chosen.connectedEdges().addClass("lit");
      nodePanel(id);
    } else if (chosen.nonempty()) {
      linkPanel(id);
    } else {
      emptyPanel();
    }
  }

  // --- the side panel -----------------------------------------------------------------------------------

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
    if (selected.empty()) { select(center || data.nodes[0].id); return; }
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
})();
