// The page: reads the data, makes the chart and the plots, and joins them.

/** A cell as it stands in the page's description, with its columns unpacked. */
class Cell {
  constructor(description, index) {
    Object.assign(this, description);
    this.index = index;
    this.vcpus = [];
    this.decisions = null;
    this.rowCache = new Map();
    this.names = new Map(description.domains.map((domain) => [domain.id, domain.name]));
  }

  async load() {
    const holder = document.getElementById(`cell-${this.index}`);
    if (holder !== null) {
      const reader = new ColumnReader(await unpack(holder.textContent));
      this.vcpus = readVcpus(reader);
      const decisions = readDecisions(reader);
      if (this.hasDecisions && decisions.size > 0) this.decisions = new DecisionIndex(decisions, this.pcpus);
      holder.remove();
    }
    this.vcpuByUnit = new Map(this.vcpus.map((vcpu) => [vcpu.unit, vcpu]));
    this.domains = [...new Set(this.vcpus.map((vcpu) => vcpu.domain))].map((id) => ({
      id,
      name: this.domainName(id),
      vcpus: this.vcpus.filter((vcpu) => vcpu.domain === id),
    }));
    this.begin = Math.min(0, ...this.vcpus.map((vcpu) => vcpu.start[0]));
    this.end = Math.max(this.window, ...this.vcpus.map((vcpu) => vcpu.start[vcpu.size]));
  }

  domainName(id) {
    return this.names.get(id) ?? `d${id}`;
  }

  /** "b d2v0": the domain's name unless it is only its number, and the vCPU as Xen writes it. */
  unitName(unit) {
    const id = domainOf(unit);
    const short = `d${id}v${vcpuOf(unit)}`;
    const name = this.names.get(id);
    return name === undefined || name === `d${id}` ? short : `${name} ${short}`;
  }

  /** "b", or "b v1" if it has several vCPUs: for where there is little room. */
  shortUnitName(unit) {
    const domain = this.domains.find(({ id }) => id === domainOf(unit));
    if (domain === undefined) return this.unitName(unit);
    return domain.vcpus.length === 1 ? domain.name : `${domain.name} v${vcpuOf(unit)}`;
  }

  describe() {
    return [
      this.scheduler === this.name ? null : this.scheduler,
      `${formatCount(this.vcpus.reduce((sum, vcpu) => sum + vcpu.size, 0))} intervals`,
      this.lostRecords > 0 ? `${formatCount(this.lostRecords)} records lost` : null,
    ].filter((text) => text !== null).join(" · ");
  }

  pcpuNumbers() {
    return Array.from({ length: this.pcpus }, (_, i) => i);
  }

  pcpuRow(pcpu) {
    return this.cached(`p${pcpu}`, () => pcpuRow(this, pcpu));
  }

  vcpuRow(vcpu) {
    return this.cached(`v${vcpu.unit}`, () => vcpuRow(this, vcpu));
  }

  cached(key, make) {
    if (!this.rowCache.has(key)) this.rowCache.set(key, make());
    return this.rowCache.get(key);
  }

  /** {vcpu, index} of what `pcpu` runs at `time`, or null. */
  runningOn(pcpu, time) {
    for (const vcpu of this.vcpus) {
      const index = intervalAt(vcpu, time);
      if (index >= 0 && vcpu.state[index] === RUNNING && vcpu.pcpu[index] === pcpu) return { vcpu, index };
    }
    return null;
  }
}

class Report {
  static async open() {
    const report = new Report();
    report.listenToTheme();
    report.colourTables();
    if (typeof DecompressionStream === "undefined") {
      report.say("This browser cannot unpack the timeline (it lacks DecompressionStream). The tables are complete; for the charts use a browser from 2023 or later.");
      return report;
    }
    report.say("Unpacking the timelines …");
    await Promise.all(report.cells.map((cell) => cell.load()));
    document.getElementById("message").hidden = true;
    report.draw();
    return report;
  }

  constructor() {
    const model = JSON.parse(document.getElementById("model").textContent);
    this.cells = model.cells.map((description, i) => new Cell(description, i));
    const ids = new Set(this.cells.flatMap((cell) => cell.domains.map((domain) => domain.id)));
    this.palette = new Palette([...ids].sort((a, b) => a - b));
  }

  say(text) {
    const message = document.getElementById("message");
    message.textContent = text;
    message.hidden = false;
  }

  draw() {
    const drawn = this.cells.filter((cell) => cell.vcpus.length > 0);
    if (drawn.length === 0) {
      this.say("No cell of this experiment left a timeline.");
      return;
    }
    document.getElementById("timeline").hidden = false;
    document.getElementById("domains").hidden = false;
    this.why = new WhyPanel(document.getElementById("why"), this.palette);
    this.gantt = new Gantt(this.cells, this.palette, (selection) => this.why.show(selection, this.gantt));
    this.listenToButtons();
    this.drawLegend();
    this.drawDomains(drawn);
  }

  listenToButtons() {
    const { view } = this.gantt;
    const middle = () => (view.target ?? view).from + (view.target ?? view).span / 2;
    const actions = {
      "zoom-in": () => view.zoom(middle(), 0.5),
      "zoom-out": () => view.zoom(middle(), 2),
      "show-window": () => view.goTo(0, this.gantt.window),
      "show-all": () => view.goTo(view.min, view.max - view.min),
    };
    for (const [id, action] of Object.entries(actions)) document.getElementById(id).addEventListener("click", action);
    for (const choice of document.querySelectorAll("input[name=grouping]")) {
      choice.addEventListener("change", () => this.gantt.group(choice.value));
    }
  }

  drawLegend() {
    const entries = [["solid", "running"], ["waiting", "runnable: wants a pCPU"], ["offline", "offline: paused or capped"], ["none", "blocked: waits for an event"]];
    if (this.cells.some((cell) => cell.vcpus.some((vcpu) => vcpu.state.includes(UNKNOWN)))) entries.push(["unknown", "unknown: records were lost"]);
    document.getElementById("legend").replaceChildren(...entries.map(([kind, text]) => this.legendEntry(kind, text)));
  }

  legendEntry(kind, text) {
    const canvas = element("canvas", { width: 44, height: 24, "aria-hidden": "true" });
    const style = { kind, domain: [...this.palette.rank.keys()].find((id) => id !== 0) ?? 0 };
    const layers = kind === "none" ? [] : [new Layer([0], [1], style)];
    new RowPainter(this.palette).paint(canvas.getContext("2d"), layers, 0, 1 / 44, 0, 0, 44, 24, 2);
    return element("li", {}, canvas, text);
  }

  drawDomains(drawn) {
    const ids = [...new Set(drawn.flatMap((cell) => cell.domains.map((domain) => domain.id)))].sort((a, b) => a - b);
    this.charts = [];
    document.getElementById("domain-cards").replaceChildren(...ids.map((id) => this.domainCard(id, drawn)));
    document.getElementById("series-legend").replaceChildren(...drawn.map((cell) => this.seriesEntry(cell)));
    this.colourTables();
  }

  domainCard(id, drawn) {
    const series = drawn
      .map((cell) => ({ cell, vcpus: cell.domains.find((domain) => domain.id === id)?.vcpus }))
      .filter(({ vcpus }) => vcpus !== undefined);
    const charts = new DomainCharts(series, this.palette);
    this.charts.push(charts);
    const name = series[0].cell.domainName(id);
    return element("section", { class: "domain-card", "aria-label": name },
      element("div", { class: "card-head" },
        element("h3", {}, element("span", { class: "swatch", "data-domain": id }), name, name === `d${id}` ? "" : element("span", { class: "faint" }, ` d${id}`)),
        this.longestWaits(series)),
      element("div", { class: "plots" }, ...charts.figures()));
  }

  /** A button for each cell that leads to the longest wait there. */
  longestWaits(series) {
    const buttons = series.map(({ cell, vcpus }) => ({ cell, wait: longestWait(vcpus, cell.window) })).filter(({ wait }) => wait !== null);
    if (buttons.length === 0) return "";
    return element("p", { class: "waits" }, element("span", { class: "faint" }, "longest wait for a pCPU"), ...buttons.map(({ cell, wait }) => {
      const button = element("button", { type: "button", "aria-label": `show the longest wait in ${cell.name}` },
        element("span", { class: "badge", "data-cell": cell.index }, cell.mark), ` ${formatDuration(wait.length)}`);
      button.addEventListener("click", () => this.lookAt({ cell, vcpu: wait.vcpu, index: wait.index }));
      return button;
    }));
  }

  /** Selects a slice, zooms to it and scrolls the chart into the window. */
  lookAt(selection) {
    this.gantt.select(selection);
    this.gantt.reveal();
    this.gantt.zoomTo(selection);
    document.getElementById("timeline").scrollIntoView({ block: "start", behavior: this.gantt.view.still ? "auto" : "smooth" });
    this.gantt.canvas.focus({ preventScroll: true });
  }

  seriesEntry(cell) {
    const sample = svgElement("svg", { width: 34, height: 12, "aria-hidden": "true" },
      svgElement("line", { x1: 0, x2: 34, y1: 6, y2: 6, class: "series", "data-cell": cell.index, "stroke-dasharray": this.palette.dash(cell.index) }));
    return element("li", {}, element("span", { class: "badge", "data-cell": cell.index }, cell.mark), sample, cell.name);
  }

  /** Gives the marks in the tables the colours of the charts. */
  colourTables() {
    for (const node of document.querySelectorAll("[data-domain]")) {
      node.style.setProperty("--colour", css(this.palette.domain(Number(node.dataset.domain))));
    }
    for (const node of document.querySelectorAll("[data-cell]")) {
      node.style.setProperty("--colour", this.palette.cell(Number(node.dataset.cell)));
    }
  }

  listenToTheme() {
    const changed = () => {
      this.palette.refresh();
      this.colourTables();
      if (!this.gantt) return;
      this.gantt.themeChanged();
      this.drawLegend();
      for (const charts of this.charts) charts.redraw();
      if (this.gantt.selection) this.why.show(this.gantt.selection, this.gantt);
    };
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
    document.getElementById("theme").addEventListener("click", () => {
      document.documentElement.dataset.theme = this.palette.dark ? "light" : "dark";
      changed();
    });
  }
}

// Tests and the curious find the page here; `ready` says that all is drawn, or holds what went wrong.
window.xenolithReport = { ready: false };
Report.open().then(
  (report) => Object.assign(window.xenolithReport, { report, ready: true }),
  (error) => {
    Object.assign(window.xenolithReport, { ready: true, error: String(error) });
    const message = document.getElementById("message");
    message.textContent = `The charts could not be drawn: ${error.message}`;
    message.hidden = false;
    throw error;
  },
);
