package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenolith.core.x86.Insn.Mode;
import org.xenolith.machine.MachineMemory;

/** What the tests against the host's CPU cannot ask: the fast way beside the slow one, and what only a system sees. */
class FloatingPointTest {
    private static final int ROUNDS = 20_000;
    private static final int MASKED = 0x1f80;
    private static final int INEXACT_BEFORE = MASKED | SoftFloat.INEXACT;

    private final Semantics semantics = Semantics.all();
    private final Cpu c = new Cpu(new MachineMemory(1), PhysicalMap.identity(1), true);

    private void execute(String code) {
        byte[] bytes = HexFormat.of().parseHex(code);
        Insn insn = new Decoder().decode(bytes, 0, bytes.length, 0, Mode.BITS_64);
        semantics.op(insn).exec(c);
    }

    private int vectorOf(String code) {
        Fault fault = catchThrowableOfType(Fault.class, () -> execute(code));
        return fault == null ? -1 : fault.vector;
    }

    private static long random(OracleRandom random, Format f) {
        return f == Format.BINARY64 ? random.float64() : random.float32() & 0xffffffffL;
    }

    /** With the inexact flag set Java's arithmetic may compute, without it never does. */
    @ParameterizedTest
    @CsvSource({"ADD", "SUBTRACT", "MULTIPLY", "DIVIDE", "SQUARE_ROOT"})
    void fastArithmeticIsTheSlowOne(Arithmetic operation) {
        OracleRandom random = new OracleRandom(operation.ordinal());
        for (int i = 0; i < ROUNDS; i++) {
            Format f = i % 2 == 0 ? Format.BINARY32 : Format.BINARY64;
            long a = random(random, f);
            long b = random(random, f);
            long fast = compute(operation, f, a, b, INEXACT_BEFORE);
            int fastFlags = c.mxcsr;
            long slow = compute(operation, f, a, b, MASKED);
            assertThat(fast).as("%s of %s %x, %x", operation, f, a, b).isEqualTo(slow);
            assertThat(fastFlags).isEqualTo(c.mxcsr | SoftFloat.INEXACT);
        }
    }

    /** The operations that have a fast way. */
    enum Arithmetic {
        ADD,
        SUBTRACT,
        MULTIPLY,
        DIVIDE,
        SQUARE_ROOT
    }

    private long compute(Arithmetic operation, Format f, long a, long b, int mxcsr) {
        SseUnit u = c.fpu.sse;
        c.mxcsr = mxcsr;
        u.begin(c);
        long result =
                switch (operation) {
                    case ADD -> u.add(f, a, b);
                    case SUBTRACT -> u.subtract(f, a, b);
                    case MULTIPLY -> u.multiply(f, a, b);
                    case DIVIDE -> u.divide(f, a, b);
                    case SQUARE_ROOT -> u.squareRoot(f, a, b);
                };
        u.end(c);
        return f == Format.BINARY64 ? result : result & 0xffffffffL;
    }

    /** CR0 in hex with EM 4 and TS 8, CR4 with OSFXSR 200; the vector raised, or -1. */
    @ParameterizedTest
    @CsvSource({
        "0f58c1, 0, 200, -1", // addps xmm0, xmm1
        "0f58c1, 0, 0, 6",
        "0f58c1, 4, 200, 6",
        "0f58c1, 8, 200, 7",
        "0f58c1, 8, 0, 6",
        "0ffcc1, 0, 0, -1", // paddb mm0, mm1
        "0ffcc1, 4, 0, 6",
        "0ffcc1, 8, 0, 7",
        "d9e8, 0, 0, -1", // fld1
        "d9e8, 4, 0, 7",
        "d9e8, 8, 0, 7",
        "dbe3, 8, 0, 7", // fninit
        "9b, 8, 0, -1", // fwait heeds TS only with MP
        "9b, a, 0, 7",
    })
    void controlRegistersKeepFromIt(String code, String cr0, String cr4, int vector) {
        c.system.cr0 = Long.parseLong(cr0, 16);
        c.system.cr4 = Long.parseLong(cr4, 16);
        assertThat(vectorOf(code)).isEqualTo(vector);
    }

    @Test
    void unmaskedX87ExceptionWaitsForTheNextInstruction() {
        c.fpu.setControl(0x37b); // division by zero is not masked
        execute("d9e8"); // fld1
        execute("d9ee"); // fldz
        execute("def9"); // fdivp st1, st0
        assertThat(c.fpu.status & SoftFloat.ZERO_DIVIDE).isNotZero();
        assertThat(c.fpu.top).as("nothing is popped").isEqualTo(6);
        assertThat(vectorOf("d9e8")).isEqualTo(Fault.MF);
        assertThat(vectorOf("9b")).isEqualTo(Fault.MF);
        assertThat(vectorOf("0ffcc1")).as("an MMX instruction").isEqualTo(Fault.MF);
        execute("dbe2"); // fnclex does not wait
        assertThat(vectorOf("d9e8")).isEqualTo(-1);
    }

    @Test
    void unmaskedSseExceptionIsXmOnlyIfTheSystemTakesIt() {
        c.mxcsr = MASKED & ~(SoftFloat.ZERO_DIVIDE << SseUnit.MASKS);
        c.xmm[0] = Double.doubleToRawLongBits(1);
        c.xmm[2] = 0;
        c.system.cr4 = SseGuard.CR4_OSFXSR;
        assertThat(vectorOf("f20f5ec1")).isEqualTo(Fault.UD); // divsd xmm0, xmm1
        c.system.cr4 |= SseGuard.CR4_OSXMMEXCPT;
        assertThat(vectorOf("f20f5ec1")).isEqualTo(Fault.XM);
        assertThat(c.mxcsr & SoftFloat.ZERO_DIVIDE).isNotZero();
        assertThat(c.xmm[0]).isEqualTo(Double.doubleToRawLongBits(1));
    }
}
