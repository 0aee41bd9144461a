package org.xenolith.guest;

import org.xenolith.core.x86.CoreObserver;

/**
 * Every instruction takes the same number of cycles and executes when all of them have passed; what a budget leaves over is carried into
 * the next.
 */
final class FunctionalTiming implements Timing {
    private final long cyclesPerInstruction;

    /** Cycles that have passed of the next instruction. */
    private long carry;

    /** TSC before the first instruction of the present run. */
    private long tscAtStart;

    FunctionalTiming(long cyclesPerInstruction) {
        this.cyclesPerInstruction = cyclesPerInstruction;
    }

    @Override
    public CoreObserver observer() {
        return null;
    }

    @Override
    public long tsc(long executed) {
        return tscAtStart + executed * cyclesPerInstruction;
    }

    @Override
    public long run(long budget, long tsc, Core core) {
        tscAtStart = tsc - carry;
        long passed = carry + budget;
        long done = core.execute(passed / cyclesPerInstruction);
        if (!core.stopped()) {
            carry = passed - done * cyclesPerInstruction;
            return budget;
        }
        long used = Math.max(0, done * cyclesPerInstruction - carry);
        carry = Math.max(0, carry - done * cyclesPerInstruction);
        return used;
    }
}
