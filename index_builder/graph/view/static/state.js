// What the page holds (the element #data), and what of it is shown. Everything that comes from a catalogue goes
// into the document as text (`textContent`), never as markup.

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
