// Draws what is shown with Cytoscape.js.

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

// Of a crowd seen from afar, products stay without their long names.
function labelOf(node) {
  return crowded && cy.zoom() < 0.9 && node.data("kind") === "product" ? "" : node.data("label");
}

function paint() {
  const [ink, soft, edge, paper, accent] = ["--ink", "--soft", "--edge", "--paper", "--accent"].map(cssColor);
  cy.style([
    {
      selector: "node",
      style: {
        "background-color": (node) => COLORS[node.data("kind")] || COLORS.concept,
        width: (node) => size(node.id()), height: (node) => size(node.id()),
        label: labelOf, color: ink, "font-size": () => legible(10.5), "text-valign": "bottom", "text-margin-y": 4,
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
    { selector: "node.near", style: { label: "data(label)" } },
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
  if (seen.empty()) return;
  const box = seen.boundingBox({ includeLabels: false });
  const ratio = element("stage").clientWidth / Math.max(1, element("stage").clientHeight);
  const stretch = Math.min(2.2, Math.max(0.6, (ratio * box.h) / Math.max(1, box.w)));
  seen.positions((node) => ({ x: node.position("x") * stretch, y: node.position("y") }));
}

function spread(keep) {
  const placed = new Set(keep);
  const root = center || data.nodes[0]?.id;
  if (!root) return;
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
  cy.elements().unselect().removeClass("faint lit near");
  const chosen = id ? cy.getElementById(id) : cy.collection();
  chosen.select();
  if (chosen.nonempty() && chosen.isNode()) {
    cy.elements().not(chosen.closedNeighborhood()).addClass("faint");
    chosen.closedNeighborhood().nodes().addClass("near");
    chosen.connectedEdges().addClass("lit");
    nodePanel(id);
  } else if (chosen.nonempty()) {
    linkPanel(id);
  } else {
    emptyPanel();
  }
}
