// Colours that most people with a colour vision deficiency tell apart: Okabe and Ito's for domains, Paul Tol's
// high-contrast set for cells. No colour stands alone: domains have names, cells have letters, runstates have textures.

const DOM0_COLOUR = [136, 142, 153];
const DOMAIN_COLOURS = [
  [0, 114, 178],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [86, 180, 233],
  [213, 94, 0],
  [178, 168, 24],
];
const CELL_COLOURS = {
  light: ["#004488", "#bb5566", "#a07800", "#2a7f62", "#7a4b9d", "#555555"],
  dark: ["#78aef0", "#f28ca0", "#eecc66", "#6fd0ab", "#c7a0ec", "#b8b8b8"],
};
const CELL_DASHES = ["none", "7 2", "2 2", "10 2 2 2", "4 2", "1 2"];

/** Colours of domains and cells in the theme that is in force. */
class Palette {
  constructor(domainIds) {
    this.rank = new Map();
    let next = 0;
    for (const id of domainIds) this.rank.set(id, id === 0 ? -1 : next++);
    this.refresh();
  }

  /** Reads the theme anew. */
  refresh() {
    const style = getComputedStyle(document.documentElement);
    this.dark = style.getPropertyValue("--dark").trim() === "1";
    this.ink = style.getPropertyValue("--ink").trim();
    this.faint = style.getPropertyValue("--faint").trim();
    this.line = style.getPropertyValue("--line").trim();
    this.accent = style.getPropertyValue("--accent").trim();
    this.surface = this.dark ? [27, 30, 36] : [255, 255, 255];
    this.track = this.dark ? [36, 40, 48] : [242, 243, 246];
  }

  /** [red, green, blue] of a domain; beyond seven, the same hues darker or lighter. */
  domain(id) {
    const rank = this.rank.get(id) ?? 0;
    if (rank < 0) return DOM0_COLOUR;
    const round = Math.floor(rank / DOMAIN_COLOURS.length);
    const colour = DOMAIN_COLOURS[rank % DOMAIN_COLOURS.length];
    if (round === 0) return colour;
    return mix(colour, round % 2 === 1 ? [0, 0, 0] : [255, 255, 255], Math.min(0.65, 0.25 + 0.15 * Math.floor(round / 2)));
  }

  cell(index) {
    const colours = CELL_COLOURS[this.dark ? "dark" : "light"];
    return colours[index % colours.length];
  }

  dash(index) {
    return CELL_DASHES[index % CELL_DASHES.length];
  }
}

function mix(a, b, share) {
  return a.map((value, i) => Math.round(value * (1 - share) + b[i] * share));
}

function css(colour) {
  return `rgb(${colour.join(",")})`;
}

/** A colour as a canvas's pixel buffer holds it on a little-endian machine, which is every one that runs a browser. */
function pixel([red, green, blue]) {
  return (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
}

/** Black or white, whichever reads better on `colour`. */
function inkOn([red, green, blue]) {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#111" : "#fff";
}
