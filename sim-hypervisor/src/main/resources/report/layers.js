// A row of the chart is a stack of layers, and a layer is a sorted list of disjoint intervals. How much of a pixel's time a
// layer covers follows from running sums in O(log n) at any zoom, so that a million slices need no coarser copies, and
// the picture at every zoom is exact: no slice is skipped, no gap invented.

class Layer {
  /** Intervals [starts[i], ends[i]), ascending. `style` says how it is painted. */
  constructor(starts, ends, style) {
    this.starts = starts;
    this.ends = ends;
    this.style = style;
    this.size = starts.length;
    this.before = new Float64Array(this.size + 1);
    for (let i = 0; i < this.size; i++) this.before[i + 1] = this.before[i] + (ends[i] - starts[i]);
  }

  /** Time covered up to `time`, where `i` is the last interval that starts by then (or -1). */
  coveredUntil(time, i) {
    if (i < 0) return 0;
    const end = this.ends[i];
    return time >= end ? this.before[i + 1] : this.before[i] + time - this.starts[i];
  }

  /** The last interval that starts by `time`, searched forward from `i` in steps that double. */
  advance(i, time) {
    const { starts, size } = this;
    let low = i + 1;
    if (low >= size || starts[low] > time) return i;
    let step = 1;
    while (low + step < size && starts[low + step] <= time) {
      low += step;
      step *= 2;
    }
    return lastAtMost(starts, time, low, Math.min(size, low + step));
  }

  /** First and one past the last interval that meet [from, to). */
  range(from, to) {
    let first = Math.max(0, lastAtMost(this.starts, from, 0, this.size));
    if (first < this.size && this.ends[first] <= from) first++;
    return [first, Math.max(first, lastAtMost(this.starts, to, 0, this.size) + 1)];
  }

  /**
   * Puts into out[x] which fraction of pixel column x is covered, for `width` columns of `perPixel` ns from `from` on.
   * Returns whether any is.
   */
  coverage(from, perPixel, width, out) {
    const [first, end] = this.range(from, from + width * perPixel);
    if (first === end) return false;
    let i = lastAtMost(this.starts, from, 0, this.size);
    let before = this.coveredUntil(from, i);
    for (let x = 0; x < width; x++) {
      const time = from + (x + 1) * perPixel;
      i = this.advance(i, time);
      const covered = this.coveredUntil(time, i);
      out[x] = (covered - before) / perPixel;
      before = covered;
    }
    return true;
  }
}

/** The intervals of `vcpu` in one runstate. */
function runstateLayer(vcpu, runstate, style) {
  let size = 0;
  for (let i = 0; i < vcpu.size; i++) if (vcpu.state[i] === runstate) size++;
  const starts = new Float64Array(size);
  const ends = new Float64Array(size);
  for (let i = 0, n = 0; i < vcpu.size; i++) {
    if (vcpu.state[i] === runstate) {
      starts[n] = vcpu.start[i];
      ends[n++] = vcpu.start[i + 1];
    }
  }
  return new Layer(starts, ends, style);
}

/** What the vCPUs of one domain ran on `pcpu`. They never overlap there, so starts and ends may be sorted apart. */
function pcpuLayer(vcpus, pcpu, style) {
  let size = 0;
  for (const v of vcpus) for (let i = 0; i < v.size; i++) if (v.state[i] === RUNNING && v.pcpu[i] === pcpu) size++;
  const starts = new Float64Array(size);
  const ends = new Float64Array(size);
  let n = 0;
  for (const v of vcpus) {
    for (let i = 0; i < v.size; i++) {
      if (v.state[i] === RUNNING && v.pcpu[i] === pcpu) {
        starts[n] = v.start[i];
        ends[n++] = v.start[i + 1];
      }
    }
  }
  if (vcpus.length > 1) {
    starts.sort();
    ends.sort();
  }
  return new Layer(starts, ends, style);
}
