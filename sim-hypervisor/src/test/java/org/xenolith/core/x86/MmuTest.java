package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.xenolith.machine.MachineMemory;

/** Random page tables of all kinds, used with and without the TLB, in step with {@link SlowWalk} on a second memory. */
class MmuTest {
    private static final int FRAMES = 32;
    private static final int DATA = 16; // frames from here on hold data, those below page tables
    private static final int[] SIZES = {1, 2, 4, 8};

    /** Frames behind memory lie somewhere in the data, but for some that are none, and some that are read-only. */
    private static final PhysicalMap MAP = (frame, write) -> {
        if (frame < FRAMES) {
            return (int) frame;
        }
        return frame % 11 == 0 || write && frame % 13 == 0 ? PhysicalMap.NONE : DATA + (int) (frame % 16);
    };

    @Property(tries = 150)
    void everyAccessIsWhatTheTablesSay(@ForAll long seed) {
        new Run(seed).go();
    }

    private static final class Run {
        private final MachineMemory memory = new MachineMemory(FRAMES);
        private final MachineMemory twin = new MachineMemory(FRAMES);
        private final Cpu cpu = new Cpu(memory, MAP, false);
        private final SlowWalk slow = new SlowWalk(cpu.system, twin, MAP);
        private final List<Long> used = new ArrayList<>();
        private final Random random;
        private final int levels;

        Run(long seed) {
            random = new Random(seed);
            levels = 2 + random.nextInt(3);
        }

        void go() {
            build();
            for (int i = 0; i < 120; i++) {
                if (random.nextInt(6) == 0) {
                    change();
                }
                long address = address();
                access(address);
                used.add(address);
            }
        }

        private boolean chance(int percent) {
            return random.nextInt(100) < percent;
        }

        private void build() {
            SystemState s = cpu.system;
            s.cr0 = 1 | (chance(95) ? 1L << 31 : 0) | (chance(50) ? 1 << 16 : 0);
            s.cr4 = (levels > 2 ? 1 << 5 : chance(50) ? 1 << 4 : 0) | (chance(60) ? 1 << 7 : 0);
            s.cr4 |= (chance(30) ? 1 << 20 : 0) | (chance(30) ? 1 << 21 : 0);
            s.efer = (levels == 4 ? 1 << 10 : 0) | (chance(70) ? 1 << 11 : 0);
            s.cr3 = 0x1000;
            cpu.mode = levels == 4 ? Insn.Mode.BITS_64 : Insn.Mode.BITS_32;
            byte[] noise = new byte[(FRAMES - DATA) * MachineMemory.PAGE_SIZE];
            random.nextBytes(noise);
            memory.write(DATA * MachineMemory.PAGE_SIZE, noise, 0, noise.length);
            for (int frame = 1; frame < DATA; frame++) {
                for (int i = 0; i < MachineMemory.PAGE_SIZE; i += levels == 2 ? 4 : 8) {
                    fill(frame * MachineMemory.PAGE_SIZE + i);
                }
            }
            byte[] all = memory.bytes();
            twin.write(0, all, 0, all.length);
            cpu.mmu.select();
        }

        /** Level of the tables in {@code frame}: 1 holds the top one, 2 to 3, 4 to 7 and 8 to 15 the ones below. */
        private int level(int frame) {
            if (levels == 2) {
                return frame == 1 ? 2 : 1;
            }
            int depth = frame == 1 ? 0 : frame < 4 ? 1 : frame < 8 ? 2 : 3;
            int level = levels == 4 ? 4 - depth : 3 - Math.max(0, depth - 1);
            return levels == 3 && frame == 1 ? 3 : Math.max(1, level);
        }

        private void fill(int place) {
            int level = level(place / MachineMemory.PAGE_SIZE);
            long entry = chance(93) ? 1 : 0;
            boolean top = levels == 3 && level == 3;
            boolean tooLarge = level == 4 && chance(3);
            if (!top) {
                entry |= (chance(85) ? 2 : 0) | (chance(75) ? 4 : 0) | (random.nextInt(4) & 3L) << 5;
                entry |= chance(40) ? 0x100 : 0;
            }
            if (levels > 2 && chance(10)) {
                entry |= 1L << 63;
            }
            if (chance(3) && levels > 2) {
                entry |= 1L << 40 + random.nextInt(24);
            }
            boolean large = level > 1 && !top && chance(25) && (levels > 2 || (cpu.system.cr4 & PageWalk.CR4_PSE) != 0);
            if (large) {
                entry |= chance(10) ? 1L << 13 + random.nextInt(10) : 0;
                int shift = levels == 2 ? 22 : 12 + 9 * (level - 1);
                entry |= 0x80 | (1L + random.nextInt(8)) << shift;
            } else if (level == 1) {
                entry |= (chance(70) ? DATA + random.nextInt(16) : 1000L + random.nextInt(1000)) << 12;
            } else {
                entry |= (long) below(level) << 12 | (tooLarge ? 0x80 : 0);
            }
            if (levels == 2) {
                memory.put32(place, (int) entry);
            } else {
                memory.put64(place, entry);
            }
        }

        private int below(int level) {
            if (levels == 4 && level == 4) {
                return 2 + random.nextInt(2);
            }
            return level == 3 ? 4 + random.nextInt(4) : 8 + random.nextInt(8);
        }

        /** Changes an entry and flushes what a kernel has to: all, or each page that it may have used. */
        private void change() {
            int frame = 1 + random.nextInt(DATA - 1);
            int size = levels == 2 ? 4 : 8;
            int place = frame * MachineMemory.PAGE_SIZE + random.nextInt(MachineMemory.PAGE_SIZE / size) * size;
            if (!used.isEmpty() && chance(70)) {
                place = leafOf(used.get(random.nextInt(used.size())), place);
            }
            boolean global = (memory.get64(place & -size) & 0x100) != 0;
            fill(place);
            twin.put64(place & -8, memory.get64(place & -8));
            int how = random.nextInt(3);
            boolean isLeafTable = level(place / MachineMemory.PAGE_SIZE) == 1;
            if (how == 0) {
                cpu.mmu.flush();
            } else if (how == 1 && isLeafTable && !global) {
                cpu.mmu.flush(false);
            } else {
                for (long address : used) {
                    cpu.mmu.flushPage(address);
                    cpu.mmu.flushPage(address + 7);
                }
            }
            cpu.cpl = chance(50) ? 3 : 0;
            cpu.otherFlags = chance(50) ? Cpu.AC | 2 : 2;
            cpu.mmu.select();
        }

        /** Where the last entry lies that translates {@code address}, if that is one of four levels of tables; else {@code other}. */
        private int leafOf(long address, int other) {
            if (levels != 4) {
                return other;
            }
            long table = 0x1000;
            for (int shift = 39; ; shift -= 9) {
                int place = (int) (table + (address >>> shift & 511) * 8);
                long entry = memory.get64(place);
                table = entry & 0xfffffff000L;
                if (shift == 12 || (entry & 0x81) != 1 || table >>> 12 >= DATA) {
                    return place;
                }
            }
        }

        private long address() {
            if (!used.isEmpty() && chance(60)) {
                long near = used.get(random.nextInt(used.size()));
                return chance(50) ? near : near & -4096L | offset();
            }
            long address = offset();
            for (int shift = 12; shift <= 39; shift += 9) {
                int[] few = {0, 1, 255, 256, 511};
                address |= (long) few[random.nextInt(few.length)] << shift;
            }
            if (levels < 4) {
                return address & 0xffffffffL;
            }
            return chance(97) ? address << 16 >> 16 : address ^ 1L << 48 + random.nextInt(16);
        }

        private long offset() {
            return chance(40) ? 4096 - 1 - random.nextInt(8) : random.nextInt(4096);
        }

        /** Makes a random access on the core and on the twin, which must come to the same. */
        private void access(long address) {
            int kind = random.nextInt(3);
            int size = kind == 2 ? 1 : SIZES[random.nextInt(SIZES.length)];
            long value = random.nextLong();
            String actual = onCore(address, kind, size, value);
            String expected = onTwin(address, kind, size, value);
            assertThat(actual)
                    .as(
                            "%s of %d at %x, %d levels",
                            List.of("read", "write", "fetch").get(kind), size, address, levels)
                    .isEqualTo(expected);
            assertThat(Arrays.mismatch(memory.bytes(), twin.bytes()))
                    .as("place of a difference")
                    .isNegative();
        }

        private String onCore(long address, int kind, int size, long value) {
            cpu.mmu.io.clear();
            try {
                return switch (kind) {
                    case 0 -> "read " + Place.read(cpu, address, size * 8);
                    case 1 -> {
                        Place.write(cpu, address, size * 8, value);
                        yield "written";
                    }
                    default -> "fetched at " + cpu.mmu.fetch(address);
                };
            } catch (Fault f) {
                return switch (f.vector) {
                    case Fault.STOP -> cpu.exit.reason + " " + cpu.exit.number + " " + cpu.exit.size;
                    case Fault.PF -> "page fault " + f.errorCode + " at " + f.address;
                    default -> "fault " + f.vector + " " + f.errorCode;
                };
            }
        }

        private String onTwin(long address, int kind, int size, long value) {
            int[] places = new int[size];
            long mask = levels == 4 ? -1 : 0xffffffffL;
            long device = -1;
            for (int i = 0; i < size; i++) {
                long at = address + i & mask;
                if (i > 0 && (at & 4095) != 0) {
                    places[i] = places[i - 1] + 1;
                    continue;
                }
                boolean crossing = i > 0;
                if (crossing && device >= 0) {
                    return "fault 13 0"; // partly no memory
                }
                SlowWalk.Result r =
                        slow.translate(at, kind == 1, kind == 2, cpu.cpl == 3, (cpu.otherFlags & Cpu.AC) != 0);
                if (r.refused()) {
                    return "fault 13 0";
                }
                if (!r.allowed()) {
                    return "page fault " + r.pageFault() + " at " + at;
                }
                int frame = MAP.machineFrame(r.physical() >>> 12, kind == 1);
                if (frame < 0) {
                    if (kind == 2 || crossing) {
                        return "fault 13 0";
                    }
                    device = r.physical();
                }
                places[i] = frame * 4096 + (int) (r.physical() & 4095);
            }
            if (device >= 0) {
                return (kind == 0 ? "MMIO_READ " : "MMIO_WRITE ") + device + " " + size;
            }
            if (kind == 2) {
                return "fetched at " + places[0];
            }
            long read = 0;
            for (int i = 0; i < size; i++) {
                if (kind == 1) {
                    twin.put8(places[i], (int) (value >>> 8 * i));
                }
                read |= (long) twin.get8(places[i]) << 8 * i;
            }
            return kind == 1 ? "written" : "read " + (size == 4 ? read & 0xffffffffL : read);
        }
    }
}
