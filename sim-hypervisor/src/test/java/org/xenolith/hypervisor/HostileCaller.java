package org.xenolith.hypervisor;

import java.util.Arrays;
import java.util.function.LongSupplier;
import org.xenolith.machine.LittleEndian;
import org.xenolith.machine.MachineMemory;

/** A booted guest that issues any hypercall with any arguments, and whether that harmed anybody else. */
final class HostileCaller {
    private static final int PAGES = 24;
    private static final int AREA = 0x4000;

    /** Entries by which the victim lets the attacker read a page, and write one. */
    private static final int READABLE = 2;

    private static final int WRITABLE = 3;

    private final LongSupplier random;
    private final Hypervisor hypervisor = Machines.withFrames(1, 400, null, 0);
    private final FakeBootedGuest guest = new FakeBootedGuest();
    private final Domain attacker;
    private final Domain victim;
    private final Domain.Type type;
    private int issued;

    /** A guest of the kind {@code type} whose every choice is drawn from {@code random}. */
    HostileCaller(Domain.Type type, LongSupplier random) {
        this.type = type;
        this.random = random;
        attacker = Machines.booted(hypervisor, 1, type, PAGES, guest, new FakeBootedGuest());
        victim = Machines.booted(hypervisor, 2, Domain.Type.PVH, PAGES, new FakeBootedGuest());
        attacker.setMaxPages(PAGES + 20);
        attacker.memoryMap().add(0, 0x100000, MemoryMap.RAM);
        for (int gfn = 0; gfn < PAGES; gfn++) {
            fill(victim.physmap().mfn(gfn), (byte) (gfn + 1));
        }
        victim.grants().permit(9, 3, 5); // for somebody else
        victim.grants().permit(READABLE, 1, READABLE);
        int entry = (victim.grants().frame(0) << MachineMemory.PAGE_SHIFT) + 8 * READABLE;
        hypervisor.frames().memory().put16(entry, GrantTable.PERMIT_ACCESS | GrantTable.READ_ONLY);
        victim.grants().permit(WRITABLE, 1, WRITABLE);
    }

    private void fill(int mfn, byte value) {
        hypervisor.frames().memory().fill(mfn << MachineMemory.PAGE_SHIFT, MachineMemory.PAGE_SIZE, value);
    }

    private byte[] frame(int mfn) {
        byte[] bytes = new byte[MachineMemory.PAGE_SIZE];
        hypervisor.frames().memory().read(mfn << MachineMemory.PAGE_SHIFT, bytes, 0, bytes.length);
        return bytes;
    }

    private int[] victimFrames() {
        int[] frames = new int[PAGES + 2];
        for (int gfn = 0; gfn < PAGES; gfn++) {
            frames[gfn] = victim.physmap().mfn(gfn);
        }
        frames[PAGES] = victim.sharedInfo().frame();
        frames[PAGES + 1] = victim.grants().frame(0);
        return frames;
    }

    private int choice(int bound) {
        return (int) Long.remainderUnsigned(random.getAsLong(), bound);
    }

    private long number() {
        return switch (choice(8)) {
            case 0 -> random.getAsLong();
            case 1 -> -choice(20);
            case 2 -> 0x7ff0;
            case 3 -> AREA + choice(64) * 8;
            case 4 -> choice(400);
            case 5 -> choice(1 << 20);
            default -> choice(8);
        };
    }

    private void scribble() {
        byte[] bytes = new byte[1024];
        for (int i = 0; i < bytes.length; i += choice(3) == 0 ? 4 : 8) {
            LittleEndian.put32(bytes, i, (int) number());
        }
        guest.registers.memory().write(AREA, bytes, bytes.length);
    }

    /** A grant to be mapped, unmapped or copied, such as makes sense more often than not. */
    private int grant(long[] arg) {
        int[] operations = {0, 0, 1, 5, 7};
        arg[0] = operations[choice(operations.length)];
        arg[2] = 1L + choice(3);
        byte[] bytes = new byte[128];
        for (int i = 0; i < 3; i++) {
            int size = arg[0] == 0 ? 32 : arg[0] == 5 ? 40 : 24;
            boolean copies = arg[0] == 5;
            put64(bytes, size * i, copies ? choice(5) : choice(2) == 0 ? choice(64) << 12 : machineAddress());
            put64(bytes, size * i + 8, arg[0] == 0 ? choice(32) | (long) choice(5) << 32 : copies ? 2 : number());
            put64(bytes, size * i + 16, arg[0] == 0 ? 2 : copies ? choice(24) : choice(6));
            if (copies) {
                put64(bytes, size * i + 24, choice(2) == 0 ? 2 : Abi.DOMID_SELF);
                put64(bytes, size * i + 32, choice(5000) | (long) choice(4) << 16);
            }
        }
        guest.registers.memory().write(AREA, bytes, bytes.length);
        return Abi.HYPERVISOR_GRANT_TABLE_OP;
    }

    /** Memory to be given back, taken or exchanged. */
    private int reservation(long[] arg) {
        int[] operations = {0, 1, 6, 11};
        arg[0] = operations[choice(operations.length)];
        byte[] bytes = new byte[1024];
        for (int at = 0; at < 64; at += 32) {
            put64(bytes, at, AREA + 256 + 8 * at);
            put64(bytes, at + 8, 1 << choice(4));
            put64(bytes, at + 16, choice(4));
            put64(bytes, at + 24, Abi.DOMID_SELF);
        }
        for (int at = 256; at < 1024; at += 8) {
            int gfn = 5 + choice(40);
            put64(
                    bytes,
                    at,
                    choice(2) == 0 ? gfn : Math.max(0, attacker.physmap().mfn(gfn)));
        }
        guest.registers.memory().write(AREA, bytes, bytes.length);
        return Abi.HYPERVISOR_MEMORY_OP;
    }

    private long machineAddress() {
        return ((long) choice(400) << 12) + 8L * choice(512);
    }

    private static void put64(byte[] bytes, int at, long value) {
        LittleEndian.put64(bytes, at, value);
    }

    private void call(GuestExit exit) {
        scribble();
        int number = choice(48);
        long[] arg = new long[5];
        for (int i = 0; i < arg.length; i++) {
            arg[i] = choice(2) == 0 ? number() : i == 0 ? choice(32) : AREA;
        }
        switch (choice(6)) {
            case 0 -> {
                arg[1] = AREA;
                number = grant(arg);
            }
            case 1 -> {
                arg[1] = AREA;
                number = reservation(arg);
            }
            default -> {}
        }
        if (number == Abi.HYPERVISOR_SCHED_OP && choice(20) != 0) {
            number = Abi.HYPERVISOR_MEMORY_OP; // it is to live on, and to sleep seldom
        }
        issued++;
        exit.hypercall(number, 0, 0);
        System.arraycopy(arg, 0, exit.arg, 0, 5);
        if (type == Domain.Type.PV) {
            exit.reason = GuestExit.Reason.SYSCALL;
            guest.registers.set(Register.RAX, number);
            guest.registers.set(Register.RDI, arg[0]);
            guest.registers.set(Register.RSI, arg[1]);
            guest.registers.set(Register.RDX, arg[2]);
            guest.registers.set(Register.R10, arg[3]);
            guest.registers.set(Register.R8, arg[4]);
        }
    }

    /** Has it issue {@code count} hypercalls; says what of the other domain's is not as it was, or null. */
    String harmAfter(int count) {
        int[] frames = victimFrames();
        byte[][] before = new byte[frames.length][];
        for (int i = 0; i < frames.length; i++) {
            before[i] = frame(frames[i]);
        }
        for (int i = 0; i < count; i++) {
            guest.then(this::call);
        }
        hypervisor.unpause(attacker);
        hypervisor.run(50_000_000);
        if (!Arrays.equals(frames, victimFrames())) {
            return "its memory moved";
        }
        for (int i = 0; i < frames.length; i++) {
            if (i != WRITABLE && !Arrays.equals(grantsAside(i, before[i]), grantsAside(i, frame(frames[i])))) {
                return "its frame " + i + " changed";
            }
            int owner = hypervisor.frames().owner(frames[i]);
            if (owner != (i < PAGES ? 2 : FrameTable.NOBODY)) {
                return "its frame " + i + " became that of domain " + owner;
            }
        }
        for (int gfn = 0; gfn < 2048; gfn++) {
            int mfn = attacker.physmap().mfn(gfn);
            if (mfn != Physmap.NONE && hypervisor.frames().owner(mfn) == 2) {
                int granted = hypervisor.frames().gfn(mfn);
                boolean allowed = granted == WRITABLE
                        || granted == READABLE && attacker.physmap().mfnForWriting(gfn) == Physmap.NONE;
                if (!allowed) {
                    return "its frame " + granted + " is in the attacker's memory at " + gfn;
                }
            }
        }
        return victim.shutdownReason() == -1 ? null : "it ended";
    }

    /** Without what the hypervisor itself notes in the entries that the attacker may use: bits of their first 16 bits. */
    private static byte[] grantsAside(int i, byte[] bytes) {
        byte[] rest = bytes.clone();
        if (i == PAGES + 1) {
            rest[8 * READABLE] &= (byte) ~(GrantTable.READING | GrantTable.WRITING);
            rest[8 * WRITABLE] &= (byte) ~(GrantTable.READING | GrantTable.WRITING);
        }
        return rest;
    }

    /** Has both domains destroyed; says what of the machine's memory is not free then, or null. */
    String leftBehind() {
        Hypervisor before = Machines.withFrames(1, 400, null, 0);
        if (type == Domain.Type.PV) {
            before.frames().machineToPhys();
        }
        boolean attackerFirst = choice(2) == 0;
        hypervisor.destroy(attackerFirst ? attacker : victim);
        hypervisor.run(hypervisor.time() + 1_000_000);
        hypervisor.destroy(attackerFirst ? victim : attacker);
        hypervisor.run(hypervisor.time() + 1_000_000);
        PageTypes types = hypervisor.frames().types();
        for (int mfn = 0; mfn < 400; mfn++) {
            if (types.references(mfn) != 0 || types.typeCount(mfn) != 0) {
                return "frame " + mfn + " is referred to " + types.references(mfn) + " times";
            }
        }
        int lost = before.frames().memory().freeFrames()
                - hypervisor.frames().memory().freeFrames();
        return lost == 0 ? null : lost + " frames are lost";
    }

    /** How many grants it came to map at a time. */
    int mapped() {
        return attacker.grantMaps().end();
    }

    /** How many hypercalls it came to issue. */
    int issued() {
        return issued;
    }
}
