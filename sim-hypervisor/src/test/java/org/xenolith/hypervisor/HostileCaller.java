package org.xenolith.hypervisor;

import java.util.Arrays;
import java.util.function.LongSupplier;
import org.xenolith.machine.LittleEndian;
import org.xenolith.machine.MachineMemory;

/** A booted guest that issues any hypercall with any arguments, and whether that harmed anybody else. */
final class HostileCaller {
    private static final int PAGES = 24;
    private static final int AREA = 0x4000;

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

    private void call(GuestExit exit) {
        scribble();
        int number = choice(48);
        long[] arg = new long[5];
        for (int i = 0; i < arg.length; i++) {
            arg[i] = choice(2) == 0 ? number() : i == 0 ? choice(32) : AREA;
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
            if (!Arrays.equals(before[i], frame(frames[i]))) {
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
                return "its frame is in the attacker's memory at " + gfn;
            }
        }
        return victim.shutdownReason() == -1 ? null : "it ended";
    }

    /** How many hypercalls it came to issue. */
    int issued() {
        return issued;
    }
}
