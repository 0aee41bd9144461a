// What is plotted, measured from the vCPUs' intervals inside the window [0, window), by the definitions of the table
// (CellSummary.java).

/** Lengths of unbroken runs that ended in the window and whose beginning is known, in ns. */
function runLengths(vcpus, window) {
  const lengths = [];
  for (const v of vcpus) {
    for (let i = 1; i + 1 < v.size; i++) {
      const end = v.start[i + 1];
      if (v.state[i] === RUNNING && v.state[i - 1] !== UNKNOWN && end >= 0 && end < window) lengths.push(end - v.start[i]);
    }
  }
  return lengths;
}

/** RUNNABLE time from waking to running, where the run began in the window, in ns. */
function wakeLatencies(vcpus, window) {
  const latencies = [];
  for (const v of vcpus) {
    let waited = -1;
    for (let i = 1; i < v.size; i++) {
      const state = v.state[i];
      if (state === RUNNING) {
        if (waited >= 0 && v.start[i] >= 0 && v.start[i] < window) latencies.push(waited);
        waited = -1;
      } else if (state === RUNNABLE) {
        if (v.state[i - 1] === BLOCKED) waited = 0;
        if (waited >= 0) waited += v.start[i + 1] - v.start[i];
      } else if (state !== OFFLINE) {
        waited = -1;
      }
    }
  }
  return latencies;
}

/** The longest stretch of the window that one of `vcpus` was RUNNABLE, as {vcpu, index, length}, or null. */
function longestWait(vcpus, window) {
  let longest = null;
  for (const vcpu of vcpus) {
    for (let index = 0; index < vcpu.size; index++) {
      if (vcpu.state[index] !== RUNNABLE) continue;
      const length = Math.min(window, vcpu.start[index + 1]) - Math.max(0, vcpu.start[index]);
      if (length > (longest?.length ?? 0)) longest = { vcpu, index, length };
    }
  }
  return longest;
}

/** Part of one pCPU that `vcpus` together used in each of `buckets` equal parts of the window. */
function sharesOverTime(vcpus, window, buckets) {
  const length = window / buckets;
  const shares = new Float64Array(buckets);
  for (const v of vcpus) {
    for (let i = 0; i < v.size; i++) {
      if (v.state[i] !== RUNNING) continue;
      const from = Math.max(0, v.start[i]);
      const to = Math.min(window, v.start[i + 1]);
      for (let b = Math.floor(from / length); b < buckets && b * length < to; b++) {
        shares[b] += Math.max(0, Math.min(to, (b + 1) * length) - Math.max(from, b * length)) / length;
      }
    }
  }
  return shares;
}

const BINS_PER_DECADE = 8;

/** Bin of a duration on the logarithmic scale: bin 0 holds 1 ns and less. */
function logBin(nanos) {
  return nanos <= 1 ? 0 : Math.floor(Math.log10(nanos) * BINS_PER_DECADE + 1e-9);
}

/** Where a bin begins, in ns. */
function logBinStart(bin) {
  return 10 ** (bin / BINS_PER_DECADE);
}

/** Values by logarithmic bin, with the quantiles that are marked. */
function logHistogram(values) {
  const sorted = Float64Array.from(values).sort();
  const counts = new Array(sorted.length === 0 ? 0 : logBin(sorted[sorted.length - 1]) + 1).fill(0);
  for (const value of sorted) counts[logBin(value)]++;
  const quantile = (q) => sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  return { counts, total: values.length, p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) };
}
