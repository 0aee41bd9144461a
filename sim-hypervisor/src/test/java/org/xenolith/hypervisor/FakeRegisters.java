package org.xenolith.hypervisor;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.machine.MachineMemory;

/**
 * Registers in an array, for tests: nothing executes, whatever the hypervisor does is noted. Linear memory is flat: either a few bytes of
 * its own, or, once {@link #mapOnto} was called, the domain's physical memory (linear address = physical address).
 */
final class FakeRegisters implements Registers {
    private static final long RFLAGS_IF = 1 << 9;

    private final long[] values = new long[Register.values().length];
    final FlatMemory flat;

    /** What happened, in order: such as {@code interrupt 243}, {@code exception 13 0 0x0}, {@code flushTlb}. */
    final List<String> log = new ArrayList<>();

    /** Bytes at rip, for {@link #fetch}. */
    byte[] code = new byte[0];

    int cpl;
    boolean is64Bit = true;

    /** Whether an interrupt would be taken: the flag IF is looked at besides. */
    boolean interruptible = true;

    /** Pages (linear address >> 12) that user mode or writes are kept out of, for {@link #translate}. */
    final List<Long> readOnlyPages = new ArrayList<>();

    private Physmap physmap;

    /** With {@code bytes} of linear memory of its own, from address 0. */
    FakeRegisters(int bytes) {
        flat = new FlatMemory(bytes);
        set(Register.RFLAGS, RFLAGS_IF | 2);
    }

    /** Linear memory is {@code map} from now on. */
    void mapOnto(Physmap map) {
        physmap = map;
    }

    @Override
    public long get(Register register) {
        return values[register.ordinal()];
    }

    @Override
    public void set(Register register, long value) {
        values[register.ordinal()] = value;
    }

    @Override
    public int cpl() {
        return cpl;
    }

    @Override
    public boolean is64Bit() {
        return is64Bit;
    }

    @Override
    public boolean loadSegment(Register segment, int selector) {
        set(segment, selector);
        log.add("loadSegment " + segment + " " + Integer.toHexString(selector));
        return true;
    }

    @Override
    public void setGdt(long base, int limit) {
        log.add("setGdt 0x" + Long.toHexString(base) + " " + limit);
    }

    @Override
    public void setLdt(long base, int entries) {
        log.add("setLdt 0x" + Long.toHexString(base) + " " + entries);
    }

    @Override
    public void flushTlb() {
        log.add("flushTlb");
    }

    @Override
    public void flushTlbPage(long address) {
        log.add("flushTlbPage 0x" + Long.toHexString(address));
    }

    @Override
    public GuestMemory memory() {
        return new GuestMemory() {
            @Override
            public boolean read(long address, byte[] to, int length) {
                return physmap == null ? flat.read(address, to, length) : copy(address, to, length, false);
            }

            @Override
            public boolean write(long address, byte[] from, int length) {
                return physmap == null ? flat.write(address, from, length) : copy(address, from, length, true);
            }
        };
    }

    private boolean copy(long address, byte[] bytes, int length, boolean write) {
        for (int pass = 0; pass < 2; pass++) {
            for (int done = 0; done < length; ) {
                int part = Math.min(
                        length - done, MachineMemory.PAGE_SIZE - (int) (address + done & MachineMemory.PAGE_SIZE - 1));
                int machine = translate(address + done, write, false);
                if (machine < 0) {
                    return false;
                }
                if (pass == 1 && write) {
                    physmap.frames().memory().write(machine, bytes, done, part);
                } else if (pass == 1) {
                    physmap.frames().memory().read(machine, bytes, done, part);
                }
                done += part;
            }
        }
        return true;
    }

    @Override
    public int translate(long address, boolean write, boolean user) {
        if (physmap == null || write && readOnlyPages.contains(address >> MachineMemory.PAGE_SHIFT)) {
            return -1;
        }
        long page = address >> MachineMemory.PAGE_SHIFT;
        int mfn = write ? physmap.mfnForWriting(page) : physmap.mfn(page);
        return mfn < 0 || write && !mayWrite(mfn)
                ? -1
                : mfn << MachineMemory.PAGE_SHIFT | (int) address & MachineMemory.PAGE_SIZE - 1;
    }

    /** What a PV guest uses as a page table or for descriptors it has mapped nowhere to write to. */
    private boolean mayWrite(int mfn) {
        PageTypes types = physmap.frames().types();
        return types.typeCount(mfn) == 0 || types.type(mfn) == PageTypes.WRITABLE;
    }

    @Override
    public int fetch(byte[] to) {
        int length = Math.min(to.length, code.length);
        System.arraycopy(code, 0, to, 0, length);
        return length;
    }

    @Override
    public boolean interruptible() {
        return interruptible && (get(Register.RFLAGS) & RFLAGS_IF) != 0;
    }

    @Override
    public void interrupt(int vector) {
        log.add("interrupt " + vector);
    }

    @Override
    public void requestWindow() {
        log.add("requestWindow");
    }

    @Override
    public void exception(int vector, int errorCode, long address) {
        log.add("exception " + vector + " " + errorCode + " 0x" + Long.toHexString(address));
    }

    @Override
    public void startRealMode(int page) {
        log.add("startRealMode " + page);
    }

    @Override
    public void startProtected32(long rip, long rbx) {
        set(Register.RIP, rip);
        set(Register.RBX, rbx);
        is64Bit = false;
        log.add("startProtected32");
    }

    @Override
    public void startPv(long rip, long rsp, long rsi, long cr3) {
        set(Register.RIP, rip);
        set(Register.RSP, rsp);
        set(Register.RSI, rsi);
        set(Register.CR3, cr3);
        cpl = 3;
        is64Bit = true;
        log.add("startPv");
    }
}
