package org.xenolith.core.x86;

/** An x87 instruction: what it does, behind the checks whether it may. */
final class X87Op extends Op {
    /** What it does. */
    @FunctionalInterface
    interface Body {
        /** Does it on {@code f}, which is {@code c}'s. */
        void exec(Cpu c, Fpu f);
    }

    private final boolean waits;
    private final Body body;

    /** {@code waits}: whether it takes waiting exceptions first, as all do but the control instructions named {@code fn}. */
    X87Op(boolean waits, Body body) {
        this.waits = waits;
        this.body = body;
    }

    @Override
    public void exec(Cpu c) {
        if (waits) {
            SseGuard.x87(c);
        } else {
            SseGuard.x87NoWait(c);
        }
        body.exec(c, c.fpu);
    }
}
