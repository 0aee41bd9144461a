package org.xenolith.core.x86;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.machine.MachineMemory;

/**
 * Paging as the manual's prose has it, one rule after the other, with nothing remembered: the twin of {@link PageWalk} and {@link Tlb}.
 */
final class SlowWalk {
    /** What comes of a translation: a physical address, or else a page fault with an error code, or #GP. */
    record Result(long physical, int pageFault, boolean refused, boolean global) {
        boolean allowed() {
            return pageFault < 0 && !refused;
        }
    }

    private record Entry(int place, long value, int level) {
        boolean bit(int number) {
            return (value >>> number & 1) != 0;
        }
    }

    private final SystemState s;
    private final MachineMemory memory;
    private final PhysicalMap map;

    SlowWalk(SystemState s, MachineMemory memory, PhysicalMap map) {
        this.s = s;
        this.memory = memory;
        this.map = map;
    }

    private static boolean bit(long value, int number) {
        return (value >>> number & 1) != 0;
    }

    Result translate(long address, boolean write, boolean fetch, boolean user, boolean accessControl) {
        boolean longMode = bit(s.efer, 10);
        if (longMode && address >> 47 != 0 && address >> 47 != -1) {
            return new Result(0, -1, true, false);
        }
        if (!bit(s.cr0, 31)) {
            return new Result(address & 0xffffffffL, -1, false, false);
        }
        boolean pae = bit(s.cr4, 5);
        int levels = longMode ? 4 : pae ? 3 : 2;
        List<Entry> path = new ArrayList<>();
        long table = s.cr3 & (levels == 3 ? 0xffffffe0L : levels == 2 ? 0xfffff000L : 0xfffffff000L);
        for (int level = levels; level >= 1; level--) {
            Entry entry = entry(table, address, level, levels);
            if (!entry.bit(0)) {
                return fault(0, write, fetch, user);
            }
            if (hasReserved(entry, levels)) {
                return fault(9, write, fetch, user);
            }
            path.add(entry);
            if (level == 1 || isLarge(entry, levels)) {
                break;
            }
            table = entry.value & (pae ? 0xfffffff000L : 0xfffff000L);
        }
        List<Entry> rights = levels == 3 ? path.subList(1, path.size()) : path;
        boolean userPage = rights.stream().allMatch(e -> e.bit(2));
        boolean writable = rights.stream().allMatch(e -> e.bit(1));
        boolean executable = !bit(s.efer, 11) || rights.stream().noneMatch(e -> pae && e.bit(63));
        boolean refused = user && !userPage;
        refused |= fetch && !executable;
        refused |= fetch && !user && userPage && bit(s.cr4, 20);
        refused |= !fetch && !user && userPage && bit(s.cr4, 21) && !accessControl;
        refused |= write && !writable && (user || bit(s.cr0, 16));
        if (refused) {
            return fault(1, write, fetch, user);
        }
        Entry leaf = path.get(path.size() - 1);
        for (Entry e : rights) {
            int low = memory.get8(e.place) | 0x20 | (write && e.level == leaf.level ? 0x40 : 0);
            memory.put8(e.place, low);
        }
        return new Result(physical(leaf, address, levels), -1, false, leaf.bit(8) && bit(s.cr4, 7));
    }

    private static int shift(int level, int levels) {
        return levels == 2 ? (level == 2 ? 22 : 12) : 12 + 9 * (level - 1);
    }

    private Entry entry(long table, long address, int level, int levels) {
        int bits = levels == 2 ? 10 : level == 3 && levels == 3 ? 2 : 9;
        int bytes = levels == 2 ? 4 : 8;
        long at = table + (address >>> shift(level, levels) & (1 << bits) - 1) * bytes;
        int frame = map.machineFrame(at >>> 12, false);
        if (frame < 0) {
            return new Entry(-1, 0, level);
        }
        int place = frame * 4096 + (int) (at % 4096);
        return new Entry(place, bytes == 4 ? memory.get32(place) & 0xffffffffL : memory.get64(place), level);
    }

    private boolean isLarge(Entry e, int levels) {
        return switch (levels) {
            case 2 -> e.level == 2 && e.bit(7) && bit(s.cr4, 4);
            case 3 -> e.level == 2 && e.bit(7);
            default -> e.level <= 3 && e.bit(7);
        };
    }

    private boolean hasReserved(Entry e, int levels) {
        if (levels == 2) {
            return isLarge(e, levels) && e.bit(21);
        }
        boolean bad = (e.value & 0xfff0000000000L) != 0; // bits 40 to 51
        bad |= e.bit(63) && !bit(s.efer, 11);
        if (levels == 3) {
            bad |= (e.value & 0x7ff0000000000000L) != 0 && e.level < 3;
            bad |= e.level == 3 && ((e.value & 0x1e6) != 0 || e.bit(63));
        }
        bad |= e.level == 4 && e.bit(7);
        if (isLarge(e, levels)) {
            for (int i = 13; i < shift(e.level, levels); i++) {
                bad |= e.bit(i);
            }
        }
        return bad;
    }

    private long physical(Entry leaf, long address, int levels) {
        long size = 1L << shift(leaf.level, levels);
        long base = leaf.value & 0xfffffff000L;
        if (levels == 2) {
            base = leaf.value & 0xfffff000L;
            if (isLarge(leaf, levels)) {
                base = leaf.value & 0xffc00000L | (leaf.value >>> 13 & 0xff) << 32;
            }
        }
        return (base & -size | address & size - 1) & 0xffffffffffL;
    }

    private Result fault(int present, boolean write, boolean fetch, boolean user) {
        boolean told = fetch && (bit(s.efer, 11) || bit(s.cr4, 20));
        return new Result(0, present | (write ? 2 : 0) | (user ? 4 : 0) | (told ? 16 : 0), false, false);
    }
}
