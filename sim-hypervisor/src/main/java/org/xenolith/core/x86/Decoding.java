package org.xenolith.core.x86;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Memory;
import org.xenolith.core.x86.Insn.Operand;

/** One decoding under way: prefixes, opcode, ModRM, operands, in the order of the bytes. */
final class Decoding {
    private static final int NO_MAP = -1;

    private final InstructionTable table;
    private final byte[] code;
    private final int start;
    private final int available;
    private final long address;
    private final Insn.Mode mode;
    private final boolean long64;

    private int at;
    private boolean overrun;
    private int opcodeEnd;

    private int prefixes;
    int segmentOverride = Memory.NONE;

    // REX bits, where they are added to register numbers; so too those of VEX and EVEX, the fifth bits of EVEX as 16.
    private int rexW;
    private int rexR;
    private int rexX;
    private int rexB;
    Encoding.Space space = Encoding.Space.LEGACY;
    private int map;
    private int opcode;
    private int found;
    int vectorLength;
    private int vvvv;
    private int evexV;
    boolean evexBroadcast;

    /** The table's line, once decoded. */
    InstructionTable.Row row;

    /** The ModRM byte, or 0. */
    int modrm;

    /** The third byte behind EVEX's 62: z, length, b, V', mask; or 0. */
    int evex;

    /** The REX prefix in force, or 0. */
    int rex;

    /** Where the prefixes end. */
    int prefixEnd;

    /** Whether the memory operand has a displacement, be it 0. */
    boolean displaced;

    /** The SIB byte, or -1. */
    int sib = -1;

    private int operandBits;
    private int addressBits;
    private Memory memory;
    private long targetDisplacement;

    Decoding(InstructionTable table, byte[] code, int offset, int available, long address, Insn.Mode mode) {
        this.table = table;
        this.code = code;
        this.start = offset;
        this.available = available;
        this.address = address;
        this.mode = mode;
        this.long64 = mode == Insn.Mode.BITS_64;
    }

    Insn decode() {
        readPrefixes();
        readOpcode();
        if (overrun) {
            return cut();
        }
        boolean needed = false;
        List<InstructionTable.Row> candidates = map == NO_MAP ? List.of() : table.at(space, map, opcode);
        for (InstructionTable.Row candidate : candidates) {
            needed |= candidate.encoding().modrm && inMode(candidate.encoding());
        }
        modrm = needed ? peek() : 0;
        if (overrun) {
            return cut();
        }
        for (InstructionTable.Row candidate : candidates) {
            if (candidate.encoding().fits(found, modrm, rexW, vectorLength, rexB != 0, long64)) {
                row = candidate;
                break;
            }
        }
        if (row == null) {
            return invalid();
        }
        return finish();
    }

    private boolean inMode(Encoding e) {
        return long64 ? !e.not64 : !e.only64;
    }

    // --- Bytes.

    private int peek() {
        if (at >= available || at >= Decoder.MAX_LENGTH) {
            overrun = true;
            return 0;
        }
        return code[start + at] & 0xff;
    }

    private int next() {
        int b = peek();
        at++;
        return b;
    }

    private long signed(int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (long) next() << 8 * i;
        }
        int unused = 64 - 8 * bytes;
        return value << unused >> unused;
    }

    /** What there is when the bytes ended: nothing yet, or an instruction that is too long. */
    private Insn cut() {
        return available < Decoder.MAX_LENGTH ? null : invalid();
    }

    private Insn invalid() {
        int length = opcodeEnd == 0 ? Decoder.MAX_LENGTH : opcodeEnd;
        InstructionTable.Row bad = InstructionTable.INVALID;
        return new Insn(
                bad.entry(), address, length, mode, prefixes, defaultBits(), addressSize(), opcode, List.of(), null);
    }

    // --- Prefixes and opcode.

    private void readPrefixes() {
        while (true) {
            int b = peek();
            if (overrun) {
                return;
            }
            switch (b) {
                case 0x26, 0x2e, 0x36, 0x3e -> segmentOverride = b >> 3 & 3;
                case 0x64, 0x65 -> segmentOverride = b - 0x60;
                case 0x66 -> prefixes |= Insn.PREFIX_OPERAND_SIZE;
                case 0x67 -> prefixes |= Insn.PREFIX_ADDRESS_SIZE;
                case 0xf0 -> prefixes |= Insn.PREFIX_LOCK;
                case 0xf2 -> prefixes = prefixes & ~Insn.PREFIX_REP | Insn.PREFIX_REPNE;
                case 0xf3 -> prefixes = prefixes & ~Insn.PREFIX_REPNE | Insn.PREFIX_REP;
                default -> {
                    if (!long64 || (b & 0xf0) != 0x40) {
                        return;
                    }
                    rex(b);
                    at++;
                    continue;
                }
            }
            // A REX prefix counts only directly before the opcode.
            rex(0);
            prefixes &= ~Insn.PREFIX_REX;
            at++;
        }
    }

    private void rex(int b) {
        prefixes |= Insn.PREFIX_REX;
        rex = b;
        rexW = b >> 3 & 1;
        rexR = (b & 4) << 1;
        rexX = (b & 2) << 2;
        rexB = (b & 1) << 3;
    }

    private void readOpcode() {
        prefixEnd = at;
        int b = next();
        opcodeEnd = overrun ? 0 : at;
        if ((b == 0xc4 || b == 0xc5 || b == 0x62) && (long64 || peek() >= 0xc0)) {
            if (b == 0x62) {
                readEvex();
            } else {
                readVex(b == 0xc4);
            }
            if (!long64) {
                // There are eight registers: the bits that would name more are ignored.
                rexR = 0;
                rexX = 0;
                rexB = 0;
                vvvv &= 7;
                evexV = 0;
            }
            opcode = next();
            return;
        }
        if (b == 0x0f) {
            map = 1;
            b = next();
            if (b == 0x38 || b == 0x3a) {
                map = b == 0x38 ? 2 : 3;
                b = next();
            }
        }
        opcode = b;
        if (has(Insn.PREFIX_REP)) {
            found = Encoding.PREFIX_F3;
        } else if (has(Insn.PREFIX_REPNE)) {
            found = Encoding.PREFIX_F2;
        } else {
            found = has(Insn.PREFIX_OPERAND_SIZE) ? Encoding.PREFIX_66 : Encoding.PREFIX_NONE;
        }
    }

    private boolean has(int prefix) {
        return (prefixes & prefix) != 0;
    }

    private void readVex(boolean three) {
        space = Encoding.Space.VEX;
        int b = next();
        rexR = (~b & 0x80) >> 4;
        int chosen = 1;
        if (three) {
            rexX = (~b & 0x40) >> 3;
            rexB = (~b & 0x20) >> 2;
            chosen = b & 0x1f;
            b = next();
            rexW = b >> 7;
        }
        choose(chosen <= 3 ? chosen : 0);
        vvvv = ~b >> 3 & 15;
        vectorLength = b >> 2 & 1;
        found = b & 3;
    }

    private void readEvex() {
        space = Encoding.Space.EVEX;
        int p0 = next();
        int p1 = next();
        int p2 = next();
        evex = p2;
        rexR = (~p0 & 0x80) >> 4 | ~p0 & 0x10;
        rexX = (~p0 & 0x40) >> 3;
        rexB = (~p0 & 0x20) >> 2;
        int chosen = p0 & 7;
        boolean known = chosen <= 6 && (p0 & 8) == 0 && (p1 & 4) != 0;
        choose(known ? chosen : 0);
        rexW = p1 >> 7;
        evexV = ~p2 << 1 & 0x10;
        vvvv = ~p1 >> 3 & 15 | evexV;
        vectorLength = p2 >> 5 & 3;
        evexBroadcast = (p2 & 0x10) != 0;
        found = p1 & 3;
    }

    /** Takes the map that VEX or EVEX tells; 0 is none, and there is none behind a prefix that they include. */
    private void choose(int chosen) {
        int included =
                Insn.PREFIX_LOCK | Insn.PREFIX_REP | Insn.PREFIX_REPNE | Insn.PREFIX_OPERAND_SIZE | Insn.PREFIX_REX;
        map = chosen == 0 || (prefixes & included) != 0 ? NO_MAP : chosen;
    }

    // --- Operands.

    private Insn finish() {
        Encoding encoding = row.encoding();
        operandBits = effectiveBits(encoding);
        addressBits = addressSize();
        boolean register = modrm >= 0xc0 || encoding.ignoreMod;
        if (encoding.modrm) {
            at++;
            if (space == Encoding.Space.EVEX && evexBroadcast && register) {
                // The length bits are a rounding mode then; all such instructions are as long as can be.
                vectorLength = 2;
            }
            if (!register) {
                memory = readMemory();
            }
        }
        List<Operand> operands = new ArrayList<>(row.operands().size());
        boolean usesV = false;
        boolean usesG = false;
        for (OperandPattern pattern : row.operands()) {
            OperandPattern.Place place = pattern.place();
            usesV |= place == OperandPattern.Place.H || place == OperandPattern.Place.B;
            usesV |= place == OperandPattern.Place.KH;
            usesG |= place == OperandPattern.Place.G;
            Operand operand = operand(pattern, register);
            if (operand != null) {
                operands.add(operand);
            }
        }
        if (overrun) {
            return cut();
        }
        if (space != Encoding.Space.LEGACY && !usesV && (vvvv & 15) != 0 || vectorLength > 2) {
            return invalid();
        }
        boolean idleV = !usesV && evexV != 0 && !isGather();
        if (idleV || usesG && (rexR & 16) != 0) {
            return invalid();
        }
        if (has(Insn.PREFIX_LOCK) && !(encoding.lockable && operands.get(0).kind() == Kind.MEMORY)) {
            return invalid();
        }
        for (int i = 0; i < operands.size(); i++) {
            if (!exists(operands.get(i), i == 0)) {
                return invalid();
            }
        }
        resolve(operands);
        int size = row.bytes() ? 8 : operandBits;
        return new Insn(
                row.entry(), address, at, mode, prefixes, size, addressBits, opcode, List.copyOf(operands), memory);
    }

    private boolean isGather() {
        for (OperandPattern o : row.operands()) {
            if (isVectorIndex(o.place())) {
                return true;
            }
        }
        return false;
    }

    private static boolean isVectorIndex(OperandPattern.Place place) {
        return place == OperandPattern.Place.VMX
                || place == OperandPattern.Place.VMY
                || place == OperandPattern.Place.VMZ;
    }

    /** Whether the register is one: there are gaps among segment, control and debug registers, and cs is never loaded. */
    private boolean exists(Operand o, boolean destination) {
        boolean loaded = destination && row.entry().mnemonic().equals("mov");
        return switch (o.kind()) {
            case SEGMENT -> o.register() < 6 && !(loaded && o.register() == Cpu.CS);
            case CONTROL -> o.register() <= 4 && o.register() != 1 || o.register() == 8;
            case DEBUG -> o.register() < 8;
            case MASK -> o.register() < 8;
            default -> true;
        };
    }

    /** Whether a segment prefix tells if the branch is likely taken. */
    boolean hinted() {
        boolean hint = segmentOverride == Cpu.CS || segmentOverride == Cpu.DS;
        String name = row.entry().mnemonic();
        return hint && (name.equals("jcc") || name.equals("jcxz") || name.startsWith("loop"));
    }

    /** Whether a prefix chooses among the instructions of this opcode. */
    boolean choosesByPrefix() {
        for (InstructionTable.Row other : table.at(space, map, opcode)) {
            Encoding e = other.encoding();
            Encoding own = row.encoding();
            int common = e.modrmMask & own.modrmMask;
            boolean apart = own.memoryOnly && (e.modrmMask & 0xc0) != 0;
            if (e.prefix != Encoding.ANY && !apart && (e.modrmValue & common) == (own.modrmValue & common)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the instruction is encoded by EVEX though VEX could say the same, as far as objdump tells such apart. */
    boolean needsNoEvex() {
        String name = row.entry().mnemonic();
        boolean plain = (evex & 0x97) == 0 && vectorLength < 2 && evexV == 0 && (rexR & 16) == 0;
        boolean untold =
                name.matches("vpdp.*|vps(ll|ra|rl)v.") || row.entry().operands().startsWith("KG");
        if (!plain || untold || modrm >= 0xc0 && rexX != 0) {
            return false;
        }
        for (InstructionTable.Row other : table.at(Encoding.Space.VEX, map, opcode)) {
            String twin = other.entry().mnemonic();
            if (twin.equals(name) || twin.equals("vpermps") && name.equals("vpermpd")) {
                return true;
            }
        }
        return false;
    }

    private int defaultBits() {
        return mode == Insn.Mode.BITS_16 ? 16 : 32;
    }

    private int effectiveBits(Encoding encoding) {
        boolean override = has(Insn.PREFIX_OPERAND_SIZE);
        if (!long64) {
            return (mode == Insn.Mode.BITS_16) == override ? 32 : 16;
        }
        if (encoding.force64 || rexW != 0) {
            return 64;
        }
        if (override) {
            return 16;
        }
        return encoding.default64 ? 64 : 32;
    }

    private int addressSize() {
        boolean override = has(Insn.PREFIX_ADDRESS_SIZE);
        return switch (mode) {
            case BITS_16 -> override ? 32 : 16;
            case BITS_32 -> override ? 16 : 32;
            case BITS_64 -> override ? 32 : 64;
        };
    }

    private Operand operand(OperandPattern p, boolean register) {
        int reg = modrm >> 3 & 7;
        int rm = modrm & 7;
        return switch (p.place()) {
            case E -> register ? gpr(rm | rexB, bits(p)) : memory(p);
            case G -> gpr(reg | rexR & 8, bits(p));
            case R -> gpr(rm | rexB, bits(p));
            case M, VMX, VMY, VMZ -> memory(p);
            case Z -> gpr(opcode & 7 | rexB, bits(p));
            case B -> gpr(vvvv & 15, bits(p));
            case GPR -> new Operand(Kind.GPR, bits(p), p.fixed(), 0);
            case I -> immediate(p);
            case I_SIGNED -> new Operand(Kind.IMMEDIATE, operandBits, 0, cutTo(signed(1), operandBits));
            case ONE -> new Operand(Kind.IMMEDIATE, 8, 0, 1);
            case O -> {
                long offset = cutTo(signed(addressBits / 8), addressBits);
                memory = inSegment(Cpu.DS, Memory.NONE, Memory.NONE, 1, offset);
                yield memory(p);
            }
            case J -> {
                targetDisplacement = signed(bits(p) / 8);
                yield new Operand(Kind.TARGET, operandBits, 0, 0);
            }
            case A -> {
                long offset = cutTo(signed(operandBits / 8), operandBits);
                yield new Operand(Kind.FAR, operandBits, (int) signed(2) & 0xffff, offset);
            }
            case S -> new Operand(Kind.SEGMENT, 16, reg, 0);
            case SEGMENT -> new Operand(Kind.SEGMENT, operandBits, p.fixed(), 0);
            case C -> new Operand(Kind.CONTROL, bits(p), reg | rexR & 8, 0);
            case D -> new Operand(Kind.DEBUG, bits(p), reg | rexR & 8, 0);
            case X -> imply(inSegment(Cpu.DS, Cpu.RSI, Memory.NONE, 1, 0));
            case Y -> memory == null ? imply(new Memory(Cpu.ES, Cpu.RDI, Memory.NONE, 1, 0, false)) : null;
            case BX -> imply(inSegment(Cpu.DS, Cpu.RBX, Memory.NONE, 1, 0));
            case DI -> imply(inSegment(Cpu.DS, Cpu.RDI, Memory.NONE, 1, 0));
            case V -> xmm(reg | rexR, p);
            case W -> register ? xmm(rm | vectorRm(), p) : memory(p);
            case U -> xmm(rm | vectorRm(), p);
            case H -> xmm(vvvv, p);
            case L -> xmm(next() >> 4 & (long64 ? 15 : 7), p);
            case XMM0 -> xmm(0, p);
            case P -> new Operand(Kind.MMX, 64, reg, 0);
            case Q -> register ? new Operand(Kind.MMX, 64, rm, 0) : memory(p);
            case N -> new Operand(Kind.MMX, 64, rm, 0);
            case KG -> new Operand(Kind.MASK, 64, reg | rexR, 0);
            case KE -> register ? new Operand(Kind.MASK, 64, rm, 0) : memory(p);
            case KR -> new Operand(Kind.MASK, 64, rm, 0);
            case KH -> new Operand(Kind.MASK, 64, vvvv, 0);
            case ST -> new Operand(Kind.ST, 80, 0, 0);
            case STI -> new Operand(Kind.ST, 80, rm, 0);
        };
    }

    private Operand imply(Memory implied) {
        memory = implied;
        return null;
    }

    /** High bits of a vector register in ModRM.rm: EVEX uses X for the fifth. */
    private int vectorRm() {
        return space == Encoding.Space.EVEX ? rexB | rexX << 1 : rexB;
    }

    private Operand gpr(int register, int bits) {
        boolean high = bits == 8 && register >= 4 && register < 8 && !has(Insn.PREFIX_REX);
        return high && space == Encoding.Space.LEGACY
                ? new Operand(Kind.HIGH_BYTE, 8, register - 4, 0)
                : new Operand(Kind.GPR, bits, register, 0);
    }

    private Operand xmm(int register, OperandPattern p) {
        int bits = bits(p);
        return new Operand(Kind.XMM, bits <= 128 ? 128 : bits, register, 0);
    }

    private Operand memory(OperandPattern p) {
        return new Operand(Kind.MEMORY, broadcasts(p) ? bitsOf(p.broadcast()) : bits(p), 0, 0);
    }

    private boolean broadcasts(OperandPattern p) {
        return evexBroadcast && !p.broadcast().isEmpty();
    }

    private Operand immediate(OperandPattern p) {
        return switch (p.width()) {
            case "b" -> new Operand(Kind.IMMEDIATE, 8, 0, next());
            case "w" -> new Operand(Kind.IMMEDIATE, 16, 0, signed(2) & 0xffff);
            case "d" -> new Operand(Kind.IMMEDIATE, 32, 0, signed(4) & 0xffff_ffffL);
            case "v" -> new Operand(Kind.IMMEDIATE, operandBits, 0, cutTo(signed(operandBits / 8), operandBits));
            default -> new Operand(Kind.IMMEDIATE, operandBits, 0, cutTo(signed(bits(p) / 8), operandBits));
        };
    }

    private static long cutTo(long value, int bits) {
        return bits == 64 ? value : value & (1L << bits) - 1;
    }

    private int bits(OperandPattern p) {
        return bitsOf(p.width());
    }

    private int bitsOf(String width) {
        return switch (width) {
            case "" -> 0;
            case "b" -> 8;
            case "w" -> 16;
            case "d" -> 32;
            case "q" -> 64;
            case "dq" -> 128;
            case "qq" -> 256;
            case "t" -> 80;
            case "s" -> long64 ? 80 : 48;
            case "v" -> operandBits;
            case "z" -> Math.min(operandBits, 32);
            case "y" -> long64 && rexW != 0 ? 64 : 32;
            case "n" -> long64 ? 64 : 32;
            case "a" -> addressBits;
            case "p" -> 16 + operandBits;
            case "x" -> 128 << vectorLength;
            case "h" -> 64 << vectorLength;
            case "f" -> 32 << vectorLength;
            case "e" -> 16 << vectorLength;
            default -> throw new IllegalStateException(row.place() + ": width " + width);
        };
    }

    // --- Memory.

    private Memory inSegment(int segment, int base, int index, int scale, long displacement) {
        int effective = segment;
        if (segmentOverride >= 0 && (!long64 || segmentOverride >= Cpu.FS)) {
            effective = segmentOverride;
        }
        return new Memory(effective, base, index, scale, displacement, segmentOverride >= 0);
    }

    private Memory readMemory() {
        return addressBits == 16 ? readMemory16() : readMemory32();
    }

    private Memory readMemory16() {
        int mod = modrm >> 6;
        int rm = modrm & 7;
        if (mod == 0 && rm == 6) {
            displaced = true;
            return inSegment(Cpu.DS, Memory.NONE, Memory.NONE, 1, signed(2) & 0xffff);
        }
        int base = rm == 4 ? Cpu.RSI : rm == 5 ? Cpu.RDI : rm == 2 || rm == 3 || rm == 6 ? Cpu.RBP : Cpu.RBX;
        int index = rm > 3 ? Memory.NONE : (rm & 1) == 0 ? Cpu.RSI : Cpu.RDI;
        int segment = base == Cpu.RBP ? Cpu.SS : Cpu.DS;
        return inSegment(segment, base, index, 1, displacement(mod, 2));
    }

    private Memory readMemory32() {
        int mod = modrm >> 6;
        int rm = modrm & 7;
        int base = rm | rexB;
        int index = Memory.NONE;
        int scale = 1;
        boolean vector = isGather();
        if (rm == 4) {
            sib = next();
            scale = 1 << (sib >> 6);
            index = sib >> 3 & 7 | rexX;
            if (vector) {
                index |= evexV;
            } else if (index == 4) {
                index = Memory.NONE;
            }
            rm = sib & 7;
            base = rm | rexB;
            if (mod == 0 && rm == 5) {
                displaced = true;
                return inSegment(Cpu.DS, Memory.NONE, index, scale, signed(4));
            }
        } else if (mod == 0 && rm == 5) {
            displaced = true;
            return inSegment(Cpu.DS, long64 ? Memory.RIP : Memory.NONE, Memory.NONE, 1, signed(4));
        }
        int segment = base == Cpu.RSP || base == Cpu.RBP ? Cpu.SS : Cpu.DS;
        return inSegment(segment, base, index, scale, displacement(mod, 4));
    }

    private long displacement(int mod, int wide) {
        displaced = mod != 0;
        return switch (mod) {
            case 0 -> 0;
            case 1 -> signed(1) * compression();
            default -> signed(wide);
        };
    }

    /** What EVEX multiplies a displacement of one byte with: the bytes of the memory operand. */
    private int compression() {
        if (space != Encoding.Space.EVEX) {
            return 1;
        }
        for (OperandPattern p : row.operands()) {
            if (p.place() == OperandPattern.Place.W
                    || p.place() == OperandPattern.Place.E
                    || p.place().memoryOnly()) {
                return Math.max(1, (broadcasts(p) ? bitsOf(p.broadcast()) : bits(p)) / 8);
            }
        }
        return 1;
    }

    // --- What needs to know where the instruction ends.

    private void resolve(List<Operand> operands) {
        long next = address + at;
        if (memory != null && memory.base() == Memory.RIP) {
            long target = cutTo(next + memory.displacement(), addressBits);
            memory = new Memory(memory.segment(), Memory.RIP, Memory.NONE, 1, target, memory.segmentOverride());
        }
        for (int i = 0; i < operands.size(); i++) {
            Operand o = operands.get(i);
            if (o.kind() == Kind.TARGET) {
                operands.set(i, new Operand(o.kind(), o.bits(), 0, cutTo(next + targetDisplacement, o.bits())));
            }
        }
    }
}
