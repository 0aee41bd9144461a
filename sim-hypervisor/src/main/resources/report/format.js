// Words and figures, and the few lines that make elements. Text from the data goes through textContent only.

/** A new element: `element("td", {class: "number"}, "12", otherElement)`. */
function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** A new SVG element, as `element`. */
function svgElement(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const TIME_UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

/** A duration in ns, three significant digits: "3.41 ms". */
function formatDuration(nanos) {
  const size = Math.abs(nanos);
  const [scale, unit] = TIME_UNITS.find(([s]) => size >= s * 0.9995) ?? TIME_UNITS[3];
  const value = nanos / scale;
  const places = scale === 1 || size / scale >= 99.95 ? 0 : size / scale >= 9.995 ? 1 : 2;
  return `${value.toFixed(places)} ${unit}`;
}

/** A duration in ns, exact: "3.412 345 ms". */
function formatExactDuration(nanos) {
  const size = Math.abs(nanos);
  const [scale, unit] = TIME_UNITS.find(([s]) => size >= s) ?? TIME_UNITS[3];
  const digits = (nanos / scale).toFixed(Math.round(Math.log10(scale)));
  return `${groupDecimals(digits.replace(/\.0+$/, ""))} ${unit}`;
}

/** A reason of a scheduler with its number: a text that ends in "(ns)" speaks of a duration. */
function formatReason(text, value) {
  return text.endsWith("(ns)") ? `${text.slice(0, -4)}${formatExactDuration(value)}` : `${text} ${formatCount(value)}`;
}

/** A moment in ns since the start of the window, exact, in seconds: "1.234 567 890 s". */
function formatMoment(nanos) {
  return `${groupDecimals((nanos / 1e9).toFixed(9))} s`;
}

/** Sets decimals apart by threes with thin spaces. */
function groupDecimals(text) {
  const [whole, decimals] = text.split(".");
  return decimals ? `${whole}.${decimals.match(/.{1,3}/g).join("\u2009")}` : whole;
}

/** A whole number, its thousands set apart: "−10,052,244". */
function formatCount(value) {
  return value.toLocaleString("en", { maximumFractionDigits: 0 }).replace("-", "−");
}

function formatPercent(fraction) {
  const percent = fraction * 100;
  return `${percent.toFixed(percent >= 99.95 || percent === 0 ? 0 : percent >= 9.95 ? 1 : 2)} %`;
}
