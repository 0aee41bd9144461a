// Paints rows: pixel column by pixel column, each layer as high as the part of that column's time that it covers.

/** Paints one row's layers through a pixel buffer, which costs the same however many intervals there are. */
class RowPainter {
  constructor(palette) {
    this.palette = palette;
    this.image = null;
  }

  /** Paints columns of `perPixel` ns from `from` on, at device pixels (x, y). Lengths are device pixels too. */
  paint(context, layers, from, perPixel, x, y, width, height, scale) {
    if (width <= 0 || height <= 0) return;
    if (this.image === null || this.image.width !== width || this.image.height !== height) {
      this.image = context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.covered = new Float64Array(width);
      this.sum = new Float64Array(width);
      this.filled = new Int32Array(width);
    }
    this.pixels.fill(pixel(this.palette.track));
    this.sum.fill(0);
    this.filled.fill(0);
    for (const layer of layers) {
      if (layer.coverage(from, perPixel, width, this.covered)) this.stack(layer.style, width, height, x, scale);
    }
    context.putImageData(this.image, x, y);
  }

  /** Puts a layer on top of those below. Whatever covers any time at all is at least one pixel high. */
  stack(style, width, height, left, scale) {
    const { pixels, covered, sum, filled } = this;
    const [colour, hatch] = this.colours(style);
    const pattern = PATTERNS[style.kind];
    for (let x = 0; x < width; x++) {
      const part = covered[x];
      if (part <= 1e-12) continue;
      sum[x] += part;
      const low = filled[x];
      const high = Math.min(height, Math.max(low + 1, Math.round(sum[x] * height)));
      filled[x] = high;
      for (let y = height - high, end = height - low; y < end; y++) {
        pixels[y * width + x] = pattern !== null && pattern(((left + x) / scale) | 0, (y / scale) | 0) ? hatch : colour;
      }
    }
  }

  colours(style) {
    const { palette } = this;
    const ink = palette.dark ? [255, 255, 255] : [0, 0, 0];
    switch (style.kind) {
      case "solid": return [pixel(palette.domain(style.domain)), 0];
      case "waiting": {
        const colour = palette.domain(style.domain);
        return [pixel(mix(palette.track, colour, 0.16)), pixel(mix(palette.track, colour, 0.7))];
      }
      case "offline": return [pixel(mix(palette.track, ink, 0.1)), pixel(mix(palette.track, ink, 0.38))];
      default: return [pixel(palette.track), pixel([200, 40, 40])];
    }
  }
}

/** Textures, in CSS pixels: whether (x, y) belongs to the hatch. */
const PATTERNS = {
  solid: null,
  waiting: (x, y) => (x + y) % 5 === 0,
  offline: (x, y) => (x + y) % 6 === 0 || (x - y + 6000) % 6 === 0,
  unknown: (x, y) => ((x >> 1) + (y >> 1)) % 2 === 0,
};

const AXIS_HEIGHT = 30;

/** Paints the whole chart: axis, rows, names, what is selected. Lengths are CSS pixels unless said otherwise. */
class ChartPainter {
  constructor(canvas, palette) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.palette = palette;
    this.rowPainter = new RowPainter(palette);
    this.resize(300, 150);
  }

  resize(width, height) {
    this.scale = Math.min(3, window.devicePixelRatio || 1);
    this.width = width;
    this.height = height;
    this.narrow = width < 600;
    this.gutter = this.narrow ? 90 : 132;
    this.canvas.width = Math.round(width * this.scale);
    this.canvas.height = Math.round(height * this.scale);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
  }

  get plotWidth() {
    return Math.max(1, this.width - this.gutter);
  }

  xOf(view, time) {
    return this.gutter + (time - view.from) / view.span * this.plotWidth;
  }

  timeAt(view, x) {
    return view.from + (x - this.gutter) / this.plotWidth * view.span;
  }

  /** Paints `rows` scrolled down by `scroll`, in the span of time of `view`. */
  paint(view, rows, scroll, window, selection, hover) {
    const { context: c } = this;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = css(this.palette.surface);
    c.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const shown = rows.rows.filter((row) => row.top + row.height > scroll && row.top - scroll < this.height - AXIS_HEIGHT);
    for (const row of shown) if (row.kind !== "heading") this.paintLayers(view, row, this.rowY(row, scroll));
    c.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    c.textBaseline = "middle";
    const ticks = timeTicks(view.from, view.from + view.span, this.plotWidth);
    this.paintGrid(view, ticks);
    for (const row of shown) if (row.kind !== "heading") this.paintSlices(view, row, this.rowY(row, scroll));
    this.paintOutside(view, window);
    if (hover !== null) this.paintHover(hover);
    if (selection !== null) this.paintSelection(view, selection, shown, scroll);
    for (const row of shown) this.paintName(row, this.rowY(row, scroll), selection);
    this.paintAxis(view, ticks);
  }

  rowY(row, scroll) {
    return AXIS_HEIGHT + row.top - scroll;
  }

  paintLayers(view, row, y) {
    const left = Math.round(this.gutter * this.scale);
    const width = this.canvas.width - left;
    const top = Math.round((y + 1) * this.scale);
    const height = Math.round((y + row.height - 1) * this.scale) - top;
    this.rowPainter.paint(this.context, row.layers, view.from, view.span / width, left, top, width, height, this.scale);
  }

  paintGrid(view, ticks) {
    const { context: c } = this;
    c.fillStyle = this.palette.line;
    c.globalAlpha = 0.3;
    for (const time of ticks.times) c.fillRect(Math.round(this.xOf(view, time)), AXIS_HEIGHT, 1, this.height);
    c.globalAlpha = 1;
  }

  /** Edges and words on slices, where they are few enough to be seen one by one. */
  paintSlices(view, row, y) {
    const end = view.from + view.span;
    const ranges = row.layers.map((layer) => layer.range(view.from, end));
    const count = ranges.reduce((sum, [first, last]) => sum + last - first, 0);
    if (count > this.plotWidth / 6) return;
    row.layers.forEach((layer, i) => {
      for (let s = ranges[i][0]; s < ranges[i][1]; s++) this.paintSlice(view, row, layer, s, y);
    });
  }

  paintSlice(view, row, layer, i, y) {
    const { context: c } = this;
    const left = Math.max(this.gutter, this.xOf(view, layer.starts[i]));
    const right = Math.min(this.width, this.xOf(view, layer.ends[i]));
    if (right - left > 3 && layer.starts[i] > view.from) {
      c.fillStyle = css(this.palette.surface);
      c.fillRect(left, y + 1, 1, row.height - 2);
    }
    if (right - left < 30) return;
    const text = row.kind === "pcpu" ? layer.style.text : formatDuration(layer.ends[i] - layer.starts[i]);
    c.font = "11px system-ui, sans-serif";
    const needed = c.measureText(text).width + 10;
    if (needed > right - left) return;
    const colour = layer.style.kind === "solid" ? this.palette.domain(layer.style.domain) : this.palette.track;
    if (layer.style.kind !== "solid") {
      c.fillStyle = css(colour);
      c.fillRect(left + 2, y + 3, needed - 4, row.height - 6);
    }
    c.fillStyle = layer.style.kind === "solid" ? inkOn(colour) : this.palette.ink;
    c.fillText(text, left + 5, y + row.height / 2 + 0.5);
  }

  /** Veils what lies outside the measured window. */
  paintOutside(view, window) {
    const { context: c } = this;
    const begin = Math.min(this.width, Math.max(this.gutter, this.xOf(view, 0)));
    const end = Math.max(this.gutter, Math.min(this.width, this.xOf(view, window)));
    c.fillStyle = css(this.palette.surface);
    c.globalAlpha = 0.62;
    c.fillRect(this.gutter, AXIS_HEIGHT, begin - this.gutter, this.height);
    c.fillRect(end, AXIS_HEIGHT, this.width - end, this.height);
    c.globalAlpha = 1;
  }

  paintHover(x) {
    const { context: c } = this;
    c.fillStyle = this.palette.ink;
    c.globalAlpha = 0.35;
    c.fillRect(Math.round(x), AXIS_HEIGHT, 1, this.height);
    c.globalAlpha = 1;
  }

  paintSelection(view, selection, shown, scroll) {
    const { context: c } = this;
    const { vcpu, index, cell } = selection;
    const left = this.xOf(view, vcpu.start[index]);
    const right = this.xOf(view, vcpu.start[index + 1]);
    if (right < this.gutter || left > this.width) return;
    for (const row of shown) {
      const shows = row.cell === cell && (row.vcpu === vcpu
        || (row.kind === "pcpu" && vcpu.state[index] === RUNNING && row.pcpu === vcpu.pcpu[index]));
      if (!shows) continue;
      const x = Math.max(this.gutter - 4, left) - 1.5;
      const width = Math.max(3, Math.min(this.width + 4, right) - x + 1.5);
      c.lineWidth = 4;
      c.strokeStyle = css(this.palette.surface);
      c.strokeRect(x, this.rowY(row, scroll) - 0.5, width, row.height + 1);
      c.lineWidth = 2;
      c.strokeStyle = this.palette.ink;
      c.strokeRect(x, this.rowY(row, scroll) - 0.5, width, row.height + 1);
    }
  }

  paintName(row, y, selection) {
    const { context: c } = this;
    c.fillStyle = css(this.palette.surface);
    c.fillRect(0, y - (row.kind === "heading" ? GROUP_GAP : 0), row.kind === "heading" ? this.width : this.gutter, row.height + (row.kind === "heading" ? GROUP_GAP : 0));
    if (row.kind === "heading") return this.paintHeading(row, y);
    const middle = y + row.height / 2 + 0.5;
    let x = 8;
    if (row.badge) x = this.paintBadge(row.cell, x, middle) + 6;
    else if (row.kind === "vcpu") {
      c.fillStyle = css(this.palette.domain(row.vcpu.domain));
      c.fillRect(x, middle - 5, 9, 9);
      x += 15;
    }
    c.fillStyle = row.kind === "pcpu" || isOn(row, selection) ? this.palette.ink : this.palette.faint;
    c.font = `${row.kind === "pcpu" || isOn(row, selection) ? "600 " : ""}12px system-ui, sans-serif`;
    c.fillText(fitted(c, row.badge ? row.cell.name : this.narrow ? row.shortLabel : row.label, this.gutter - x - 6), x, middle);
  }

  paintHeading(row, y) {
    const { context: c } = this;
    const middle = y + row.height / 2 + 2;
    let x = 8;
    if (row.cell !== null) x = this.paintBadge(row.cell, x, middle) + 7;
    else if (row.domain !== null) {
      c.fillStyle = css(this.palette.domain(row.domain));
      c.fillRect(x, middle - 6, 11, 11);
      x += 18;
    }
    c.fillStyle = this.palette.ink;
    c.font = "600 13px system-ui, sans-serif";
    c.fillText(fitted(c, row.label, this.width - x - 8), x, middle);
    const after = x + c.measureText(row.label).width + 10;
    if (row.cell !== null && after < this.width - 90) {
      c.font = "12px system-ui, sans-serif";
      c.fillStyle = this.palette.faint;
      c.fillText(fitted(c, row.cell.describe(), this.width - after - 8), after, middle);
    }
  }

  paintBadge(cell, x, middle) {
    const { context: c } = this;
    c.font = "700 11px system-ui, sans-serif";
    const width = Math.max(17, c.measureText(cell.mark).width + 9);
    c.fillStyle = this.palette.cell(cell.index);
    c.beginPath();
    c.roundRect(x, middle - 8.5, width, 17, 5);
    c.fill();
    c.fillStyle = this.palette.dark ? "#111" : "#fff";
    c.textAlign = "center";
    c.fillText(cell.mark, x + width / 2, middle + 0.5);
    c.textAlign = "left";
    return x + width;
  }

  paintAxis(view, ticks) {
    const { context: c } = this;
    c.fillStyle = css(this.palette.surface);
    c.fillRect(0, 0, this.width, AXIS_HEIGHT);
    c.fillStyle = this.palette.line;
    c.fillRect(this.gutter, AXIS_HEIGHT - 1, this.plotWidth, 1);
    c.font = "11px system-ui, sans-serif";
    c.fillStyle = this.palette.faint;
    for (const time of ticks.times) {
      const x = this.xOf(view, time);
      c.fillRect(Math.round(x), AXIS_HEIGHT - 6, 1, 6);
      const text = ticks.format(time);
      const width = c.measureText(text).width;
      if (x - width / 2 < this.gutter - 14 || x + width / 2 > this.width) continue;
      c.fillText(text, x - width / 2, 12);
    }
    c.fillText(ticks.base, 8, 12);
  }
}

function isOn(row, selection) {
  return selection !== null && row.vcpu === selection.vcpu;
}

/** `text`, cut to `width` with an ellipsis. */
function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let length = text.length;
  while (length > 1 && context.measureText(text.slice(0, length) + "…").width > width) length--;
  return text.slice(0, length) + "…";
}

/**
 * Round times for an axis, at least some 90 pixels apart, and how to write them. Where digits do not suffice to tell the ticks apart they
 * are counted from `base`, a round moment at their left.
 */
function timeTicks(from, to, width) {
  const step = roundUp((to - from) / Math.max(2, width / 90));
  const [scale, unit] = TIME_UNITS.find(([s]) => step >= s) ?? TIME_UNITS[3];
  const origin = unit === "s" || unit === "ms" ? 0 : Math.floor(from / (scale * 1000)) * scale * 1000;
  const places = Math.max(0, -Math.floor(Math.log10(step / scale) + 1e-9));
  const times = [];
  for (let i = Math.ceil(from / step); i * step <= to; i++) times.push(i * step);
  return {
    times,
    base: origin === 0 ? "" : `${(origin / 1e6).toFixed(unit === "ns" ? 3 : 0)} ms +`,
    format: (time) => `${((time - origin) / scale).toFixed(places)} ${unit}`,
  };
}

/** The least 1, 2 or 5 times a power of ten that is not below `value`. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((m) => m * power >= value * 0.999999) * power;
}
