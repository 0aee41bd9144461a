package org.xenolith.core.x86;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Memory;
import org.xenolith.core.x86.Insn.Operand;
import org.xenolith.core.x86.OperandPattern.Place;

/** Makes instructions of the table's lines, and states for them to begin with in which they do something. */
final class OracleGenerator {
    /**
     * What is not compared: what needs an operating system or asks for what only a machine knows, and what it would let a user program
     * do to the harness.
     */
    private static final Set<String> EXCLUDED = Set.of((""
                    + "syscall sysret sysenter sysexit int int1 int3 into iret far_call far_jmp far_ret cpuid rdtsc rdtscp rdmsr wrmsr "
                    + "in out ins outs sldt str sgdt sidt smsw lar lsl verr verw lds les lfs lgs lss rdfsbase rdgsbase wrfsbase wrgsbase "
                    + "swapgs vmcall vmmcall clac stac invpcid")
            .split(" ", -1));

    private final Decoder decoder = new Decoder();
    private final List<InstructionTable.Row> rows = new ArrayList<>();

    /** Of those lines whose semantics {@code semantics} has. */
    OracleGenerator(Semantics semantics) {
        for (InstructionTable.Row row : InstructionTable.standard().rows()) {
            String name = row.entry().semantics();
            boolean segments = row.operands().stream()
                    .anyMatch(o -> o.place() == Place.S
                            || o.place() == Place.SEGMENT
                            || o.place() == Place.C
                            || o.place() == Place.D);
            if (row.encoding().space == Encoding.Space.LEGACY
                    && semantics.factory(name) != null
                    && !EXCLUDED.contains(name)
                    && !row.entry()
                            .encoding()
                            .startsWith("0F 0D") // of registers: undefined to some makers, nothing to others
                    && !segments) {
                rows.add(row);
            }
        }
    }

    /** The lines it makes instructions of. */
    List<InstructionTable.Row> rows() {
        return List.copyOf(rows);
    }

    /** Case number {@code seed}: lines follow one another. */
    OracleCase make(long seed) {
        InstructionTable.Row row = rows.get((int) (seed % rows.size()));
        OracleRandom random = new OracleRandom(seed);
        while (true) {
            byte[] code = encode(row, random);
            Insn.Mode mode = code[15] != 0 ? Insn.Mode.BITS_32 : Insn.Mode.BITS_64;
            Insn insn = decoder.decode(code, 0, 15, OracleState.CODE, mode);
            if (insn != null && insn.entry().equals(row.entry())) {
                return fromCode(Arrays.copyOf(code, insn.length()), mode, random.next());
            }
        }
    }

    /** The case of given bytes; its state is number {@code seed}. */
    OracleCase fromCode(byte[] code, Insn.Mode mode, long seed) {
        Insn insn = decoder.decode(code, 0, code.length, OracleState.CODE, mode);
        return new OracleCase(insn, code, state(insn, new OracleRandom(seed)));
    }

    // --------------------------------------------------------------------------------------------- instructions

    /** 15 bytes that begin with an instruction; the last byte tells whether it is for compatibility mode. */
    private static byte[] encode(InstructionTable.Row row, OracleRandom random) {
        Encoding e = row.encoding();
        boolean code32 = e.not64 || !e.only64 && random.oneIn(8);
        boolean memory = e.memoryOnly || (e.modrmMask & 0xc0) != 0xc0 && e.modrm && random.oneIn(2);
        boolean implied = row.operands().stream().anyMatch(o -> o.place().implied());
        ByteBuffer b = ByteBuffer.allocate(32);
        prefixes(row, random, b, memory || implied, code32);
        if (!code32) {
            int w = e.w != Encoding.ANY ? e.w : random.below(2);
            int rex = 0x40 | w << 3 | random.below(8) & (random.oneIn(2) ? 7 : 0);
            if (rex != 0x40 || random.oneIn(4)) {
                b.put((byte) rex);
            }
        }
        if (e.map > 0) {
            b.put((byte) 0x0f);
        }
        if (e.map > 1) {
            b.put((byte) (e.map == 2 ? 0x38 : 0x3a));
        }
        b.put((byte) (e.opcode + random.below(e.opcodes)));
        if (e.modrm) {
            int modrm = random.below(256) & ~e.modrmMask | e.modrmValue;
            if ((e.modrmMask & 0xc0) == 0) {
                modrm = memory ? modrm & 0x3f | random.below(3) << 6 : modrm | 0xc0;
            }
            b.put((byte) modrm);
            if (modrm >>> 6 != 3) {
                address(modrm, random, b, code32);
            }
        }
        boolean absolute = row.operands().stream().anyMatch(o -> o.place() == Place.O);
        if (absolute) {
            long target = target(random);
            b.putLong(Long.reverseBytes(target));
        }
        while (b.position() < 15) {
            b.put((byte) random.integer());
        }
        byte[] code = Arrays.copyOf(b.array(), 16);
        code[15] = (byte) (code32 ? 1 : 0);
        return code;
    }

    private static void prefixes(
            InstructionTable.Row row, OracleRandom random, ByteBuffer b, boolean memory, boolean code32) {
        Encoding e = row.encoding();
        boolean string = Set.of("movs", "stos", "lods", "cmps", "scas")
                .contains(row.entry().semantics());
        // With 66, near branches of 64-bit mode differ between makers.
        if (e.prefix == Encoding.ANY && !(e.force64 && !code32) && random.oneIn(4)) {
            b.put((byte) 0x66);
        }
        if (e.lockable && memory && random.oneIn(6)) {
            b.put((byte) 0xf0);
        }
        if (memory && !code32 && random.oneIn(12)) {
            b.put((byte) 0x67);
        }
        if (memory && !code32 && random.oneIn(16)) {
            b.put((byte) 0x65);
        }
        if (string && random.oneIn(2)) {
            b.put((byte) (random.oneIn(2) ? 0xf2 : 0xf3));
        }
        switch (e.prefix) {
            case Encoding.PREFIX_66 -> b.put((byte) 0x66);
            case Encoding.PREFIX_F3 -> b.put((byte) 0xf3);
            case Encoding.PREFIX_F2 -> b.put((byte) 0xf2);
            default -> {}
        }
    }

    /** SIB and displacement: a displacement that is the whole address is that of the window. */
    private static void address(int modrm, OracleRandom random, ByteBuffer b, boolean code32) {
        int mod = modrm >>> 6;
        boolean whole = mod == 0 && (modrm & 7) == 5;
        if ((modrm & 7) == 4) {
            int sib = random.below(256);
            b.put((byte) sib);
            whole |= mod == 0 && (sib & 7) == 5;
        }
        if (whole) {
            boolean relative = (modrm & 7) == 5 && !code32;
            long displacement = target(random) - (relative ? OracleState.CODE + b.position() + 4 : 0);
            b.putInt(Integer.reverseBytes((int) displacement));
        } else if (mod == 1) {
            b.put((byte) random.next());
        } else if (mod == 2) {
            b.putInt((int) random.integer());
        }
    }

    /** An address of the window, most often; rarely one at the end of what is mapped. */
    private static long target(OracleRandom random) {
        return switch (random.below(16)) {
            case 0 -> OracleState.SCRATCH + OracleState.SCRATCH_BYTES - random.below(40);
            case 1, 2 -> OracleState.SCRATCH + 0x1000 - random.below(20);
            case 3, 4 -> OracleState.WINDOW + 128 + random.below(768);
            default -> OracleState.WINDOW + 128 + 16L * random.below(24);
        };
    }

    // --------------------------------------------------------------------------------------------------- states

    private static OracleState state(Insn insn, OracleRandom random) {
        OracleState s = new OracleState();
        for (int i = 0; i < 16; i++) {
            s.r[i] = random.integer();
        }
        s.flags = random.next() & OracleState.FLAGS;
        ByteBuffer window = s.windowView();
        for (int at = 0; at < OracleState.WINDOW_BYTES; at += 8) {
            window.putLong(at, number(random));
        }
        floats(s, random);
        s.r[Cpu.RSP] = target(random);
        if (random.oneIn(2)) {
            s.r[Cpu.RSI] = target(random);
            s.r[Cpu.RDI] = target(random);
            s.r[Cpu.RBP] = target(random);
        }
        special(insn, s, random);
        if (insn.memory() != null && !insn.semantics().equals("lea")) {
            place(insn, s, target(random), random);
        }
        return s;
    }

    /** 64 bits that are integers or floats of some width. */
    private static long number(OracleRandom random) {
        return switch (random.below(4)) {
            case 0 -> random.float64();
            case 1 -> random.float32() & 0xffffffffL | (long) random.float32() << 32;
            default -> random.integer();
        };
    }

    private static void floats(OracleState s, OracleRandom random) {
        ByteBuffer fx = s.fxView();
        for (int i = 0; i < 32; i++) {
            fx.putLong(160 + 8 * i, number(random));
        }
        for (int i = 0; i < 8; i++) {
            int signExponent = random.signExponent80();
            long significand =
                    (signExponent & 0x7fff) == 0 ? random.next() >>> 1 + random.below(63) : random.significand80();
            fx.putLong(32 + 16 * i, random.oneIn(12) ? 0 : significand);
            fx.putShort(40 + 16 * i, (short) signExponent);
        }
        int precision = random.oneIn(3) ? random.below(4) : 3;
        int masks = random.oneIn(6) ? random.below(64) : 63;
        int control = masks | 0x40 | precision << 8 | random.below(4) << 10;
        int sticky = random.oneIn(2) ? random.below(128) & (masks | 0x40) : 0;
        int status = sticky | random.below(8) << 11 | (int) random.next() & 0x4700;
        fx.putShort(0, (short) control);
        fx.putShort(2, (short) status);
        fx.put(4, (byte) (random.oneIn(4) ? random.next() : random.oneIn(2) ? 0xff : 0x7f << random.below(8)));
        int mxcsr = 0x1f80;
        if (random.oneIn(8)) {
            mxcsr = random.below(64) << 7;
        }
        mxcsr |= random.oneIn(2) ? random.below(64) : 0;
        mxcsr |= random.oneIn(2) ? random.below(4) << 13 : 0;
        mxcsr |= random.oneIn(6) ? 1 << 6 : 0;
        mxcsr |= random.oneIn(6) ? 1 << 15 : 0;
        fx.putInt(24, mxcsr);
    }

    /** What some instructions need to do more than fault. */
    private static void special(Insn insn, OracleState s, OracleRandom random) {
        switch (insn.semantics()) {
            case "div", "idiv" -> {
                if (!random.oneIn(4)) {
                    int bits = insn.operandBits();
                    s.r[Cpu.RDX] = insn.semantics().equals("div")
                            ? random.below(3)
                            : s.r[Cpu.RAX] << 64 - Math.max(bits, 16) >> 63;
                    if (bits == 8) {
                        s.r[Cpu.RAX] = random.integer() & 0xfff;
                    }
                }
            }
            case "movs", "stos", "lods", "cmps", "scas" -> {
                s.r[Cpu.RSI] = target(random);
                s.r[Cpu.RDI] = target(random);
                s.r[Cpu.RCX] = random.below(5);
            }
            case "maskmovq", "maskmovdqu" -> s.r[Cpu.RDI] = target(random);
            case "enter", "leave" -> s.r[Cpu.RBP] = OracleState.WINDOW + 600 + random.below(64);
            case "bt", "bts", "btr", "btc" -> {
                Operand bit = insn.operand(1);
                if (bit.kind() == Kind.GPR) {
                    s.r[bit.register()] = random.below(1600) - 800L;
                }
            }
            case "cmpxchg", "cmpxchg8b", "cmpxchg16b" -> {
                if (random.oneIn(2)) {
                    ByteBuffer window = s.windowView();
                    for (int at = 0; at < OracleState.WINDOW_BYTES; at += 16) {
                        window.putLong(
                                at,
                                insn.operandBits() == 32
                                        ? s.r[Cpu.RAX] & 0xffffffffL | s.r[Cpu.RDX] << 32
                                        : s.r[Cpu.RAX]);
                        window.putLong(at + 8, s.r[Cpu.RDX]);
                    }
                }
            }
            case "popf" -> { // no trap, no alignment checks
                ByteBuffer window = s.windowView();
                for (int at = 0; at < OracleState.WINDOW_BYTES; at += 8) {
                    window.putLong(at, window.getLong(at) & OracleState.FLAGS);
                }
                s.r[Cpu.RSP] &= ~7L;
            }
            case "ldmxcsr", "fxrstor" -> {
                ByteBuffer window = s.windowView();
                int mask = random.oneIn(8) ? 0x4ffff : 0xffff;
                for (int at = 0; at < OracleState.WINDOW_BYTES; at += 4) {
                    if (insn.semantics().equals("ldmxcsr") || at % 16 == 8) {
                        window.putInt(at, window.getInt(at) & mask);
                    }
                }
            }
            case "ret", "call", "jmp" -> {
                // Targets that are canonical: whether the jump or the fetch faults on others differs between makers.
                ByteBuffer window = s.windowView();
                for (int at = 0; at < OracleState.WINDOW_BYTES; at += 8) {
                    window.putLong(at, window.getLong(at) & 0x00000fff00000fffL);
                }
                for (int i = 0; i < 16; i++) {
                    s.r[i] &= 0x7fffffffffffL;
                }
                s.r[Cpu.RSP] = OracleState.WINDOW + 128 + 8L * random.below(96);
            }
            default -> {}
        }
    }

    /** Sets base and index so that the memory operand lies at {@code target}. */
    private static void place(Insn insn, OracleState s, long target, OracleRandom random) {
        Memory m = insn.memory();
        String name = insn.semantics();
        long at = target;
        if (insn.operands().stream().noneMatch(o -> o.kind() == Kind.MEMORY)) {
            if (!name.equals("xlat")) {
                return; // strings: their registers are set
            }
            at -= s.r[Cpu.RAX] & 0xff;
            s.r[Cpu.RBX] = at - (m.segment() == Cpu.GS ? OracleState.GS_BASE : 0);
            return;
        }
        if (name.equals("fxsave") || name.equals("fxrstor")) {
            at = OracleState.WINDOW + 16L * random.below(32) + (random.oneIn(16) ? 8 : 0);
        } else if (name.equals("call") || name.equals("jmp")) {
            at = OracleState.WINDOW + 8L * random.below(120);
        }
        if (m.segment() == Cpu.GS) {
            at -= OracleState.GS_BASE;
        }
        long rest = at - m.displacement();
        if (m.base() == m.index() && m.base() >= 0) {
            s.r[m.base()] = divide(rest, 1 + m.scale());
        } else if (m.base() >= 0 && m.base() != Memory.RIP) {
            long index = m.index() >= 0 ? s.r[m.index()] * m.scale() : 0;
            s.r[m.base()] = rest - index;
        } else if (m.index() >= 0) {
            s.r[m.index()] = divide(rest, m.scale());
        }
        if (insn.addressBits() == 32
                && !insn.mode().equals(Insn.Mode.BITS_32)
                && m.base() >= 0
                && m.base() != Memory.RIP) {
            s.r[m.base()] ^= random.next() << 32; // what is cut off
        }
    }

    /** A number that times {@code scale} (1, 2, 4, 8, or one more) is {@code product}, or somewhat less. */
    private static long divide(long product, int scale) {
        return Math.floorDiv(product, scale);
    }
}
