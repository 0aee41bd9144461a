package org.xenolith.core.x86;

/** All of x87, MMX, SSE and SSE2. */
final class SseOps {
    private SseOps() {}

    /** Binds them. */
    static void define(Semantics s) {
        LaneOps.define(s);
        SseMoveOps.define(s);
        SseFloatOps.define(s);
        X87Ops.define(s);
        X87MoveOps.define(s);
        X87FunctionOps.define(s);
        X87TranscendentalOps.define(s);
        X87StateOps.define(s);
    }
}
