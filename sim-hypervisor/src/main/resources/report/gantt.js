// The chart: who moves it, what is under the pointer, what is selected.

const OVERVIEW_HEIGHT = 30;
/** Chart height in pixels from which it scrolls by itself, unless the window has more room. */
const TALLEST = 860;
const DRAG_FROM = 5;
const TOUCH_REACH = 8;

class Gantt {
  /** `selected` is called with {cell, vcpu, index} when a slice is chosen. */
  constructor(cells, palette, selected) {
    this.cells = cells;
    this.palette = palette;
    this.selected = selected;
    this.selection = null;
    this.hover = null;
    this.pointers = new Map();
    this.canvas = document.getElementById("chart");
    this.scroller = document.getElementById("chart-scroll");
    this.space = document.getElementById("chart-space");
    this.tooltip = document.getElementById("tooltip");
    this.hint = document.getElementById("wheel-hint");
    this.overview = document.getElementById("overview");
    this.window = Math.max(...cells.map((cell) => cell.window));
    const min = Math.min(0, ...cells.map((cell) => cell.begin));
    const max = Math.max(this.window, ...cells.map((cell) => cell.end));
    this.painter = new ChartPainter(this.canvas, palette);
    this.overviewPainter = new RowPainter(palette);
    this.view = new View(min, max, () => this.repaint());
    this.view.from = 0;
    this.view.span = this.window;
    this.group("cell");
    this.listen();
    new ResizeObserver(() => this.fit()).observe(this.scroller);
    this.fit();
  }

  /** Orders the rows by "cell" or by "row" (pCPU and vCPU). */
  group(by) {
    this.rows = new RowList(this.cells, by);
    for (const row of this.rows.rows) row.badge = by !== "cell" && row.kind !== "heading";
    this.space.style.height = `${this.rows.height + AXIS_HEIGHT}px`;
    this.fit();
  }

  fit() {
    const width = this.scroller.clientWidth;
    const height = Math.min(this.rows.height + AXIS_HEIGHT, Math.max(TALLEST, Math.round(window.innerHeight * 0.78)));
    this.scroller.style.height = `${height + 1}px`;
    if (width === 0) return;
    this.painter.resize(width, height);
    this.overview.width = Math.round(width * this.painter.scale);
    this.overview.style.width = `${width}px`;
    this.overview.height = Math.round(OVERVIEW_HEIGHT * this.painter.scale);
    this.paintOverviewBase();
    this.paint();
  }

  /** Paints at the next frame, however often it is asked until then. */
  repaint() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.paint();
    });
  }

  paint() {
    this.painter.paint(this.view, this.rows, this.scroller.scrollTop, this.window, this.selection, this.hover);
    this.paintOverview();
  }

  themeChanged() {
    this.paintOverviewBase();
    this.paint();
  }

  // ---- overview: the whole run of the first row, and which part of it is shown

  paintOverviewBase() {
    const row = this.rows.rows.find((r) => r.kind === "pcpu");
    const { width, height } = this.overview;
    const left = Math.round(this.painter.gutter * this.painter.scale);
    const base = document.createElement("canvas");
    base.width = width;
    base.height = height;
    const context = base.getContext("2d");
    context.fillStyle = css(this.palette.surface);
    context.fillRect(0, 0, width, height);
    if (row && width > left) {
      const perPixel = (this.view.max - this.view.min) / (width - left);
      this.overviewPainter.paint(context, row.layers, this.view.min, perPixel, left, 0, width - left, height, this.painter.scale);
    }
    context.scale(this.painter.scale, this.painter.scale);
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillStyle = this.palette.faint;
    context.fillText(this.painter.gutter > 100 ? "whole run" : "whole", 8, OVERVIEW_HEIGHT / 2);
    this.overviewBase = base;
  }

  paintOverview() {
    const context = this.overview.getContext("2d");
    const { painter, view } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.overviewBase, 0, 0);
    context.setTransform(painter.scale, 0, 0, painter.scale, 0, 0);
    const x = (time) => painter.gutter + (time - view.min) / (view.max - view.min) * painter.plotWidth;
    const left = x(view.from);
    const width = Math.max(4, x(view.from + view.span) - left);
    context.fillStyle = css(this.palette.surface);
    context.globalAlpha = 0.72;
    context.fillRect(painter.gutter, 0, left - painter.gutter, OVERVIEW_HEIGHT);
    context.fillRect(left + width, 0, painter.width, OVERVIEW_HEIGHT);
    context.globalAlpha = 1;
    context.strokeStyle = this.palette.accent;
    context.lineWidth = 2;
    context.strokeRect(left + 1, 1, width - 2, OVERVIEW_HEIGHT - 2);
  }

  moveOverview(event) {
    const x = event.clientX - this.overview.getBoundingClientRect().left;
    const { painter, view } = this;
    const time = view.min + (x - painter.gutter) / painter.plotWidth * (view.max - view.min);
    view.show(time - view.span / 2, view.span);
  }

  // ---- what is under a point

  /** {row, time, cell, vcpu, index} at a point of the canvas; vcpu is null where nothing runs; null outside the rows. */
  at(x, y) {
    if (x < this.painter.gutter || y < AXIS_HEIGHT) return null;
    const row = this.rows.at(y - AXIS_HEIGHT + this.scroller.scrollTop);
    if (row === null || row.kind === "heading") return null;
    const time = this.painter.timeAt(this.view, x);
    const found = row.kind === "vcpu" ? { vcpu: row.vcpu, index: intervalAt(row.vcpu, time) } : row.cell.runningOn(row.pcpu, time);
    if (found === null || found.index < 0) return { row, time, cell: row.cell, vcpu: null, index: -1 };
    return { row, time, cell: row.cell, ...found };
  }

  /** As `at`, but where nothing runs, the nearest slice in reach. */
  near(x, y, reach) {
    const here = this.at(x, y);
    if (here === null || (here.vcpu !== null && here.vcpu.state[here.index] !== BLOCKED)) return here;
    for (let d = 1; d <= reach; d++) {
      for (const nearby of [this.at(x - d, y), this.at(x + d, y)]) {
        if (nearby?.vcpu && nearby.vcpu.state[nearby.index] !== BLOCKED) return nearby;
      }
    }
    return here;
  }

  select(selection) {
    this.selection = selection;
    this.repaint();
    this.selected(selection);
  }

  /** Brings what is selected into view: its time if it is outside, its row if it is scrolled away. */
  reveal() {
    const { vcpu, index, cell } = this.selection;
    const from = vcpu.start[index], to = vcpu.start[index + 1];
    const { view } = this;
    if (from < view.from || to > view.from + view.span) {
      const span = Math.max(view.span, (to - from) * 1.5);
      view.goTo((from + to) / 2 - span / 2, span);
    }
    const row = this.rows.rows.find((r) => r.cell === cell && r.vcpu === vcpu);
    const room = this.painter.height - AXIS_HEIGHT - row.height;
    if (row.top < this.scroller.scrollTop) this.scroller.scrollTop = row.top;
    else if (row.top > this.scroller.scrollTop + room) this.scroller.scrollTop = row.top - room;
    this.repaint();
  }

  /** Zooms so that the slice fills a third of the width. */
  zoomTo({ vcpu, index }) {
    const from = vcpu.start[index], length = Math.max(1, vcpu.start[index + 1] - from);
    this.view.goTo(from - length, length * 3);
  }

  // ---- input

  listen() {
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.pointerDown(event));
    canvas.addEventListener("pointermove", (event) => this.pointerMove(event));
    canvas.addEventListener("pointerup", (event) => this.pointerUp(event));
    canvas.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => this.hoverAt(null));
    canvas.addEventListener("dblclick", (event) => {
      const found = this.at(event.offsetX, event.offsetY);
      if (found?.vcpu) this.zoomTo(found);
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.hint.classList.remove("shown"));
    this.scroller.addEventListener("scroll", () => this.repaint());
    this.overview.addEventListener("pointerdown", (event) => {
      this.overview.setPointerCapture(event.pointerId);
      this.moveOverview(event);
    });
    this.overview.addEventListener("pointermove", (event) => {
      if (event.buttons > 0) this.moveOverview(event);
    });
  }

  wheel(event) {
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const sideways = event.shiftKey ? event.deltaX + event.deltaY : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.view.pan(sideways * unit / this.painter.plotWidth, false);
    } else if (event.ctrlKey || event.metaKey || document.activeElement === this.canvas) {
      event.preventDefault();
      const finger = event.ctrlKey && Math.abs(event.deltaY) < 40;
      this.view.zoom(this.painter.timeAt(this.view, event.offsetX), Math.exp(event.deltaY * unit * (finger ? 0.01 : 0.0022)));
    } else {
      this.showHint();
    }
  }

  showHint() {
    this.hint.classList.add("shown");
    clearTimeout(this.hintTimer);
    this.hintTimer = setTimeout(() => this.hint.classList.remove("shown"), 1400);
  }

  pointerDown(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    if (this.pointers.size === 1) {
      this.drag = { x: event.offsetX, y: event.offsetY, from: this.view.from, scroll: this.scroller.scrollTop, moved: false };
    } else {
      this.drag = null;
      this.pinch = this.pinchNow();
    }
    this.hoverAt(null);
  }

  pointerMove(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) {
      if (event.pointerType === "mouse") this.hoverAt(event);
      return;
    }
    pointer.x = event.offsetX;
    pointer.y = event.offsetY;
    if (this.pointers.size === 2) this.movePinch();
    else if (this.drag) this.moveDrag(event);
  }

  moveDrag(event) {
    const { drag, view } = this;
    const dx = event.offsetX - drag.x;
    const dy = event.offsetY - drag.y;
    drag.moved ||= Math.hypot(dx, dy) > DRAG_FROM;
    if (!drag.moved) return;
    view.show(drag.from - dx / this.painter.plotWidth * view.span, view.span);
    if (event.pointerType === "mouse") this.scroller.scrollTop = drag.scroll - dy;
    this.canvas.classList.add("dragged");
  }

  pinchNow() {
    const [a, b] = [...this.pointers.values()];
    const middle = (a.x + b.x) / 2;
    return { distance: Math.max(20, Math.abs(a.x - b.x)), time: this.painter.timeAt(this.view, middle), span: this.view.span };
  }

  /** The moment that was between the fingers stays between them. */
  movePinch() {
    const now = this.pinchNow();
    const { pinch, painter, view } = this;
    const [a, b] = [...this.pointers.values()];
    const span = Math.min(view.max - view.min, Math.max(NARROWEST, pinch.span * pinch.distance / now.distance));
    view.show(pinch.time - ((a.x + b.x) / 2 - painter.gutter) / painter.plotWidth * span, span);
  }

  pointerUp(event) {
    const click = this.drag && !this.drag.moved && this.pointers.size === 1;
    this.pointers.delete(event.pointerId);
    this.canvas.classList.remove("dragged");
    this.drag = null;
    if (!click) return;
    this.canvas.focus({ preventScroll: true });
    const found = this.near(event.offsetX, event.offsetY, event.pointerType === "touch" ? TOUCH_REACH : 2);
    if (found?.vcpu) this.select({ cell: found.cell, vcpu: found.vcpu, index: found.index });
  }

  hoverAt(event) {
    const found = event === null ? null : this.at(event.offsetX, event.offsetY);
    this.hover = event === null || event.offsetX < this.painter.gutter ? null : event.offsetX;
    this.tooltip.hidden = found === null;
    if (found !== null) {
      this.tooltip.replaceChildren(...describeHover(found, this.view.span / this.painter.plotWidth));
      const room = this.scroller.clientWidth - this.tooltip.offsetWidth - 8;
      const y = event.offsetY + 18 + this.tooltip.offsetHeight > this.painter.height
        ? event.offsetY - this.tooltip.offsetHeight - 10 : event.offsetY + 18;
      this.tooltip.style.transform = `translate(${Math.max(4, Math.min(room, event.offsetX + 14))}px, ${y + this.canvas.offsetTop - this.scroller.scrollTop}px)`;
    }
    this.repaint();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { view } = this;
    const middle = (view.target ?? view).from + (view.target ?? view).span / 2;
    const actions = {
      ArrowLeft: () => view.pan(-0.15),
      ArrowRight: () => view.pan(0.15),
      ArrowUp: () => this.selectRow(-1),
      ArrowDown: () => this.selectRow(1),
      "+": () => view.zoom(middle, 0.6),
      "=": () => view.zoom(middle, 0.6),
      "-": () => view.zoom(middle, 1 / 0.6),
      "0": () => view.goTo(0, this.window),
      Home: () => view.goTo(0, this.window),
      ",": () => this.selectNext(-1),
      ".": () => this.selectNext(1),
      Enter: () => this.selection === null ? this.selectRow(1) : this.zoomTo(this.selection),
      Escape: () => this.canvas.blur(),
    };
    if (Object.hasOwn(actions, event.key)) {
      event.preventDefault();
      actions[event.key]();
    }
  }

  /** Selects what the row above or below does at the same time. */
  selectRow(step) {
    const rows = this.rows.rows.filter((row) => row.kind === "vcpu");
    if (rows.length === 0) return;
    const { selection, view } = this;
    const at = selection === null ? -1 : rows.findIndex((row) => row.cell === selection.cell && row.vcpu === selection.vcpu);
    const row = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
    const shown = selection !== null && selection.vcpu.start[selection.index] >= view.from
      && selection.vcpu.start[selection.index] < view.from + view.span;
    const time = shown ? selection.vcpu.start[selection.index] : view.from + view.span / 2;
    const index = Math.max(0, intervalAt(row.vcpu, time));
    this.select({ cell: row.cell, vcpu: row.vcpu, index });
    this.reveal();
  }

  /** Selects the slice before or after. */
  selectNext(step) {
    if (this.selection === null) return this.selectRow(1);
    const { cell, vcpu, index } = this.selection;
    const next = index + step;
    if (next < 0 || next >= vcpu.size) return;
    this.select({ cell, vcpu, index: next });
    this.reveal();
  }
}

/** Index of the interval of `vcpu` that holds `time`, or -1. */
function intervalAt(vcpu, time) {
  return time >= vcpu.start[vcpu.size] ? -1 : lastAtMost(vcpu.start, time, 0, vcpu.size);
}

/** What the tooltip says: one slice, or where many share a pixel, what part of the time each has. */
function describeHover({ row, time, cell, vcpu, index }, perPixel) {
  const head = element("strong", {}, row.kind === "pcpu" ? `pCPU ${row.pcpu}` : row.label);
  const where = element("span", { class: "faint" }, ` in ${cell.mark} ${cell.name}`);
  const dense = vcpu !== null && vcpu.start[index + 1] - vcpu.start[index] < 0.7 * perPixel;
  if (dense) {
    const parts = row.layers.map((layer) => {
      const out = [0];
      layer.coverage(time - perPixel * 4, perPixel * 8, 1, out);
      return [layer.style.text ?? RUNSTATE_NAMES[layer.style.state], out[0]];
    }).filter(([, part]) => part > 0);
    return [head, where, ...parts.map(([name, part]) => line(`${formatPercent(part)} ${name}`)), line(`about ${formatMoment(time)}: zoom in for slices`)];
  }
  if (vcpu === null) return [head, where, line("nothing runs"), line(`at ${formatMoment(time)}`)];
  const length = vcpu.start[index + 1] - vcpu.start[index];
  const state = RUNSTATE_NAMES[vcpu.state[index]];
  const on = vcpu.state[index] === RUNNING && cell.pcpus > 1 ? ` on pCPU ${vcpu.pcpu[index]}` : "";
  return [
    head, where,
    line(row.kind === "pcpu" ? `${cell.unitName(vcpu.unit)} ${state}` : `${state}${on}`),
    line(`from ${formatMoment(vcpu.start[index])}`),
    line(`for ${formatExactDuration(length)}`),
  ];
}

function line(text) {
  return element("div", {}, text);
}
