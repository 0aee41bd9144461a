// Charts of one domain, the cells laid over each other: shares over time, wake-to-run latency, run length.

const CHART_HEIGHT = 170;
const MARGIN = { left: 40, right: 10, top: 12, bottom: 26 };

/** An SVG with axes; `x` and `y` map values to pixels. */
class Plot {
  constructor(width, label) {
    this.width = width;
    this.svg = svgElement("svg", { viewBox: `0 0 ${width} ${CHART_HEIGHT}`, width, height: CHART_HEIGHT, role: "img", "aria-label": label });
    this.left = MARGIN.left;
    this.right = width - MARGIN.right;
    this.top = MARGIN.top;
    this.bottom = CHART_HEIGHT - MARGIN.bottom;
  }

  line(x1, y1, x2, y2, className) {
    this.svg.append(svgElement("line", { x1, y1, x2, y2, class: className }));
  }

  text(x, y, text, anchor = "middle") {
    this.svg.append(svgElement("text", { x, y, "text-anchor": anchor }, text));
  }

  /** A vertical axis from 0 to `most`, with some round marks. */
  yAxis(most, format) {
    this.y = (value) => this.bottom - value / most * (this.bottom - this.top);
    const step = roundUp(most / 4);
    for (let i = 0; i * step <= most * 1.0001; i++) {
      this.line(this.left, this.y(i * step), this.right, this.y(i * step), i === 0 ? "axis" : "grid");
      this.text(this.left - 6, this.y(i * step) + 3.5, format(i * step), "end");
    }
  }
}

/** Draws one domain's charts over several cells. `series` has an entry a cell: {cell, vcpus} */
class DomainCharts {
  constructor(series, palette) {
    this.series = series;
    this.palette = palette;
    this.shares = series.map(({ cell, vcpus }) => sharesOverTime(vcpus, cell.window, bucketsFor(cell.window)));
    this.latencies = series.map(({ cell, vcpus }) => logHistogram(wakeLatencies(vcpus, cell.window)));
    this.runs = series.map(({ cell, vcpus }) => logHistogram(runLengths(vcpus, cell.window)));
  }

  figures() {
    this.frames = [
      new ChartFrame("CPU over time, % of one pCPU", (width) => this.sharePlot(width)),
      new ChartFrame("Wake to run, % of wakeups · ▾ median", (width) => this.histogramPlot(width, this.latencies, "wake-to-run latency")),
      new ChartFrame("Run length, % of runs · ▾ median", (width) => this.histogramPlot(width, this.runs, "run length")),
    ];
    return this.frames.map((frame) => frame.figure);
  }

  redraw() {
    for (const frame of this.frames) frame.draw();
  }

  stroke(i) {
    const { cell } = this.series[i];
    return { style: `--colour: ${this.palette.cell(cell.index)}`, "stroke-dasharray": this.palette.dash(cell.index), class: "series" };
  }

  sharePlot(width) {
    const window = Math.max(...this.series.map(({ cell }) => cell.window));
    const most = Math.max(0.05, ...this.shares.map((s) => Math.max(...s))) * 100;
    const label = this.series.map(({ cell }, i) => `${cell.name}: mean ${formatPercent(mean(this.shares[i]))}`).join("; ");
    const plot = new Plot(width, `CPU over time. ${label}`);
    plot.yAxis(most, (value) => `${Math.round(value * 10) / 10}`);
    const x = (time) => plot.left + time / window * (plot.right - plot.left);
    const ticks = timeTicks(0, window, plot.right - plot.left);
    for (const time of ticks.times) plot.text(Math.min(x(time), plot.right - 10), plot.bottom + 16, ticks.format(time));
    this.shares.forEach((shares, i) => {
      const length = this.series[i].cell.window / shares.length;
      const points = Array.from(shares, (share, b) => `${x((b + 0.5) * length).toFixed(1)},${plot.y(share * 100).toFixed(1)}`);
      plot.svg.append(svgElement("polyline", { points: points.join(" "), fill: "none", ...this.stroke(i) }));
    });
    const read = (px) => {
      const time = Math.max(0, Math.min(window * 0.999999, (px - plot.left) / (plot.right - plot.left) * window));
      return [`at ${formatDuration(time)}`, ...this.series.map(({ cell }, i) =>
        `${cell.mark} ${formatPercent(this.shares[i][Math.min(this.shares[i].length - 1, Math.floor(time / cell.window * this.shares[i].length))])}`)];
    };
    return { svg: plot.svg, read, left: plot.left, right: plot.right };
  }

  histogramPlot(width, histograms, name) {
    const filled = histograms.filter((h) => h.total > 0);
    if (filled.length === 0) return { empty: name === "run length" ? "No run ended in the window." : "It never woke in the window: it did not block." };
    const first = Math.min(...filled.map((h) => h.counts.findIndex((count) => count > 0)));
    const last = Math.max(...filled.map((h) => h.counts.length));
    const spread = Math.max(0, BINS_PER_DECADE - (last - first));
    const begin = Math.max(0, first - Math.ceil(spread / 2) - 1), end = last + Math.floor(spread / 2) + 1;
    const most = Math.max(...filled.map((h) => Math.max(...h.counts) / h.total)) * 100;
    const label = this.series.map(({ cell }, i) => `${cell.name}: ${describeHistogram(histograms[i])}`).join("; ");
    const plot = new Plot(width, `Histogram of ${name}. ${label}`);
    plot.yAxis(most, (value) => `${Math.round(value * 10) / 10}`);
    const x = (bin) => plot.left + (bin - begin) / (end - begin) * (plot.right - plot.left);
    this.decades(plot, x, begin, end);
    histograms.forEach((h, i) => {
      if (h.total > 0) this.steps(plot, x, h, i, begin, end);
    });
    const read = (px) => {
      const bin = Math.max(begin, Math.min(end - 1, begin + Math.floor((px - plot.left) / (plot.right - plot.left) * (end - begin))));
      return [`${formatDuration(logBinStart(bin))} to ${formatDuration(logBinStart(bin + 1))}`, ...this.series.map(({ cell }, i) =>
        `${cell.mark} ${histograms[i].total === 0 ? "–" : formatPercent((histograms[i].counts[bin] ?? 0) / histograms[i].total)}`)];
    };
    return { svg: plot.svg, read, left: plot.left, right: plot.right };
  }

  decades(plot, x, begin, end) {
    const perDecade = (plot.right - plot.left) / (end - begin) * BINS_PER_DECADE;
    const every = Math.ceil(46 / perDecade) * BINS_PER_DECADE;
    for (let bin = Math.ceil(begin / every) * every; bin <= end; bin += every) {
      plot.line(x(bin), plot.top, x(bin), plot.bottom, "grid");
      plot.text(Math.min(x(bin), plot.right - 14), plot.bottom + 16, formatDuration(logBinStart(bin)).replace(/\.00? /, " ").replace(".0 ", " "));
    }
  }

  steps(plot, x, histogram, i, begin, end) {
    let path = `M${x(begin).toFixed(1)},${plot.bottom}`;
    for (let bin = begin; bin < end; bin++) {
      const y = plot.y((histogram.counts[bin] ?? 0) / histogram.total * 100).toFixed(1);
      path += `V${y}H${x(bin + 1).toFixed(1)}`;
    }
    path += `V${plot.bottom}`;
    const colour = this.palette.cell(this.series[i].cell.index);
    plot.svg.append(svgElement("path", { d: path, fill: colour, "fill-opacity": 0.1, stroke: "none" }));
    plot.svg.append(svgElement("path", { d: path, fill: "none", ...this.stroke(i) }));
    const median = x(Math.log10(Math.max(1, histogram.p50)) * BINS_PER_DECADE);
    plot.svg.append(svgElement("path", { d: `M${median - 4},${plot.top - 8}h8l-4,7z`, fill: colour },
      svgElement("title", {}, `median in ${this.series[i].cell.name}: ${formatDuration(histogram.p50)}`)));
  }
}

/** A figure that redraws itself to its width, and reads values off under the pointer. */
class ChartFrame {
  constructor(caption, plot) {
    this.plot = plot;
    this.output = element("output", { "aria-hidden": "true" });
    this.holder = element("div", { class: "plot" });
    this.figure = element("figure", {}, element("figcaption", {}, element("span", {}, caption), this.output), this.holder);
    this.drawnWidth = 0;
    new ResizeObserver(() => {
      if (Math.round(this.holder.clientWidth) !== this.drawnWidth) this.draw();
    }).observe(this.holder);
    this.holder.addEventListener("pointermove", (event) => this.readAt(event));
    this.holder.addEventListener("pointerleave", () => this.unread());
  }

  draw() {
    this.drawnWidth = Math.round(this.holder.clientWidth);
    if (this.drawnWidth < 60) return;
    this.drawn = this.plot(this.drawnWidth);
    if (this.drawn.empty) {
      this.holder.replaceChildren(element("p", { class: "empty" }, this.drawn.empty));
    } else {
      this.cursor = svgElement("line", { class: "cursor", y1: MARGIN.top, y2: CHART_HEIGHT - MARGIN.bottom, visibility: "hidden" });
      this.drawn.svg.append(this.cursor);
      this.holder.replaceChildren(this.drawn.svg);
    }
  }

  readAt(event) {
    if (!this.drawn?.svg) return;
    const x = Math.max(this.drawn.left, Math.min(this.drawn.right, event.clientX - this.holder.getBoundingClientRect().left));
    this.output.textContent = this.drawn.read(x).join("  ·  ");
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    this.cursor.setAttribute("visibility", "visible");
  }

  unread() {
    this.output.textContent = "";
    this.cursor?.setAttribute("visibility", "hidden");
  }
}

function describeHistogram(h) {
  if (h.total === 0) return "none";
  return `${h.total}, median ${formatDuration(h.p50)}, 99th percentile ${formatDuration(h.p99)}, maximum ${formatDuration(h.max)}`;
}

/** Some 60 buckets of a round length, or one if the window is tiny. */
function bucketsFor(window) {
  return Math.max(1, Math.round(window / roundUp(window / 75)));
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
