// Unpacks the columns of a cell. The writer, and the description of the layout, is CellColumns.java.

const RUNNING = 0, RUNNABLE = 1, BLOCKED = 2, OFFLINE = 3, UNKNOWN = 4;
const RUNSTATE_NAMES = ["running", "runnable", "blocked", "offline", "unknown"];
const IDLE_UNIT = -1;

/** Reads whole numbers of seven bits a byte (LEB128). Numbers beyond 2^53 lose their low digits. */
class ColumnReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  unsigned() {
    let byte = this.bytes[this.at++];
    if (byte < 128) return byte;
    let value = byte & 127;
    let scale = 128;
    do {
      if (this.at >= this.bytes.length) throw new Error("the data of this report is cut short");
      byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte >= 128);
    return value;
  }

  signed() {
    const folded = this.unsigned();
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }

  unsignedColumn(into) {
    for (let i = 0; i < into.length; i++) into[i] = this.unsigned();
    return into;
  }

  signedColumn(into) {
    for (let i = 0; i < into.length; i++) into[i] = this.signed();
    return into;
  }

  /** Counts, given as where each part begins: one entry more than there are parts. */
  offsets(size) {
    const begins = new Uint32Array(size + 1);
    for (let i = 0; i < size; i++) begins[i + 1] = begins[i] + this.unsigned();
    return begins;
  }

  /** vCPUs, packed as `domain * 65536 + vcpu`, or IDLE_UNIT. */
  units(size) {
    const units = new Float64Array(size);
    for (let i = 0; i < size; i++) units[i] = this.unsigned() - 1;
    return units;
  }
}

function domainOf(unit) {
  return Math.floor(unit / 65536);
}

function vcpuOf(unit) {
  return unit % 65536;
}

/** Turns base64 of gzip, as it stands in the page, into bytes. */
async function unpack(base64) {
  const text = atob(base64);
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** One vCPU: `start` has one entry more than `state` and `pcpu`, the end of the last interval. */
function readVcpu(reader) {
  const unit = reader.unsigned() - 1;
  const size = reader.unsigned();
  const start = new Float64Array(size + 1);
  start[0] = reader.signed();
  for (let i = 0; i < size; i++) start[i + 1] = start[i] + reader.unsigned();
  const state = new Uint8Array(size);
  const pcpu = new Uint16Array(size);
  for (let i = 0; i < size; i++) {
    const code = reader.unsigned();
    state[i] = code & 7;
    pcpu[i] = code >>> 3;
  }
  return { unit, domain: domainOf(unit), id: vcpuOf(unit), size, start, state, pcpu };
}

function readVcpus(reader) {
  return Array.from({ length: reader.unsigned() }, () => readVcpu(reader));
}

function readDecisions(reader) {
  const size = reader.unsigned();
  const pcpu = reader.unsignedColumn(new Uint16Array(size));
  const time = reader.signedColumn(new Float64Array(size));
  for (let i = 1; i < size; i++) time[i] += time[i - 1];
  const current = reader.units(size);
  const next = reader.units(size);
  const slice = reader.signedColumn(new Float64Array(size));
  const reasonBegin = reader.offsets(size);
  const consideredBegin = reader.offsets(size);
  const reasons = reasonBegin[size];
  const considered = consideredBegin[size];
  return {
    size, pcpu, time, current, next, slice, reasonBegin, consideredBegin,
    reasonText: reader.unsignedColumn(new Uint32Array(reasons)),
    reasonValue: reader.signedColumn(new Float64Array(reasons)),
    unit: reader.units(considered),
    metric: reader.unsignedColumn(new Uint32Array(considered)),
    value: reader.signedColumn(new Float64Array(considered)),
    verdict: reader.unsignedColumn(new Uint32Array(considered)),
  };
}

/** Index of the last entry of the ascending `column[begin..end)` that is at most `value`, or begin - 1. */
function lastAtMost(column, value, begin = 0, end = column.length) {
  let low = begin, high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
