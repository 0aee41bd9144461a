// The rows of the chart: for every cell a heading, its pCPUs and its vCPUs; or the same by pCPU and vCPU, cells in turn.

const HEADING_HEIGHT = 26, PCPU_HEIGHT = 34, VCPU_HEIGHT = 23, GROUP_GAP = 8;

/** Makes the layers of a row when they are first asked for. */
class Row {
  constructor(kind, cell, label, height, makeLayers) {
    this.kind = kind;
    this.cell = cell;
    this.label = label;
    this.shortLabel = label;
    this.height = height;
    this.makeLayers = makeLayers;
    this.made = null;
  }

  get layers() {
    this.made ??= this.makeLayers();
    return this.made;
  }
}

function pcpuRow(cell, pcpu) {
  const row = new Row("pcpu", cell, `pCPU ${pcpu}`, PCPU_HEIGHT, () =>
    cell.domains
      .map((domain) => pcpuLayer(domain.vcpus, pcpu, { kind: "solid", domain: domain.id, text: domain.name }))
      .filter((layer) => layer.size > 0));
  row.pcpu = pcpu;
  return row;
}

function vcpuRow(cell, vcpu) {
  const row = new Row("vcpu", cell, cell.unitName(vcpu.unit), VCPU_HEIGHT, () => [
    runstateLayer(vcpu, RUNNING, { kind: "solid", domain: vcpu.domain, state: RUNNING }),
    runstateLayer(vcpu, RUNNABLE, { kind: "waiting", domain: vcpu.domain, state: RUNNABLE }),
    runstateLayer(vcpu, OFFLINE, { kind: "offline", state: OFFLINE }),
    runstateLayer(vcpu, UNKNOWN, { kind: "unknown", state: UNKNOWN }),
  ].filter((layer) => layer.size > 0));
  row.vcpu = vcpu;
  row.shortLabel = cell.shortUnitName(vcpu.unit);
  return row;
}

function headingRow(label, cell, domain) {
  const row = new Row("heading", cell, label, HEADING_HEIGHT, () => []);
  row.domain = domain;
  return row;
}

/** Rows one below the other, each with its `top`. */
class RowList {
  constructor(cells, grouping) {
    const drawn = cells.filter((cell) => cell.vcpus.length > 0);
    this.rows = grouping === "cell" ? RowList.byCell(drawn) : RowList.byRow(drawn);
    let top = 0;
    for (const row of this.rows) {
      if (row.kind === "heading" && top > 0) top += GROUP_GAP;
      row.top = top;
      top += row.height;
    }
    this.height = top + 2;
  }

  static byCell(cells) {
    return cells.flatMap((cell) => [
      headingRow(cell.name, cell, null),
      ...cell.pcpuNumbers().map((p) => cell.pcpuRow(p)),
      ...cell.vcpus.map((v) => cell.vcpuRow(v)),
    ]);
  }

  static byRow(cells) {
    const pcpus = [...new Set(cells.flatMap((cell) => cell.pcpuNumbers()))].sort((a, b) => a - b);
    const units = [...new Set(cells.flatMap((cell) => cell.vcpus.map((v) => v.unit)))].sort((a, b) => a - b);
    const of = (unit) => cells.filter((cell) => cell.vcpuByUnit.has(unit));
    return [
      ...pcpus.flatMap((p) => [
        headingRow(`pCPU ${p}`, null, null),
        ...cells.filter((cell) => p < cell.pcpus).map((cell) => cell.pcpuRow(p)),
      ]),
      ...units.flatMap((unit) => [
        headingRow(of(unit)[0].unitName(unit), null, domainOf(unit)),
        ...of(unit).map((cell) => cell.vcpuRow(cell.vcpuByUnit.get(unit))),
      ]),
    ];
  }

  /** The row at `y`, or null. */
  at(y) {
    return this.rows.find((row) => y >= row.top && y < row.top + row.height) ?? null;
  }
}
