package org.xenolith.core.x86;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** What a user program sees of a CPU and of the test's memory, before or after one instruction. */
final class OracleState {
    /** Where instructions lie. */
    static final long CODE = 0x10000800L;

    /** The pages a test may use. */
    static final long SCRATCH = 0x20000000L;

    /** Their length. */
    static final int SCRATCH_BYTES = 0x2000;

    /** The part of them that is filled, and compared. */
    static final long WINDOW = SCRATCH + 0xe00;

    /** Its length. */
    static final int WINDOW_BYTES = 1024;

    /** Bytes of an fxsave area that hold something. */
    static final int FX_BYTES = 416;

    /** Base of gs. */
    static final long GS_BASE = 0x1000;

    /** Trap number of an instruction that did not trap. */
    static final int DONE = -1;

    /** RFLAGS that are looked at: the status flags and DF. */
    static final long FLAGS = Cpu.STATUS | Cpu.DF;

    final long[] r = new long[16];
    long rip = CODE;
    long flags;
    int trap = DONE;
    int error;
    long faultAddress;
    final byte[] fx = new byte[FX_BYTES];
    final byte[] window = new byte[WINDOW_BYTES];

    /** Words of the scratch pages outside the window that are not zero. */
    long strays;

    private final ByteBuffer fxView = ByteBuffer.wrap(fx).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer windowView = ByteBuffer.wrap(window).order(ByteOrder.LITTLE_ENDIAN);

    ByteBuffer fxView() {
        return fxView;
    }

    ByteBuffer windowView() {
        return windowView;
    }

    OracleState copy() {
        OracleState s = new OracleState();
        System.arraycopy(r, 0, s.r, 0, 16);
        s.rip = rip;
        s.flags = flags;
        s.trap = trap;
        s.error = error;
        s.faultAddress = faultAddress;
        System.arraycopy(fx, 0, s.fx, 0, FX_BYTES);
        System.arraycopy(window, 0, s.window, 0, WINDOW_BYTES);
        s.strays = strays;
        return s;
    }

    /** A number that almost surely differs for states that differ. */
    int digest() {
        int h = Arrays.hashCode(r);
        h = h * 31 + Long.hashCode(flags);
        h = h * 31 + Arrays.hashCode(fx);
        return h * 31 + Arrays.hashCode(window);
    }
}
