// The panel that answers a click on a slice: what it is, and why the scheduler chose so.

/** Decisions of one cell, found by pCPU and time. */
class DecisionIndex {
  constructor(decisions, pcpus) {
    this.all = decisions;
    this.byPcpu = Array.from({ length: pcpus }, () => []);
    for (let i = 0; i < decisions.size; i++) this.byPcpu[decisions.pcpu[i]]?.push(i);
  }

  /** Number of decisions on `pcpu` up to `time`. */
  countUntil(pcpu, time) {
    const list = this.byPcpu[pcpu] ?? [];
    let low = 0, high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.all.time[list[middle]] <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The decision on `pcpu` that put `unit` there at `time`, or -1. */
  thatStarted(pcpu, unit, time) {
    const at = this.countUntil(pcpu, time) - 1;
    if (at < 0) return -1;
    const decision = this.byPcpu[pcpu][at];
    return this.all.next[decision] === unit ? decision : -1;
  }

  /** The decision on `pcpu` that took it from `unit` at `time`, or -1. */
  thatEnded(pcpu, unit, time) {
    const at = this.countUntil(pcpu, time) - 1;
    if (at < 0) return -1;
    const decision = this.byPcpu[pcpu][at];
    return this.all.current[decision] === unit && this.all.next[decision] !== unit ? decision : -1;
  }

  /** Decisions on `pcpu` in (from, to). */
  between(pcpu, from, to) {
    const list = this.byPcpu[pcpu] ?? [];
    return list.slice(this.countUntil(pcpu, from), this.countUntil(pcpu, to - 1));
  }

  /** Decisions in [from, to) that looked at `unit` and took another, up to `most` of them, and how many there are. */
  thatPassedOver(unit, from, to, most) {
    const found = [];
    let count = 0;
    for (let pcpu = 0; pcpu < this.byPcpu.length; pcpu++) {
      for (const d of this.between(pcpu, from - 1, to)) {
        if (this.all.next[d] !== unit && this.considers(d, unit)) {
          if (found.length < most) found.push(d);
          count++;
        }
      }
    }
    return { found, count };
  }

  considers(decision, unit) {
    for (let i = this.all.consideredBegin[decision]; i < this.all.consideredBegin[decision + 1]; i++) {
      if (this.all.unit[i] === unit) return true;
    }
    return false;
  }
}

const ENDINGS = {
  [RUNNING]: "given a pCPU",
  [RUNNABLE]: "wants a pCPU and has none",
  [BLOCKED]: "waits for an event",
  [OFFLINE]: "paused, or its cap is used up",
  [UNKNOWN]: "the trace lost records here",
};

class WhyPanel {
  /** `gantt` is asked to move the selection. */
  constructor(panel, palette) {
    this.panel = panel;
    this.palette = palette;
  }

  /** Explains {cell, vcpu, index}; `gantt` moves on from there. */
  show(selection, gantt) {
    const { cell, vcpu, index } = selection;
    const state = vcpu.state[index];
    this.panel.replaceChildren(
      this.heading(selection),
      this.facts(selection),
      this.steps(selection, gantt),
      element("h3", {}, state === RUNNING ? "Why it was chosen" : state === RUNNABLE ? "Why it had to wait" : "Why it did not run"),
      ...this.reasons(cell, vcpu, index, state),
    );
    this.panel.classList.add("filled");
  }

  heading({ cell, vcpu, index }) {
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = css(this.palette.domain(vcpu.domain));
    const badge = element("span", { class: "badge", "data-cell": cell.index }, cell.mark);
    badge.style.background = this.palette.cell(cell.index);
    return element("h2", {}, swatch, `${cell.unitName(vcpu.unit)} ${RUNSTATE_NAMES[vcpu.state[index]]} `,
      element("span", { class: "faint" }, "in "), badge, element("span", { class: "faint" }, ` ${cell.name}`));
  }

  facts({ vcpu, index }) {
    const facts = [
      ["From", formatMoment(vcpu.start[index])],
      ["To", formatMoment(vcpu.start[index + 1])],
      ["Length", formatExactDuration(vcpu.start[index + 1] - vcpu.start[index])],
    ];
    if (vcpu.state[index] === RUNNING) facts.push(["On", `pCPU ${vcpu.pcpu[index]}`]);
    if (index > 0) facts.push(["Before", `${RUNSTATE_NAMES[vcpu.state[index - 1]]} for ${formatDuration(vcpu.start[index] - vcpu.start[index - 1])}`]);
    if (index + 1 < vcpu.size) facts.push(["Then", `${RUNSTATE_NAMES[vcpu.state[index + 1]]}: ${ENDINGS[vcpu.state[index + 1]]}`]);
    return element("dl", {}, ...facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  }

  steps({ cell, vcpu, index }, gantt) {
    const button = (text, label, action, possible) => {
      const made = element("button", { type: "button", "aria-label": label, disabled: possible ? null : "" }, text);
      made.addEventListener("click", action);
      return made;
    };
    return element("p", { class: "steps" },
      button("◀ before", "the interval before", () => gantt.selectNext(-1), index > 0),
      button("after ▶", "the interval after", () => gantt.selectNext(1), index + 1 < vcpu.size),
      button("zoom to it", "zoom to this interval", () => gantt.zoomTo({ vcpu, index }), true));
  }

  reasons(cell, vcpu, index, state) {
    if (state === BLOCKED) return [paragraph("It waited for an event, so no scheduler could have run it.")];
    if (state === UNKNOWN) return [paragraph("Its runstate changed here, but the records that say when were lost.")];
    if (state === OFFLINE) return [paragraph("It was paused by the toolstack, or parked because its domain had used up its cap.")];
    const meanwhile = state === RUNNABLE ? this.meanwhile(cell, vcpu, index) : [];
    if (cell.decisions === null) return [...meanwhile, paragraph(noDecisions(cell))];
    return [...meanwhile, ...(state === RUNNING ? this.chosen(cell, vcpu, index) : this.passedOver(cell, vcpu, index))];
  }

  chosen(cell, vcpu, index) {
    const { decisions } = cell;
    const from = vcpu.start[index], to = vcpu.start[index + 1], pcpu = vcpu.pcpu[index];
    const first = decisions.thatStarted(pcpu, vcpu.unit, from);
    const later = decisions.between(pcpu, from, to).filter((d) => decisions.all.next[d] === vcpu.unit);
    if (first < 0 && later.length === 0) return [paragraph(noDecisionHere(cell, from))];
    const parts = first < 0 ? [paragraph("The decision that started it is not in the log.")] : [this.decision(cell, first)];
    if (later.length > 0) {
      const shown = later.slice(0, 20);
      const more = element("details", {}, element("summary", {}, `${formatCount(later.length)} more ${later.length === 1 ? "decision" : "decisions"} let it go on`),
        ...shown.map((d) => this.decision(cell, d)));
      if (shown.length < later.length) more.append(paragraph(`… and ${formatCount(later.length - shown.length)} more.`));
      parts.push(more);
    }
    return parts;
  }

  passedOver(cell, vcpu, index) {
    const from = vcpu.start[index], to = vcpu.start[index + 1];
    const parts = [];
    const lost = index > 0 && vcpu.state[index - 1] === RUNNING ? cell.decisions.thatEnded(vcpu.pcpu[index - 1], vcpu.unit, from) : -1;
    if (lost >= 0) parts.push(paragraph("This decision took its pCPU away:"), this.decision(cell, lost));
    const { found, count } = cell.decisions.thatPassedOver(vcpu.unit, from, to, 12);
    if (count > 0) {
      const many = count === 1 ? "One decision" : `${formatCount(count)} decisions`;
      parts.push(paragraph(`${many} looked at it while it waited and took another${count > found.length ? `; the first ${found.length}:` : ":"}`));
      parts.push(...found.map((d) => this.decision(cell, d)));
    } else {
      parts.push(paragraph("No decision in the log names it while it waited."));
    }
    return parts;
  }

  /** Who had the pCPU that `vcpu` ran on next, while it waited. */
  meanwhile(cell, vcpu, index) {
    const next = vcpu.state.indexOf(RUNNING, index);
    if (next < 0) return [];
    const pcpu = vcpu.pcpu[next], from = vcpu.start[index], to = vcpu.start[index + 1];
    const shares = cell.domains.map((domain) => {
      const layer = cell.pcpuRow(pcpu).layers.find((made) => made.style.domain === domain.id);
      const out = [0];
      layer?.coverage(from, to - from, 1, out);
      return { domain, part: out[0] };
    }).filter(({ part }) => part > 0).sort((a, b) => b.part - a.part);
    if (shares.length === 0) return [];
    const entries = shares.map(({ domain, part }) => {
      const swatch = element("span", { class: "swatch" });
      swatch.style.background = css(this.palette.domain(domain.id));
      return element("li", {}, swatch, `${domain.name} ${formatDuration(part * (to - from))}`);
    });
    return [paragraph(`Meanwhile pCPU ${pcpu} ran`), element("ul", { class: "meanwhile" }, ...entries)];
  }

  decision(cell, d) {
    const { all } = cell.decisions;
    const name = (unit) => unit === IDLE_UNIT ? "idle" : cell.unitName(unit);
    const [begin, end] = [all.consideredBegin[d], all.consideredBegin[d + 1]];
    const parts = [element("p", { class: "decided" },
      element("strong", {}, `${name(all.current[d])} → ${name(all.next[d])}`),
      element("span", { class: "faint" }, ` on pCPU ${all.pcpu[d]} at ${formatMoment(all.time[d])}`))];
    for (let i = all.reasonBegin[d]; i < all.reasonBegin[d + 1]; i++) {
      parts.push(element("p", { class: "reason" }, formatReason(cell.texts[all.reasonText[i]], all.reasonValue[i])));
    }
    if (end > begin) {
      parts.push(element("table", {},
        element("thead", {}, element("tr", {}, ...["Looked at", "Judged by", "Verdict"].map((text) => element("th", { scope: "col" }, text)))),
        element("tbody", {}, ...Array.from({ length: end - begin }, (_, i) => this.consideredRow(cell, d, begin + i)))));
    }
    parts.push(element("p", { class: "faint" }, all.slice[d] < 0 ? "For as long as it likes." : `For at most ${formatExactDuration(all.slice[d])}.`));
    return element("div", { class: "decision" }, ...parts);
  }

  consideredRow(cell, d, i) {
    const { all } = cell.decisions;
    const metric = cell.texts[all.metric[i]];
    return element("tr", { class: all.unit[i] === all.next[d] ? "taken" : null },
      element("th", { scope: "row" }, all.unit[i] === IDLE_UNIT ? "idle" : cell.shortUnitName(all.unit[i])),
      element("td", {}, metric === "" ? "" : `${metric} ${formatCount(all.value[i])}`),
      element("td", {}, cell.texts[all.verdict[i]]));
  }
}

function paragraph(text) {
  return element("p", {}, text);
}

function noDecisions(cell) {
  return cell.status === "recorded"
    ? "This was recorded on a real host, and the trace does not hold the scheduler’s own records."
    : "This run kept no log of its decisions.";
}

function noDecisionHere(cell, time) {
  const { all } = cell.decisions;
  if (cell.droppedDecisions > 0 && all.size > 0 && time > all.time[all.size - 1]) {
    return `The log holds the first ${formatCount(all.size)} decisions, up to ${formatMoment(all.time[all.size - 1])}; ${formatCount(cell.droppedDecisions)} later ones were not kept.`;
  }
  return "No decision in the log started it.";
}
