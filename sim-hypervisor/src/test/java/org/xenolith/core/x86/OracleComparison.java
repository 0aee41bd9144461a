package org.xenolith.core.x86;

import java.nio.ByteBuffer;
import java.util.Set;
import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Memory;

/** Whether the core did what the host did, in every bit that is defined. */
final class OracleComparison {
    private static final String LETTERS = "oszapc";
    private static final long[] FLAGS = {Cpu.OF, Cpu.SF, Cpu.ZF, Cpu.AF, Cpu.PF, Cpu.CF};
    private static final Set<String> SHIFTS = Set.of("shl", "shr", "sar", "rol", "ror", "rcl", "rcr", "shld", "shrd");

    /** Approximations whose bits are the maker's choice: 12 bits are promised. */
    private static final Set<String> APPROXIMATIONS = Set.of("rcpps", "rcpss", "rsqrtps", "rsqrtss");

    /** These access much memory in an order of the maker's own, so that it shows which part of it faults first. */
    private static final Set<String> STATES = Set.of("fldenv", "fnstenv", "fnsave", "frstor", "fxsave", "fxrstor");

    /** Functions that hardware computes to 64 bits and the core to those of a double. */
    static final Set<String> TRANSCENDENTAL =
            Set.of("fsin", "fcos", "fsincos", "fptan", "fpatan", "f2xm1", "fyl2x", "fyl2xp1");

    private OracleComparison() {}

    /** What differs, or null. */
    static String difference(OracleCase test, OracleState host, OracleState core) {
        boolean misaligned = (host.fxView().getInt(24) & 1 << 17) != 0; // a bit of mxcsr that only AMD's CPUs have
        if (isUndefined(test) || misaligned) {
            return null;
        }
        boolean stack =
                host.trap == Fault.SS && core.trap == Fault.GP; // non-canonical stack addresses: stated with Mmu
        if (host.trap != core.trap && !stack) {
            return "trap: host " + host.trap + ", core " + core.trap;
        }
        StringBuilder s = new StringBuilder();
        boolean done = host.trap == OracleState.DONE;
        boolean kernels = host.faultAddress < 0; // what is mapped there is the host kernel's affair
        if (!test.insn().semantics().equals("arpl")
                && !kernels) { // arpl: hardware reads before it knows whether it writes
            differ(s, "error code", host.error, core.error);
        }
        if (!STATES.contains(test.insn().semantics())) {
            differ(s, "fault address", host.faultAddress, core.faultAddress);
        }
        differ(s, "rip", host.rip, core.rip);
        for (int i = 0; i < 16; i++) {
            boolean seen = (!test.code32() || i < 8)
                    && (done || !test.insn().semantics().equals("popa"));
            long mask = !seen ? 0 : test.code32() ? 0xffffffffL : -1;
            differ(s, "r" + i, host.r[i] & mask, core.r[i] & mask);
        }
        long flags = OracleState.FLAGS & ~(host.trap == OracleState.DONE ? undefined(test) : 0);
        differ(s, "flags", host.flags & flags, core.flags & flags);
        floats(s, test, host.fxView(), core.fxView());
        boolean[] ignored = ignoredMemory(test);
        boolean partly = !done && test.insn().semantics().equals("enter"); // what a fault leaves of a frame
        differ(s, "words written outside the window", partly ? 0 : host.strays, partly ? 0 : core.strays);
        for (int i = 0; i < OracleState.WINDOW_BYTES && !partly; i++) {
            if (!ignored[i] && host.window[i] != core.window[i]) {
                differ(s, "byte at window + " + i, host.window[i] & 0xff, core.window[i] & 0xff);
            }
        }
        return s.isEmpty() ? null : s.toString();
    }

    /** Whether the manuals leave the result itself undefined. */
    private static boolean isUndefined(OracleCase test) {
        Insn insn = test.insn();
        return switch (insn.semantics()) {
            case "movsxd" -> insn.operandBits() == 16; // whether it reads 16 or 32 bits differs
            case "shld", "shrd" -> insn.operandBits() == 16 && count(test) > 16;
            case "f2xm1", "fyl2xp1" ->
                (test.before().fxView().getShort(40) & 0x7fff)
                        >= 0x3ffd + (insn.semantics().equals("f2xm1") ? 2 : 0);
            default -> false;
        };
    }

    /** By how much a shift shifts. */
    private static long count(OracleCase test) {
        Insn insn = test.insn();
        Insn.Operand last = insn.operand(insn.operands().size() - 1);
        long count = last.kind() == Kind.GPR ? test.before().r[Cpu.RCX] : last.value();
        return count & (insn.operandBits() == 64 ? 63 : 31);
    }

    private static void differ(StringBuilder s, String what, long host, long core) {
        if (host != core) {
            s.append(String.format("%s: host %x, core %x; ", what, host, core));
        }
    }

    /** Flags that the manuals leave undefined, by the table; of shifts, it depends on the count. */
    private static long undefined(OracleCase test) {
        Insn insn = test.insn();
        if (SHIFTS.contains(insn.semantics())) {
            long count = count(test);
            if (count == 0) {
                return 0;
            }
            boolean rotates = insn.semantics().startsWith("r");
            long undefined = rotates ? 0 : Cpu.AF;
            undefined |= count == 1 ? 0 : Cpu.OF;
            if (count
                    > insn.operandBits()
                            - (insn.semantics().startsWith("sh")
                                            && insn.operands().size() == 2
                                    ? 1
                                    : 0)) {
                undefined |= rotates || insn.semantics().equals("sar") ? 0 : Cpu.CF;
            }
            boolean beyond = insn.operands().size() == 3 && count > insn.operandBits();
            return beyond ? Cpu.STATUS : undefined;
        }
        long undefined = 0;
        for (char letter : test.insn().entry().flags().toCharArray()) {
            if (Character.isUpperCase(letter)) {
                undefined |= FLAGS[LETTERS.indexOf(Character.toLowerCase(letter))];
            }
        }
        return undefined;
    }

    private static void floats(StringBuilder s, OracleCase test, ByteBuffer host, ByteBuffer core) {
        String name = test.insn().semantics();
        int status = TRANSCENDENTAL.contains(name)
                ? 0xffff & ~(Fpu.C1 | Fpu.WAITING | SoftFloat.INEXACT | SoftFloat.UNDERFLOW)
                : 0xffff;
        differ(s, "x87 control", host.getShort(0) & 0xffff, core.getShort(0) & 0xffff);
        differ(s, "x87 status", host.getShort(2) & status, core.getShort(2) & status);
        differ(s, "x87 tags", host.get(4) & 0xff, core.get(4) & 0xff);
        differ(s, "mxcsr", host.getInt(24), core.getInt(24));
        for (int i = 0; i < 8; i++) {
            long hostSignificand = host.getLong(32 + 16 * i);
            long coreSignificand = core.getLong(32 + 16 * i);
            int hostExponent = host.getShort(40 + 16 * i) & 0xffff;
            int coreExponent = core.getShort(40 + 16 * i) & 0xffff;
            if (TRANSCENDENTAL.contains(name)
                    && i < 2
                    && near(hostSignificand, hostExponent, coreSignificand, coreExponent)) {
                continue;
            }
            differ(s, "significand of st" + i, hostSignificand, coreSignificand);
            differ(s, "exponent of st" + i, hostExponent, coreExponent);
        }
        for (int i = 0; i < 64; i++) {
            int h = host.getInt(160 + 4 * i);
            int c = core.getInt(160 + 4 * i);
            if (h != c && !(APPROXIMATIONS.contains(name) && near(h, c))) {
                differ(s, "xmm" + i / 4 + " lane " + i % 4, h, c);
            }
        }
    }

    /** Whether two approximations, each within 1.5 * 2^-12 of the same number, may both be right. */
    private static boolean near(int host, int core) {
        double h = Float.intBitsToFloat(host);
        double c = Float.intBitsToFloat(core);
        return Math.abs(h - c) <= 3 * 0x1p-12 * Math.abs(h);
    }

    private static boolean near(long hostSignificand, int hostExponent, long significand, int signExponent) {
        int exponents = (hostExponent & 0x7fff) - (signExponent & 0x7fff);
        if ((hostExponent ^ signExponent) >> 15 != 0 || Math.abs(exponents) > 1 || (hostExponent & 0x7fff) == 0x7fff) {
            return false;
        }
        if (exponents == 0 && Math.abs(hostSignificand - significand) <= 1) {
            return true; // denormals have few bits
        }
        double h = (hostSignificand >>> 1) * (exponents > 0 ? 2.0 : 1.0);
        double c = (significand >>> 1) * (exponents < 0 ? 2.0 : 1.0);
        return Math.abs(h - c) <= 0x1p-48 * h;
    }

    /** Bytes of memory that are reserved, or hold addresses of the last x87 instruction. */
    private static boolean[] ignoredMemory(OracleCase test) {
        boolean[] ignored = new boolean[OracleState.WINDOW_BYTES + 1024];
        String name = test.insn().semantics();
        int from = 0;
        int to = 0;
        if (name.equals("fxsave")) {
            from = 6;
            to = 24;
        } else if (name.equals("fnstenv") || name.equals("fnsave")) {
            boolean narrow = test.insn().operandBits() == 16;
            from = narrow ? 6 : 12;
            to = narrow ? 14 : 28;
        }
        if (to != 0) {
            int at = (int) (address(test) - OracleState.WINDOW);
            for (int i = from; i < to; i++) {
                ignore(ignored, at + i);
            }
            if (name.equals("fxsave")) {
                for (int i = 28; i < 32; i++) {
                    ignore(ignored, at + i);
                }
            }
        }
        return ignored;
    }

    private static void ignore(boolean[] ignored, int at) {
        if (at >= 0 && at < ignored.length) {
            ignored[at] = true;
        }
    }

    /** Linear address of the memory operand. */
    static long address(OracleCase test) {
        Memory m = test.insn().memory();
        long[] r = test.before().r;
        long offset = m.displacement();
        offset += m.base() >= 0 && m.base() != Memory.RIP ? r[m.base()] : 0;
        offset += m.index() >= 0 ? r[m.index()] * m.scale() : 0;
        offset &= test.insn().addressBits() == 64 ? -1 : 0xffffffffL;
        return offset + (m.segment() == Cpu.GS ? OracleState.GS_BASE : 0);
    }
}
