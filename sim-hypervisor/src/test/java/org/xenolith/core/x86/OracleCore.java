package org.xenolith.core.x86;

import java.nio.ByteBuffer;
import org.xenolith.core.x86.Insn.Mode;
import org.xenolith.machine.MachineMemory;

/** The core, set up as the host's user mode: a page of code and two of memory at the same addresses, the rest not mapped. */
final class OracleCore {
    private static final int TABLES = 5;
    private static final int CODE_FRAME = TABLES;
    private static final int SCRATCH_FRAME = TABLES + 1;
    private static final int FRAMES = TABLES + 3;
    private static final long PRESENT_WRITABLE_USER = 7;
    private static final int CODE_AT = (CODE_FRAME << MachineMemory.PAGE_SHIFT) + 0x800;
    private static final int SCRATCH_AT = SCRATCH_FRAME << MachineMemory.PAGE_SHIFT;
    private static final int WINDOW_AT = SCRATCH_AT + (int) (OracleState.WINDOW - OracleState.SCRATCH);
    private static final byte BREAKPOINT = (byte) 0xcc;

    private final MachineMemory memory = new MachineMemory(FRAMES);
    private final Cpu cpu = new Cpu(memory, PhysicalMap.identity(FRAMES), true);

    OracleCore() {
        point(0, 0, 1);
        point(1, 0, 2);
        point(2, OracleState.CODE >> 21, 3); // both begin with 2 MiB of their own
        point(2, OracleState.SCRATCH >> 21, 4);
        point(3, 0, CODE_FRAME);
        point(4, 0, SCRATCH_FRAME);
        point(4, 1, SCRATCH_FRAME + 1);
        cpu.system.cr0 = 0x80010033L; // PG WP NE ET MP PE
        cpu.system.cr4 = 0x620; // OSXMMEXCPT OSFXSR PAE
        cpu.system.efer = 0xd01; // NXE LMA LME SCE
        cpu.cpl = 3;
        for (int segment = 0; segment < 6; segment++) { // for compatibility mode: flat, 32-bit
            cpu.system.segmentAttributes[segment] = segment == Cpu.CS ? 0xc0fb : 0xc0f3;
            cpu.system.segmentLimit[segment] = -1;
        }
        cpu.segmentBase[Cpu.GS] = OracleState.GS_BASE;
    }

    private void point(int table, long index, int frame) {
        memory.put64(table << MachineMemory.PAGE_SHIFT | (int) index * 8, (long) frame << 12 | PRESENT_WRITABLE_USER);
    }

    /** Executes the case's instruction; of one that repeats, one repetition. */
    OracleState execute(OracleCase test) {
        OracleState before = test.before();
        memory.fill(CODE_AT, 32, BREAKPOINT);
        memory.write(CODE_AT, test.code(), 0, test.code().length);
        memory.write(WINDOW_AT, before.window, 0, OracleState.WINDOW_BYTES);
        cpu.mode = test.code32() ? Mode.BITS_32 : Mode.BITS_64;
        cpu.mmu.select();
        System.arraycopy(before.r, 0, cpu.r, 0, 16);
        cpu.rip = OracleState.CODE;
        cpu.setRflags(before.flags | Cpu.IF);
        loadFloats(before.fxView());

        cpu.run(1);

        OracleState after = new OracleState();
        System.arraycopy(cpu.r, 0, after.r, 0, 16);
        after.rip = cpu.rip;
        after.flags = cpu.rflags() & OracleState.FLAGS;
        if (cpu.exit.reason == CpuExit.Reason.EXCEPTION) {
            after.trap = (int) cpu.exit.number;
            after.error = Math.max(0, cpu.exit.errorCode);
            after.faultAddress = after.trap == Fault.PF ? cpu.exit.address : 0;
        } else if (cpu.exit.reason != CpuExit.Reason.BUDGET) {
            throw new AssertionError(test + " ended with " + cpu.exit.reason);
        }
        saveFloats(after.fxView());
        memory.read(WINDOW_AT, after.window, 0, OracleState.WINDOW_BYTES);
        memory.fill(WINDOW_AT, OracleState.WINDOW_BYTES, (byte) 0);
        for (int at = SCRATCH_AT; at < SCRATCH_AT + OracleState.SCRATCH_BYTES; at += 8) {
            if (memory.get64(at) != 0) {
                after.strays++;
                memory.put64(at, 0);
            }
        }
        return after;
    }

    private void loadFloats(ByteBuffer fx) {
        Fpu f = cpu.fpu;
        f.setControl(fx.getShort(0));
        f.setStatusWord(fx.getShort(2));
        f.valid = fx.get(4) & 0xff;
        for (int i = 0; i < 8; i++) {
            f.significand[f.physical(i)] = fx.getLong(32 + 16 * i);
            f.signExponent[f.physical(i)] = fx.getShort(40 + 16 * i) & 0xffff;
        }
        cpu.mxcsr = fx.getInt(24);
        for (int i = 0; i < 32; i++) {
            cpu.xmm[i] = fx.getLong(160 + 8 * i);
        }
    }

    private void saveFloats(ByteBuffer fx) {
        Fpu f = cpu.fpu;
        fx.putShort(0, (short) f.control);
        fx.putShort(2, (short) f.statusWord());
        fx.put(4, (byte) f.valid);
        for (int i = 0; i < 8; i++) {
            fx.putLong(32 + 16 * i, f.significand[f.physical(i)]);
            fx.putShort(40 + 16 * i, (short) f.signExponent[f.physical(i)]);
        }
        fx.putInt(24, cpu.mxcsr);
        for (int i = 0; i < 32; i++) {
            fx.putLong(160 + 8 * i, cpu.xmm[i]);
        }
    }
}
